"""The GANs of digits: noise becomes a digit in one pass of a generator. Conditioning -> Contour.

`dcgan` (arXiv 1511.06434) draws any digit, 64x64; `wgan-gp` (arXiv 1704.00028) and `cgan` (projection
critic, arXiv 1802.05637) are told which. They differ in how they were trained, see `lab/train/gan.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from torch import Tensor, nn

from audiogen.networks.dcgan import Generator, GeneratorSizes
from audiogen.structure.digits.base import OneStepStage


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


class GANStage(OneStepStage):
    """What the three have in common."""

    config_class = GANConfig
    config: GANConfig

    @staticmethod
    def build(config: GANConfig) -> nn.Module:
        return Generator(config.network)

    def made_of(self, noise: Tensor, digits: Tensor) -> Tensor:
        return ((self.network(noise, digits)[:, 0].float() + 1) / 2).clamp(0, 1)


class DCGANStage(GANStage):
    """Any digit."""

    name: ClassVar[str] = "dcgan"
    conditioned = False


class WGANGPStage(GANStage):
    """Trained with a gradient penalty."""

    name: ClassVar[str] = "wgan-gp"


class ConditionalGANStage(GANStage):
    """Trained with a projection critic."""

    name: ClassVar[str] = "cgan"
