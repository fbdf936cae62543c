"""Several pictures as one: a contact sheet, or the steps of a stage in a row. Drawn with Pillow."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from audiogen.media.drawing import shrunk

CELL = 256  # pixels to a side
GAP, LABEL = 8, 16  # pixels


def thumbnail(pixels: np.ndarray, size: int = CELL) -> np.ndarray:
    """[3, h, w] in 0..1 -> uint8 [size, size, 3]; what is not square is stretched."""
    small = np.stack([shrunk(channel, size) for channel in pixels], -1)
    return np.round(small * 255).astype(np.uint8)


def sheet(cells: Sequence[np.ndarray], labels: Sequence[str], columns: int | None = None) -> np.ndarray:
    """One picture of many, row after row, uint8 [h, w, 3].

    Args:
        cells: uint8 [size, size, 3], all of one size.
        labels: a line under each; what Pillow's own font does not hold is left out.
        columns: in a row; None: about as many as there are rows.
    Raises:
        ValueError: there is none.
    """
    from PIL import Image, ImageDraw

    if not cells:
        raise ValueError("a sheet needs at least one picture")
    columns = columns or math.ceil(math.sqrt(len(cells)))
    rows = math.ceil(len(cells) / columns)
    step = len(cells[0]) + GAP
    paper = Image.new("RGB", (columns * step + GAP, rows * (step + LABEL) + GAP), "white")
    pen = ImageDraw.Draw(paper)
    for place, (cell, label) in enumerate(zip(cells, labels, strict=True)):
        left, top = GAP + place % columns * step, GAP + place // columns * (step + LABEL)
        paper.paste(Image.fromarray(cell), (left, top))
        pen.text((left, top + len(cell) + 2), label.encode("ascii", "ignore").decode(), fill="black")
    return np.asarray(paper)
