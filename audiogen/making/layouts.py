"""Colour layouts: which colour lies where on a subject, laid in under a contour before it is painted.

A decoder that must find the colours of a thing from its contour and one word paints a purple pizza now and
then. Painters lay the colours in first. The layouts are remembered as small pictures, a few of each subject
that was taught: one whose outline is most like the contour's is stretched over the figure, small closed forms
(an eye, a spot) take one colour each, and a colour that the words ask for takes the place of the main one.
The decoder starts from this as it does when a picture is changed (SDEdit, arXiv 2108.01073).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.artifacts import Conditioning, Contour, Picture
from audiogen.making.remembered import remembered
from audiogen.media import drawing
from audiogen.media.colour import COLOURS, lab_to_rgb, rgb_to_lab

WEIGHTS = "picture-layouts"
SIDE = 256  # pixels of what is laid in
INK = 0.35  # from which a pixel of a contour closes off the paper
CLOSING = 2  # pixels of a contour: gaps up to twice that are closed
LEAST_FILLED = 0.45  # of its box; a contour that encloses less is open, and the layout's own outline is taken
BOX = (0.08, 0.92)  # of the picture, where there is no contour
FIRST = 2  # best outlines that are drawn from
SMALL = 0.1  # of the figure: closed forms below it take one colour
FEATHER = 3.0  # pixels
HUED = 20.0  # Lab chroma of a colour that is neither black, white nor grey
LEAST_HUED = 0.15  # of a figure: else its black, white or grey is what takes another colour
UNHUED = ("black", "white", "grey")
GREY = ("pencil", "ink")  # styles without colour: light and shade alone are laid in


@dataclass(frozen=True, eq=False)
class ColourLayouts:
    """Remembered layouts.

    Attributes:
        subjects: names; of: number of the subject of each layout, int64 [N].
        main: name of the main colour of each, "" where none is clear. details: what else is seen in each.
        pixels: uint8 [N, S, S, 4]; the fourth channel is the figure, whose colours go on beyond its edge.
        source: name and sha256, for recipes.
    """

    subjects: tuple[str, ...]
    of: np.ndarray
    main: tuple[str, ...]
    details: tuple[tuple[str, ...], ...]
    pixels: np.ndarray
    source: dict[str, str]

    @classmethod
    def load(cls, source: str | Path = WEIGHTS) -> ColourLayouts:
        """Read a weights folder.

        Raises:
            MissingModel: not there, damaged, or something else.
        """
        return remembered(source, "colour layouts", _read)

    def lay(
        self, contour: Contour, conditioning: Conditioning, seed: int, usual: bool = True
    ) -> Picture | None:
        """Colours under a contour, on white.

        Args:
            contour: of any size; an empty one: the layout's own outline.
            usual: a black, white or grey layout takes the colour that the subject mostly has, unless one is
                asked for: the only cats with big eyes may be black ones.
        Returns: 256x256; None: the subject is not among the remembered ones.
        """
        asked = [name for name in conditioning.details if name in COLOURS]
        rows = self._rows(conditioning.subject, set(conditioning.details), asked)
        if not len(rows):
            return None
        figure, _ = _figure(contour)
        box = _box(figure)
        rng = np.random.default_rng(seed)
        row = self._nearest(rows, figure, box, rng)
        colours = self.pixels[row, ..., :3].astype(np.float32) / 255
        if conditioning.style in GREY:
            colours = _grey(colours)
        elif asked and self.main[row] not in asked:
            colours = _recoloured(colours, self.pixels[row, ..., 3] > 127, asked[0])
        elif usual and not asked and self.main[row] in UNHUED and (hue := self._hue(conditioning.subject)):
            colours = _recoloured(colours, self.pixels[row, ..., 3] > 127, hue)
        return Picture(_laid(colours, self.pixels[row, ..., 3], figure, box, contour))

    def _hue(self, subject: Any) -> str | None:
        """The colour that most layouts of a subject have of which nothing else is said."""
        rows = np.flatnonzero(self.of == self.subjects.index(subject))
        return usual_hue([self.main[row] for row in rows if not self.details[row]])

    def _rows(self, subject: Any, details: set[str], colours: list[str]) -> np.ndarray:
        """Layouts of a subject that show most of what is asked and least of what is not."""
        if subject not in self.subjects:
            return np.zeros(0, np.int64)
        rows = np.flatnonzero(self.of == self.subjects.index(subject))
        return fitting(rows, self.details, self.main, details, colours)

    def _nearest(
        self, rows: np.ndarray, figure: np.ndarray, box: tuple[slice, slice], rng: np.random.Generator
    ) -> int:
        """One of those whose outlines overlap the figure best."""
        side = self.pixels.shape[1]
        wanted = _stretched(figure[box].astype(np.float32)[None], (side, side))[0] > 0.5
        masks = self.pixels[rows, ..., 3] > 127
        overlap = (masks & wanted).sum((1, 2)) / np.maximum((masks | wanted).sum((1, 2)), 1)
        return int(rng.choice(rows[np.argsort(-overlap, kind="stable")[:FIRST]]))


def fitting(
    rows: np.ndarray,
    seen: tuple[tuple[str, ...], ...],
    main: tuple[str, ...],
    details: set[str],
    colours: list[str],
) -> np.ndarray:
    """Those of some rows in which most is seen of what is asked and least of what is not, and of these those
    of an asked colour, if there are any."""
    shown = [set(seen[row]) for row in rows]
    strange = np.array([len(each - details) - 2 * len(each & details) for each in shown])
    rows = rows[strange == strange.min()]
    fit = np.array([main[row] in colours for row in rows], bool)
    return rows[fit] if fit.any() else rows


def usual_hue(mains: list[str]) -> str | None:
    """The colour that most of some main colours are, if it is one."""
    hues = [main for main in mains if main and main not in UNHUED]
    return max(set(hues), key=hues.count) if 2 * len(hues) > len(mains) else None


def _read(arrays: dict[str, np.ndarray], config: dict[str, Any], source: dict[str, str]) -> ColourLayouts:
    subjects, main = tuple(config["subjects"]), tuple(config["main"])
    details = tuple(map(tuple, config["details"]))
    lengths = {len(arrays["pixels"]), len(arrays["of"]), len(main), len(details)}
    if arrays["pixels"].ndim != 4 or len(lengths) != 1:
        raise ValueError("its arrays and its lists do not fit")
    return ColourLayouts(subjects, arrays["of"], main, details, arrays["pixels"], source)


def is_closed(contour: Contour) -> bool:
    """Whether a contour encloses something; of an open one a layout takes the box alone."""
    return not _figure(contour)[1]


def _figure(contour: Contour) -> tuple[np.ndarray, bool]:
    """What a contour encloses, bool [size, size], and whether it is open: then it is its box.

    Without a contour it is a box in the middle.
    """
    from scipy.ndimage import binary_closing, binary_fill_holes

    ink = contour.enlarged().pixels > INK
    size = len(ink)
    if not ink.any():
        low, high = (round(share * size) for share in BOX)
        return _filled_box(size, (slice(low, high), slice(low, high))), True
    wide = np.pad(ink, 2 * CLOSING)
    filled = binary_fill_holes(binary_closing(wide, iterations=CLOSING))
    figure = filled[2 * CLOSING : -2 * CLOSING, 2 * CLOSING : -2 * CLOSING]
    box = _box(figure)
    is_open = figure[box].mean() < LEAST_FILLED
    return (_filled_box(size, box) if is_open else figure), bool(is_open)


def _filled_box(size: int, box: tuple[slice, slice]) -> np.ndarray:
    figure = np.zeros((size, size), bool)
    figure[box] = True
    return figure


def _box(figure: np.ndarray) -> tuple[slice, slice]:
    """The smallest box around a figure that is not empty."""
    rows, columns = np.flatnonzero(figure.any(1)), np.flatnonzero(figure.any(0))
    return slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)


def _grey(colours: np.ndarray) -> np.ndarray:
    """Colours [S, S, 3] without hue."""
    return lab_to_rgb(rgb_to_lab(colours) * np.array([1.0, 0.0, 0.0], np.float32))


def _recoloured(colours: np.ndarray, figure: np.ndarray, name: str) -> np.ndarray:
    """Colours [S, S, 3] with the main one of the figure in another hue; light and shade stay."""
    lab, typical = rgb_to_lab(colours), np.array(COLOURS[name])
    names = np.array(list(COLOURS.values()))
    nearest = ((lab[:, :, None] - names) ** 2).sum(-1).argmin(-1)
    counts = np.bincount(nearest[figure], minlength=len(names))
    hued = np.linalg.norm(names[:, 1:], axis=1) > HUED
    main = (
        np.where(hued, counts, 0).argmax()
        if counts[hued].sum() > LEAST_HUED * counts.sum()
        else counts.argmax()
    )
    of_it = nearest == main
    lab[of_it] = typical + (lab[of_it] - np.median(lab[of_it & figure], 0)) * (1.0, 0.3, 0.3)
    return lab_to_rgb(lab)


def _laid(
    colours: np.ndarray, own: np.ndarray, figure: np.ndarray, box: tuple[slice, slice], contour: Contour
) -> np.ndarray:
    """Colours [S, S, 3] stretched over the box of a figure, on white, float32 [3, SIDE, SIDE]."""
    scale = SIDE / len(figure)
    place = tuple(slice(round(part.start * scale), round(part.stop * scale)) for part in box)
    shape = (place[0].stop - place[0].start, place[1].stop - place[1].start)
    canvas = np.ones((3, SIDE, SIDE), np.float32)
    canvas[:, place[0], place[1]] = _stretched(colours.transpose(2, 0, 1), shape)
    cover = drawing.resized(figure.astype(np.float32)[None], SIDE)[0] > 0.5
    if figure[box].all():  # nothing is known of its outline
        cover = np.zeros((SIDE, SIDE), bool)
        cover[place] = _stretched(own[None].astype(np.float32) / 255, shape)[0] > 0.5
    canvas = _in_one_colour(canvas, cover, drawing.resized(contour.enlarged().pixels[None], SIDE)[0] > INK)
    soft = drawing.feathered(cover.astype(np.float32), FEATHER)
    return np.clip(1 + soft * (canvas - 1), 0, 1).astype(np.float32)


def _in_one_colour(canvas: np.ndarray, cover: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """Small closed forms of the contour take the median of their colours."""
    from scipy.ndimage import label

    forms, count = label(cover & ~ink)
    sizes = np.bincount(forms.ravel(), minlength=count + 1)
    out = canvas.copy()
    for number in range(1, count + 1):
        if sizes[number] < SMALL * cover.sum():
            inside = forms == number
            out[:, inside] = np.median(canvas[:, inside], 1, keepdims=True)
    return out


def _stretched(pixels: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """[C, h, w] -> [C, *shape], smoothly, within 0..1."""
    import torch

    given = torch.from_numpy(np.ascontiguousarray(pixels))[None]
    out = torch.nn.functional.interpolate(given, size=shape, mode="bicubic", antialias=True)
    return out[0].clamp(0, 1).numpy()
