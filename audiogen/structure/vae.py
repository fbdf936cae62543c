"""Variational autoencoder: a draw from the prior, decoded in one pass (arXiv 1312.6114).

Conditioning -> Contour of 28x28.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor, nn

from audiogen.networks.digit_vae import DigitVAE, VAESizes
from audiogen.stage import Sampling
from audiogen.structure.digits import DigitStage, Seen, Step, drawn, unheard


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


class VAEStage(DigitStage):
    """The stage."""

    name: ClassVar[str] = "vae"
    config_class = VAEConfig
    config: VAEConfig

    @staticmethod
    def build(config: VAEConfig) -> nn.Module:
        return DigitVAE(config.network)

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
        latents = self.config.temperature * sampling.temperature * drawn(seeds, self.config.network.latent)
        logits = self.network.decode(latents.to(self.device), digits.to(self.device)).float()
        ink = (self.config.sharpness * logits).sigmoid().cpu()
        if seen is not None:
            seen(1, 1, ink)
        step(1, 1)
        return ink
