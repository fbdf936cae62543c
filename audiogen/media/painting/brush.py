"""Thick paint: where its strokes begin, the traces of the brush's hair, and the light on it."""

from __future__ import annotations

import numpy as np

from audiogen.media.painting.strokes import Strokes
from audiogen.media.painting.textures import SIZE, blur, grain, step


def lattice(rng: np.random.Generator, width: float, share: float) -> Strokes:
    """Strokes that cover the canvas about `share` times, in random order."""
    gap = width * 1.25 / np.sqrt(share)
    cells = int(SIZE / gap) + 2
    grid = np.stack(np.meshgrid(np.arange(cells), np.arange(cells), indexing="ij"), -1).reshape(-1, 2)
    start = (rng.permutation(grid) + rng.uniform(-0.7, 0.7, grid.shape)) * gap
    start = np.clip(start, 0, SIZE - 1)
    count = len(start)
    length = width * rng.uniform(2.2, 5.0, count)
    return Strokes(start, length, width * rng.uniform(0.75, 1.25, count), rng.uniform(0.85, 1.0, count))


def bristles(rng: np.random.Generator) -> np.ndarray:
    """Traces of hair: streaks along the stroke (columns), 0..1, [256, 256]."""
    hairs = np.asarray(rng.random((256, 1), np.float32))
    streaks = 0.6 * hairs + 0.4 * blur(grain(rng, 0.6), 1.0)[:256, :256] * 0.5 + 0.2
    return np.asarray(np.clip(streaks, 0, 1), np.float32)


def lit(picture: np.ndarray, height: np.ndarray, weave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Thick paint under a lamp at the upper left: shaded slopes, a gleam on the steepest."""
    surface = blur(height, 0.7) + 0.02 * weave
    gy, gx = np.gradient(surface)
    slope = np.asarray(gx + gy)
    shaded = picture * (1 + rng.uniform(0.55, 0.95) * np.clip(slope, -0.45, 0.45))[..., None]
    gleam = step(0.2, 0.6, slope) * rng.uniform(0.06, 0.16)
    return np.asarray(np.clip(shaded + gleam[..., None], 0, 1), np.float32)


def at(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The pixels at points [N, 2], as an index."""
    whole = np.clip(points, 0, SIZE - 1).astype(int)
    return whole[:, 0], whole[:, 1]
