"""How sharp, grainy and compressed a picture is: a block of the embedding, for distances between folders.

The encoder of the painter hardly sees faint noise, JPEG or half the resolution. Pictures of nature have about
as much contrast at every size (Ruderman, The statistics of natural images, 1994), so what is fine is held
against what is coarser: blur takes the fine away, noise adds to it, JPEG evens out what was nearly even.
"""

from __future__ import annotations

import numpy as np

_QUANTILES = (0.1, 0.25, 0.5, 0.75, 0.9, 0.99)
_SIZES = 3  # each half of the one before
_LEAST = 1 / 255  # added before a logarithm: smaller steps are not seen
BLOCKS = (17, 17)  # features of lightness and of colour


def detail(pixels: np.ndarray) -> np.ndarray:
    """Pixels [3, H, H] in 0..1, H a multiple of 4 -> float64 [34], `BLOCKS`."""
    red, green, blue = pixels
    return np.concatenate([_of(pixels.mean(0)[None]), _of(np.stack([red - green, blue - green]))])


def _of(planes: np.ndarray) -> np.ndarray:
    """Log ratios between sizes, quantile by quantile, and between quantiles of the finest: [17]."""
    found = []
    for _ in range(_SIZES):
        found.append(np.log(np.quantile(_bends(planes), _QUANTILES) + _LEAST))
        count, height, width = planes.shape
        planes = planes.reshape(count, height // 2, 2, width // 2, 2).mean((2, 4))
    return np.concatenate([found[0] - found[1], found[1] - found[2], np.diff(found[0])])


def _bends(planes: np.ndarray) -> np.ndarray:
    """How far every pixel lies from the mean of its two neighbours, twice; both ways, flat."""
    return np.concatenate([np.abs(np.diff(planes, 2, axis)).ravel() for axis in (1, 2)])
