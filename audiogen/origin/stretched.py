"""The mark of a sound whose tempo and pitch were changed apart, by programs that stretch time.

They cut a sound into short pieces, or turn the phases of its bands, so that no shift in time fits all of it.
What stays is the mark inside a piece of a quarter of a second and 100 Hz, but for its phase. So every frame
is held against every place of the mark band by band, and the magnitudes of the bands are summed; where the
mark is, the best places of successive frames lie on a line, whose slope is the tempo. A change of pitch is a
mark that is played faster, and those are tried one after the other: first roughly, by what is below 2.2 kHz.
Noise tells too little there. So the pitch that is most likely, its own, is looked at closely at every tempo.

Magnitudes of pieces instead of their sum: noncoherent detection, e.g. Kirovski and Malvar, Spread-spectrum
watermarking of audio signals (2003), who repeat chips in time and frequency for the same reason.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import fft, ndimage

from audiogen.origin.carrier import HIGH_HZ, LOW_HZ, PERIOD_S, grid, harmonics, phases
from audiogen.origin.code import NOTHING, WORD, WORDS, Found, likeliest

RATE = 16_000  # Hz
LOWEST, HIGHEST = 0.94, 1.065  # changes of pitch: a semitone and a little more
_TEMPI = (0.9, 1.1)
_BINS = 26  # of a band
_TRIED = 5  # pitches and tempi that are looked at closely
_BLOCK_S, _BLOCKS = 16.0, 3  # looked at together; so many of a long sound
_LEAST_S = 2.5  # in less it is not found
_APART = 4  # frames whose sums are independent
_FINEST = 0.001  # between pitches
# independent places that a block is looked at: ten times as many as fit the highest scores of windows of 3 s
# without a mark (docs/origin.md); longer ones tell five times as many tempi apart
_TRIALS = 1_000_000
# at its own pitch 0.6 million fit the scores of 15 s in the middle, 8 million the highest of 94: where frames
# may sway, high scores are more frequent than of a Gaussian
_TRIALS_OWN = 20_000_000


@dataclass(frozen=True)
class Look:
    """How closely a sound is looked at.

    Attributes:
        size: samples of a frame; step: samples from place to place; top_hz: highest frequency.
        slope: between tempi. sway: places by which a frame may lie off the line.
    """

    size: int
    step: int
    top_hz: float
    slope: float
    sway: int = 0


ROUGH = Look(4096, 128, 2200.0, 0.0015)
OWN_PITCH = Look(4096, 32, HIGH_HZ, 0.0005, sway=1)
CLOSE = (Look(4096, 64, HIGH_HZ, 0.0005), Look(2048, 64, HIGH_HZ, 0.0005))
_PITCHES = 0.004  # between those that are tried roughly


@dataclass(frozen=True)
class Line:
    """Where a mark may lie.

    Attributes:
        score: standard deviations. pitch, tempo: against those of the making.
        place: of the first frame in the mark, seconds of the making.
    """

    score: float
    pitch: float
    tempo: float
    place: float
    look: Look = ROUGH


def detect(mono: np.ndarray) -> Found:
    """The strongest mark in a sound of 16 kHz, float32 [T], whatever its tempo and pitch."""
    length, most = round(_BLOCK_S * RATE), len(mono)
    count = min(_BLOCKS, max(1, most // length))
    seen = []
    for first in np.linspace(0, max(0, most - length), count).astype(int):
        found, at = _best(mono[first : first + length]), float(first / RATE)
        stop, trials = at + min(length, most) / RATE, count * found.trials
        seen.append(dataclasses.replace(found, first_s=at, stop_s=stop, trials=trials))
    return min((found for found in seen if found.trials), key=_likely, default=NOTHING)


def _best(mono: np.ndarray) -> Found:
    if len(mono) < _LEAST_S * RATE or not mono.any():
        return NOTHING
    own = _line(_heard(mono, OWN_PITCH), OWN_PITCH, 1.0, np.arange(*_TEMPI, OWN_PITCH.slope))
    heard = _heard(mono, ROUGH)
    pitches = np.exp(np.arange(np.log(LOWEST), np.log(HIGHEST), _PITCHES))
    drafts = [_line(heard, ROUGH, pitch, np.arange(*_TEMPI, ROUGH.slope)) for pitch in pitches]
    best = max((_close(mono, heard, each) for each in sorted(drafts, key=_score)[-_TRIED:]), key=_score)
    lines = ((best, _TRIALS), (own, _TRIALS_OWN))
    looks = [(Found(x.score, trials=n, scale=1 / x.tempo, pitch=x.pitch), x) for x, n in lines]
    found, line = min(looks, key=lambda look: _likely(look[0]))
    if not found.there:
        return found
    id_, ahead = _read(mono, line)
    return dataclasses.replace(found, id=id_, ahead=ahead)


def _score(line: Line) -> float:
    return line.score


def _likely(found: Found) -> tuple[float, float]:
    """The least for the one that is least by chance."""
    return found.chance, -found.score


def _close(mono: np.ndarray, heard: np.ndarray, draft: Line) -> Line:
    """The best line near one that was found roughly."""
    steps = _FINEST * np.arange(-2, 3)
    tempi = draft.tempo * (1 + ROUGH.slope * np.arange(-1, 2))
    rough = max((_line(heard, ROUGH, draft.pitch * (1 + step), tempi) for step in steps), key=_score)
    found = []
    for look in CLOSE:
        tempi = rough.tempo * (1 + look.slope * np.arange(-4, 5))
        found.append(_line(_heard(mono, look), look, rough.pitch, tempi))
    return max(found, key=_score)


def _heard(mono: np.ndarray, look: Look) -> np.ndarray:
    """The phases of frames that overlap by half, complex64 [frames, size / 2 + 1]."""
    spectra = _spectra(mono, np.arange(0, len(mono) - look.size + 1, look.size // 2), look)
    strength = np.abs(spectra)
    return spectra / (strength + 1e-7 * strength.max(initial=0) + 1e-20)


def _spectra(samples: np.ndarray, places: np.ndarray, look: Look) -> np.ndarray:
    window = np.sin(np.pi * (np.arange(look.size) + 0.5) / look.size).astype(np.float32)
    return fft.rfft(samples[places[:, None] + np.arange(look.size)] * window, axis=1)


def _bands(pitch: float, look: Look) -> Iterator[slice]:
    """Of a mark that is played faster, in bins of a frame."""
    width = RATE / look.size
    top = min(look.top_hz * pitch, 0.49 * RATE) / width
    first = round(LOW_HZ * pitch / width)
    while first + _BINS <= top:
        yield slice(first, first + _BINS)
        first += _BINS


def _played(signs: np.ndarray, pitch: float) -> np.ndarray:
    """A period of some harmonics of the mark, played faster by `pitch`, float32."""
    length = round(PERIOD_S * RATE / pitch)
    spectrum = np.zeros(length // 2 + 1, np.complex64)
    kept = harmonics() < len(spectrum)
    spectrum[harmonics()[kept]] = (phases() * signs)[kept]
    return fft.irfft(spectrum, length)


@lru_cache(maxsize=2)
def _expected(pitch: float, look: Look) -> list[np.ndarray]:
    """Every band of the mark that finds it, at every place, complex64 [bins, places] each of unit length."""
    period = _played(grid().sync[0], pitch)
    count = len(period) // look.step
    places = np.round(np.arange(count) * len(period) / count).astype(int)
    spectra = _spectra(np.pad(period, (0, look.size), "wrap"), places, look)
    found = []
    for band in _bands(pitch, look):
        part = spectra[:, band]
        part = part / (np.linalg.norm(part, axis=1, keepdims=True) + 1e-12)
        found.append(np.ascontiguousarray(part.conj().T.astype(np.complex64)))
    return found


def _line(heard: np.ndarray, look: Look, pitch: float, tempi: np.ndarray) -> Line:
    """The best line through the places of the mark."""
    pitch = float(pitch)
    expected = _expected(pitch, look)
    count = expected[0].shape[1]
    alike = np.zeros((len(heard), count), np.float32)
    for band, part in zip(_bands(pitch, look), expected, strict=True):
        product = heard[:, band] @ part
        alike += np.sqrt(np.square(product.real) + np.square(product.imag))
    if look.sway:
        alike = ndimage.maximum_filter1d(alike, 2 * look.sway + 1, axis=1, mode="wrap")
    alike -= alike.mean(1, keepdims=True)
    # places a frame: half a frame later it is half a frame times the tempo later in the making
    steps = look.size / 2 / RATE * tempi / PERIOD_S * count
    total = np.zeros((len(tempi), count), np.float32)
    for number, row in enumerate(np.concatenate([alike, alike], 1)):
        first = np.round(number * steps).astype(int) % count
        total += np.lib.stride_tricks.sliding_window_view(row, count)[first]
    which, place = np.unravel_index(np.argmax(total), total.shape)
    score = float(total[which, place] / (total.std() + 1e-12))
    return Line(score, pitch, float(tempi[which]), float(place * PERIOD_S / count), look)


def _read(mono: np.ndarray, line: Line) -> tuple[str, float]:
    """The likeliest id, and by how much: the bits have the phases of what finds the mark, band by band."""
    look, pattern = line.look, grid()
    heard = _heard(mono, look)
    times = line.place + np.arange(len(heard)) * look.size / 2 / RATE * line.tempo
    bands = list(_bands(line.pitch, look))

    def along(signs: np.ndarray) -> np.ndarray:
        period = _played(signs, line.pitch)
        places = np.round(times / PERIOD_S * len(period)).astype(int) % len(period)
        expected = _spectra(np.pad(period, (0, look.size), "wrap"), places, look)
        products = heard * expected.conj()
        return np.stack([products[:, band].sum(1) for band in bands], 1)

    found = along(pattern.sync[0])
    turned = found.conj() / (np.abs(found).mean() + 1e-12)
    signs = (np.where(pattern.bit[0] == bit, pattern.sign[0], 0) for bit in range(WORD * WORDS))
    soft = np.array([(along(each) * turned).real.sum(1) for each in signs])  # [bits, frames]
    parts = np.add.reduceat(soft, np.arange(0, soft.shape[1], _APART), axis=1)
    spread = np.sqrt(parts.var(1, ddof=1).mean() * parts.shape[1])
    return likeliest(soft.sum(1) / max(float(spread), 1e-12))
