"""One row of the picture shards: a painted digit, an illustration, a crop of a painting, or a drawing.

A drawing is an illustration in dark on white (the looks DRAWN), painted in a style as the digits are, so that
the styles are learned of all subjects.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from audiogen.artifacts import STYLES
from audiogen.lab.data.illustrations.collection import Collection
from audiogen.lab.data.illustrations.colours import main_colour
from audiogen.lab.data.illustrations.looks import COLOURED
from audiogen.lab.data.illustrations.words import word_ids
from audiogen.lab.data.painterly.form import CONTOUR, Form, digit_form, drawing_form
from audiogen.lab.data.painterly.palettes import Palette
from audiogen.lab.data.painterly.render import render
from audiogen.lab.data.paintings import Gallery
from audiogen.lab.data.prepare_digits import IMAGES, LABELS, SPLITS, read_idx
from audiogen.media.edges import edge_contour
from audiogen.media.ink import ink_mask
from audiogen.media.painting.textures import SIZE

SIDE = 256  # pixels of a picture
TRIES = 5  # paintings of a digit before the best of them is taken
KINDS = ("digit", "illustration", "painting", "drawing")
DRAWN = ("outline", "solid")


@dataclass(frozen=True)
class Row:
    """What to make: the kind, its number in its source, the index of its style, and which crop."""

    kind: str
    number: int
    style: int
    part: int = 0
    held_out: bool = False


@dataclass(frozen=True)
class Easel:
    """Makes rows; each from a random generator of its own, so that order and workers do not matter."""

    digits: dict[bool, tuple[np.ndarray, np.ndarray]]
    collection: Collection
    gallery: Gallery
    palettes: list[Palette]
    word_index: dict[str, int]
    least_iou: float
    seed: int

    @classmethod
    def open(
        cls,
        source: Path,
        collection: Collection,
        gallery: Gallery,
        words: list[str],
        least_iou: float,
        seed: int,
    ) -> Easel:
        """Read the digits and the palettes of the oil paintings.

        Raises:
            InvalidRequest: no MNIST files in source/mnist.
        """
        digits = {}
        for held_out, split in ((False, "train"), (True, "valid")):
            stem = source / "mnist" / SPLITS[split]
            images = read_idx(stem.with_name(f"{stem.name}-images-idx3-ubyte.gz"), IMAGES)
            digits[held_out] = images, read_idx(stem.with_name(f"{stem.name}-labels-idx1-ubyte.gz"), LABELS)
        palettes = [Palette.of(gallery.image(work)) for work in gallery.works if work.technique == "oil"]
        index = {word: number for number, word in enumerate(words)}
        return cls(digits, collection, gallery, palettes, index, least_iou, seed)

    def picture(self, row: Row, size: int) -> np.ndarray:
        """Only the picture: uint8 [size, size, 3]."""
        return np.asarray(self.row(row, size)["pictures"])

    def row(self, row: Row, size: int) -> dict[str, np.ndarray]:
        """All arrays of one row of a shard."""
        salt = [self.seed, KINDS.index(row.kind), row.style, row.number, row.part, row.held_out]
        rng = np.random.default_rng(salt)
        made = {
            "digit": self._digit,
            "illustration": self._illustration,
            "painting": self._painting,
            "drawing": self._drawing,
        }
        picture, contour, words, label, side, source = made[row.kind](row, size, rng)
        has_contour = contour is not None
        return {
            "pictures": picture,
            "contour": contour if contour is not None else np.zeros((CONTOUR, CONTOUR), np.uint8),
            "has_contour": np.array(has_contour),
            "style": np.array(row.style, np.int64),
            "words": word_ids(words, self.word_index),
            "label": np.array(label, np.int64),
            "side": np.array(side, np.int64),
            "source": np.array(source),
        }

    def _digit(self, row: Row, size: int, rng: np.random.Generator) -> tuple:
        images, labels = self.digits[row.held_out]
        # Every label as often as the others, whatever the order of the files.
        members = np.flatnonzero(labels == row.number % 10)
        chosen = int(members[rng.integers(len(members))])
        picture, contour = self._painted(STYLES[row.style], partial(digit_form, images[chosen]), size, rng)
        source = f"mnist/{SPLITS['valid' if row.held_out else 'train']}/{chosen}"
        return picture, contour, [], int(labels[chosen]), SIZE, source

    def _drawing(self, row: Row, size: int, rng: np.random.Generator) -> tuple:
        member = self.collection.members[row.number]
        formed = partial(drawing_form, self.collection.picture(member, SIDE))
        picture, contour = self._painted(STYLES[row.style], formed, size, rng)
        words = [member.caption.subject, *member.caption.details]
        return picture, contour, words, -1, SIZE, f"{member.name} painted"

    def _painted(
        self, style: str, formed: Callable[[np.random.Generator], Form], size: int, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """The first painting that keeps the contour well enough, else the best one, and its contour."""
        best: tuple[float, np.ndarray, Form] | None = None
        for _ in range(TRIES):
            form = formed(rng)
            picture = render(style, form, rng, self.palettes)
            drawn, asked = ink_mask(picture.transpose(2, 0, 1) / 255), form.contour >= 0.5
            overlap = float((drawn & asked).sum() / max((drawn | asked).sum(), 1))
            if best is None or overlap > best[0]:
                best = overlap, picture, form
            if overlap >= self.least_iou:
                break
        assert best is not None
        shrunk = Image.fromarray(best[1]).resize((size, size), Image.Resampling.BOX)
        return np.asarray(shrunk, np.uint8), np.asarray(np.round(255 * best[2].contour), np.uint8)

    def _illustration(self, row: Row, size: int, rng: np.random.Generator) -> tuple:
        member = self.collection.members[row.number]
        picture = self.collection.picture(member, size)
        words = [member.caption.subject, *member.caption.details]
        colour = main_colour(picture) if member.look in COLOURED else None
        words += [colour] if colour else []
        return picture, edge_contour(picture), words, -1, member.side, member.name

    def _painting(self, row: Row, size: int, rng: np.random.Generator) -> tuple:
        work = self.gallery.works[row.number]
        picture, whole = self.gallery.crop(work, size, rng)
        words = list(work.shows) if whole else []
        return picture, None, words, -1, min(work.width, work.height), f"styles/{work.file}"
