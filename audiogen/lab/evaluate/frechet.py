"""Frechet distance between sets of sounds (arXiv 1706.08500, 1812.08466).

It needs rows of an embedding, `lab/evaluate/embedding.py` for sounds. It grows as samples become fewer:
compare equal sample sizes only, with more rows than dimensions, and give the anchor real against real.
"""

from __future__ import annotations

import numpy as np

from audiogen.media.mel_settings import MelSettings


def embed(mid: np.ndarray, settings: MelSettings = MelSettings()) -> np.ndarray:
    """The embedding of earlier figures for the piano; do not use it for noise-like sounds.

    Mid log-mel [bands, frames] -> per second the means of the 34 coarse bands and the standard deviations of
    their steps, float64 [seconds, 2 * groups]. Noise with the mean spectrum of an ambience lies nearer to
    real ambience than other recordings do: use `lab/evaluate/embedding.py`.
    """
    per_second = round(settings.frame_rate)
    groups = mid.astype(np.float64).reshape(settings.n_groups, settings.bands_per_group, -1).mean(1)
    rows = []
    for first in range(0, groups.shape[1] - per_second + 1, per_second):
        part = groups[:, first : first + per_second]
        rows.append(np.concatenate([part.mean(1), np.diff(part, axis=1).std(1)]))
    return np.array(rows)


def frechet(
    x: np.ndarray, y: np.ndarray, x_weight: np.ndarray | None = None, y_weight: np.ndarray | None = None
) -> float:
    """||mx - my||^2 + Tr(Cx + Cy - 2 (Cx Cy)^(1/2)) of rows x [N, D] and y [M, D].

    The root is taken as sum sqrt eig(R Cy R), R = Cx^(1/2), which stays real and symmetric.

    Args:
        x_weight, y_weight: how often each row counts, whole numbers [N] and [M]; once, unless given.
    """
    (mx, cx), (my, cy) = _moments(x, x_weight), _moments(y, y_weight)
    values, vectors = np.linalg.eigh(cx)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ cy @ root), 0)).sum()
    return float(((mx - my) ** 2).sum() + np.trace(cx) + np.trace(cy) - 2 * cross)


def _moments(rows: np.ndarray, weight: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """Mean [D] and covariance [D, D]."""
    counts = None if weight is None else np.asarray(weight, int)
    return np.average(rows, 0, counts), np.atleast_2d(np.cov(rows, rowvar=False, fweights=counts))
