"""Noise: where nothing but surf or a fire is heard, the spectrum is that of noise, not of a mean magnitude.

A mel says how strong a band is on average, and refinement of phases holds each bin at just that: noise whose
bins do not scatter, which a recogniser takes for water less often. Here the phases are those of drawn white
noise, and so is, in part, the scatter of its magnitudes (of noise they are Rayleigh distributed). Drops and
calls are lost by it: sounds that have them are made as before. What crackles is given its clicks afterwards
(`render/envelopes.py`).
"""

from __future__ import annotations

import torch
from torch import Tensor

from audiogen.sampling.stft import forward, size

SCATTER = 0.5  # exponent of the magnitudes of the noise; 0: none of their scatter, 1: all
ITERATIONS = 2  # of phase refinement; more of them smooth the scatter away


class Noise:
    """White noise in blocks that go on from one another."""

    def __init__(self, generator: torch.Generator) -> None:
        self.generator = generator
        self.last = torch.zeros(0)

    def block(self, magnitude: Tensor, hop_length: int, again: int) -> tuple[Tensor, Tensor]:
        """Magnitude [bins, F] with its scatter, and phases, radians, same shape.

        Args:
            again: so many frames at the beginning were the last of the block before.
        """
        bins, frames = magnitude.shape
        kept = self.last[len(self.last) - again * hop_length :] if len(self.last) else self.last
        drawn = torch.randn(frames * hop_length - len(kept), generator=self.generator)
        self.last = torch.cat([kept, drawn])
        spectrum = forward(self.last, 2 * (bins - 1), hop_length)
        level = size(spectrum)
        scatter = (level / level.square().mean().sqrt()).clamp_min(1e-4) ** SCATTER
        return magnitude * scatter, spectrum.angle()
