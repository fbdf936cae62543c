"""Times as sines and cosines of many periods (arXiv 1706.03762), as networks hear them."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def sinusoids(t: Tensor, width: int) -> Tensor:
    """Times [B] in 0..1 -> [B, width]; the slowest wave has a period of 2 pi ten times the range."""
    rates = torch.exp(torch.arange(width // 2, device=t.device) * (-math.log(10_000) / (width // 2)))
    angles = 1000 * t[:, None] * rates
    return torch.cat([angles.cos(), angles.sin()], -1)
