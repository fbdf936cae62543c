"""A line drawing of a picture: where colours meet (Canny 1986, on CIELAB)."""

from __future__ import annotations

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, label, maximum, sobel

from audiogen.media.colour import rgb_to_lab

SIZE = 64  # of a contour; edges are found on a grid twice as fine
WEAK, STRONG = 10.0, 26.0  # Lab steps over two pixels, after smoothing


def edge_contour(picture: np.ndarray, size: int = SIZE) -> np.ndarray:
    """Lines of a picture: uint8 [size, size], 255 is a line.

    Args:
        picture: uint8 [H, H, 3].
    """
    side = 2 * size
    how = Image.Resampling.BOX if side < len(picture) else Image.Resampling.BICUBIC
    small = Image.fromarray(picture).resize((side, side), how)
    lab = rgb_to_lab(np.asarray(small, np.float32) / 255)
    lab = gaussian_filter(lab, (1.0, 1.0, 0))
    gy, gx = sobel(lab, 0) / 4, sobel(lab, 1) / 4
    strength = np.hypot(gy, gx)
    loudest = strength.argmax(-1)[..., None]
    magnitude = np.take_along_axis(strength, loudest, -1)[..., 0]
    angle = np.arctan2(np.take_along_axis(gy, loudest, -1), np.take_along_axis(gx, loudest, -1))[..., 0]
    thin = _ridge(magnitude, angle)
    groups, count = label((magnitude > WEAK) & thin, np.ones((3, 3)))
    peaks = maximum(magnitude, groups, np.arange(1, count + 1)) if count else np.zeros(0)
    kept = np.concatenate([[False], np.asarray(peaks) > STRONG])[groups]
    return np.asarray(kept.reshape(size, 2, size, 2).max((1, 3)) * 255, np.uint8)


def _ridge(magnitude: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Where the magnitude is not below that of its two neighbours across the edge."""
    side = len(magnitude)
    padded = np.pad(magnitude, 1)
    sector = np.round(angle / (np.pi / 4)).astype(int) % 4
    ridge = np.zeros(magnitude.shape, bool)
    for number, (dy, dx) in enumerate(((0, 1), (1, 1), (1, 0), (1, -1))):
        ahead = padded[1 + dy : 1 + dy + side, 1 + dx : 1 + dx + side]
        behind = padded[1 - dy : 1 - dy + side, 1 - dx : 1 - dx + side]
        ridge |= (sector == number) & (magnitude >= ahead) & (magnitude > behind)
    return ridge
