"""Trains the digit UNet by diffusion: v-prediction on the cosine path (arXiv 2202.00512).

The class is not told to a part of the digits, so that there is an estimate to be guided away from.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from audiogen.lab.train.digits import DigitTask, DigitTaskSettings
from audiogen.sampling.diffusion import levels, uniform_times
from audiogen.sampling.flow import flow_target
from audiogen.structure.digits.ddpm import DDPMStage


@dataclass(frozen=True)
class DigitDiffusionSettings(DigitTaskSettings):
    """As `DigitTaskSettings`; class_dropout: share of the digits whose class is not told."""

    class_dropout: float = 0.1


class DigitDiffusionTask(DigitTask):
    """Task "digit-ddpm" (see lab/train/task.py)."""

    stage_class: ClassVar[type[DDPMStage]] = DDPMStage
    settings_class: ClassVar[type[DigitTaskSettings]] = DigitDiffusionSettings

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        """{"ink", "labels" (10: not told), "t": [B], "noise": normal [B, h, w]}."""
        batch = self._noised(super().batch(generator, progress), generator)
        untold = torch.rand(len(batch["labels"]), generator=generator) < self.settings.class_dropout
        batch["labels"] = torch.where(untold, self.config.network.classes, batch["labels"])
        return batch

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        """Mean squared error of v: at one x_t it is that of x0 / sigma."""
        x0 = 2 * batch["ink"] - 1
        point = flow_target(x0, batch["noise"], batch["t"])
        _, sigma = levels(point.t)
        error = (network(point.x_t, point.t, batch["labels"]).float() - x0) / sigma[:, None, None]
        return {"loss": error.square().mean()}

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Held-out loss at fixed times and noise (`metric`)."""
        device = next(network.parameters()).device
        generator = torch.Generator().manual_seed(1)
        total = 0.0
        for batch in self.held_out(torch.device("cpu")):
            noised = {k: v.to(device) for k, v in self._noised(batch, generator).items()}
            total += float(self.loss(network, noised, 1.0)["loss"]) * len(batch["labels"])
        return {"metric": total / len(self.valid)}

    def _noised(self, batch: dict[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
        count = len(batch["labels"])
        noise = torch.randn(batch["ink"].shape, generator=generator)
        return batch | {"t": uniform_times(count, generator), "noise": noise}
