"""The last hand on a sound: no DC, exact length, ends that do not click, its level.

    raw samples -> high-pass -> exact length -> ends -> rate -> mark -> loudness (with a gentle limiter)

A fade is made only where the material does not end by itself, and none in a loop, whose beginning follows its
end in every step. Everything is done in place and in blocks: ten minutes take no more memory than one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import soxr

from audiogen import memory
from audiogen.media.biquads import filtered, high_pass
from audiogen.media.loudness import Level, to_loudness

_HIGH_PASS_HZ = 8.0  # the lowest string of a piano sounds at 27.5 Hz
_SILENT_DB = -60.0  # an end this far below the loudest moment has died away
_FAINT_DB = -40.0
_LOOK_S = 0.02
_BLOCK_S = 10
_SUMMED = 50 * 8192  # samples, a multiple of what numpy adds up at once
_SETTLE_S = 1.0  # after which the high-pass has forgotten how it began


Touch = Callable[[np.ndarray, int], None]


@dataclass(frozen=True)
class Ends:
    """How long the fades of an end are that would click, s.

    Attributes:
        fade_in_s: at the beginning.
        faint_s: at an end that has nearly died away.
        cut_s: at an end that goes on; at most an eighth of the sound.
    """

    fade_in_s: float = 0.002
    faint_s: float = 0.3
    cut_s: float = 1.5


STRUCK = Ends()  # a first attack must stay sharp
LASTING = Ends(fade_in_s=0.03, cut_s=0.5)  # weather has neither beginning nor end
BELOW = Ends(fade_in_s=0.8, cut_s=2.5)  # a bed comes and goes unnoticed


def finish(
    samples: np.ndarray,
    sample_rate: int,
    seconds: float,
    target_lufs: float | None,
    rate: int | None = None,
    overwrite: bool = False,
    ends: Ends | None = STRUCK,
    touch: Touch | None = None,
) -> tuple[np.ndarray, Level]:
    """A sound ready to be written.

    Args:
        samples: float [channels, samples] as the renderer made it.
        sample_rate: its rate, Hz.
        seconds: exact length of the result, s.
        target_lufs: see `to_loudness`; None leaves level and dynamics alone below the ceiling.
        rate: rate of the result, Hz; None keeps `sample_rate`.
        overwrite: work in the memory of `samples` (float32), whose contents are lost.
        ends: how ends fade; None: the sound is a loop and has no ends.
        touch: called as touch(samples, rate) to change the sound in place, before its level is set.
    Returns: float32 [channels, round(seconds * rate)], and its level.
    """
    if ends is None:
        return _finish_loop(samples, sample_rate, seconds, target_lufs, rate or sample_rate, overwrite, touch)
    length = min(samples.shape[1], max(1, round(seconds * sample_rate)))
    wave = without_dc(samples, sample_rate, overwrite)[:, :length]
    soft_ends(wave, sample_rate, ends)
    if rate is not None and rate != sample_rate:
        wave = resampled(wave, sample_rate, rate)
        sample_rate = rate
    wave = exact_length(wave, max(1, round(seconds * sample_rate)))
    if touch is not None:
        touch(wave, sample_rate)
    level = to_loudness(wave, sample_rate, target_lufs)
    return wave, level


def _finish_loop(
    samples: np.ndarray,
    sample_rate: int,
    seconds: float,
    target_lufs: float | None,
    rate: int,
    overwrite: bool,
    touch: Touch | None,
) -> tuple[np.ndarray, Level]:
    """`finish` for a sound that is one period of a loop."""
    wave = without_dc(samples, sample_rate, overwrite, circular=True)
    length = max(1, round(seconds * rate))
    if length != wave.shape[1]:
        wave = fitted_loop(wave, length)
    if touch is not None:
        touch(wave, rate)
    return wave, to_loudness(wave, rate, target_lufs, circular=True)


def fitted_loop(samples: np.ndarray, length: int) -> np.ndarray:
    """One period of a loop with another number of samples, float32 [channels, length].

    By the Fourier series of the period, which is exact for a periodic sound: the new period closes as the old
    one did, whatever the ratio.
    """
    from scipy.signal import resample

    return np.stack([resample(channel.astype(np.float32), length) for channel in samples]).astype(np.float32)


def without_dc(
    samples: np.ndarray, sample_rate: int, overwrite: bool = False, circular: bool = False
) -> np.ndarray:
    """Without its mean and what moves slower than 8 Hz, float32; in place if `overwrite`.

    Args:
        circular: what comes before the beginning is the end.
    """
    sections = high_pass(_HIGH_PASS_HZ, sample_rate)
    usable = samples.dtype == np.float32 and samples.flags.writeable
    out = samples if overwrite and usable else memory.zeros(*samples.shape)
    mean = _mean(samples)
    state = np.zeros((len(sections), len(samples), 2))
    block = _BLOCK_S * sample_rate
    if circular:
        settle = round(_SETTLE_S * sample_rate)
        before = np.tile(samples, -(-settle // samples.shape[1])) if samples.shape[1] < settle else samples
        _, state = filtered(sections, before[:, -settle:] - mean, state)
    for start in memory.passes(samples, block):
        part = samples[:, start : start + block] - mean
        out[:, start : start + block], state = filtered(sections, part, state)
    return out


def resampled(samples: np.ndarray, sample_rate: int, rate: int) -> np.ndarray:
    """The same sound at another rate, float32 [channels, about samples * rate / sample_rate]."""
    length, block = samples.shape[1], _BLOCK_S * sample_rate
    out = memory.zeros(len(samples), length * rate // sample_rate + 1)
    for channel, target in zip(samples, out, strict=True):
        stream, at = soxr.ResampleStream(sample_rate, rate, 1), 0
        for start in memory.passes(channel, block):
            part = stream.resample_chunk(channel[start : start + block], last=start + block >= length)
            part = part[: len(target) - at]
            target[at : at + len(part)] = part
            at += len(part)
    return out


def exact_length(samples: np.ndarray, length: int) -> np.ndarray:
    """Cut, or filled with silence at the end, to `length` samples."""
    have = samples.shape[1]
    return samples[:, :length] if have >= length else np.pad(samples, ((0, 0), (0, length - have)))


def soft_ends(samples: np.ndarray, sample_rate: int, ends: Ends = STRUCK) -> None:
    """Fade, in place, an end that would click; an end that is silent by itself is left as it is."""
    begin_db, end_db = end_levels_db(samples, sample_rate)
    length = samples.shape[1]
    if begin_db > _SILENT_DB:
        n = max(1, min(-(-length // 2), round(ends.fade_in_s * sample_rate)))
        samples[:, :n] *= _rise(n)
    if end_db > _SILENT_DB:
        fade_s = ends.faint_s if end_db < _FAINT_DB else ends.cut_s
        n = max(1, min(length // 8, round(fade_s * sample_rate)))
        samples[:, length - n :] *= _rise(n)[::-1]


def end_levels_db(samples: np.ndarray, sample_rate: int) -> tuple[float, float]:
    """Level of the first and last 20 ms against the loudest 20 ms, dB; -inf for silence."""
    n = max(1, min(samples.shape[1], round(_LOOK_S * sample_rate)))
    loudest = 0.0
    block = _BLOCK_S * sample_rate // n * n or n
    whole = samples[:, : samples.shape[1] // n * n]
    for start in memory.passes(whole, block):
        part = whole[:, start : start + block]
        loudest = max(loudest, float(_power(part).reshape(-1, n).mean(1).max()))
    if loudest <= 0:
        return float("-inf"), float("-inf")

    def db(part: np.ndarray) -> float:
        return float(10 * np.log10(max(_power(part).mean() / loudest, 1e-30)))

    return db(samples[:, :n]), db(samples[:, -n:])


def _mean(samples: np.ndarray) -> np.ndarray:
    """Of every channel, float64 [channels, 1]: the same to the last bit as numpy's of the whole."""
    total = np.zeros(len(samples))
    for start in memory.passes(samples, _SUMMED):
        for channel, part in enumerate(samples[:, start : start + _SUMMED]):
            total[channel] = np.add.reduce(part, dtype=np.float64, initial=total[channel])
    return total[:, None] / samples.shape[1]


def _power(samples: np.ndarray) -> np.ndarray:
    return np.square(samples, dtype=np.float64).mean(0)


def _rise(n: int) -> np.ndarray:
    """Half a raised cosine, from just above 0 to just below 1, float32 [n]."""
    return (0.5 - 0.5 * np.cos(np.pi * (np.arange(n) + 0.5) / n)).astype(np.float32)
