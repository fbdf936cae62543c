"""Colour bank: the lasting spectrum of an ambience as a conditional mean, and what colours there are.

A noise-like sound is first of all its long-term spectrum. A few principal components of the training
scenes' mean spectra say it; one draw of them belongs to a seed and holds for a whole piece, so a long piece
keeps its colour and two seeds differ as two places do. The bank remembers the components of training
scenes with the weights of their sources, and draws near those that fit what is asked.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

WEIGHT_REACH = 0.18  # how far source weights of a remembered scene may lie from the asked ones
INTENSITY_REACH = 0.15
JITTER = 0.4  # of the components' standard deviations, around a remembered scene


class ColourBank(nn.Module):
    """Components of a mean spectrum -> log bands.

    Args:
        bands: of the mel. components: K. scenes: how many are remembered. sources: S.

    Everything is a buffer, set by `fit`: nothing here learns by gradient.
    """

    centre: Tensor
    basis: Tensor
    scenes: Tensor
    weights: Tensor
    intensity: Tensor

    def __init__(self, bands: int, components: int, scenes: int, sources: int) -> None:
        super().__init__()
        self.register_buffer("centre", torch.zeros(bands))
        self.register_buffer("basis", torch.zeros(components, bands))
        self.register_buffer("scenes", torch.zeros(scenes, components))
        self.register_buffer("weights", torch.zeros(scenes, sources))
        self.register_buffer("intensity", torch.full((scenes,), float("nan")))

    def forward(self, components: Tensor) -> Tensor:
        """Components [B, K], std about 1 -> log bands [B, bands]."""
        return self.centre + components @ self.basis

    def describe(self, spectrum: Tensor) -> Tensor:
        """Mean log bands [B, bands] -> components [B, K]: the inverse of `forward`, by projection."""
        norm = self.basis.square().sum(1).clamp_min(1e-9)
        return (spectrum - self.centre) @ self.basis.T / norm

    def fit(self, spectra: Tensor, weights: Tensor, intensity: Tensor, generator: torch.Generator) -> None:
        """Learn the components from mean spectra [N, bands], and remember some of the scenes.

        Args:
            weights: of the sources, [N, S]. intensity: [N], NaN where unknown.
        """
        self.centre.copy_(spectra.mean(0))
        _, _, axes = torch.linalg.svd(spectra - self.centre, full_matrices=False)
        axes = axes[: len(self.basis)]
        spread = ((spectra - self.centre) @ axes.T).std(0)
        self.basis.zero_()
        self.basis[: len(axes)] = axes * spread[:, None]
        kept = torch.randperm(len(spectra), generator=generator)[: len(self.scenes)]
        kept = kept.repeat(-(-len(self.scenes) // len(kept)))[: len(self.scenes)]
        self.scenes.copy_(self.describe(spectra[kept]))
        self.weights.copy_(weights[kept])
        self.intensity.copy_(intensity[kept])

    def draw(self, weights: np.ndarray, intensity: float | None, rng: np.random.Generator) -> np.ndarray:
        """Components float32 [K] near a remembered scene that fits; arguments as in `choose`."""
        return self.near(self.choose(weights, intensity, rng), rng)

    def choose(self, weights: np.ndarray, intensity: float | None, rng: np.random.Generator) -> int:
        """The number of a remembered scene that fits the asked sources.

        Args:
            weights: asked weight per source, [S]; all zero: any scene.
            intensity: 0..1, or None.
        """
        apart = np.zeros(len(self.scenes))
        if weights.any():
            apart = np.square(self.weights.cpu().numpy() - weights).sum(1) / (2 * WEIGHT_REACH**2)
        if intensity is not None:
            known = np.nan_to_num(self.intensity.cpu().numpy(), nan=0.5)
            apart = apart + np.square(known - intensity) / (2 * INTENSITY_REACH**2)
        fit = np.exp(apart.min() - apart)
        return int(rng.choice(len(fit), p=fit / fit.sum()))

    def near(self, scene: int, rng: np.random.Generator) -> np.ndarray:
        """Components float32 [K] near those of a remembered scene."""
        known = self.scenes[scene].cpu().numpy()
        return (known + JITTER * rng.standard_normal(len(known))).astype(np.float32)
