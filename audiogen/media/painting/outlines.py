"""The lines of a drawing: the middle of each, one pixel wide, and what they enclose."""

from __future__ import annotations

import numpy as np

from audiogen.media import drawing
from audiogen.media.edges import edge_contour
from audiogen.media.painting.textures import SIZE, blur

FINE = 128  # pixels to a side of the drawing that is thinned
INK = 0.45  # of an enlarged drawing
GAP = 5  # of its pixels: gaps up to twice that are closed between lines and rim
SHORTEST = 5  # of its pixels; shorter pieces are crumbs
NEAR = 6  # of its pixels: where there is a line so near, the rim of the figure is none
SOFT = 2.2  # pixels
PEAK, SPREAD = 0.62, 2.5  # of a softened line: its height, and its standard deviation in pixels
EDGE = 9.0  # steepness of a line's edge
_NEIGHBOURS = ((1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1), (0, 1), (1, 1))  # from north, clockwise


def middles(ink: np.ndarray, figure: np.ndarray) -> np.ndarray:
    """Where the middle of the lines of a drawing runs, softly.

    Args:
        ink: float [n, n] in 0..1. figure: bool [SIZE, SIZE]; its rim counts where nothing is drawn.
    Returns: float32 [SIZE, SIZE], up to about 0.8, see `line`.
    """
    from scipy.ndimage import binary_closing, binary_dilation, binary_erosion

    thin = thinned(drawing.enlarged(ink, FINE) > INK)
    small = drawing.shrunk(figure.astype(np.float32), FINE) > 0.5
    rim = small & ~binary_erosion(small, border_value=1)
    rim &= ~binary_dilation(thin, iterations=NEAR)
    if rim.any():  # both are joined where one gives way to the other
        seam = binary_dilation(rim, iterations=GAP) & binary_dilation(thin, iterations=GAP)
        joined = binary_closing(np.pad(thin | rim, 2 * GAP), iterations=GAP)
        thin = thinned(thin | rim | (seam & joined[2 * GAP : -2 * GAP, 2 * GAP : -2 * GAP]))
    thin = without_pieces(thin, SHORTEST)
    return blur(drawing.shrunk(thin.astype(np.float32), SIZE), SOFT)


def without_pieces(drawn: np.ndarray, least: int) -> np.ndarray:
    """What is drawn, bool, without pieces of fewer pixels."""
    from scipy.ndimage import label

    pieces, _ = label(drawn, np.ones((3, 3)))
    return np.asarray(drawn & (np.bincount(pieces.ravel())[pieces] >= least))


def seams(colours: np.ndarray, figure: np.ndarray) -> np.ndarray:
    """Where the areas of a figure meet, as a drawing: float32 [FINE, FINE], 0 or 1.

    Args:
        colours: the picture, float32 [SIZE, SIZE, 3]. figure: bool [SIZE, SIZE].
    """
    from scipy.ndimage import binary_dilation

    found = edge_contour((np.clip(colours, 0, 1) * 255).astype(np.uint8), FINE) > 0
    small = drawing.shrunk(figure.astype(np.float32), FINE) > 0.5
    return (found & binary_dilation(small, iterations=2)).astype(np.float32)


def line(soft: np.ndarray, width: float | np.ndarray) -> np.ndarray:
    """Lines about `width` pixels wide (4.5 to 9) along soft middles, float32 0..1."""
    level = PEAK * np.exp(-0.5 * (np.asarray(width) / 2 / SPREAD) ** 2)
    return np.asarray(np.clip((soft - level) * EDGE + 0.5, 0, 1), np.float32)


def thinned(mask: np.ndarray) -> np.ndarray:
    """The middle of every line of a mask, one pixel wide (Zhang and Suen 1984): bool, same shape."""
    x = np.pad(mask, 1)
    while True:
        before = x.copy()
        for first in (True, False):
            around = [np.roll(x, by, (0, 1)) for by in _NEIGHBOURS]
            count = np.sum(around, 0)
            turns = np.sum([~a & b for a, b in zip(around, around[1:] + around[:1], strict=True)], 0)
            north, east, south, west = around[::2]
            bare = ~(north & east & south) & ~(east & south & west)
            bare = bare if first else ~(north & east & west) & ~(north & south & west)
            x = x & ~((count >= 2) & (count <= 6) & (turns == 1) & bare)
        if (x == before).all():
            return np.asarray(x[1:-1, 1:-1])
