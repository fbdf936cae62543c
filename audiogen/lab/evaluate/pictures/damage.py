"""Pictures damaged in known ways: what the distances between sets of pictures mean.

A useful distance puts held-out pictures nearest and every damage farther away, the more of it the farther.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from scipy.ndimage import gaussian_filter

Damage = Callable[[np.ndarray, np.random.Generator], np.ndarray]  # pixels [3, H, H] in 0..1, and its dice
REAL = "real"


def real(pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """As they are."""
    return pixels


def blurred(radius: float, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """With a Gaussian blur, standard deviation in pixels."""
    return np.asarray(gaussian_filter(pixels, (0, radius, radius)))


def noisy(size: float, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """With white noise of that standard deviation in every channel, of the range 0..1."""
    return np.clip(pixels + size * rng.standard_normal(pixels.shape), 0, 1)


def shuffled(tiles: int, pixels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Cut into tiles x tiles squares that change places."""
    side = pixels.shape[1] // tiles
    cut = pixels.reshape(3, tiles, side, tiles, side).transpose(1, 3, 0, 2, 4).reshape(-1, 3, side, side)
    mixed = cut[rng.permutation(len(cut))].reshape(tiles, tiles, 3, side, side)
    return mixed.transpose(2, 0, 3, 1, 4).reshape(3, tiles * side, tiles * side)


DAMAGES: dict[str, Damage] = {
    REAL: real,
    "blurred by 1 pixel": partial(blurred, 1.0),
    "blurred by 2 pixels": partial(blurred, 2.0),
    "noise of 0.05": partial(noisy, 0.05),
    "noise of 0.2": partial(noisy, 0.2),
    "4 x 4 tiles shuffled": partial(shuffled, 4),
}
DRAWN = (REAL, "blurred by 1 pixel", "4 x 4 tiles shuffled")  # as levels in figures


def damaged(pictures: np.ndarray, damage: Damage) -> list[np.ndarray]:
    """Every picture [N, 3, H, H] with this damage, each with a generator of its own number."""
    return [damage(pixels, np.random.default_rng(k)) for k, pixels in enumerate(pictures)]
