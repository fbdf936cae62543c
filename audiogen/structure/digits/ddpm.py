"""Diffusion of digits (DDPM, arXiv 2006.11239; DDIM, arXiv 2010.02502), with classifier-free guidance.

Conditioning -> Contour of 28x28. Path, schedulers and guidance are those of the decoders
(`sampling/`): a digit walks through them as a row of pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor, nn

from audiogen.networks.digit_unet import DigitUNet, UNetSizes
from audiogen.sampling.field import Estimate, steered
from audiogen.sampling.flow import times
from audiogen.sampling.schedulers import sample, scheduler
from audiogen.stage import Sampling
from audiogen.structure.digits.base import DigitStage, Seen, Step, drawn, unheard

WITH_CHANCE = ("ddpm", "euler-ancestral")  # they draw noise on the way, one digit at a time


@dataclass(frozen=True)
class DDPMConfig:
    """What the stage is made of.

    Attributes:
        network: its sizes.
        steps, scheduler, guidance: how a digit is drawn; those of a call belong to the decoder after it.
    """

    network: UNetSizes = field(default_factory=UNetSizes)
    steps: int = 20
    scheduler: str = "ddim"
    guidance: float = 2.0


class DDPMStage(DigitStage):
    """The stage."""

    name: ClassVar[str] = "ddpm"
    config_class = DDPMConfig
    config: DDPMConfig

    @staticmethod
    def build(config: DDPMConfig) -> nn.Module:
        return DigitUNet(config.network)

    def draw(
        self,
        digits: Tensor,
        seeds: Sequence[int],
        sampling: Sampling,
        step: Step = unheard,
        seen: Seen | None = None,
    ) -> Tensor:
        """See `DigitStage.draw`; what is seen are the estimates of the finished digit."""
        c = self.config
        together = 1 if c.scheduler in WITH_CHANCE else len(seeds)
        parts = [slice(first, first + together) for first in range(0, len(seeds), together)]
        ink = [self._draw(digits[part], seeds[part], step, seen) for part in parts]
        return torch.cat(ink)

    def _draw(self, digits: Tensor, seeds: Sequence[int], step: Step, seen: Seen | None) -> Tensor:
        c = self.config
        noise = drawn(seeds, c.network.size**2)[..., None]  # [B, pixels, 1]

        def observe(done: int, total: int, x0: Tensor) -> None:
            if seen is not None:
                seen(done, total, self._ink(x0))

        x0 = sample(
            scheduler("diffusion", c.scheduler),
            self.estimate(digits),
            noise,
            times(c.steps),
            seeds[0],
            step,
            observe,
        )
        return self._ink(x0)

    def estimate(self, digits: Tensor) -> Estimate:
        """(x_t [B, pixels, 1], t) -> x0 in -1..1, guided towards the digits [B]."""
        untold = torch.full_like(digits, self.config.network.classes)
        plain = self._about(untold) if self.config.guidance != 1 else None
        guided = steered(self._about(digits), plain, self.config.guidance)
        return lambda x_t, t: guided(x_t, t).clamp(-1, 1)

    def _about(self, labels: Tensor) -> Estimate:
        size = self.config.network.size

        @torch.inference_mode()
        def estimate(x_t: Tensor, t: float) -> Tensor:
            at = torch.full((len(x_t),), t, dtype=torch.float32, device=self.device)
            square = x_t.float().unflatten(1, (size, size))[..., 0].to(self.device)
            return self.network(square, at, labels.to(self.device)).flatten(1)[..., None].cpu()

        return estimate

    def _ink(self, x0: Tensor) -> Tensor:
        """[B, pixels, 1] in -1..1 -> ink [B, size, size]."""
        size = self.config.network.size
        return ((x0.float()[..., 0].unflatten(1, (size, size)) + 1) / 2).clamp(0, 1)
