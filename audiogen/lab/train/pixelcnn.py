"""Trains the gated PixelCNN: cross-entropy of every symbol, given those before it and the class."""

from __future__ import annotations

import math
from typing import ClassVar, cast

from torch import Tensor, nn

from audiogen.lab.train.digits import DigitTask
from audiogen.networks.gated_pixelcnn import GatedPixelCNN
from audiogen.structure.digits.base import DigitStage
from audiogen.structure.digits.pixelcnn import PixelCNNStage


class PixelCNNTask(DigitTask):
    """Task "digit-pixelcnn" (see lab/train/task.py)."""

    stage_class: ClassVar[type[DigitStage]] = PixelCNNStage

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        """Nats per pixel."""
        pen = self.pen(network)
        symbols = pen.to_symbols(batch["ink"])
        logits = pen(symbols, batch["labels"], batch.get("sketch")).float()
        nats = nn.functional.cross_entropy(logits.flatten(0, 2), symbols.flatten())
        return {"loss": nats / pen.sizes.patch**2}

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Held-out nats per digit (`metric`) and bits per pixel."""
        device = next(network.parameters()).device
        total = sum(
            float(self.loss(network, b, 1.0)["loss"]) * len(b["labels"]) for b in self.held_out(device)
        )
        nats = total / len(self.valid)
        return {"metric": self.config.network.size**2 * nats, "bits_per_pixel": nats / math.log(2)}

    def pen(self, network: nn.Module) -> GatedPixelCNN:
        """The network that is trained."""
        return cast(GatedPixelCNN, network)
