"""How version 1 of the mark was shaped, for the replay of its files; see `origin/shaping.py` for today.

In one frame of 25 ms and bands of half a Bark: between the partials of a piano it lay up to 20 dB above what
they mask.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

from audiogen.origin.carrier import HIGH_HZ, LOW_HZ, add, frames, noise_of, overlapped

# the mark under the energy that spreads to its place: where that is noise, a tone, and more for it per Bark
NOISE_DB, TONE_DB, TONE_DB_PER_BARK = 17.0, 21.0, 0.6
NEAR_HZ = 500.0  # what is masked is looked at a little beyond
HOP_S = 0.0125  # of the frames in which the mark is shaped; they are twice as long
_UP_DB, _DOWN_DB = 10.0, 25.0  # by which masking falls per Bark, towards higher and lower frequencies
_BARK = 0.5  # width of a band
_AROUND, _WHILE = 15, 41  # bins and frames over which it is told tone from noise
_NOISY, _TONAL = -0.65, 0.35  # nats: log power under the power around it, in noise; from there to a tone
_BLOCK = 1024  # frames at a time
_MARGIN = _WHILE // 2 + 1  # frames on either side that they depend on


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
    noise = noise_of(id_, sample_rate)
    masking = _masking(hop, sample_rate)
    for channel in samples:
        beyond = (count + 1 + _MARGIN) * hop - length
        source = np.pad(channel, (_MARGIN * hop, beyond), "wrap" if circular else "constant")
        for first in range(0, count, _BLOCK):
            stop = min(first + _BLOCK, count)
            seen = source[first * hop : (stop + 2 * _MARGIN + 1) * hop]
            bins = len(masking.bands)
            spectra = fft.rfft(frames(seen, hop) * window, axis=1)[:, :bins]
            gain = _masked(np.square(np.abs(spectra)), masking)
            places = np.arange(first * hop, (stop + 1) * hop) % len(noise)
            carrier = fft.rfft(frames(noise[places], hop) * window, axis=1)[:, :bins]
            change = fft.irfft(carrier * gain, 2 * hop, axis=1) * window
            add(channel, overlapped(change), first * hop, circular)


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
    """How sound masks, on the bins of a frame; scaled for the carrier of `noise_of`."""
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
