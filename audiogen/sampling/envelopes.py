"""Envelopes of sub-bands, finer than a mel: measured, and laid upon a sound.

A mel of 93 ms windows says how loud a band is on average; when within them its drops and clicks fall, it does
not. That is held here: of seven bands the power every 1.9 ms (a seventh of a mel's frame) over its mean in
93 ms, in nats. (Envelopes of sub-bands are what textures are told apart by: McDermott and Simoncelli 2011.)
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from audiogen.media.mel import MelSettings
from audiogen.sampling.stft import forward, istft

N_FFT, HOP = 256, 84  # 5.8 and 1.9 ms
STRETCH = 49  # hops, 93 ms
EDGES_HZ = (0.0, 500.0, 1_000.0, 2_000.0, 3_500.0, 6_000.0, 10_000.0, 22_051.0)
BANDS = len(EDGES_HZ) - 1
LOWEST_HZ = 150.0  # stands for 0 Hz where octaves are counted
GAIN = (0.03, 8.0)  # limits of what a bin is multiplied by at once
ROUNDS = 2  # windows overlap, so that one round falls short


@lru_cache(maxsize=1)
def shares() -> Tensor:
    """How much of each bin belongs to each band, [bins, BANDS]: linear in octaves between their centres."""
    hz = np.maximum(np.arange(N_FFT // 2 + 1), 0.5) * MelSettings().sample_rate / N_FFT
    centres = np.sqrt(np.maximum(EDGES_HZ[:-1], LOWEST_HZ) * np.array(EDGES_HZ[1:]))
    rows = [np.interp(np.log(hz), np.log(centres), row) for row in np.eye(BANDS)]
    return torch.from_numpy(np.stack(rows, 1)).float()


def envelopes(sound: Tensor) -> Tensor:
    """Of a sound, float32 [channels, T] -> [BANDS, N], nats: power over its mean around."""
    _, power = _powers(sound)
    return (power / around(power)).log()


def imposed(sound: Tensor, wanted: Tensor) -> Tensor:
    """A sound [channels, T] whose envelopes are `wanted`, [BANDS, N]; the mean of a stretch stays.

    Where it is longer than they are its end is left as it is.
    """
    weights, samples = shares(), sound.shape[1]
    for _ in range(ROUNDS):
        spectra, power = _powers(sound)
        count = min(power.shape[1], wanted.shape[1])
        mean = around(power)[:, :count]
        target = wanted[:, :count].exp() * mean
        target = target * mean / around(target)
        gain = (target / power[:, :count]).sqrt().clamp(*GAIN)
        gain = torch.nn.functional.pad(gain, (0, power.shape[1] - count), value=1.0)
        gains = (weights @ gain.log()).exp()
        sound = torch.stack([istft(s * gains, HOP, s.shape[1] * HOP)[:samples] for s in spectra])
    return sound


def around(rows: Tensor, exponent: int = 2, stretch: int = STRETCH) -> Tensor:
    """The mean of rows [B, N] over a stretch (odd), with the shape of a Hann window to a power."""
    window = torch.hann_window(stretch + 2, periodic=False)[1:-1] ** exponent
    kernel = (window / window.sum())[None, None]
    half = stretch // 2
    padded = torch.nn.functional.pad(rows[:, None], (half, half), mode="replicate")
    return torch.nn.functional.conv1d(padded, kernel)[:, 0].clamp_min(1e-14)


def _powers(sound: Tensor) -> tuple[list[Tensor], Tensor]:
    """Spectra of the channels, and the power of the bands, [BANDS, N]."""
    padded = torch.nn.functional.pad(sound, (0, -sound.shape[1] % HOP))
    spectra = [forward(channel, N_FFT, HOP) for channel in padded]
    total = torch.stack([s.abs().square() for s in spectra]).sum(0)
    return spectra, shares().T @ total + 1e-12
