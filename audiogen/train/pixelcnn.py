"""Trains the gated PixelCNN: cross-entropy of every symbol, given those before it and the class."""

from __future__ import annotations

import math
from typing import ClassVar

import torch
from torch import Tensor, nn

from audiogen.networks.gated_pixelcnn import GatedPixelCNN
from audiogen.structure.pixelcnn import PixelCNNStage
from audiogen.train.digits import DigitTask


class PixelCNNTask(DigitTask):
    """Task "digit-pixelcnn" (see train/task.py)."""

    stage_class: ClassVar[type[PixelCNNStage]] = PixelCNNStage
    network: GatedPixelCNN

    def batch(self, generator: torch.Generator) -> dict[str, Tensor]:
        """{"symbols": int64 [B, n, n], "labels": int64 [B]}."""
        return self._symbols(super().batch(generator))

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        """Nats per pixel."""
        logits = network(batch["symbols"], batch["labels"]).float()
        nats = nn.functional.cross_entropy(logits.flatten(0, 2), batch["symbols"].flatten())
        return {"loss": nats / self.config.network.patch**2}

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Held-out nats per digit (`metric`) and bits per pixel."""
        device = next(network.parameters()).device
        batches = [self._symbols(batch) for batch in self.held_out(device)]
        pixels = self.config.network.size**2
        total = sum(float(self.loss(network, b, 1.0)["loss"]) * len(b["labels"]) for b in batches)
        nats = total / len(self.valid)
        return {"metric": pixels * nats, "bits_per_pixel": nats / math.log(2)}

    def _symbols(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        return {"symbols": self.network.to_symbols(batch["ink"]), "labels": batch["labels"]}
