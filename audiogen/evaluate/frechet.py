"""Frechet distance between sets of mels, on a small documented embedding.

Embedding, per second of sound: the means of the 34 coarse bands and the standard deviations of their
frame-to-frame differences (68 numbers): colour and texture. Scores from other embeddings are not
comparable. Compare equal sample sizes, and give the anchor real against real.
"""

from __future__ import annotations

import numpy as np

from audiogen.media.mel import MelSettings


def embed(mid: np.ndarray, settings: MelSettings = MelSettings()) -> np.ndarray:
    """Mid log-mel [bands, frames] -> one row per whole second, float64 [seconds, 2 * groups]."""
    per_second = round(settings.frame_rate)
    groups = mid.astype(np.float64).reshape(settings.n_groups, settings.bands_per_group, -1).mean(1)
    rows = []
    for first in range(0, groups.shape[1] - per_second + 1, per_second):
        part = groups[:, first : first + per_second]
        rows.append(np.concatenate([part.mean(1), np.diff(part, axis=1).std(1)]))
    return np.array(rows)


def frechet(x: np.ndarray, y: np.ndarray) -> float:
    """||mx - my||^2 + Tr(Cx + Cy - 2 (Cx Cy)^(1/2)) of rows x [N, D] and y [M, D] (arXiv 1706.08500).

    The root is taken as sum sqrt eig(R Cy R), R = Cx^(1/2), which stays real and symmetric.
    """
    mx, my = x.mean(0), y.mean(0)
    cx, cy = np.cov(x, rowvar=False), np.cov(y, rowvar=False)
    values, vectors = np.linalg.eigh(cx)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    cross = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ cy @ root), 0)).sum()
    return float(((mx - my) ** 2).sum() + np.trace(cx) + np.trace(cy) - 2 * cross)
