"""ConvNeXt block over frames (arXiv 2201.03545; for audio, Vocos, arXiv 2306.00814), with optional AdaLN.

Activations are [B, F, D]: pointwise layers are plain matrix products, and only the depthwise
convolution turns the axes.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ConvNeXtBlock(nn.Module):
    """x + scale * MLP(modulate(norm(depthwise(x)))).

    Args:
        width: D.
        expansion: hidden width of the MLP as a multiple of D.
        kernel: frames that the depthwise convolution sees.
        dilation: its dilation.
        condition_width: width of the conditioning vector for AdaLN (arXiv 2212.09748), 0 for none.
        layer_scale: start value of the residual scale (without conditioning).
    """

    def __init__(
        self,
        width: int,
        expansion: int = 3,
        kernel: int = 7,
        dilation: int = 1,
        condition_width: int = 0,
        layer_scale: float = 0.15,
    ) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(
            width, width, kernel, padding=dilation * (kernel // 2), dilation=dilation, groups=width
        )
        self.norm = nn.LayerNorm(width, elementwise_affine=condition_width == 0)
        self.expand = nn.Linear(width, expansion * width)
        self.contract = nn.Linear(expansion * width, width)
        self.scale = nn.Parameter(torch.full((width,), layer_scale))
        self.modulation = nn.Linear(condition_width, 3 * width) if condition_width else None
        if self.modulation is not None:
            nn.init.zeros_(self.modulation.weight)
            nn.init.zeros_(self.modulation.bias)

    def forward(self, x: Tensor, condition: Tensor | None = None) -> Tensor:
        """[B, F, D] (and [B, condition_width]) -> [B, F, D]."""
        y = self.norm(self.depthwise(x.transpose(1, 2)).transpose(1, 2))
        gate = self.scale
        if self.modulation is not None:
            assert condition is not None
            shift, stretch, opening = self.modulation(condition)[:, None].chunk(3, -1)
            y = y * (1 + stretch) + shift
            gate = gate * (1 + opening)
        y = self.contract(torch.nn.functional.gelu(self.expand(y), approximate="tanh"))
        return x + gate * y
