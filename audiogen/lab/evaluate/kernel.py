"""Kernel distance between two sets of sounds: unbiased squared MMD with a Gaussian kernel, times 100.

As KAD (arXiv 2502.15602), whose estimate is without bias at any sample size (Frechet's is not). The
bandwidth is the median distance between rows of the reference, so that systems measured against one
reference are comparable. Differences: what is drawn is a sound, not a segment of it. Segments of one sound
resemble each other, so pairs within a sound are left out, and the bootstrap draws sounds; copies that it
draws of one sound count as that sound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

SCALE = 100.0


def bandwidth(reference: np.ndarray) -> float:
    """Median distance between different rows [N, D]."""
    squares = squared_distances(reference, reference)
    return float(np.sqrt(np.median(squares[np.triu_indices(len(reference), 1)])))


def squared_distances(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Between every row of x [N, D] and y [M, D]: [N, M]."""
    squares = np.square(x).sum(1)[:, None] + np.square(y).sum(1)[None] - 2 * x @ y.T
    return np.maximum(squares, 0)


@dataclass(frozen=True, eq=False)
class Kernels:
    """Mean kernel values between sounds: made and made [N, N], real and real [M, M], made and real [N, M]."""

    made: np.ndarray
    real: np.ndarray
    across: np.ndarray

    @classmethod
    def between(cls, made: Sequence[np.ndarray], real: Sequence[np.ndarray], width: float) -> Kernels:
        """Of sounds as rows [segments, D] each, for the kernel exp(-d^2 / (2 width^2))."""
        return cls(_means(made, made, width), _means(real, real, width), _means(made, real, width))

    @classmethod
    def cubic(cls, made: np.ndarray, real: np.ndarray) -> Kernels:
        """Of single rows [N, D] and [M, D], for the kernel (x . y / D + 1)^3 of KID (arXiv 1801.01401)."""
        x, y = np.asarray(made, float), np.asarray(real, float)
        return cls(*((a @ b.T / x.shape[1] + 1) ** 3 for a, b in ((x, x), (y, y), (x, y))))

    def distance(self, made: np.ndarray | None = None, real: np.ndarray | None = None) -> float:
        """100 (mean k(x, x') + mean k(y, y') - 2 mean k(x, y)) over different x, x' and y, y'.

        May be slightly negative: the estimate is unbiased around 0.

        Args:
            made, real: how often each sound was drawn, [N] and [M]; once, unless given.
        """
        a = np.ones(len(self.made)) if made is None else np.asarray(made, float)
        b = np.ones(len(self.real)) if real is None else np.asarray(real, float)
        across = a @ self.across @ b / (a.sum() * b.sum())
        return float(SCALE * (off_diagonal(self.made, a) + off_diagonal(self.real, b) - 2 * across))


def kernel_distance(
    made: Sequence[np.ndarray], real: Sequence[np.ndarray], width: float | None = None
) -> float:
    """Of sounds as rows [segments, D] each; width: the `bandwidth` of the real ones unless given."""
    width = bandwidth(np.concatenate(list(real))) if width is None else width
    return Kernels.between(made, real, width).distance()


def _means(x: Sequence[np.ndarray], y: Sequence[np.ndarray], width: float) -> np.ndarray:
    """Mean kernel value between the rows of every x and every y, [N, M]."""
    values = np.exp(-squared_distances(np.concatenate(list(x)), np.concatenate(list(y))) / (2 * width**2))
    for axis, sets in ((0, x), (1, y)):
        starts = np.cumsum([0, *(len(rows) for rows in sets[:-1])])
        counts = np.array([len(rows) for rows in sets])
        values = np.add.reduceat(values, starts, axis) / np.expand_dims(counts, 1 - axis)
    return values


def off_diagonal(values: np.ndarray, weight: np.ndarray) -> float:
    """Weighted mean over pairs of different sounds."""
    own = np.square(weight)
    inside = weight @ values @ weight - own @ values.diagonal()
    return float(inside / (weight.sum() ** 2 - own.sum()))
