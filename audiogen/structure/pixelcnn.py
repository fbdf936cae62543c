"""Gated PixelCNN: draws a digit symbol by symbol, row by row (arXiv 1606.05328), with everything cached.

Conditioning -> Contour of 28x28 or 64x64.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor, nn

from audiogen.networks.gated_pixelcnn import Canvas, GatedPixelCNN, PixelCNNSizes
from audiogen.sampling.autoregressive import choose
from audiogen.stage import Sampling
from audiogen.structure.digits import DigitStage, Seen, Step, unheard


@dataclass(frozen=True)
class PixelCNNConfig:
    """What the stage is made of.

    Attributes:
        network: its sizes.
        temperature: that of a call is multiplied by it.
    """

    network: PixelCNNSizes = field(default_factory=PixelCNNSizes)
    temperature: float = 1.0


class PixelCNNStage(DigitStage):
    """The stage."""

    name: ClassVar[str] = "pixelcnn"
    config_class = PixelCNNConfig
    config: PixelCNNConfig

    @staticmethod
    def build(config: PixelCNNConfig) -> nn.Module:
        return GatedPixelCNN(config.network)

    @torch.inference_mode()
    def draw(
        self,
        digits: Tensor,
        seeds: Sequence[int],
        sampling: Sampling,
        step: Step = unheard,
        seen: Seen | None = None,
    ) -> Tensor:
        """See `DigitStage.draw`; what is seen are the rows drawn so far."""
        canvas = Canvas(self.network, digits.to(self.device))
        n = self.config.network.grid
        temperature = sampling.temperature * self.config.temperature
        chances = uniforms(seeds, n).to(self.device)
        for row in range(n):
            step(row, n)
            canvas.begin_row(row)
            for column in range(n):
                logits = canvas.logits(row, column)
                canvas.put(row, column, choose(logits, chances[:, row, column], temperature, sampling.top_p))
            if seen is not None:
                seen(row + 1, n, canvas.ink())
        step(n, n)
        return canvas.ink().cpu()


def uniforms(seeds: Sequence[int], n: int) -> Tensor:
    """A chance for every symbol of each seed, float32 [B, n, n] in 0..1."""
    return torch.stack([torch.rand(n, n, generator=torch.Generator().manual_seed(seed)) for seed in seeds])
