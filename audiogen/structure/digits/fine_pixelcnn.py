"""Two gated PixelCNNs: one draws a small digit, one draws it large (Multi-Scale PixelRNN, arXiv 1601.06759).

Conditioning -> Contour of 64x64. The sketch is the drawing of 28x28 that `pixelcnn` makes of the same seed,
guidance included; the large one is drawn symbol by symbol as well, but has only edges to decide. A network of
64x64 by itself must keep a stroke together over five times as many symbols, and more digits were misread.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor, nn

from audiogen.networks.gated_pixelcnn import Canvas, GatedPixelCNN, PixelCNNSizes
from audiogen.stage import Sampling
from audiogen.structure.digits.base import DigitStage, Seen, Step, unheard
from audiogen.structure.digits.pixelcnn import PixelCNNConfig, PixelCNNStage, draw_row, uniforms

ANOTHER = 0x64  # the larger drawing has chances of its own


@dataclass(frozen=True)
class FinePixelCNNConfig:
    """What the stage is made of.

    Attributes:
        network: sizes of the one that draws large, `sketched`.
        temperature: its own; that of a call is multiplied by it.
        sketch: of the one that draws small.
    """

    network: PixelCNNSizes = field(default_factory=lambda: PixelCNNSizes(size=64, patch=2, sketched=True))
    temperature: float = 1.0
    sketch: PixelCNNConfig = field(default_factory=PixelCNNConfig)


class FinePixelCNN(nn.Module):
    """The two networks: `sketch` draws small, `fine` large."""

    def __init__(self, config: FinePixelCNNConfig) -> None:
        super().__init__()
        self.sketch = GatedPixelCNN(config.sketch.network)
        self.fine = GatedPixelCNN(config.network)


class FinePixelCNNStage(DigitStage):
    """The stage."""

    name: ClassVar[str] = "pixelcnn-64"
    config_class = FinePixelCNNConfig
    config: FinePixelCNNConfig

    @staticmethod
    def build(config: FinePixelCNNConfig) -> nn.Module:
        return FinePixelCNN(config)

    @torch.inference_mode()
    def draw(
        self,
        digits: Tensor,
        seeds: Sequence[int],
        sampling: Sampling,
        step: Step = unheard,
        seen: Seen | None = None,
    ) -> Tensor:
        """See `DigitStage.draw`; what is seen are the rows drawn so far, and the sketch below them."""
        c = self.config
        rows, n = c.sketch.network.grid, c.network.grid
        total = rows + n

        def sketching(done: int, of: int) -> None:
            if done < of:
                step(done, total)

        def looked(done: int, ink: Tensor) -> None:
            if seen is not None:
                seen(done, total, ink)

        small = PixelCNNStage(c.sketch, self.network.sketch, device=str(self.device))
        sketch = small.draw(
            digits, seeds, sampling, sketching, lambda done, of, ink: looked(done, large(ink, c.network.size))
        ).to(self.device)
        below = large(sketch, c.network.size)
        pen = Canvas(self.network.fine, digits.to(self.device), sketch)
        chances = uniforms([seed ^ ANOTHER for seed in seeds], n).to(self.device)
        for row in range(n):
            step(rows + row, total)
            draw_row(pen, row, chances[:, row], sampling.temperature * c.temperature, sampling.top_p)
            done = (row + 1) * c.network.patch
            looked(rows + row + 1, torch.cat([pen.ink()[:, :done], below[:, done:]], 1))
        step(total, total)
        return pen.ink().cpu()


def large(ink: Tensor, size: int) -> Tensor:
    """Ink [B, h, h] -> [B, size, size], soft."""
    return nn.functional.interpolate(ink[:, None], (size, size), mode="bilinear")[:, 0]
