"""Known damage to a log-mel, to see whether a measure minds it: the anchors of a comparison.

Every function takes a mid log-mel float32 [bands, frames] (natural log of magnitude, `media.mel`) and gives
one of the same shape. All work on the mel, because a comparison judges mels; low-pass and noise agree with
the same damage done to the waveform as far as the bands resolve it.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from audiogen.media.mel import MelSettings, analyse, band_centres_hz, filterbank

NATS_PER_DB = float(np.log(10) / 20)
SLOPE_DB = 90.0  # of the low-pass, per octave
NOISE_S = 20.0

Damage = Callable[[np.ndarray, np.random.Generator], np.ndarray]


def low_pass(mid: np.ndarray, cutoff_hz: float, mel: MelSettings = MelSettings()) -> np.ndarray:
    """Nothing above `cutoff_hz`: 90 dB per octave, down to the floor of the mel."""
    octaves = np.maximum(0, np.log2(band_centres_hz(mel) / cutoff_hz))
    lowered = mid - (SLOPE_DB * NATS_PER_DB * octaves)[:, None]
    return np.maximum(lowered, np.log(mel.floor)).astype(np.float32)


def add_noise(
    mid: np.ndarray, snr_db: float, rng: np.random.Generator, mel: MelSettings = MelSettings()
) -> np.ndarray:
    """White noise at `snr_db` below the mean power of the sound; powers add."""
    noise = white(rng, mid.shape[1], mel)
    level = 0.5 * np.log(power(mid, mel) / power(noise, mel)) - snr_db * NATS_PER_DB
    return np.logaddexp(2 * mid, 2 * (noise + level)).astype(np.float32) / 2


def blur(mid: np.ndarray, bands: float, frames: float) -> np.ndarray:
    """A Gaussian of these standard deviations over the log-mel: what regression to a mean looks like."""
    from scipy.ndimage import gaussian_filter

    return gaussian_filter(mid.astype(np.float32), (bands, frames))


def faster(mid: np.ndarray, factor: float, mel: MelSettings = MelSettings()) -> np.ndarray:
    """Played `factor` times as fast, so higher as well, and over again until the length is filled."""
    centres, frames = band_centres_hz(mel), mid.shape[1]
    lower = np.interp(centres / factor, centres, np.arange(len(centres)))
    below = np.floor(lower).astype(int)
    above = np.minimum(below + 1, len(centres) - 1)
    share = (lower - below)[:, None]
    shifted = (1 - share) * mid[below] + share * mid[above]
    return shifted[:, np.round(np.arange(frames) * factor).astype(int) % frames].astype(np.float32)


def shaped_noise(mid: np.ndarray, rng: np.random.Generator, mel: MelSettings = MelSettings()) -> np.ndarray:
    """Steady noise with the mean spectrum of the sound: the floor of every measure."""
    noise = white(rng, mid.shape[1], mel)
    change = mid.mean(1, keepdims=True) - noise.mean(1, keepdims=True)
    return np.maximum(noise + change, np.log(mel.floor)).astype(np.float32)


def power(mid: np.ndarray, mel: MelSettings = MelSettings()) -> float:
    """Mean power over time, all bins together (a scale of its own, good for ratios)."""
    bins = 1 / np.square(filterbank(mel)).sum(1)  # how many bins a band stands for
    return float((np.exp(2 * mid.astype(np.float64)).mean(1) * bins).sum())


def white(rng: np.random.Generator, frames: int, mel: MelSettings = MelSettings()) -> np.ndarray:
    """The log-mel of white noise, float32 [bands, frames]: a random part of one long piece."""
    long = _long_white(mel)
    start = int(rng.integers(long.shape[1]))
    return long[:, np.arange(start, start + frames) % long.shape[1]]


@lru_cache(maxsize=2)
def _long_white(mel: MelSettings) -> np.ndarray:
    import torch

    samples = mel.frames(NOISE_S) * mel.hop_length
    wave = 0.1 * np.random.default_rng(0).standard_normal((2, samples)).astype(np.float32)
    return analyse(torch.from_numpy(wave), mel)[0].numpy()
