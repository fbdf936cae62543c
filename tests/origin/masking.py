"""What an ear would mask: the noise-to-mask ratio of a change, by a model that the mark was not shaped with.

After PEAQ (ITU-R BS.1387, basic version: outer ear, inner noise, level-dependent spreading, forward
masking), but powers add up, and the thresholds are those of Johnston (1988): noise masks what is 5.5 dB
below it, a tone only what is 14.5 dB + 1 dB per Bark below.
"""

from __future__ import annotations

import numpy as np
import soxr
from scipy.ndimage import uniform_filter, uniform_filter1d

RATE = 48_000
FULL_SCALE_DB = 96.0  # sound pressure level at which a sine of full scale is played: loud
BARK = 0.25  # width of a band
NOISE_DB, TONE_DB = 5.5, 14.5
FLAT_DB, PEAKED_DB = 3.5, 12.0  # flatness of the power around a band in noise, and around a tone
AROUND = 9  # bins over which it is taken
LONG, SHORT = 2048, 512  # samples of a frame: one for tones, one for attacks
TOGETHER_S = 0.1


def heard_db(plain: np.ndarray, change: np.ndarray, rate: int, size: int = LONG) -> np.ndarray:
    """`ratio_db` of what the ear takes together: a tenth of a second and a Bark."""
    cells = round(TOGETHER_S * RATE / (size // 4)), round(1 / BARK)
    return 10 * np.log10(uniform_filter(10 ** (ratio_db(plain, change, rate, size) / 10), cells))


def ratio_db(plain: np.ndarray, change: np.ndarray, rate: int, size: int = LONG) -> np.ndarray:
    """How far the change of a sound lies above what is heard, dB [frames, bands]; below 0 it is masked.

    Args:
        plain, change: one channel, [T].
        size: samples of a frame at 48 kHz.
    """
    hertz = np.fft.rfftfreq(size, 1 / RATE)[1:]
    keep = hertz < 16_000
    khz = hertz[keep] / 1000
    ear_db = -2.184 * khz**-0.8 + 6.5 * np.exp(-0.6 * (khz - 3.3) ** 2) - 1e-3 * khz**3.6
    power, added = (_power(each, rate, size)[:, 1:][:, keep] for each in (plain, change))
    bark = 7 * np.arcsinh(hertz[keep] / 650)
    band = np.round(bark / BARK).astype(int)
    used = np.unique(band)
    group = (band[:, None] == used).astype(float)
    centre = group.T @ khz / group.sum(0)
    inner = 10 ** (0.1 * 1.456 * centre**-0.8)
    heard, heard_change = ((each * 10 ** (ear_db / 10)) @ group + inner for each in (power, added))
    offset = _offset_db(power, group, used * BARK)
    excited = _forward(_spread(heard, used * BARK, centre), centre, size)
    masked = np.maximum(excited * 10 ** (-offset / 10), inner)
    return 10 * np.log10(np.maximum(heard_change - inner, 1e-9) / masked)


def _power(samples: np.ndarray, rate: int, size: int) -> np.ndarray:
    """Power in dB SPL re full scale, linear [frames, bins]."""
    samples = np.asarray(samples, np.float64)
    samples = samples if rate == RATE else soxr.resample(samples, rate, RATE)
    window = np.hanning(size)
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(samples, size), size)[:: size // 4]
    return np.square(np.abs(np.fft.rfft(frames * window)) * 2 / window.sum()) * 10 ** (FULL_SCALE_DB / 10)


def _offset_db(power: np.ndarray, group: np.ndarray, bark: np.ndarray) -> np.ndarray:
    """By how much a band masks less than it is strong."""
    log = 10 * np.log10(power + 1e-9)
    mean = 10 * np.log10(np.maximum(uniform_filter1d(power, AROUND, axis=1), 1e-9))
    peaked = ((mean - uniform_filter1d(log, AROUND, axis=1)) @ group) / group.sum(0)
    tone = np.clip((peaked - FLAT_DB) / (PEAKED_DB - FLAT_DB), 0, 1)
    return NOISE_DB + tone * (TONE_DB + bark - NOISE_DB)


def _spread(heard: np.ndarray, bark: np.ndarray, khz: np.ndarray) -> np.ndarray:
    """27 dB per Bark downwards, upwards 24 + 0.23 / kHz less 0.2 for every dB of level."""
    level = 10 * np.log10(heard)
    up = np.minimum(-24 - 0.23 / khz + 0.2 * level, -4)  # [frames, bands]
    total, unit = np.zeros_like(heard), np.zeros(len(bark))
    for k, place in enumerate(bark):
        away = bark - place
        falls = np.where(away < 0, 27 * away, up[:, k, None] * away)
        flat = np.where(away < 0, 27 * away, -24 * away)
        total += heard[:, k, None] * 10 ** (falls / 10)
        unit += 10 ** (flat / 10)
    return total / unit


def _forward(excited: np.ndarray, khz: np.ndarray, size: int) -> np.ndarray:
    """What was loud a moment ago still masks: time constants of 30 ms at 100 Hz to 8 ms."""
    fades = np.exp(-size / 4 / RATE / (0.008 + 0.1 / khz * 0.022).clip(max=0.03))
    out, before = excited.copy(), np.zeros(excited.shape[1])
    for frame, now in zip(out, excited, strict=True):
        before = fades * before + (1 - fades) * now
        np.maximum(now, before, out=frame)
    return out
