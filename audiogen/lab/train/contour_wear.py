"""Contours as they may come: thick or thin, coarse, blurred, spotted, with gaps.

A structure stage draws on 28 x 28, a paint program with another pen, and a decoder that only ever saw clean
contours would take every flaw at its word.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, max_pool2d

from audiogen.media.drawing import enlarged, shrunk

DIGITS = 28  # pixels to a side of most structure stages


def worn_contour(ink: Tensor, rng: np.random.Generator) -> Tensor:
    """Ink [h, w] in 0..1 with random flaws, [h, w] in 0..1; about one in four stays as it is."""
    if rng.random() < 0.25:
        return ink
    x = ink[None, None].float()
    kind = rng.random()
    if kind < 0.25:
        x = x + float(rng.uniform(0.3, 1)) * (max_pool2d(x, 3, 1, 1) - x)
    elif kind < 0.4:
        x = x + float(rng.uniform(0.2, 0.6)) * (-max_pool2d(-x, 3, 1, 1) - x)
    if rng.random() < 0.3 and ink.shape[0] > DIGITS:
        coarse = shrunk(x[0, 0].numpy(), DIGITS)
        x = torch.from_numpy(enlarged(coarse, ink.shape[0]))[None, None]
    if rng.random() < 0.25:
        x = avg_pool2d(x, 3, 1, 1, count_include_pad=False)
    if rng.random() < 0.25:
        for _ in range(int(rng.integers(1, 4))):
            size = int(rng.integers(1, 4))
            top, left = (int(rng.integers(length - size + 1)) for length in ink.shape)
            x[..., top : top + size, left : left + size] = 0
    if rng.random() < 0.25:
        spots = torch.from_numpy(rng.standard_normal(tuple(ink.shape)).astype(np.float32))
        x = x + float(rng.uniform(0, 0.1)) * spots
    return x[0, 0].clamp(0, 1)
