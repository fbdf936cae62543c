"""Variational autoencoder: a draw from the prior, decoded in one pass (arXiv 1312.6114).

Conditioning -> Contour of 28x28.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from torch import Tensor, nn

from audiogen.networks.digit_vae import DigitVAE, VAESizes
from audiogen.structure.digits.base import OneStepStage


@dataclass(frozen=True)
class VAEConfig:
    """What the stage is made of.

    Attributes:
        network: its sizes.
        temperature: the latents are scaled by that of a call times this one.
        sharpness: the logits of the ink are multiplied by it: a mean over possible strokes is blurred, and
            above 1 the likelier side is taken more clearly.
    """

    network: VAESizes = field(default_factory=VAESizes)
    temperature: float = 0.85
    sharpness: float = 2.0


class VAEStage(OneStepStage):
    """The stage."""

    name: ClassVar[str] = "vae"
    config_class = VAEConfig
    config: VAEConfig

    @staticmethod
    def build(config: VAEConfig) -> nn.Module:
        return DigitVAE(config.network)

    def made_of(self, noise: Tensor, digits: Tensor) -> Tensor:
        return (self.config.sharpness * self.network.decode(noise, digits).float()).sigmoid()
