"""Loudness and true peak, and the gain that brings a sound to its level.

Integrated loudness is ITU-R BS.1770-4 in LUFS (pyloudnorm with the De Man filters, exact to 0.01 LU);
true peak is the maximum after fourfold oversampling, in dBTP. Nothing is compressed: one gain for the
whole sound, so its dynamics stay as they were played.
"""

from __future__ import annotations

import warnings

import numpy as np
import soxr

CEILING_DBTP = -1.0
PIANO_LUFS = -20.0
_BLOCK_S = 0.4  # BS.1770 measures blocks of this length
_PEAK_BLOCK, _PEAK_MARGIN = 1 << 19, 4096  # samples; the margin is longer than the resampler's filter
_MAX_GAIN_DB = 40.0  # what needs more than this is noise, not music
_PIANO_CURVE = ((30.0, -26.0), (64.0, PIANO_LUFS), (105.0, -16.0))  # (mean velocity, LUFS)


def loudness_lufs(samples: np.ndarray, sample_rate: int) -> float:
    """Integrated loudness of [channels, samples], LUFS; -inf for silence (below -70 LUFS).

    A sound shorter than one block of 0.4 s is measured as if it were repeated.
    """
    import pyloudnorm

    block = int(_BLOCK_S * sample_rate) + 1
    if samples.shape[1] < block:
        samples = np.tile(samples, -(-block // samples.shape[1]))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # log of zero in silent blocks
        meter = pyloudnorm.Meter(sample_rate, filter_class="DeMan")
        value = float(meter.integrated_loudness(samples.T.astype(np.float64)))
    return value if np.isfinite(value) else float("-inf")


def true_peak_dbtp(samples: np.ndarray, sample_rate: int) -> float:
    """True peak of [channels, samples], dBTP; -inf for silence. Long sounds are taken in blocks."""
    peak = np.abs(samples).max(initial=0.0)
    for start in range(0, samples.shape[1], _PEAK_BLOCK):
        before = min(start, _PEAK_MARGIN)
        part = samples[:, start - before : start + _PEAK_BLOCK + _PEAK_MARGIN]
        over = soxr.resample(part.T.astype(np.float64), sample_rate, 4 * sample_rate)
        peak = max(peak, np.abs(over[4 * before : 4 * (before + _PEAK_BLOCK)]).max(initial=0.0))
    return float(20 * np.log10(peak)) if peak > 0 else float("-inf")


def to_loudness(
    samples: np.ndarray, sample_rate: int, target_lufs: float | None, ceiling_dbtp: float = CEILING_DBTP
) -> np.ndarray:
    """The sound at its target loudness, or as near as the ceiling lets it.

    Args:
        samples: float [channels, samples].
        sample_rate: Hz.
        target_lufs: None leaves the level alone, except for what exceeds the ceiling.
        ceiling_dbtp: the true peak stays at or below this.
    """
    loudness = loudness_lufs(samples, sample_rate) if target_lufs is not None else float("-inf")
    peak = true_peak_dbtp(samples, sample_rate)
    wanted = 0.0 if target_lufs is None or np.isinf(loudness) else target_lufs - loudness
    gain_db = min(wanted, _MAX_GAIN_DB, ceiling_dbtp - peak)
    return samples * np.float32(10 ** (gain_db / 20))


def piano_target_lufs(velocity: float | None) -> float:
    """The loudness for a piano piece by its mean MIDI velocity; -20 LUFS where it is unknown.

    Very soft playing is -26 and very loud -16: a listener who asked for pianissimo gets it, and
    still needs no other volume setting.
    """
    if velocity is None:
        return PIANO_LUFS
    speeds, levels = zip(*_PIANO_CURVE, strict=True)
    return float(np.interp(velocity, speeds, levels))
