"""Loudness and true peak, in blocks, so that ten minutes take no more memory than one.

Integrated loudness is ITU-R BS.1770-4 in LUFS with the filters of Brecht De Man; loudness range is EBU
Tech 3342; true peak is the maximum after fourfold oversampling, in dBTP.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from audiogen.media.biquads import filtered, k_weighting
from audiogen.media.limiter import SEGMENT, apply_gain, gain_curve_db, peak_envelope
from audiogen.memory import leave

CEILING_DBTP = -1.0
PIANO_LUFS = -20.0
AMBIENCE_LUFS, AMBIENCE_SPAN_LU = -20.0, 3.0
SILENCE = float("-inf")
MOST_LIMITING_DB = 3.0
_MAX_GAIN_DB = 40.0  # what needs more than this is noise, not music
_SPARE_DB = 0.02  # under the ceiling: a moving gain shifts the peaks between the samples a little
_ROUNDS = 4
_STEPS_AT_ONCE = 100  # of 0.1 s
_PIANO_CURVE = ((30.0, -26.0), (64.0, PIANO_LUFS), (105.0, -16.0))  # (mean velocity, LUFS)


@dataclass(frozen=True)
class Level:
    """How loud a sound is.

    Attributes:
        integrated_lufs: of the whole; -inf for silence (below -70 LUFS).
        range_lu: between soft and loud passages, LU.
        momentary_lufs, short_term_lufs: the loudest 0.4 s and the loudest 3 s.
        peak_dbtp: true peak, dBTP; -inf for silence.
        limited_db: by how much its peaks were held back, dB, 0 or more.
    """

    integrated_lufs: float
    range_lu: float
    momentary_lufs: float
    short_term_lufs: float
    peak_dbtp: float
    limited_db: float = 0.0

    def raised(self, gain_db: float) -> Level:
        """The level of the same sound after a gain."""
        return replace(
            self,
            integrated_lufs=self.integrated_lufs + gain_db,
            momentary_lufs=self.momentary_lufs + gain_db,
            short_term_lufs=self.short_term_lufs + gain_db,
            peak_dbtp=self.peak_dbtp + gain_db,
        )


def measure(samples: np.ndarray, sample_rate: int) -> Level:
    """All levels of [channels, samples]; a sound shorter than 0.4 s is measured as if it were repeated."""
    steps = step_power(_long_enough(samples, sample_rate), sample_rate)
    return _level(steps, peak_envelope(samples, sample_rate))


def loudness_lufs(samples: np.ndarray, sample_rate: int) -> float:
    """Integrated loudness of [channels, samples], LUFS; see `measure`."""
    steps = step_power(_long_enough(samples, sample_rate), sample_rate)
    return _gated(_lufs(_running(steps, 4)))


def step_power(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """K-weighted power of every 0.1 s over all channels, float64 [steps]; the end is rounded to a step."""
    sections = k_weighting(sample_rate)
    channels, length = samples.shape
    count = round(10 * length / sample_rate)
    edges = (np.arange(count + 1) * 0.1 * sample_rate + 1e-6).astype(np.int64)
    power = np.zeros(count)
    state = np.zeros((len(sections), channels, 2))
    for first in range(0, count, _STEPS_AT_ONCE):
        local = edges[first : first + _STEPS_AT_ONCE + 1]
        part = samples[:, local[0] : local[-1]]
        part, state = filtered(sections, part, state)
        sums = np.add.reduceat((part * part).sum(0), local[:-1] - local[0])
        power[first : first + len(sums)] = sums
        leave()
    return power / (0.1 * sample_rate)


def true_peak_dbtp(samples: np.ndarray, sample_rate: int) -> float:
    """True peak of [channels, samples], dBTP; -inf for silence."""
    return _dbtp(peak_envelope(samples, sample_rate))


def to_loudness(
    samples: np.ndarray,
    sample_rate: int,
    target_lufs: float | None,
    ceiling_dbtp: float = CEILING_DBTP,
    most_limiting_db: float = MOST_LIMITING_DB,
    circular: bool = False,
) -> Level:
    """Bring a sound to its target loudness, in place, or as near as ceiling and limiter let it.

    Args:
        samples: float32 [channels, samples]; changed.
        sample_rate: Hz.
        target_lufs: None leaves the level and the dynamics alone; only what exceeds the ceiling is
            turned down, as a whole.
        ceiling_dbtp: the true peak stays at or below this.
        most_limiting_db: peaks are held back by at most this; 0 never limits.
        circular: the sound is a loop; the limiter at its beginning knows what its end holds, and the reverse.
    Returns: the level of the result.
    """
    envelope = peak_envelope(samples, sample_rate)
    steps = step_power(_long_enough(samples, sample_rate), sample_rate)
    level = _level(steps, envelope)
    free_db = ceiling_dbtp - level.peak_dbtp  # the gain that needs no limiter
    if target_lufs is None or np.isinf(level.integrated_lufs):
        gain_db = 0.0
        most_limiting_db = 0.0
    else:
        gain_db = min(target_lufs - level.integrated_lufs, _MAX_GAIN_DB)
    measurable = samples.shape[1] >= 0.4 * sample_rate
    if gain_db <= free_db or most_limiting_db <= 0 or not measurable:
        gain_db = min(gain_db, free_db)
        apply_gain(samples, gain_db)
        return level.raised(gain_db)
    highest_db = min(free_db + most_limiting_db, _MAX_GAIN_DB)
    gain_db, curve_db = _limiting(
        envelope, steps, sample_rate, level, gain_db, highest_db, ceiling_dbtp, circular
    )
    apply_gain(samples, gain_db, curve_db, circular)
    after = measure(samples, sample_rate)
    over_db = max(0.0, after.peak_dbtp - ceiling_dbtp)
    apply_gain(samples, -over_db)
    return replace(after.raised(-over_db), limited_db=float(-curve_db.min()))


def _limiting(
    envelope: np.ndarray,
    steps: np.ndarray,
    sample_rate: int,
    level: Level,
    gain_db: float,
    highest_db: float,
    ceiling_dbtp: float,
    circular: bool = False,
) -> tuple[float, np.ndarray]:
    """A gain, and a limiter's curve, that together raise the loudness by the asked gain.

    What the limiter takes away is made up for by a little more gain, up to `highest_db`.
    """
    target_lufs = level.integrated_lufs + gain_db
    gain_db = min(gain_db, highest_db)
    for _ in range(_ROUNDS):
        curve_db = gain_curve_db(envelope, sample_rate, ceiling_dbtp - _SPARE_DB - gain_db, circular)
        power = steps * _step_gain(envelope, gain_db + curve_db, sample_rate, len(steps))
        missing_db = target_lufs - _gated(_lufs(_running(power, 4)))
        gain_db = min(gain_db + missing_db, highest_db)
    return gain_db, gain_curve_db(envelope, sample_rate, ceiling_dbtp - _SPARE_DB - gain_db, circular)


def ambience_target_lufs(intensity: float | None) -> float:
    """The loudness for an ambience by its intensity, 0..1; -20 LUFS in the middle or where it is unknown.

    Light rain is 3 LU softer and a downpour 3 LU louder.
    """
    return AMBIENCE_LUFS + (0.0 if intensity is None else AMBIENCE_SPAN_LU * (2 * intensity - 1))


def piano_target_lufs(velocity: float | None) -> float:
    """The loudness for a piano piece by its mean MIDI velocity; -20 LUFS where it is unknown.

    Very soft playing is -26 and very loud -16: a listener who asked for pianissimo gets it, and
    still needs no other volume setting.
    """
    if velocity is None:
        return PIANO_LUFS
    speeds, levels = zip(*_PIANO_CURVE, strict=True)
    return float(np.interp(velocity, speeds, levels))


def _long_enough(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Repeated until it fills a block of 0.4 s."""
    shortest = int(0.4 * sample_rate) + 1
    if samples.shape[1] >= shortest:
        return samples
    return np.tile(samples, -(-shortest // samples.shape[1]))


def _level(steps: np.ndarray, envelope: np.ndarray) -> Level:
    momentary, short_term = _lufs(_running(steps, 4)), _lufs(_running(steps, 30))
    return Level(
        integrated_lufs=_gated(momentary),
        range_lu=_range(short_term),
        momentary_lufs=float(momentary.max()),
        short_term_lufs=float(short_term.max()),
        peak_dbtp=_dbtp(envelope),
    )


def _dbtp(envelope: np.ndarray) -> float:
    peak = float(envelope.max(initial=0.0))
    return float(20 * np.log10(peak)) if peak > 0 else SILENCE


def _step_gain(envelope: np.ndarray, gain_db: np.ndarray, sample_rate: int, steps: int) -> np.ndarray:
    """Power gain of every 0.1 s, weighted by where its power lies, [steps]."""
    step = np.minimum((np.arange(len(envelope)) * SEGMENT * 10 / sample_rate).astype(int), steps - 1)
    power = np.square(envelope, dtype=np.float64) + 1e-20
    after = np.bincount(step, power * 10 ** (gain_db / 10), steps)
    return after / np.maximum(np.bincount(step, power, steps), 1e-30)


def _running(steps: np.ndarray, width: int) -> np.ndarray:
    """Mean power over every `width` steps in a row; over all of them where there are fewer."""
    width = min(width, len(steps))
    return np.lib.stride_tricks.sliding_window_view(steps, width).mean(1)


def _lufs(power: np.ndarray) -> np.ndarray:
    return -0.691 + 10 * np.log10(np.maximum(power, 1e-30))


def _gated(blocks_lufs: np.ndarray) -> float:
    """Integrated loudness of 0.4 s blocks: an absolute gate at -70 LUFS, a relative one 10 LU below."""
    heard = blocks_lufs[blocks_lufs >= -70]
    if not len(heard):
        return SILENCE
    loud = heard[heard > _mean(heard) - 10]
    return _mean(loud)


def _range(blocks_lufs: np.ndarray) -> float:
    """Loudness range of 3 s blocks, LU: from the 10th to the 95th percentile above the gates."""
    heard = blocks_lufs[blocks_lufs >= -70]
    if not len(heard):
        return 0.0
    low, high = np.percentile(heard[heard >= _mean(heard) - 20], (10, 95))
    return float(high - low)


def _mean(blocks_lufs: np.ndarray) -> float:
    """The level of the mean power."""
    return float(10 * np.log10(np.mean(10 ** (blocks_lufs / 10))))
