"""Noise and blur, quick at 512x512: the raw material of paper, pigment and bristles."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter, map_coordinates

SIZE = 512  # side of a rendering, pixels


def resized(grid: np.ndarray, size: int = SIZE) -> np.ndarray:
    """A small grid [h, w] drawn up smoothly (bicubic) to float32 [size, size]."""
    image = Image.fromarray(np.asarray(grid, np.float32))
    return np.asarray(image.resize((size, size), Image.Resampling.BICUBIC), np.float32)


def blur(field: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur of [SIZE, SIZE]; wide ones are made on a smaller grid, which no eye can tell."""
    shrink = 2 ** int(np.clip(np.log2(max(sigma, 1.0) / 2), 0, 4))
    if shrink == 1:
        return np.asarray(gaussian_filter(np.asarray(field, np.float32), sigma, truncate=3))
    small = field.reshape(SIZE // shrink, shrink, SIZE // shrink, shrink).mean((1, 3))
    return resized(gaussian_filter(small, sigma / shrink, truncate=3))


def clouds(rng: np.random.Generator, scale: float, octaves: int = 3) -> np.ndarray:
    """Fractal noise float32 [SIZE, SIZE], mean about 0, std 1.

    Args:
        scale: size of the largest lumps in pixels; each further octave has half of it and 0.55 of the height.
    """
    finest = scale / 2 ** (octaves - 1)
    grid = SIZE // (4 if finest >= 24 else 2 if finest >= 12 else 1)  # smooth noise needs no fine grid
    total = np.zeros((grid, grid), np.float32)
    for octave in range(octaves):
        cells = max(int(round(SIZE * 2**octave / scale)), 1) + 3
        total += 0.55**octave * resized(rng.standard_normal((cells, cells), dtype=np.float32), grid)
    total -= total.mean()
    total /= max(float(total.std()), 1e-6)
    return total if grid == SIZE else resized(total)


def loosened(rng: np.random.Generator, far: float, scale: float) -> Callable[[np.ndarray], np.ndarray]:
    """What moves the places of a field [SIZE, SIZE] by about `far` pixels, as `clouds` of a scale say."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    places = [y + far * clouds(rng, scale, 2), x + far * clouds(rng, scale, 2)]
    return lambda field: np.asarray(map_coordinates(field, places, order=1, mode="nearest"))


def grain(rng: np.random.Generator, sigma: float) -> np.ndarray:
    """Fine noise with lumps of about `sigma` pixels, std 1: float32 [SIZE, SIZE]."""
    noise = gaussian_filter(rng.standard_normal((SIZE, SIZE), dtype=np.float32), sigma, truncate=3)
    return np.asarray(noise / noise.std())


def step(low: float, high: float, field: np.ndarray) -> np.ndarray:
    """Smooth step: 0 below `low`, 1 above `high`."""
    t = np.clip((field - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)
