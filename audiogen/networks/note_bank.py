"""Note bank: an additive prior for the spectrum of a piano part.

Strings add in power. Each key has a few non-negative spectral templates whose activations follow
from velocity, time since the attack and time since damping (non-negative matrix factorisation with
given activations; Smaragdis and Brown 2003). It learns in minutes what a plain network needs hours
for, and what it cannot say (room, noise, interference of partials) is left to the decoder's flow.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.media.midi import PIANO_KEYS as KEYS
from audiogen.media.midi import PIANO_LOW as LOWEST

SINCE_KNOTS_S = (
    -0.05,
    -0.033,
    -0.02,
    -0.007,
    0.007,
    0.02,
    0.035,
    0.055,
    0.09,
    0.15,
    0.25,
    0.45,
    0.8,
    1.5,
    3.0,
    6.0,
    12.0,
)
GAIN = 60.0  # log powers are GAIN x parameter, so they move as fast as they must under a common lr


class NoteBank(nn.Module):
    """Roll of notes -> expected log bands.

    Args:
        centres_hz: centre of every band, for the start at each key's harmonics.
        templates: K, templates per key.
        take_width: T, size of the take vector that may shift activations.
        floor: band magnitude of silence.
    """

    knots: Tensor

    def __init__(self, centres_hz: np.ndarray, templates: int, take_width: int, floor: float) -> None:
        super().__init__()
        self.floor = floor
        self.register_buffer("knots", torch.tensor(SINCE_KNOTS_S), persistent=False)
        self.log_templates = nn.Parameter(_harmonic_start(centres_hz, templates) / GAIN)
        rate = torch.linspace(0.4, 2.2, templates).exp() * torch.linspace(0.5, 3, KEYS)[:, None]
        knots = self.knots.clamp_min(0)
        self.over_time = nn.Parameter(-rate[..., None] * knots.clamp_max(4) / GAIN)
        self.by_velocity = nn.Parameter(torch.full((KEYS, templates), 6.0 / GAIN))
        self.velocity_over_time = nn.Parameter(torch.zeros(KEYS, templates))
        self.damping = nn.Parameter(torch.linspace(1.0, 3.2, templates).expand(KEYS, -1) / GAIN)
        self.by_take = nn.Linear(take_width, templates)
        nn.init.zeros_(self.by_take.weight)

    def forward(self, velocity: Tensor, since_s: Tensor, damped_s: Tensor, take: Tensor) -> Tensor:
        """[B, F, 88] each (0 velocity: silent) and take [B, T] -> log bands [B, F, bands]."""
        hats = self._hats(since_s)
        log_power = torch.einsum("bfpj,pkj->bfpk", hats, GAIN * self.over_time.float())
        slope = self.by_velocity + self.velocity_over_time * torch.log1p(since_s.clamp_min(0))[..., None]
        log_power = log_power + GAIN * slope * (velocity[..., None] - 1)
        log_power = log_power - (GAIN * self.damping).exp() * damped_s[..., None]
        log_power = log_power + self.by_take(take)[:, None, None]
        power = log_power.clamp(-40, 8).exp() * (velocity > 0)[..., None]
        templates = (GAIN * self.log_templates).clamp(-40, 12).exp()
        bands = power.flatten(2) @ templates.flatten(0, 1)
        return 0.5 * (bands + self.floor**2).log()

    def _hats(self, since_s: Tensor) -> Tensor:
        """Linear interpolation weights over the knots, [..., J]."""
        place = torch.searchsorted(self.knots, since_s.contiguous()).clamp(1, len(self.knots) - 1)
        low, high = self.knots[place - 1], self.knots[place]
        share = ((since_s - low) / (high - low)).clamp(0, 1)
        hats = since_s.new_zeros(*since_s.shape, len(self.knots))
        hats.scatter_(-1, (place - 1)[..., None], (1 - share)[..., None])
        return hats.scatter_(-1, place[..., None], share[..., None])


def _harmonic_start(centres_hz: np.ndarray, templates: int) -> Tensor:
    """Log power per key and template [88, K, bands]: bumps at the harmonics, weaker with their number."""
    pitch = LOWEST + np.arange(KEYS)
    f0 = 440 * 2 ** ((pitch - 69) / 12)
    spread = np.gradient(centres_hz) + 6.0
    power = np.full((KEYS, len(centres_hz)), 1e-6)
    for harmonic in range(1, 40):
        hz = (harmonic * f0 * np.sqrt(1 + 3e-4 * harmonic**2))[:, None]
        power += harmonic**-3.0 * np.exp(-0.5 * ((centres_hz - hz) / spread) ** 2)
    tilt = np.linspace(0, 1, templates)[:, None] * np.log(centres_hz / 1000)[None] * 0.5
    start = np.log(power)[:, None] + tilt[None] - 2 - np.log(templates)
    return torch.from_numpy(start.astype(np.float32))
