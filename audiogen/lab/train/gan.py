"""Trains the GANs of digits; the loop trains the critic before every step of the generator.

    digit-dcgan    softplus(-C(real)) + softplus(C(made)); softplus(-C(made))     arXiv 1406.2661
    digit-wgan-gp  C(made) - C(real) + 10 (||grad C|| - 1)^2 between; -C(made)    arXiv 1704.00028
    digit-cgan     relu(1 - C(real)) + relu(1 + C(made)); -C(made)                arXiv 1705.02894, hinge

A made digit is asked to be of the class of the real one beside it, so that both sets have the same classes.
Real and made digits go through the critic apart, because of its batch norm, where it has one.

A generator may forget its noise and draw one digit, or one of each class. Where `variety` is given it pays
for two digits (of a class) being more alike than real ones are (after mode seeking, arXiv 1903.05628, but
with an end).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from audiogen.lab.data.digits import DigitSet
from audiogen.lab.evaluate.frechet import frechet
from audiogen.lab.train.digits import DigitTask, DigitTaskSettings
from audiogen.lab.train.task import CriticSettings
from audiogen.networks.dcgan import Critic, CriticSizes
from audiogen.structure.digits.gan import ConditionalGANStage, DCGANStage, GANStage, WGANGPStage

SETTLE_BATCHES, SETTLE_SIZE = 8, 256
COARSE = 7  # places to a side of what the metric sees


@dataclass(frozen=True)
class GANTaskSettings(DigitTaskSettings):
    """As `DigitTaskSettings`.

    Attributes:
        critic: sizes of the critic; training: how it is trained beside the generator.
        penalty: weight of the gradient penalty, where there is one.
        noise: standard deviation of noise on all that the critic sees, in -1..1, falling to none (arXiv
            1610.04490): large clean strokes are told from made ones at once, and nothing would be learned.
        smoothing: share of the other label in what the critic is told (dcgan).
        variety: weight of what a generator pays for digits (of a class) that are too much alike.
    """

    critic: CriticSizes = field(default_factory=CriticSizes)
    training: CriticSettings = field(default_factory=CriticSettings)
    penalty: float = 10.0
    noise: float = 0.0
    smoothing: float = 0.0
    variety: float = 0.0


class GANTask(DigitTask, ABC):
    """What the three have in common (see `AdversarialTask` in lab/train/task.py)."""

    stage_class: ClassVar[type[GANStage]]
    settings_class: ClassVar[type[DigitTaskSettings]] = GANTaskSettings

    def __init__(self, *arguments) -> None:  # type: ignore[no-untyped-def]
        super().__init__(*arguments)
        self.critic: nn.Module = Critic(self.settings.critic)
        self.critic_settings: CriticSettings = self.settings.training
        told = bool(self.config.network.classes)
        self.apart = real_difference(self.train, told) if self.settings.variety else 1.0

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        """{"ink", "labels", "noise": normal [B, latent], "between": [B, 1, 1, 1] in 0..1}."""
        batch = super().batch(generator, progress)
        count = len(batch["labels"])
        noise = torch.randn(count, self.config.network.latent, generator=generator)
        return batch | {"noise": noise, "between": torch.rand(count, 1, 1, 1, generator=generator)}

    def critic_loss(
        self, critic: nn.Module, network: nn.Module, batch: dict[str, Tensor], progress: float
    ) -> dict[str, Tensor]:
        real, labels = 2 * batch["ink"][:, None] - 1, batch["labels"]
        with torch.no_grad():
            made = network(batch["noise"], labels).float()
        real, made = self.disturbed(real, progress), self.disturbed(made, progress)
        of_real, of_made = critic(real, labels).float(), critic(made, labels).float()
        losses = {"loss": self.judged(of_real, of_made), "ahead": (of_real - of_made).mean().detach()}
        with torch.autocast(real.device.type, enabled=False):
            penalty = self.penalty(critic, real, made, batch)
        if penalty is None:
            return losses
        losses["loss"] = losses["loss"] + self.settings.penalty * penalty
        return losses | {"penalty": penalty.detach()}

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        made = network(batch["noise"], batch["labels"])
        fooled = self.fooled(self.critic(self.disturbed(made, progress), batch["labels"]).float())
        if not self.settings.variety:
            return {"loss": fooled}
        other = network(batch["noise"].flip(1), batch["labels"])
        alike = F.relu(1 - (made - other).float().abs().mean() / self.apart)
        return {"loss": fooled + self.settings.variety * alike, "alike": alike.detach()}

    def disturbed(self, digits: Tensor, progress: float) -> Tensor:
        """What the critic sees of them."""
        if not self.settings.noise:
            return digits
        return digits + self.settings.noise * (1 - progress) * torch.randn_like(digits)

    @abstractmethod
    def judged(self, of_real: Tensor, of_made: Tensor) -> Tensor:
        """The critic's loss, from its scores [B] of real and made digits."""

    def fooled(self, of_made: Tensor) -> Tensor:
        """The generator's loss, from the scores [B] of what it made."""
        return -of_made.mean()

    def penalty(
        self, critic: nn.Module, real: Tensor, made: Tensor, batch: dict[str, Tensor]
    ) -> Tensor | None:
        """What the critic pays for its slopes, before its weight."""
        return None

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Frechet distance between made and held-out digits, each averaged down to 7x7 (`metric`).

        It tells a collapse and missing ink; how well digits can be read is measured by `evaluate.digits`.
        """
        device = next(network.parameters()).device
        settle(network, self.config.network.latent, self.config.network.classes)
        generator = torch.Generator().manual_seed(1)
        rows: dict[str, list[Tensor]] = {"real": [], "made": []}
        for batch in self.held_out(device):
            noise = torch.randn(len(batch["labels"]), self.config.network.latent, generator=generator)
            made = network(noise.to(device), batch["labels"])[:, 0].float()
            rows["real"].append(coarse(batch["ink"]))
            rows["made"].append(coarse((made + 1) / 2))
        real, made = (torch.cat(rows[name]).double().cpu().numpy() for name in ("real", "made"))
        return {"metric": frechet(made, real)}


class DCGANTask(GANTask):
    """Task "digit-dcgan"."""

    stage_class = DCGANStage

    def judged(self, of_real: Tensor, of_made: Tensor) -> Tensor:
        told = F.softplus(-of_real).mean() + F.softplus(of_made).mean()
        return told + self.settings.smoothing * (of_real - of_made).mean()

    def fooled(self, of_made: Tensor) -> Tensor:
        return F.softplus(-of_made).mean()


class WGANGPTask(GANTask):
    """Task "digit-wgan-gp"."""

    stage_class = WGANGPStage

    def judged(self, of_real: Tensor, of_made: Tensor) -> Tensor:
        return of_made.mean() - of_real.mean()

    def penalty(self, critic: nn.Module, real: Tensor, made: Tensor, batch: dict[str, Tensor]) -> Tensor:
        return gradient_penalty(critic, real, made, batch["labels"], batch["between"])


class ConditionalGANTask(GANTask):
    """Task "digit-cgan"."""

    stage_class = ConditionalGANStage

    def judged(self, of_real: Tensor, of_made: Tensor) -> Tensor:
        return F.relu(1 - of_real).mean() + F.relu(1 + of_made).mean()


def real_difference(digits: DigitSet, told: bool, count: int = 200) -> float:
    """Mean difference of pixels, in -1..1, between two digits: of a class, or any where none is told."""
    classes = digits.labels if told else np.zeros_like(digits.labels)
    found = []
    for label in np.unique(classes):
        ink = 2 * digits.ink(np.flatnonzero(classes == label)[:count])
        found.append(np.abs(ink - np.roll(ink, 1, 0)).mean())
    return max(float(np.mean(found)), 1e-3)


def gradient_penalty(
    critic: nn.Module, real: Tensor, made: Tensor, labels: Tensor, between: Tensor
) -> Tensor:
    """Mean of (||grad C|| - 1)^2 at points between real and made digits, to be differentiated again.

    Args:
        real, made: [B, 1, h, w]; labels: int64 [B]; between: [B, 1, 1, 1] in 0..1.
    """
    point = (between * real + (1 - between) * made).requires_grad_()
    (slope,) = torch.autograd.grad(critic(point, labels).sum(), point, create_graph=True)
    norm = (slope.flatten(1).square().sum(1) + 1e-12).sqrt()
    return (norm - 1).square().mean()


@torch.no_grad()
def settle(network: nn.Module, latent: int, classes: int) -> None:
    """Give batch norms the statistics that belong to averaged weights; they have those of the latest."""
    norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over all batches
    device = next(network.parameters()).device
    generator = torch.Generator().manual_seed(0)
    was_training = network.training
    network.train()
    for _ in range(SETTLE_BATCHES if norms else 0):
        noise = torch.randn(SETTLE_SIZE, latent, generator=generator)
        labels = torch.randint(max(1, classes), (SETTLE_SIZE,), generator=generator)
        network(noise.to(device), labels.to(device))
    network.train(was_training)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum


def coarse(ink: Tensor) -> Tensor:
    """Ink [B, h, w] -> [B, 49]."""
    return F.adaptive_avg_pool2d(ink[:, None].float(), COARSE).flatten(1)
