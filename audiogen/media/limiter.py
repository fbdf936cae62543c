"""A gentle true-peak limiter with look-ahead: the loudest attacks are held back a little, nothing else.

It looks at the fourfold oversampled envelope, 0.7 ms at a time. Its gain begins to sink 5 ms before a
peak, is down when the peak comes, and rises again over 150 ms; in between it is smoothed by a Hann
window, so it has no corners that could be heard as a click. Both channels get the same gain, so the
stereo image does not move.
"""

from __future__ import annotations

import numpy as np
import soxr

from audiogen.memory import passes

OVERSAMPLING = 4
SEGMENT = 32  # samples between two values of envelope and gain
_ATTACK_S, _RELEASE_S = 0.005, 0.15
_FORGOTTEN = 12  # release times after which nothing is left of a peak
_BLOCK, _MARGIN = 1 << 17, 2048  # samples; the margin is longer than the resampler's filter
_QUIET = 0.35  # of the sample peak: what stays below it cannot hold the true peak


def peak_envelope(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """True peak of every SEGMENT samples over all channels, float32 [segments], linear.

    Blocks whose samples stay 9 dB below the highest are not oversampled: their sample peaks stand in.
    """
    length = samples.shape[1]
    out = np.zeros(-(-length // SEGMENT), np.float32)
    for start in passes(samples, _BLOCK):
        part = np.abs(samples[:, start : start + _BLOCK]).max(0)
        _segments(out, part, start // SEGMENT, SEGMENT)
    highest = out.max(initial=0.0)
    for start in passes(samples, _BLOCK):
        place = start // SEGMENT
        if out[place : place + _BLOCK // SEGMENT].max() <= _QUIET * highest:
            continue
        before = min(start, _MARGIN)
        part = samples[:, start - before : start + _BLOCK + _MARGIN].astype(np.float32)
        over = np.abs(soxr.resample(part.T, sample_rate, OVERSAMPLING * sample_rate)).max(1)
        own = over[OVERSAMPLING * before : OVERSAMPLING * min(before + _BLOCK, before + length - start)]
        _segments(out, own, place, OVERSAMPLING * SEGMENT)
    return out


def gain_curve_db(
    envelope: np.ndarray, sample_rate: int, ceiling_dbtp: float, circular: bool = False
) -> np.ndarray:
    """The gain that holds an envelope below a ceiling, dB, float64 [segments], 0 or less.

    Args:
        circular: the end goes on with the beginning.
    """
    from scipy.ndimage import maximum_filter1d

    if circular:
        reach = min(len(envelope), round(_FORGOTTEN * _RELEASE_S * sample_rate / SEGMENT))
        wrapped = np.concatenate([envelope[-reach:], envelope, envelope[:reach]])
        return gain_curve_db(wrapped, sample_rate, ceiling_dbtp)[reach : reach + len(envelope)]
    need = np.maximum(20 * np.log10(np.maximum(envelope, 1e-9)) - ceiling_dbtp, 0.0).astype(np.float64)
    if not need.any():
        return -need
    reach = max(1, round(_ATTACK_S * sample_rate / SEGMENT))
    held = maximum_filter1d(need, 2 * reach + 3, mode="constant")  # one more: gains are interpolated
    decay = SEGMENT / (_RELEASE_S * sample_rate) * np.arange(len(held))
    with np.errstate(divide="ignore"):
        released = np.exp(np.maximum.accumulate(np.log(held) + decay) - decay)
    window = np.hanning(2 * reach + 3)[1:-1]
    padded = np.pad(released, reach, mode="edge")
    return -np.convolve(padded, window / window.sum(), "valid")


def apply_gain(
    samples: np.ndarray, gain_db: float, curve_db: np.ndarray | None = None, circular: bool = False
) -> None:
    """Multiply float32 [channels, samples] by a gain and, if given, a `gain_curve_db`, in place.

    Args:
        circular: after the last value of the curve comes the first.
    """
    if curve_db is None or not curve_db.any():
        for start in passes(samples, _BLOCK):
            samples[:, start : start + _BLOCK] *= np.float32(10 ** (gain_db / 20))
        return
    centres = (np.arange(len(curve_db)) + 0.5) * SEGMENT - 0.5
    for start in passes(samples, _BLOCK):
        part = samples[:, start : start + _BLOCK]
        at = start + np.arange(part.shape[1])
        curve = np.interp(at, centres, curve_db, period=samples.shape[1] if circular else None)
        part *= (10 ** ((gain_db + curve) / 20)).astype(np.float32)


def _segments(out: np.ndarray, values: np.ndarray, place: int, width: int) -> None:
    """Let `out` from `place` on be at least the maximum of every `width` values."""
    highest = np.maximum.reduceat(values, np.arange(0, len(values), width))
    part = out[place : place + len(highest)]
    np.maximum(part, highest[: len(part)], out=part)
