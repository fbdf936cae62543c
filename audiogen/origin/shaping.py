"""How strong the mark of a sound is, place by place: below what the sound masks, in frequency and in time.

Below 1.5 kHz the ear tells partials apart, so frames of 46 ms shape it there; above, where it follows quick
changes, frames of 12 ms do, and what the long ones allow is the most. The threshold: energy in bands of a
quarter of a Bark, spread to its neighbours, less an offset that is larger for a tone than for a noise
(Johnston, Transform coding of audio signals using perceptual noise criteria, 1988: 14.5 dB + 1 per Bark, and
5.5 dB). The least of three frames is taken, so that the mark waits for an attack to come.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy import fft, ndimage

from audiogen import memory
from audiogen.origin.carrier import HIGH_HZ, LOW_HZ, add, frames, noise_of, overlapped, window

# the mark under what spreads to its place: where that is noise, a tone, and more for it per Bark
NOISE_DB, TONE_DB, TONE_DB_PER_BARK = 15.0, 23.0, 0.6
UP_DB, DOWN_DB = 15.0, 27.0  # by which masking falls per Bark, towards higher and lower frequencies
SPLIT_HZ, NEAR_HZ = 1500.0, 500.0  # long frames below, short above; what is looked at beyond the mark
HOP_S, PARTS = 0.0058, 4  # of a short frame; short hops in a long one
_BARK = 0.25  # width of a band
_AROUND = 15  # bins over which a tone stands out
# frames over which that is told, in long and short ones; nats: log power under the power around it, in noise;
# from there to a tone
_LONG, _SHORT = (21, -0.65, 0.35), (5, -0.75, 0.5)
_BLOCK = 512  # long frames at a time
_MARGIN = _LONG[0] // 2 + 1  # of them on either side, that they depend on
_NEAR = 2  # of them, that short ones depend on


def mark(samples: np.ndarray, sample_rate: int, id_: str, circular: bool = False) -> None:
    """Lay the mark into a sound, in place.

    Args:
        samples: float32 [channels, samples].
        sample_rate: Hz.
        id_: six hexadecimal digits.
        circular: the sound is one period of a loop: its end goes over into its beginning.
    """
    short, length = fft.next_fast_len(round(HOP_S * sample_rate), real=True), samples.shape[1]
    hop = PARTS * short
    count = -(-length // hop)
    noise = noise_of(id_, sample_rate)
    for channel in samples:
        beyond = (count + 1 + _MARGIN) * hop - length
        if circular:
            source = np.pad(channel, (_MARGIN * hop, beyond), "wrap")
        else:
            source = memory.zeros(1, _MARGIN * hop + length + beyond)[0]
            for start in memory.passes(channel, _BLOCK * hop):
                part = channel[start : start + _BLOCK * hop]
                source[_MARGIN * hop + start :][: len(part)] = part
        for first in range(0, count, _BLOCK):
            stop = min(first + _BLOCK, count)
            seen = source[first * hop : (stop + 2 * _MARGIN + 1) * hop]
            places = np.arange(first * hop, (stop + 1) * hop) % len(noise)
            add(channel, _change(seen, noise[places], short, sample_rate), first * hop, circular)
            memory.leave()


def _change(seen: np.ndarray, noise: np.ndarray, short: int, sample_rate: int) -> np.ndarray:
    """The mark under a stretch of sound that has margins, [T] of the noise."""
    hop = PARTS * short
    coarse, fine = _ear(hop, sample_rate), _ear(short, sample_rate)
    power = coarse.power(seen)
    tonal = coarse.tonal(power, *_LONG)
    slow = coarse.allowed(power, tonal)
    before = _MARGIN - _NEAR
    near = slice(before, len(slow) - before)
    every = np.repeat(slow[near], PARTS, axis=0)
    power = fine.power(seen[before * hop : len(seen) - before * hop])
    lasting = np.repeat(tonal[near], PARTS, axis=0)
    quick = fine.allowed(power[: len(every)], np.maximum(lasting, fine.tonal(power, *_SHORT)[: len(every)]))
    quick = np.minimum(quick, every)
    quick[PARTS:] = np.minimum(quick[PARTS:], every[:-PARTS])
    low = coarse.laid(noise, _least(slow, _MARGIN), (0, SPLIT_HZ))
    high = fine.laid(noise, _least(quick, _NEAR * PARTS), (SPLIT_HZ, HIGH_HZ))
    low[: len(high)] += high
    return low


def _least(allowed: np.ndarray, margin: int) -> np.ndarray:
    """Of a frame and its neighbours, without the margins."""
    inside = allowed[margin - 1 : len(allowed) - margin + 1]
    return np.minimum(np.minimum(inside[:-2], inside[1:-1]), inside[2:])


@dataclass(frozen=True, eq=False)
class _Ear:
    """What frames of one length hear, in bands.

    Attributes:
        hertz: of the bins, [bins]; hop: samples.
        share: of every bin in every band, [bins, bands]; near: of every bin within a Bark of a band.
        spread: what one band masks in another, for every bin of the noise there, [bands, bands].
        drop_db: by which a tone masks less than noise, [bands]; towards: bands to bins, [bands, bins].
    """

    hertz: np.ndarray
    hop: int
    share: np.ndarray
    near: np.ndarray
    spread: np.ndarray
    drop_db: np.ndarray
    towards: np.ndarray

    def power(self, samples: np.ndarray) -> np.ndarray:
        """[T] -> [frames, bins]."""
        return np.square(np.abs(self.spectra(samples)))

    def spectra(self, samples: np.ndarray) -> np.ndarray:
        """[T] -> complex [frames, bins]."""
        return fft.rfft(frames(samples, self.hop) * window(self.hop), axis=1)[:, : len(self.hertz)]

    def tonal(self, power: np.ndarray, lasting: int, noisy: float, rest: float) -> np.ndarray:
        """How far every band is a tone, 0 .. 1 [frames, bands]."""
        around = ndimage.uniform_filter1d(power, _AROUND, axis=1, mode="nearest")
        uneven = np.log((power + 1e-20) / (around + 1e-20))  # -0.6 in noise, far less beside a tone
        uneven = ndimage.uniform_filter1d(uneven @ self.near, lasting, axis=0, mode="nearest")
        return np.clip((noisy - uneven) / rest, 0, 1)

    def allowed(self, power: np.ndarray, tonal: np.ndarray) -> np.ndarray:
        """Power of the mark against that of the noise, [frames, bands]."""
        return (power @ self.share) @ self.spread * 10 ** (-tonal * self.drop_db / 10)

    def laid(self, noise: np.ndarray, allowed: np.ndarray, range_hz: tuple[float, float]) -> np.ndarray:
        """Noise [T] with what is allowed in every frame, within a range."""
        gain = np.sqrt(allowed) @ self.towards
        gain *= (self.hertz >= range_hz[0]) & (self.hertz < range_hz[1])
        spectra = self.spectra(noise)[: len(gain)] * gain
        return overlapped(fft.irfft(spectra, 2 * self.hop, axis=1) * window(self.hop))


@lru_cache(maxsize=8)
def _ear(hop: int, sample_rate: int) -> _Ear:
    hertz = fft.rfftfreq(2 * hop, 1 / sample_rate)
    half = hertz[1] / 2
    hertz = hertz[hertz < HIGH_HZ + NEAR_HZ]
    low, high = _bark(np.maximum(hertz - half, 0)), _bark(hertz + half)
    edges = np.arange(0, float(_bark(np.array(HIGH_HZ + NEAR_HZ))) + _BARK, _BARK)
    centres = edges[:-1] + _BARK / 2
    inside = np.minimum(high[:, None], edges[1:]) - np.maximum(low[:, None], edges[:-1])
    share = np.maximum(inside, 0) / (high - low)[:, None]
    near = (np.abs(_bark(hertz)[:, None] - centres) <= 0.5).astype(float)
    away = centres - centres[:, None]
    falls_db = np.where(away > 0, UP_DB * away, -DOWN_DB * away)
    spread = 10 ** (-falls_db / 10)
    spread /= spread.sum(0)  # what is flat stays as it is
    density = hop * sample_rate / 2 / (HIGH_HZ - LOW_HZ)  # power of a bin of the noise
    spread *= 10 ** (-NOISE_DB / 10) / np.maximum(share.sum(0), 1e-3) / density
    drop_db = TONE_DB + TONE_DB_PER_BARK * centres - NOISE_DB
    place = _bark(hertz) / _BARK - 0.5
    towards = np.maximum(
        0, 1 - np.abs(np.clip(place, 0, len(centres) - 1) - np.arange(len(centres))[:, None])
    )
    near /= np.maximum(near.sum(0), 1)
    single = (np.asarray(each, np.float32) for each in (share, near, spread, drop_db, towards))
    return _Ear(hertz, hop, *single)


def _bark(hertz: np.ndarray) -> np.ndarray:
    """Zwicker and Terhardt (1980)."""
    return 13 * np.arctan(7.6e-4 * hertz) + 3.5 * np.arctan(np.square(hertz / 7500))
