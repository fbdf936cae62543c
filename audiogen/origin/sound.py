"""The watermark of sound: a noise that repeats every 3 s, laid below what the sound itself masks.

The noise is a sum of the harmonics of 1/3 Hz from 200 Hz to 7.5 kHz. Half of them have phases that never
change, by which the mark is found and its place is known; the others carry the id, see `origin/code.py`.
Frame by frame it lies under the energy of the sound around it in frequency, and it waits for an attack to
come (no pre-echo). So there is none where the sound is silent, and most of it hides beside strong partials.

A detector takes the phases of the sound alone, folds them on one period, and correlates: any shift in time
is one product of spectra. Spread spectrum below the masking threshold: Boney, Tewfik and Hamdy, Digital
watermarks for audio signals (1996); our detector whitens by phases instead of a linear predictor. Units are
seconds and Hz, so that a mark is read at another rate than it was made at.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import cache, lru_cache

import numpy as np
from scipy import fft, ndimage

from audiogen.origin.code import NOTHING, Found, Pattern, pattern

PERIOD_S = 3.0
LOW_HZ, HIGH_HZ, NEAR_HZ = 200.0, 7500.0, 500.0  # what is masked is looked at a little beyond
# the mark under the energy that spreads to its place: where that is noise, a tone, and more for it per Bark
NOISE_DB, TONE_DB, TONE_DB_PER_BARK = 17.0, 21.0, 0.6
HOP_S = 0.0125  # of the frames in which the mark is shaped; they are twice as long
_UP_DB, _DOWN_DB = 10.0, 25.0  # by which masking falls per Bark, towards higher and lower frequencies
_BARK = 0.5  # width of a band
_AROUND, _WHILE = 15, 41  # bins and frames over which it is told tone from noise
_NOISY, _TONAL = -0.65, 0.35  # nats: log power under the power around it, in noise; from there to a tone
_BLOCK = 1024  # frames at a time
_MARGIN = _WHILE // 2 + 1  # frames on either side that they depend on
RATE = 16_000  # of the detector, Hz
_SIZE = 1024  # of its frames
_TOPS_HZ = (HIGH_HZ, 1500.0)  # a noise that was mixed in leaves what is low as a rule
_FASTEST, _TRIED = 1.08, 6  # changes of speed that are looked for, and how many of them


def harmonics() -> np.ndarray:
    """The harmonics of the mark, in steps of 1 / PERIOD_S."""
    return np.arange(round(LOW_HZ * PERIOD_S), round(HIGH_HZ * PERIOD_S))


def grid() -> Pattern:
    """How they are dealt out."""
    return pattern("sound", (1, len(harmonics())))


@cache
def _phases() -> np.ndarray:
    """Their phases, a multiple of a quarter turn, complex [harmonics]."""
    rest = pattern("phases of sound", (2, len(harmonics())))
    return (rest.sync + rest.sign)[0] + 1j * (rest.sync + rest.sign)[1]


@lru_cache(maxsize=4)  # every sound has an id of its own
def _noise(id_: str, sample_rate: int) -> np.ndarray:
    """One period of the mark before it is shaped, of unit power, float32."""
    length = round(PERIOD_S * sample_rate)
    spectrum = np.zeros(length // 2 + 1, np.complex128)
    kept = harmonics() < len(spectrum)
    spectrum[harmonics()[kept]] = (_phases() * grid().chips(id_)[0])[kept]
    noise = fft.irfft(spectrum, length)
    return (noise / np.sqrt(np.mean(np.square(noise)))).astype(np.float32)


def mark(samples: np.ndarray, sample_rate: int, id_: str, circular: bool = False) -> None:
    """Lay the mark into a sound, in place.

    Args:
        samples: float32 [channels, samples].
        sample_rate: Hz.
        id_: six hexadecimal digits.
        circular: the sound is one period of a loop: its end goes over into its beginning.
    """
    hop, length = fft.next_fast_len(round(HOP_S * sample_rate), real=True), samples.shape[1]
    window = np.sin(np.pi * np.arange(2 * hop) / (2 * hop)).astype(np.float32)  # its squares add up to one
    count = -(-length // hop)
    noise = _noise(id_, sample_rate)
    masking = _masking(hop, sample_rate)
    for channel in samples:
        beyond = (count + 1 + _MARGIN) * hop - length
        source = np.pad(channel, (_MARGIN * hop, beyond), "wrap" if circular else "constant")
        for first in range(0, count, _BLOCK):
            stop = min(first + _BLOCK, count)
            seen = source[first * hop : (stop + 2 * _MARGIN + 1) * hop]
            bins = len(masking.bands)
            spectra = fft.rfft(_frames(seen, hop) * window, axis=1)[:, :bins]
            gain = _masked(np.square(np.abs(spectra)), masking)
            places = np.arange(first * hop, (stop + 1) * hop) % len(noise)
            carrier = fft.rfft(_frames(noise[places], hop) * window, axis=1)[:, :bins]
            change = fft.irfft(carrier * gain, 2 * hop, axis=1) * window
            added = np.pad(change[:, :hop], ((0, 1), (0, 0)))
            added[1:] += change[:, hop:]
            _add(channel, added.ravel(), first * hop, circular)


def _frames(samples: np.ndarray, hop: int) -> np.ndarray:
    return np.lib.stride_tricks.sliding_window_view(samples, 2 * hop)[::hop]


@dataclass(frozen=True, eq=False)
class _Masking:
    """bands: which bins are of a band [bins, bands]; spread: what one band masks in another [bands, bands].

    share: 1 / bins of a band; more_db: by which a tone masks less than noise, [bands].
    """

    bands: np.ndarray
    spread: np.ndarray
    share: np.ndarray
    more_db: np.ndarray


def _masking(hop: int, sample_rate: int) -> _Masking:
    """How sound masks, on the bins of a frame; scaled for the carrier of `_noise`."""
    hertz = fft.rfftfreq(2 * hop, 1 / sample_rate)
    hertz = hertz[hertz < HIGH_HZ + NEAR_HZ]
    bark = 13 * np.arctan(7.6e-4 * hertz) + 3.5 * np.arctan(np.square(hertz / 7500))  # Zwicker
    band = (bark / _BARK).astype(int)
    count = band[-1] + 1
    bands = (band[:, None] == np.arange(count)).astype(np.float32)
    share = (1 / np.maximum(bands.sum(0), 1)).astype(np.float32)
    apart = _BARK * (np.arange(count)[None] - np.arange(count)[:, None])
    falls_db = np.where(apart > 0, _UP_DB * apart, -_DOWN_DB * apart)
    density = hop * sample_rate / 2 / (HIGH_HZ - LOW_HZ)  # power of a bin of the carrier
    spread = 10 ** (-(falls_db + NOISE_DB) / 10) * share / density
    more_db = TONE_DB + TONE_DB_PER_BARK * _BARK * np.arange(count) - NOISE_DB
    return _Masking(bands, spread.astype(np.float32), share, more_db.astype(np.float32))


def _masked(power: np.ndarray, masking: _Masking) -> np.ndarray:
    """Power of frames [frames with margins, bins] -> gain of the carrier without them, [frames, bins]."""
    bands = masking.bands
    energy = (power @ bands) @ masking.spread
    around = ndimage.uniform_filter1d(power, _AROUND, axis=1, mode="nearest")
    uneven = np.log((power + 1e-20) / (around + 1e-20))  # -0.6 in noise, far less beside a tone
    uneven = ndimage.uniform_filter1d((uneven @ bands) * masking.share, _WHILE, axis=0, mode="nearest")
    tonal = np.clip((_NOISY - uneven) / _TONAL, 0, 1)
    energy *= 10 ** (-tonal * masking.more_db / 10)
    energy = energy[_MARGIN - 1 : len(energy) - _MARGIN + 1]
    least = np.minimum(np.minimum(energy[:-2], energy[1:-1]), energy[2:])
    return np.sqrt(least) @ bands.T


def _add(channel: np.ndarray, change: np.ndarray, at: int, circular: bool) -> None:
    """Add a block to a channel; of a loop, what goes beyond its end belongs to its beginning."""
    length = len(channel)
    channel[at : at + len(change)] += change[: length - at]
    over = change[length - at :]
    if circular and len(over):
        channel[: len(over)] += over


def detect(samples: np.ndarray, sample_rate: int) -> Found:
    """The strongest mark in a sound [channels, T], also of one that was played faster or slower since.

    The mark repeats, so the phases of a sound resemble themselves one period later; where that is not 3 s,
    the speed was changed. To see it takes 6 s or more.
    """
    import soxr

    mono = samples.mean(0)
    phases = _phases_of(mono if sample_rate == RATE else soxr.resample(mono, sample_rate, RATE))
    best = _searched(phases)
    for faster in [] if best.there else _speeds(phases):
        found = _searched(_phases_of(soxr.resample(mono, sample_rate, RATE * faster)))
        trials = best.trials + found.trials
        best = max(best, dataclasses.replace(found, scale=1 / faster), key=lambda each: each.score)
        best = dataclasses.replace(best, trials=trials)
    return best


def _phases_of(mono: np.ndarray) -> np.ndarray:
    """A sound at 16 kHz of which every frame has only its phases, float32 [T]."""
    hop = _SIZE // 2
    window = np.sin(np.pi * np.arange(_SIZE) / _SIZE).astype(np.float32)
    count = -(-len(mono) // hop) + 1
    source = np.pad(mono, (hop, (count + 1) * hop - len(mono)))
    out = np.zeros((count + 1) * hop, np.float32)
    floor = 1e-7 * np.abs(mono).max(initial=0) + 1e-20
    for first in range(0, count, _BLOCK):
        part = source[first * hop : (min(first + _BLOCK, count) + 1) * hop]
        spectra = fft.rfft(_frames(part, hop) * window, axis=1)
        spectra /= np.abs(spectra) + floor
        frames = fft.irfft(spectra, _SIZE, axis=1) * window
        added = np.pad(frames[:, :hop], ((0, 1), (0, 0)))
        added[1:] += frames[:, hop:]
        out[first * hop : first * hop + added.size] += added.ravel()
    return out[hop : hop + len(mono)]


def _speeds(phases: np.ndarray) -> list[float]:
    """By how much a sound may be faster than it was made, the likeliest first."""
    period = round(PERIOD_S * RATE)
    low, high = round(period / _FASTEST), round(period * _FASTEST)
    if len(phases) < 2 * period:
        return []
    spectrum = fft.rfft(phases, fft.next_fast_len(len(phases) + high + 2, real=True))
    alike = fft.irfft(np.square(np.abs(spectrum)))[: high + 2]
    found = []
    for lag in np.argsort(alike[low:high])[::-1][:_TRIED] + low:
        before, here, after = alike[lag - 1 : lag + 2]
        bent = before - 2 * here + after
        found.append(float(period / (lag + (0.5 * (before - after) / bent if bent < 0 else 0.0))))
    return found


def _searched(phases: np.ndarray) -> Found:
    """The best place of the mark, over stretches of one period, two, four, ... and the whole."""
    period = round(PERIOD_S * RATE)
    count = max(1, -(-len(phases) // period))
    rows = fft.rfft(np.pad(phases, (0, count * period - len(phases))).reshape(count, period), axis=1)
    rows = rows[:, harmonics()] * np.conj(_phases()) / np.sqrt(2)
    best, width, trials = NOTHING, 1, 0
    while True:
        width = min(width, count)
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
        if width == count:
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
