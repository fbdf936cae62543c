"""Contour IoU: does a picture keep the contour that it was given?

The threshold rule is that of `audiogen.media.ink`: the picture is averaged to 64x64, its lightness L* is
split by Otsu's threshold, and the part that fills less of the outer ring (4 pixels) is ink. The contour
is averaged (or repeated) to 64x64 and is ink where it is at least 0.5.
IoU = |both| / |either|. No tuning per style or picture: the same rule for an oil painting on a dark
ground and for ink on white.
"""

from __future__ import annotations

import numpy as np

from audiogen.media.ink import SIDE, ink_mask


def iou(picture: np.ndarray, contour: np.ndarray) -> float:
    """Intersection over union of the picture's ink and the contour, in 0..1.

    Args:
        picture: float [3, H, H] in 0..1, H a multiple of 64.
        contour: float [h, h] in 0..1, 1 = ink; h divides 64 or is a multiple of it.
    Returns: 1 for the very same ink; 0 where they do not meet, or where the picture is blank.
    Raises: ValueError for other shapes, or for a contour without ink.
    """
    return iou_of_ink(ink_mask(picture), contour)


def iou_of_ink(drawn: np.ndarray, contour: np.ndarray) -> float:
    """As `iou`, of a picture whose ink is known: `ink_mask` of it, bool [64, 64]."""
    asked = contour_mask(contour)
    if not asked.any():
        raise ValueError("The contour has no ink, so that nothing can be compared with it.")
    return float((drawn & asked).sum() / (drawn | asked).sum())


def contour_mask(contour: np.ndarray) -> np.ndarray:
    """Ink of a contour: bool [64, 64]."""
    contour = np.asarray(contour, np.float32)
    side = contour.shape[0]
    if contour.ndim != 2 or contour.shape[1] != side or (side % SIDE and (not side or SIDE % side)):
        raise ValueError(f"A contour is square, its side divides {SIDE} or is a multiple of it: {side}.")
    if side > SIDE:
        block = side // SIDE
        contour = contour.reshape(SIDE, block, SIDE, block).mean((1, 3))
    else:
        contour = contour.repeat(SIDE // side, 0).repeat(SIDE // side, 1)
    return np.asarray(contour >= 0.5)
