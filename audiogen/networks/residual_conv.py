"""Residual block of two 3x3 convolutions, for networks on pixels (EDSR, arXiv 1707.02921).

Normalisation would wash out the levels that such a network must pass on; instead the second convolution
begins near zero, so that a deep stack begins near the identity.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ResidualConv(nn.Module):
    """x + conv(silu(conv(silu(x)))), [B, width, h, w] -> the same shape."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        nn.init.normal_(self.second.weight, std=0.1 * (9 * width) ** -0.5)

    def forward(self, x: Tensor) -> Tensor:
        y = self.first(torch.nn.functional.silu(x))
        return x + self.second(torch.nn.functional.silu(y))


def residual_convs(width: int, count: int) -> nn.Sequential:
    """A row of them."""
    return nn.Sequential(*(ResidualConv(width) for _ in range(count)))
