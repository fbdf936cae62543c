"""Real paintings and drawings in the public domain: their style, what they show, and crops of them."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from audiogen.errors import InvalidRequest

# Upstream techniques as styles of `audiogen.artifacts.STYLES`; brush-and-ink landscapes are none of them.
STYLE_OF = {
    "watercolor": "watercolor",
    "oil": "oil",
    "pencil": "pencil",
    "chalk": "pencil",
    "pen_ink": "ink",
    "line_art": "ink",
}
CROPS = {"watercolor": 2, "oil": 16, "pencil": 12, "chalk": 8, "pen_ink": 4, "line_art": 2}  # of one work
NOT_YET_FREE = "Harold Speed"  # died in 1957: free in the USA, elsewhere from 2028 on
HELD_OUT = 20  # one work in so many is held out
WHOLE = 0.85  # share of the shorter side from which a crop shows what the work shows


@dataclass(frozen=True)
class Painting:
    """One work: its file in styles.zip, style, technique (upstream's), size and what it shows."""

    file: str
    style: str
    technique: str
    width: int
    height: int
    shows: tuple[str, ...]
    credit: tuple[str, str, str] = ("", "", "")  # artist, licence, source

    @property
    def split(self) -> str:
        digest = hashlib.sha256(self.file.encode()).digest()
        return "valid" if int.from_bytes(digest[:4], "big") % HELD_OUT == 0 else "train"


@dataclass(frozen=True)
class Gallery:
    """All works of a folder with styles.jsonl and styles.zip."""

    folder: Path
    works: tuple[Painting, ...]

    @classmethod
    def read(cls, folder: Path) -> Gallery:
        """The works that have a style of ours and are free everywhere.

        Raises:
            InvalidRequest: no styles.jsonl there.
        """
        file = folder / "styles.jsonl"
        if not file.exists():
            raise InvalidRequest(f"{file} does not exist; --source must hold `styles` with it.")
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line]
        return cls(
            folder,
            tuple(
                Painting(
                    row["file"],
                    STYLE_OF[row["style"]],
                    row["style"],
                    int(row["width"]),
                    int(row["height"]),
                    tuple(_singular(word) for word in row["subject_en"].lower().split()),
                    (row.get("artist", ""), row.get("licence", ""), row.get("source", "")),
                )
                for row in rows
                if row["style"] in STYLE_OF and NOT_YET_FREE not in row.get("artist", "")
            ),
        )

    def image(self, work: Painting) -> Image.Image:
        """The work as an RGB image."""
        with zipfile.ZipFile(self.folder / "styles.zip") as archive:
            return Image.open(io.BytesIO(archive.read(work.file))).convert("RGB")

    def crop(self, work: Painting, size: int, rng: np.random.Generator) -> tuple[np.ndarray, bool]:
        """A random square of a work, uint8 [size, size, 3], and whether it shows most of it.

        The square is at least three quarters of `size` wide where the work is: nothing is blown up much.
        """
        image = self.image(work)
        shorter = min(image.size)
        whole = work.technique in ("watercolor", "line_art") and rng.random() < 0.5
        low = min(0.75 * size, shorter) if not whole else WHOLE * shorter
        side = int(rng.uniform(low, shorter if whole else max(low, min(shorter, 2.2 * size))))
        left, top = (int(rng.integers(0, edge - side + 1)) for edge in image.size)
        square = image.crop((left, top, left + side, top + side))
        how = Image.Resampling.BOX if side >= 2 * size else Image.Resampling.LANCZOS
        return np.asarray(square.resize((size, size), how), np.uint8), side >= WHOLE * shorter


def _singular(word: str) -> str:
    """The noun that a subject is known by: kittens and mice are cats and a mouse."""
    known = {
        "kitten": "cat",
        "kittens": "cat",
        "mice": "mouse",
        "hens": "chicken",
        "people": "",
        "animals": "",
    }
    return known.get(word, word[:-1] if word.endswith("s") and len(word) > 3 else word)
