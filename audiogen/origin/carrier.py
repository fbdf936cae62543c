"""The noise that carries the mark of a sound, before it is shaped, and how frames are taken and laid down.

Units are seconds and Hz, so that a mark is read at another rate than it was made at.
"""

from __future__ import annotations

from functools import cache, lru_cache

import numpy as np
from scipy import fft

from audiogen.origin.code import Pattern, pattern

PERIOD_S = 3.0
LOW_HZ, HIGH_HZ = 200.0, 7500.0


def harmonics() -> np.ndarray:
    """The harmonics of the mark, in steps of 1 / PERIOD_S."""
    return np.arange(round(LOW_HZ * PERIOD_S), round(HIGH_HZ * PERIOD_S))


def grid() -> Pattern:
    """How they are dealt out."""
    return pattern("sound", (1, len(harmonics())))


@cache
def phases() -> np.ndarray:
    """Their phases, a multiple of a quarter turn, complex [harmonics]."""
    rest = pattern("phases of sound", (2, len(harmonics())))
    return (rest.sync + rest.sign)[0] + 1j * (rest.sync + rest.sign)[1]


@lru_cache(maxsize=4)  # every sound has an id of its own
def noise_of(id_: str, sample_rate: int) -> np.ndarray:
    """One period of the mark before it is shaped, of unit power, float32."""
    length = round(PERIOD_S * sample_rate)
    spectrum = np.zeros(length // 2 + 1, np.complex128)
    kept = harmonics() < len(spectrum)
    spectrum[harmonics()[kept]] = (phases() * grid().chips(id_)[0])[kept]
    noise = fft.irfft(spectrum, length)
    return (noise / np.sqrt(np.mean(np.square(noise)))).astype(np.float32)


def window(hop: int) -> np.ndarray:
    """Of frames of two hops; its squares add up to one."""
    return np.sin(np.pi * np.arange(2 * hop) / (2 * hop)).astype(np.float32)


def frames(samples: np.ndarray, hop: int) -> np.ndarray:
    """[T] -> [frames, 2 hop], a view."""
    return np.lib.stride_tricks.sliding_window_view(samples, 2 * hop)[::hop]


def overlapped(parts: np.ndarray) -> np.ndarray:
    """Frames [frames, 2 hop] laid down one hop apart: [(frames + 1) hop]."""
    hop = parts.shape[1] // 2
    out = np.pad(parts[:, :hop], ((0, 1), (0, 0)))
    out[1:] += parts[:, hop:]
    return out.ravel()


def add(channel: np.ndarray, change: np.ndarray, at: int, circular: bool) -> None:
    """Add a block to a channel; of a loop, what goes beyond its end belongs to its beginning."""
    length = len(channel)
    channel[at : at + len(change)] += change[: length - at]
    over = change[length - at :]
    if circular and len(over):
        channel[: len(over)] += over
