"""Plain areas of colour with firm edges, the way they run, and which of them are the figure."""

from __future__ import annotations

import numpy as np

from audiogen.media import drawing
from audiogen.media.colour import rgb_to_lab
from audiogen.media.painting.textures import SIZE

WIDTHS = (9, 7)  # pixels of the windows, one pass after the other
GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
INK = 0.35  # of a contour
AROUND = 24  # pixels from what a contour encloses within which paint belongs to it
PAINTED = 5.0  # CIELAB from the ground
SMALLEST = 0.01  # share of the picture; smaller spots are splashes


def smoothed(pixels: np.ndarray) -> np.ndarray:
    """A picture [S, S, 3] in areas without grain: each pixel has the mean of the least varied of the four
    squares that it is a corner of (Kuwahara 1976), twice; edges become firm."""
    for width in WIDTHS:
        pixels = _least_varied(pixels, width)
    return pixels


def _least_varied(pixels: np.ndarray, width: int) -> np.ndarray:
    from scipy.ndimage import uniform_filter

    grey = pixels @ GREY
    mean = uniform_filter(pixels, (width, width, 0))
    varied = uniform_filter(grey * grey, width) - uniform_filter(grey, width) ** 2
    half = width // 2
    wide = np.pad(varied, half, mode="edge"), np.pad(mean, ((half, half), (half, half), (0, 0)), mode="edge")
    size = len(pixels)
    least, out = np.full(grey.shape, np.inf, np.float32), np.empty_like(pixels)
    for top in (0, 2 * half):
        for left in (0, 2 * half):
            here = wide[0][top : top + size, left : left + size]
            better = here < least
            out[better] = wide[1][top : top + size, left : left + size][better]
            least = np.where(better, here, least)
    return out


def directions(pixels: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray]:
    """Along which way edges run, radians modulo pi, and how clear that is, 0..1: both float32 [S, S]."""
    from scipy.ndimage import gaussian_filter

    gy, gx = np.gradient(gaussian_filter(pixels @ GREY, 1.5))
    along, across = gaussian_filter(gx * gx - gy * gy, sigma), gaussian_filter(2 * gx * gy, sigma)
    angle = 0.5 * np.arctan2(across, along) + np.pi / 2
    return angle.astype(np.float32), np.clip(60 * gaussian_filter(np.hypot(gx, gy), sigma), 0, 1)


def figure(pixels: np.ndarray, ink: np.ndarray) -> np.ndarray:
    """What of a picture on a plain ground is the figure, bool [SIZE, SIZE]; all of it, where that is nothing.

    Args:
        pixels: float32 [SIZE, SIZE, 3], smoothed. ink: the contour along which it was painted, [n, n].
    """
    from scipy.ndimage import binary_closing, binary_dilation, binary_fill_holes, label

    inside = drawing.shrunk(drawing.enclosed(ink > INK).astype(np.float32), SIZE) > 0.5
    near = binary_dilation(inside, iterations=AROUND) if inside.any() else np.ones((SIZE, SIZE), bool)
    lab = rgb_to_lab(pixels)
    ground = np.median(lab[~near], 0) if (~near).mean() > SMALLEST else np.array([100.0, 0, 0])
    painted = near & (np.linalg.norm(lab - ground, axis=-1) > PAINTED)
    solid = binary_fill_holes(binary_closing(painted | inside, iterations=3) | painted)
    spots, _ = label(solid)
    kept = np.bincount(spots.ravel()) > SMALLEST * SIZE**2
    kept[0] = False
    found = kept[spots]
    return found if found.any() else np.ones_like(found)
