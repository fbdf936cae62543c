"""Waveform to log-mel and back to band energies: the one place where the mel is defined.

    wave [2, T] -> mid [bands, frames] (natural log of mean magnitude)
                   side [2, groups, frames] (pan and log width, relative to mid)

The default layout is built for a piano. Below 420 Hz every bin of a 4096-point FFT is a band of its own
(10.8 Hz apart: a semitone from 180 Hz, and the beating of lower notes shows in time); above, 24
triangles an octave up to 19 kHz. A 128-band Slaney mel keeps bands 30 Hz apart below 1 kHz and
blurs a left hand.

Stereo is parametric, as in MPEG-4 parametric stereo and USAC prediction (Breebaart et al. 2005;
ISO/IEC 23003-3): per group of bands the side signal S = (L - R) / 2 is predicted from the mid
signal M = (L + R) / 2 by one real factor (`pan`), and what is left is kept as a level relative to
mid (`width`). L = M + S and R = M - S, so the mono fold-down is M exactly and never combs.

Noise and clicks have a layout of their own (`TEXTURE`): what makes rain rain is how the levels of its bands
move within milliseconds, which a window of 93 ms blurs for good. Its frames hold three spectra of 12 ms.

A frame of index k is centred on sample (k + 0.5) * hop_length, so frames = samples / hop_length.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from audiogen.media.mel_settings import TEXTURE, MelSettings

__all__ = ["TEXTURE", "MelSettings"]

PAN_LIMIT = 1.5
WIDTH_RANGE = (-5.0, 1.5)


@lru_cache(maxsize=4)
def filterbank(settings: MelSettings = MelSettings()) -> np.ndarray:
    """Band weights of one spectrum, float32 [bands, bins]; a row sums to 1: a band is a mean magnitude."""
    bin_hz = settings.sample_rate / settings.n_fft
    bank = np.zeros((settings.bands_per_spectrum, settings.n_bins), np.float32)
    for band in range(settings.n_single_bins):
        bank[band, settings.first_bin + band] = 1.0
    last_hz = (settings.first_bin + settings.n_single_bins - 1) * bin_hz
    ratio = 2 ** (1 / settings.bands_per_octave)
    hz = np.arange(settings.n_bins) * bin_hz
    for k in range(1, settings.n_triangles + 1):
        low, centre, high = (last_hz * ratio ** (k + d) for d in (-1, 0, 1))
        high = max(high, centre + bin_hz)  # at the seam a triangle still reaches the next bin
        low = min(low, centre - bin_hz)
        rise, fall = (hz - low) / (centre - low), (high - hz) / (high - centre)
        bank[settings.n_single_bins + k - 1] = np.maximum(0, np.minimum(rise, fall))
    return bank / bank.sum(1, keepdims=True)


@lru_cache(maxsize=4)
def band_centres_hz(settings: MelSettings = MelSettings()) -> np.ndarray:
    """Centre frequency of every value of a frame, float64 [bands]; those of each spectrum in turn."""
    bin_hz = settings.sample_rate / settings.n_fft
    single = (settings.first_bin + np.arange(settings.n_single_bins)) * bin_hz
    steps = np.arange(1, settings.n_triangles + 1) / settings.bands_per_octave
    return np.tile(np.concatenate([single, single[-1] * 2**steps]), settings.subframes)


@lru_cache(maxsize=4)
def group_of_band(settings: MelSettings = MelSettings()) -> np.ndarray:
    """The group of the coarse mel that each value of a frame belongs to, int64 [bands]."""
    if settings.subframes == 1:
        return np.arange(settings.n_bands) // settings.bands_per_group
    centres = band_centres_hz().reshape(-1, settings.bands_per_group).mean(1)
    return np.searchsorted(np.sqrt(centres[1:] * centres[:-1]), band_centres_hz(settings))


@lru_cache(maxsize=4)
def group_of_bin(settings: MelSettings = MelSettings()) -> np.ndarray:
    """The group that each FFT bin belongs to, int64 [bins]; bins beyond the ends join the nearest."""
    centres = band_centres_hz(settings)
    hz = np.arange(settings.n_bins) * settings.sample_rate / settings.n_fft
    nearest = np.searchsorted((centres[1:] + centres[:-1]) / 2, hz)
    return nearest // settings.bands_per_group


def stft(wave: Tensor, settings: MelSettings) -> Tensor:
    """Complex spectra of real audio [..., T] as [..., bins, T // hop]; a sine of amplitude A shows A."""
    pad = (settings.n_fft - settings.stft_hop) // 2
    window = torch.hann_window(settings.n_fft, dtype=wave.dtype, device=wave.device)
    flat = wave.reshape(-1, 1, wave.shape[-1])
    mode = "reflect" if wave.shape[-1] > pad else "constant"
    flat = torch.nn.functional.pad(flat, (pad, pad), mode=mode)[:, 0]
    spectrum = torch.stft(
        flat, settings.n_fft, settings.stft_hop, window=window, center=False, return_complex=True
    )
    return spectrum.reshape(*wave.shape[:-1], *spectrum.shape[1:]) * (2 / window.sum())


def log_bands(magnitude: Tensor, settings: MelSettings) -> Tensor:
    """Natural log of the mean magnitude per band: [..., bins, spectra] -> [..., bands, frames]."""
    bank = torch.from_numpy(filterbank(settings)).to(magnitude)
    return framed((bank @ magnitude).clamp_min(settings.floor).log(), settings)


def framed(spectra: Tensor, settings: MelSettings) -> Tensor:
    """Bands of every spectrum [..., bands of one, spectra] as whole frames [..., bands, frames]."""
    if settings.subframes == 1:
        return spectra
    whole = spectra.shape[-1] // settings.subframes * settings.subframes
    frames = spectra[..., :whole].unflatten(-1, (-1, settings.subframes))
    return frames.movedim(-1, -3).flatten(-3, -2)


def unframed(mid: Tensor, settings: MelSettings) -> Tensor:
    """The inverse of `framed`."""
    if settings.subframes == 1:
        return mid
    return mid.unflatten(-2, (settings.subframes, -1)).movedim(-3, -1).flatten(-2)


def stereo_bands(mid: Tensor, side: Tensor, settings: MelSettings) -> Tensor:
    """Pan and width per group from the complex spectra of mid and side [bins, frames].

    Returns: float [2, groups, frames]. Row 0, pan: the real factor g that predicts side from mid,
        in [-PAN_LIMIT, PAN_LIMIT]; positive is left. Row 1, width: natural log of the magnitude
        ratio of what remains to mid, within WIDTH_RANGE.
    """
    groups = torch.from_numpy(group_of_bin(settings)).to(mid.device)

    def pooled(power: Tensor) -> Tensor:
        out = power.new_zeros(settings.n_groups, power.shape[1])
        return out.index_add_(0, groups, power)

    silence = 10 * settings.floor**2
    mid_power = pooled(mid.abs() ** 2) + silence
    pan = (pooled((mid * side.conj()).real) / mid_power).clamp(-PAN_LIMIT, PAN_LIMIT)
    rest = (pooled(side.abs() ** 2) - pan**2 * (mid_power - silence)).clamp_min(0) + silence
    width = 0.5 * (rest / mid_power).log().clamp(2 * WIDTH_RANGE[0], 2 * WIDTH_RANGE[1])
    return torch.stack([pan, width])


def analyse(wave: Tensor, settings: MelSettings = MelSettings()) -> tuple[Tensor, Tensor]:
    """Stereo audio [2, T] in -1..1 -> (mid [bands, frames], side [2, groups, frames])."""
    default = settings if settings.subframes == 1 else MelSettings()
    centre = (wave[0] + wave[1]) / 2
    mid = stft(centre, default)
    side = stereo_bands(mid, stft((wave[0] - wave[1]) / 2, default), default)
    return log_bands((mid if default is settings else stft(centre, settings)).abs(), settings), side


def coarse_mel(mid: Tensor, settings: MelSettings = MelSettings()) -> Tensor:
    """Coarse log-mel [groups, coarse_frames]: the log of mean magnitude over 5 bands x 3 frames."""
    frames = mid.shape[-1] // settings.frames_per_coarse * settings.frames_per_coarse
    blocks = mid[..., :frames].exp().unflatten(-1, (-1, settings.frames_per_coarse)).mean(-1)
    return blocks.unflatten(-2, (-1, settings.bands_per_group)).mean(-2).log()


def onset_strength(mid: Tensor) -> Tensor:
    """Onset strength at the fine rate: mean positive rise of the log-mel over bands, [frames], nats."""
    rise = torch.diff(mid, dim=-1, prepend=mid[..., :1])
    return rise.clamp_min(0).mean(-2)
