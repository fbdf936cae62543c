"""Many small pictures on one sheet, in rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

GAP = 2  # pixels
GROUND = 0.35  # grey between the pictures


def grid(pictures: Sequence[np.ndarray] | np.ndarray, columns: int, scale: int = 1) -> np.ndarray:
    """Pictures [N, h, w] in 0..1 from left to right and from top to bottom: float32 [H, W] in 0..1.

    Args:
        columns: pictures in a row; scale: every pixel becomes a square of so many.
    Raises:
        ValueError: no pictures, or no column.
    """
    pictures = np.asarray(pictures, np.float32)
    if pictures.ndim != 3 or not len(pictures) or columns < 1:
        raise ValueError(f"a grid needs pictures [N, h, w] and columns, not {pictures.shape} and {columns}")
    large = pictures.repeat(scale, 1).repeat(scale, 2)
    count, height, width = large.shape
    rows = -(-count // columns)
    sheet = np.full((rows * (height + GAP) + GAP, columns * (width + GAP) + GAP), GROUND, np.float32)
    for number, picture in enumerate(large):
        y, x = (
            GAP + place * (side + GAP)
            for place, side in zip(divmod(number, columns), (height, width), strict=True)
        )
        sheet[y : y + height, x : x + width] = picture
    return sheet
