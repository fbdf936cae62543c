"""Upsampler: a picture at twice its size, as a learned correction of the bicubic one.

[B, 3, H, W] in 0..1 -> [B, 3, 2 H, 2 W]. All convolutions run at half the size of the input, and sub-pixel
convolution (arXiv 1609.05158) unfolds their channels four times each way; H and W are even.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, pixel_shuffle, pixel_unshuffle

from audiogen.networks.residual_conv import residual_convs


class Upsampler(nn.Module):
    """See the module's first lines. Args: width, blocks: of the residual convolutions."""

    def __init__(self, width: int, blocks: int) -> None:
        super().__init__()
        self.enter = nn.Conv2d(4 * 3, width, 3, padding=1)
        self.blocks = residual_convs(width, blocks)
        self.leave = nn.Conv2d(width, 16 * 3, 3, padding=1)
        for parameter in self.leave.parameters():
            nn.init.zeros_(parameter)

    def forward(self, pixels: Tensor) -> Tensor:
        """Not clamped."""
        x = self.blocks(self.enter(pixel_unshuffle(2 * pixels - 1, 2)))
        with torch.autocast(x.device.type, enabled=False):
            return bicubic(pixels) + pixel_shuffle(self.leave(x.float()), 4) / 2


def bicubic(pixels: Tensor, factor: float = 2.0) -> Tensor:
    """[B, 3, H, W] at `factor` times its size; smaller with anti-aliasing."""
    return interpolate(pixels.float(), scale_factor=factor, mode="bicubic", antialias=factor < 1)
