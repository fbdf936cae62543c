"""The last hand on a sound: no DC, exact length, ends that do not click, its level.

    raw samples -> high-pass -> exact length -> ends -> rate -> loudness

A fade is made only where the material does not end by itself.
"""

from __future__ import annotations

import numpy as np
import soxr

from audiogen.media.loudness import to_loudness

_HIGH_PASS_HZ = 8.0  # the lowest string of a piano sounds at 27.5 Hz
_SILENT_DB = -60.0  # an end this far below the loudest moment has died away
_FAINT_DB = -40.0
_LOOK_S = 0.02
_FADE_IN_S = 0.002
_FADE_FAINT_S = 0.3
_FADE_CUT_S = 1.5


def finish(
    samples: np.ndarray,
    sample_rate: int,
    seconds: float,
    target_lufs: float | None,
    rate: int | None = None,
) -> np.ndarray:
    """A sound ready to be written.

    Args:
        samples: float [channels, samples] as the renderer made it.
        sample_rate: its rate, Hz.
        seconds: exact length of the result, s.
        target_lufs: see `to_loudness`; None leaves the level alone below the ceiling.
        rate: rate of the result, Hz; None keeps `sample_rate`.
    Returns: float32 [channels, round(seconds * rate)].
    """
    wave = without_dc(np.asarray(samples, np.float32), sample_rate)
    wave = wave[:, : max(1, round(seconds * sample_rate))]
    wave = soft_ends(wave, sample_rate)
    if rate is not None and rate != sample_rate:
        wave = soxr.resample(wave.T, sample_rate, rate).T
        sample_rate = rate
    wave = exact_length(wave, max(1, round(seconds * sample_rate)))
    return to_loudness(wave, sample_rate, target_lufs).astype(np.float32)


def without_dc(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Without its mean and what moves slower than 8 Hz."""
    from scipy.signal import butter, sosfilt

    sections = butter(2, _HIGH_PASS_HZ, "highpass", fs=sample_rate, output="sos")
    out = np.empty(samples.shape, np.float32)
    for channel, centred in zip(out, samples, strict=True):  # one at a time: ten minutes are long
        channel[:] = sosfilt(sections, centred.astype(np.float64) - centred.mean(dtype=np.float64))
    return out


def exact_length(samples: np.ndarray, length: int) -> np.ndarray:
    """Cut, or filled with silence at the end, to `length` samples."""
    have = samples.shape[1]
    return samples[:, :length] if have >= length else np.pad(samples, ((0, 0), (0, length - have)))


def soft_ends(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Faded at an end that would click; an end that is silent by itself is left as it is."""
    begin_db, end_db = end_levels_db(samples, sample_rate)
    length = samples.shape[1]
    gain = np.ones(length, np.float32)
    if begin_db > _SILENT_DB:
        n = min(length, max(1, round(_FADE_IN_S * sample_rate)))
        gain[:n] *= _rise(n)
    if end_db > _SILENT_DB:
        fade_s = _FADE_FAINT_S if end_db < _FAINT_DB else _FADE_CUT_S
        n = max(1, min(length // 8, round(fade_s * sample_rate)))
        gain[length - n :] *= _rise(n)[::-1]
    return samples * gain


def end_levels_db(samples: np.ndarray, sample_rate: int) -> tuple[float, float]:
    """Level of the first and last 20 ms against the loudest 20 ms, dB; -inf for silence."""
    n = max(1, min(samples.shape[1], round(_LOOK_S * sample_rate)))
    power = (samples.astype(np.float64) ** 2).mean(0)
    whole = power[: len(power) // n * n].reshape(-1, n).mean(1)
    loudest = whole.max(initial=0.0)
    if loudest <= 0:
        return float("-inf"), float("-inf")

    def db(part: np.ndarray) -> float:
        return float(10 * np.log10(max(part.mean() / loudest, 1e-30)))

    return db(power[:n]), db(power[-n:])


def _rise(n: int) -> np.ndarray:
    """Half a raised cosine, from just above 0 to just below 1, float32 [n]."""
    return (0.5 - 0.5 * np.cos(np.pi * (np.arange(n) + 0.5) / n)).astype(np.float32)
