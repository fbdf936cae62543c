"""Patch critic: tells real pixels from made ones, patch by patch (PatchGAN, arXiv 1611.07004).

It serves only in training, so that a decoder draws grain and strokes instead of their average.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.functional import leaky_relu


class PatchCritic(nn.Module):
    """Args: width: channels after the first convolution; they double with each of the others."""

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            [
                nn.Conv2d(3, width, 4, stride=2, padding=1),
                nn.Conv2d(width, 2 * width, 4, stride=2, padding=1),
                nn.Conv2d(2 * width, 4 * width, 4, stride=2, padding=1),
            ]
        )
        self.verdict = nn.Conv2d(4 * width, 1, 3, padding=1)

    def forward(self, pixels: Tensor) -> tuple[Tensor, list[Tensor]]:
        """[B, 3, H, W] in 0..1 -> verdicts [B, 1, H / 8, W / 8], above 0: real; every layer's features."""
        x, features = 2 * pixels - 1, []
        for layer in self.layers:
            x = leaky_relu(layer(x), 0.2)
            features.append(x)
        return self.verdict(x), features
