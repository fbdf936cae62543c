"""The watermark of sound: a noise that repeats every 3 s, laid below what the sound itself masks.

The noise is a sum of the harmonics of 1/3 Hz from 200 Hz to 7.5 kHz. Half of them have phases that never
change, by which the mark is found and its place is known; the others carry the id, see `origin/code.py`.
`origin/shaping.py` says how strong it is; there is none where the sound is silent.

A detector takes the phases of the sound alone, folds them on one period, and correlates: any shift in time
is one product of spectra. Spread spectrum below the masking threshold: Boney, Tewfik and Hamdy, Digital
watermarks for audio signals (1996); our detector whitens by phases instead of a linear predictor.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import fft

from audiogen.origin import SOUND, shaping, shaping_v1, stretched
from audiogen.origin.carrier import PERIOD_S, frames, grid, harmonics, overlapped, phases, window
from audiogen.origin.code import NOTHING, Found

RATE = 16_000  # of the detector, Hz
_SIZES = (512, 2048)  # of its frames: short for what is quick, long to look between partials
_BLOCK_S = 30.0  # taken at a time
_TOPS_HZ = (7500.0, 1500.0)  # a noise that was mixed in leaves what is low as a rule
_FASTEST, _TRIED = 1.08, 48  # changes of speed that are looked for, and how many of them
_TOGETHER = 4  # periods that tell them


def mark(
    samples: np.ndarray, sample_rate: int, id_: str, circular: bool = False, version: int = SOUND
) -> None:
    """Lay the mark into a sound, in place.

    Args:
        samples: float32 [channels, samples].
        sample_rate: Hz.
        id_: six hexadecimal digits.
        circular: the sound is one period of a loop: its end goes over into its beginning.
        version: how it is shaped, see `origin/__init__.py`.
    """
    (shaping_v1 if version == 1 else shaping).mark(samples, sample_rate, id_, circular)


def detect(samples: np.ndarray, sample_rate: int) -> Found:
    """The strongest mark in a sound [channels, T], also of one that was played faster or slower since.

    The mark repeats, so the phases of a sound resemble themselves one period later; where that is not 3 s,
    the speed was changed. To see it takes 6 s or more. What is not found so, or its id not
    read for sure, is looked for with tempo and pitch changed apart, see `origin/stretched.py`.
    """
    import soxr

    mono = samples.mean(0)
    mono = mono if sample_rate == RATE else soxr.resample(mono, sample_rate, RATE)
    whitened = _phases_of(mono)
    best = _searched(whitened)
    for faster in [] if best.there else _speeds(whitened):
        found = _searched(soxr.resample(whitened, RATE, RATE * faster), _TOGETHER, _TOGETHER)
        trials = best.trials + found.trials
        best = max(best, dataclasses.replace(found, scale=1 / faster), key=lambda each: each.score)
        best = dataclasses.replace(best, trials=trials)
    if best.there and best.sure:
        return best
    apart = stretched.detect(mono)
    return apart if apart.there and (apart.sure or not best.there) else best


def _phases_of(mono: np.ndarray) -> np.ndarray:
    """A sound at 16 kHz of which every frame has only its phases, float32 [T]."""
    return sum(_whitened(mono, size // 2) for size in _SIZES)  # type: ignore[return-value]


def _whitened(mono: np.ndarray, hop: int) -> np.ndarray:
    count, block = -(-len(mono) // hop) + 1, round(_BLOCK_S * RATE / hop)
    source = np.pad(mono, (hop, (count + 1) * hop - len(mono)))
    out = np.zeros((count + 1) * hop, np.float32)
    floor = 1e-7 * np.abs(mono).max(initial=0) + 1e-20
    for first in range(0, count, block):
        part = source[first * hop : (min(first + block, count) + 1) * hop]
        spectra = fft.rfft(frames(part, hop) * window(hop), axis=1)
        spectra /= np.abs(spectra) + floor
        added = overlapped(fft.irfft(spectra, 2 * hop, axis=1) * window(hop))
        out[first * hop : first * hop + len(added)] += added
    return out[hop : hop + len(mono)]


def _speeds(whitened: np.ndarray) -> list[float]:
    """By how much a sound may be faster than it was made, the likeliest first.

    A mark of another period resembles itself one, two, three and four of those later.
    """
    period = round(PERIOD_S * RATE)
    shortest, longest = period / _FASTEST, period * _FASTEST
    times = min(_TOGETHER, int(len(whitened) / longest) - 1)
    if times < 1:
        return []
    spectrum = fft.rfft(whitened, fft.next_fast_len(round(len(whitened) + times * longest) + 2, real=True))
    alike = fft.irfft(np.square(np.abs(spectrum)))
    lags = np.arange(round(shortest * times), round(longest * times)) / times
    total = sum(np.interp(lags * k, np.arange(len(alike)), alike) for k in range(1, times + 1))
    peaks = np.flatnonzero((total[1:-1] >= total[:-2]) & (total[1:-1] > total[2:])) + 1
    found = []
    for peak in peaks[np.argsort(-total[peaks], kind="stable")[:_TRIED]]:
        before, here, after = total[peak - 1 : peak + 2]
        bent = before - 2 * here + after
        found.append(float(period / (lags[peak] + 0.5 * (before - after) / bent / times)))
    return found


def _searched(whitened: np.ndarray, width: int = 1, most: int | None = None) -> Found:
    """The best place of the mark, over stretches of `width` periods, twice as many, ... and `most` or all."""
    period = round(PERIOD_S * RATE)
    count = max(1, -(-len(whitened) // period))
    rows = fft.rfft(np.pad(whitened, (0, count * period - len(whitened))).reshape(count, period), axis=1)
    rows = rows[:, harmonics()] * np.conj(phases()) / np.sqrt(2)
    best, trials, most = NOTHING, 0, min(count, most or count)
    while True:
        width = min(width, most)
        for first in range(0, count - width + 1, max(1, width // 2)):
            total = rows[first : first + width].sum(0)
            total /= np.abs(total) + np.median(np.abs(total)) + 1e-12
            for top_hz in _TOPS_HZ:
                found = _matched(np.where(harmonics() < top_hz * PERIOD_S, total, 0), period)
                trials += 2 * period  # upright and upside down
                if found.score > best.score:
                    best = dataclasses.replace(
                        found, first_s=first * PERIOD_S, stop_s=(first + width) * PERIOD_S
                    )
        if width == most:
            return dataclasses.replace(best, trials=trials)
        width *= 2


def _matched(total: np.ndarray, period: int) -> Found:
    """The best phase of the mark in its harmonics, their own phases taken off, complex [harmonics]."""
    spectrum = np.zeros(period // 2 + 1, np.complex64)
    spectrum[harmonics()] = total * grid().sync[0]
    match = fft.irfft(spectrum)
    at = int(np.argmax(np.abs(match)))  # below zero where the sound is upside down
    turned = np.sign(match[at]) * total * np.exp(2j * np.pi * harmonics() * at / period)
    return Found(float(abs(match[at]) / (match.std() + 1e-12)), *grid().read(turned.real[None]))
