"""Magnitude network of the vocoder: bands -> full-resolution magnitude, and how noisy each band is.

At a small training budget magnitude is easy to learn and phase is hard, so this network learns no
phase. It starts from what linear algebra gives (the pseudo-inverse of the filterbank) and adds, in log
magnitude, the partials that wide bands blur.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.media.mel import MelSettings, filterbank
from audiogen.networks.convnext import ConvNeXtBlock


class MagnitudeNetwork(nn.Module):
    """ConvNeXt over frames from log bands to log magnitude.

    Args:
        mel: the bands.
        width: channels of every block.
        blocks: number of blocks.
    """

    bank: Tensor
    inverse: Tensor
    mean: Tensor
    std: Tensor

    def __init__(self, mel: MelSettings, width: int = 320, blocks: int = 6) -> None:
        super().__init__()
        bank = filterbank(mel)
        self.register_buffer("bank", torch.from_numpy(bank), persistent=False)
        inverse = np.maximum(np.linalg.pinv(bank.astype(np.float64)), 0).astype(np.float32)
        self.register_buffer("inverse", torch.from_numpy(inverse), persistent=False)
        self.register_buffer("mean", torch.full((mel.n_bands, 1), -7.0))
        self.register_buffer("std", torch.full((mel.n_bands, 1), 2.5))
        self.floor = mel.floor
        self.enter = nn.Conv1d(mel.n_bands, width, 7, padding=3)
        self.enter_norm = nn.LayerNorm(width)
        self.blocks = nn.ModuleList(ConvNeXtBlock(width) for _ in range(blocks))
        self.leave_norm = nn.LayerNorm(width)
        self.to_bins = nn.Linear(width, mel.n_bins)
        self.to_noise = nn.Linear(width, mel.n_bands)
        nn.init.zeros_(self.to_bins.weight)
        nn.init.zeros_(self.to_bins.bias)

    def forward(self, bands: Tensor) -> tuple[Tensor, Tensor]:
        """Log bands [B, bands, F] -> (log magnitude [B, bins, F], log noisiness [B, bands, F]).

        Noisiness is the expected absolute error of the log magnitude, nats: about 0.5 for noise
        (Rayleigh magnitudes), near 0 for a steady partial.
        """
        normal = (bands - self.mean) / self.std
        x = self.enter_norm(self.enter(normal).transpose(1, 2))
        for block in self.blocks:
            x = block(x)
        x = self.leave_norm(x)
        start = self.linear_start(bands).clamp_min(self.floor / 10).log()
        log_magnitude = start + self.to_bins(x).transpose(1, 2).float()
        return log_magnitude, self.to_noise(x).transpose(1, 2).float()

    def linear_start(self, bands: Tensor) -> Tensor:
        """Magnitude [B, bins, F] by the non-negative part of the pseudo-inverse: nothing is trained."""
        return (self.inverse @ bands.float().exp()).float()
