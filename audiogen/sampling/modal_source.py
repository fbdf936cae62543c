"""What struck keys are expected to sound like: a sum of dying tones, in three bands (compiled by numba).

The source of a source-filter model (arXiv 1810.11946 gives WaveNet-like networks such a one): told of
every sample, it carries pitch and phase, so that the network need not invent them. A table holds the
modes of every recorded key (`audiogen.lab.data.piano_modes`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audiogen.native import native
from audiogen.sampling.struck_keys import Strikes

BANDS_HZ = (700.0, 2200.0)  # between the bands
BANDS = len(BANDS_HZ) + 1
FAINT = 3e-5  # a mode that has fallen below is over
DAMPED = 8.0  # time constants of a damper, after which a string is still
LEAST_LEVEL = 1e-3
LEVEL_FALL_S = 0.008
GROUP = 8  # keys
AGES_S = (0.01, 0.06, 0.4)
ROLL = 11 * len(AGES_S) + 1  # numbers per block


@dataclass(frozen=True, eq=False)
class ModeTable:
    """Modes of all keys, one after the other.

    Attributes:
        first: int64 [K + 1], where the modes of each key begin.
        modes: float64 [M, 4], see `audiogen.lab.data.piano_modes`.
        start: samples from a strike to the beginning of its modes.
    """

    first: np.ndarray
    modes: np.ndarray
    start: int
    sample_rate: int


def source(table: ModeTable, struck: Strikes, begin: int, count: int) -> np.ndarray:
    """What is expected of samples begin .. begin + count, in three bands: float32 [count, BANDS]."""
    out = np.zeros((count, BANDS))
    add_modes(
        out,
        int(begin),
        np.asarray(table.first, np.int64),
        np.asarray(table.modes, np.float64),
        int(table.start),
        float(table.sample_rate),
        np.asarray(struck.key, np.int64),
        np.asarray(struck.onset, np.int64),
        np.asarray(struck.stop, np.int64),
        np.asarray(struck.gain, np.float64),
        np.asarray(struck.decay, np.float64),
    )
    return out.astype(np.float32)


@native
def add_modes(out, begin, first, modes, start, rate, key, onset, stop, gain, decay):  # type: ignore[no-untyped-def]
    """Add every mode of every strike that sounds in the span."""
    count = out.shape[0]
    tone = np.zeros((3, count))
    for n in range(key.shape[0]):
        attack = onset[n] + start
        over = int(stop[n] + DAMPED * decay[n])
        a, b = max(attack, begin), min(over, begin + count)
        if b <= a:
            continue
        tone[:, : b - a] = 0.0
        for m in range(first[key[n]], first[key[n] + 1]):
            fall = np.exp(-modes[m, 0] / rate)
            angle = 2 * np.pi * modes[m, 1] / rate
            loud = (
                gain[n]
                * np.sqrt(modes[m, 2] ** 2 + modes[m, 3] ** 2)
                * np.exp(-modes[m, 0] * (a - attack) / rate)
            )
            if loud < FAINT:
                continue
            last = min(b - a, int(np.log(FAINT / loud) / np.log(fall)) + 1)
            phase = angle * (a - attack) + np.arctan2(modes[m, 3], modes[m, 2])
            x, y = loud * np.cos(phase), loud * np.sin(phase)
            c, s = fall * np.cos(angle), fall * np.sin(angle)
            band = 0
            while band < 2 and modes[m, 1] >= BANDS_HZ[band]:
                band += 1
            row = tone[band]
            for t in range(last):
                row[t] += x
                x, y = x * c - y * s, x * s + y * c
        for band in range(3):
            for t in range(b - a):
                if tone[band, t] != 0.0:
                    late = a + t - stop[n]
                    damp = 1.0 if late <= 0 else np.exp(-late / decay[n])
                    out[a + t - begin, band] += tone[band, t] * damp


def expected(bands: np.ndarray, sample_rate: int, level: float = 0.0) -> tuple[np.ndarray, float]:
    """The source as the network is told it, float32 [T, 4], and its level at the end.

    Args:
        bands: [T, 3] of `source`; level: at the end of what was before.
    Returns: amplitude; level (its peaks, which fall slowly); low and middle band over the level.
    """
    out = np.zeros((len(bands), 4), np.float32)
    fall = float(np.exp(-1 / (LEVEL_FALL_S * sample_rate)))
    return out, follow_peaks(np.asarray(bands, np.float64), out, fall, float(level))


@native
def follow_peaks(bands, out, fall, level):  # type: ignore[no-untyped-def]
    """Fill `out` [T, 4]."""
    for t in range(bands.shape[0]):
        amplitude = bands[t, 0] + bands[t, 1] + bands[t, 2]
        level = max(abs(amplitude), level * fall)
        out[t, 0] = amplitude
        out[t, 1] = level + LEAST_LEVEL
        out[t, 2] = bands[t, 0] / (level + LEAST_LEVEL)
        out[t, 3] = bands[t, 1] / (level + LEAST_LEVEL)
    return level


def roll(struck: Strikes, begin: int, blocks: int, block: int, sample_rate: int) -> np.ndarray:
    """What is told of the notes of each block, float32 [blocks, ROLL].

    Per group of keys, how hard and how long ago they were struck: velocity / 64 times exp(-age / tau) for
    three tau; and how long ago any key was damped.
    """
    out = np.zeros((blocks, ROLL))
    fill_roll(
        out,
        int(begin),
        int(block),
        float(sample_rate),
        np.asarray(struck.pitch, np.int64) - 21,
        np.asarray(struck.onset, np.int64),
        np.asarray(struck.stop, np.int64),
        np.asarray(struck.velocity, np.float64),
        np.array(AGES_S),
    )
    return out.astype(np.float32)


@native
def fill_roll(out, begin, block, rate, place, onset, stop, velocity, ages):  # type: ignore[no-untyped-def]
    """Add every strike to the blocks that it reaches."""
    kinds = ages.shape[0]
    for n in range(place.shape[0]):
        group = place[n] // GROUP * kinds
        for b in range(out.shape[0]):
            age = (begin + (b + 1) * block - onset[n]) / rate
            if age <= 0:
                continue
            for k in range(kinds):
                if age < 6 * ages[k]:
                    out[b, group + k] += velocity[n] / 64 * np.exp(-age / ages[k])
            late = (begin + (b + 1) * block - stop[n]) / rate
            if late > 0 and late < 0.3:
                out[b, out.shape[1] - 1] += np.exp(-late / 0.05)
