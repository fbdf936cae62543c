"""A small UNet that removes noise from digits (after arXiv 2006.11239 and 2105.05233).

Blocks of 2x2 pixels become channels, so that it works on 14x14 and 7x7: at 28x28 most of the work would go
into strokes' edges. Time and class scale and shift every block; attention at 7x7. It computes
v = alpha noise - sigma x0 (arXiv 2202.00512) and hands back x0 = alpha x_vp - sigma v, which is well scaled
at every time.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from audiogen.networks.sinusoids import sinusoids

PATCH = 2
GROUPS = 8
WAVES = 64  # sines and cosines of the time


@dataclass(frozen=True)
class UNetSizes:
    """What the network is made of.

    Attributes:
        size: pixels to a side, a multiple of 4; width: channels at half of it; deep: at a quarter.
        blocks: residual blocks of each of the three parts; condition: numbers of time and class.
        classes: of what is drawn; one more stands for "not told".
    """

    size: int = 28
    width: int = 48
    deep: int = 96
    blocks: int = 1
    condition: int = 128
    classes: int = 10


class Residual(nn.Module):
    """Norm, SiLU, convolution, twice; the condition scales and shifts between, and the end starts at 0."""

    def __init__(self, inputs: int, outputs: int, condition: int) -> None:
        super().__init__()
        self.first = nn.Sequential(
            nn.GroupNorm(GROUPS, inputs), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, 1, 1)
        )
        self.told = nn.Linear(condition, 2 * outputs)
        self.norm = nn.GroupNorm(GROUPS, outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1)
        self.around = nn.Conv2d(inputs, outputs, 1) if inputs != outputs else nn.Identity()
        _silence(self.second)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale, shift = self.told(condition)[:, :, None, None].chunk(2, 1)
        hidden = self.norm(self.first(x)) * (1 + scale) + shift
        return self.around(x) + self.second(F.silu(hidden))


class Attention(nn.Module):
    """Every place looks at every other."""

    def __init__(self, width: int, heads: int = 4) -> None:
        super().__init__()
        self.heads = heads
        self.norm = nn.GroupNorm(GROUPS, width)
        self.qkv = nn.Conv2d(width, 3 * width, 1)
        self.out = nn.Conv2d(width, width, 1)
        _silence(self.out)

    def forward(self, x: Tensor) -> Tensor:
        b, c, h, w = x.shape
        q, k, v = (
            self.qkv(self.norm(x)).view(b, 3, self.heads, c // self.heads, h * w).transpose(3, 4).unbind(1)
        )
        mixed = F.scaled_dot_product_attention(q, k, v).transpose(2, 3).reshape(b, c, h, w)
        return x + self.out(mixed)


class DigitUNet(nn.Module):
    """(x_t [B, size, size] on the straight path, t [B], labels int64 [B]) -> x0 [B, size, size] in -1..1.

    The label `classes` stands for "not told".
    """

    def __init__(self, sizes: UNetSizes) -> None:
        super().__init__()
        self.sizes = s = sizes
        self.time = nn.Sequential(
            nn.Linear(WAVES, s.condition), nn.SiLU(), nn.Linear(s.condition, s.condition)
        )
        self.classes = nn.Embedding(s.classes + 1, s.condition)
        self.enter = nn.Conv2d(PATCH**2, s.width, 3, 1, 1)
        self.down = nn.ModuleList(Residual(s.width, s.width, s.condition) for _ in range(s.blocks))
        self.shrink = nn.Conv2d(s.width, s.deep, 3, 2, 1)
        self.middle = nn.ModuleList(Residual(s.deep, s.deep, s.condition) for _ in range(s.blocks + 1))
        self.attention = Attention(s.deep)
        self.grow = nn.Conv2d(s.deep, s.width, 3, 1, 1)
        self.up = nn.ModuleList(
            Residual(s.width if k else 2 * s.width, s.width, s.condition) for k in range(s.blocks)
        )
        self.leave = nn.Sequential(
            nn.GroupNorm(GROUPS, s.width), nn.SiLU(), nn.Conv2d(s.width, PATCH**2, 3, 1, 1)
        )

    def forward(self, x_t: Tensor, t: Tensor, labels: Tensor) -> Tensor:
        norm = (t.square() + (1 - t).square()).sqrt()[:, None, None]
        alpha, sigma = (1 - t)[:, None, None] / norm, t[:, None, None] / norm
        x_vp = x_t / norm  # of variance 1 at every time
        condition = F.silu(self.time(sinusoids(t, WAVES)) + self.classes(labels))
        x = self.enter(F.pixel_unshuffle(x_vp[:, None], PATCH))
        for block in self.down:
            x = block(x, condition)
        skip = x
        x = self.shrink(x)
        for number, block in enumerate(self.middle):
            x = block(x, condition)
            if number == 0:
                x = self.attention(x)
        x = self.grow(F.interpolate(x, skip.shape[-2:], mode="nearest"))
        x = torch.cat([x, skip], 1)
        for block in self.up:
            x = block(x, condition)
        v = F.pixel_shuffle(self.leave(x), PATCH)[:, 0].float()
        return alpha * x_vp - sigma * v


def _silence(layer: nn.Conv2d) -> None:
    """It adds nothing until it has learned something."""
    for weight in layer.parameters():
        nn.init.zeros_(weight)
