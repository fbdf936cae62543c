"""The GANs of digits: noise becomes a digit in one pass of a generator. Conditioning -> Contour.

`dcgan` (arXiv 1511.06434) draws any digit, 64x64; `wgan-gp` (arXiv 1704.00028) and `cgan` (projection
critic, arXiv 1802.05637) are told which. They differ in how they were trained, see `train/gan.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor, nn

from audiogen.networks.dcgan import Generator, GeneratorSizes
from audiogen.stage import Sampling
from audiogen.structure.digits import DigitStage, Seen, Step, drawn, unheard


@dataclass(frozen=True)
class GANConfig:
    """What a stage is made of.

    Attributes:
        network: sizes of the generator.
        temperature: the noise is scaled by that of a call times this one; below 1 is more typical and less
            varied.
    """

    network: GeneratorSizes = field(default_factory=GeneratorSizes)
    temperature: float = 1.0


class GANStage(DigitStage):
    """What the three have in common."""

    config_class = GANConfig
    config: GANConfig

    @staticmethod
    def build(config: GANConfig) -> nn.Module:
        return Generator(config.network)

    @torch.inference_mode()
    def draw(
        self,
        digits: Tensor,
        seeds: Sequence[int],
        sampling: Sampling,
        step: Step = unheard,
        seen: Seen | None = None,
    ) -> Tensor:
        """See `DigitStage.draw`; there is one step."""
        step(0, 1)
        noise = self.config.temperature * sampling.temperature * drawn(seeds, self.config.network.latent)
        made = self.network(noise.to(self.device), digits.to(self.device))
        ink = ((made[:, 0].float() + 1) / 2).clamp(0, 1).cpu()
        if seen is not None:
            seen(1, 1, ink)
        step(1, 1)
        return ink


class DCGANStage(GANStage):
    """Any digit."""

    name: ClassVar[str] = "dcgan"
    hears = False


class WGANGPStage(GANStage):
    """Trained with a gradient penalty."""

    name: ClassVar[str] = "wgan-gp"


class ConditionalGANStage(GANStage):
    """Trained with a projection critic."""

    name: ClassVar[str] = "cgan"
