"""Trains the autoencoder of digits: -log p(x | z, y) + beta KL(q(z | x, y) || N(0, 1)), in nats per digit.

Both are sums over pixels and latents (a mean over pixels would weigh the KL 784 times too much). Beta grows
to 1 over the first part of the training, so that the latents are used before they cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from audiogen.lab.train.digits import DigitTask, DigitTaskSettings
from audiogen.structure.digits.vae import VAEStage

ACTIVE = 0.01  # variance over digits from which a latent is used


@dataclass(frozen=True)
class VAETaskSettings(DigitTaskSettings):
    """As `DigitTaskSettings`; warm_up: share of the training over which beta grows."""

    batch_size: int = 256
    warm_up: float = 0.15


class VAETask(DigitTask):
    """Task "digit-vae" (see lab/train/task.py)."""

    stage_class: ClassVar[type[VAEStage]] = VAEStage
    settings_class: ClassVar[type[DigitTaskSettings]] = VAETaskSettings

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        """{"ink", "labels", "noise": normal [B, latent]}."""
        batch = super().batch(generator, progress)
        return batch | {"noise": self._noise(len(batch["labels"]), generator)}

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        """A hundredth of a nat per digit is minimised, for the sake of the gradient's limit."""
        beta = min(1.0, progress / self.settings.warm_up) if self.settings.warm_up else 1.0
        logits, mean, log_variance = network(batch["ink"], batch["labels"], batch["noise"])
        pixels = F.binary_cross_entropy_with_logits(logits.float(), batch["ink"], reduction="none")
        kl = divergence(mean.float(), log_variance.float()).mean()
        nats = pixels.sum((1, 2)).mean()
        return {"loss": (nats + beta * kl) / 100, "pixels": nats.detach(), "kl": kl.detach()}

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Held-out bound in nats per digit (`metric`), its KL, and how many latents are used."""
        device = next(network.parameters()).device
        generator = torch.Generator().manual_seed(1)
        totals = {"pixels": 0.0, "kl": 0.0}
        means = []
        for batch in self.held_out(device):
            batch["noise"] = self._noise(len(batch["labels"]), generator).to(device)
            losses = self.loss(network, batch, 1.0)
            for name in totals:
                totals[name] += float(losses[name]) * len(batch["labels"]) / len(self.valid)
            means.append(network(batch["ink"], batch["labels"], batch["noise"])[1])
        active = int((torch.cat(means).float().var(0) > ACTIVE).sum())
        return {"metric": totals["pixels"] + totals["kl"], "kl": totals["kl"], "active": active}

    def _noise(self, count: int, generator: torch.Generator) -> Tensor:
        return torch.randn(count, self.config.network.latent, generator=generator)


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL(N(mean, exp(log variance)) || N(0, 1)) of latents [B, D], in nats, [B]."""
    return -0.5 * (1 + log_variance - mean.square() - log_variance.exp()).sum(1)
