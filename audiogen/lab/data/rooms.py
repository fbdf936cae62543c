"""How a training piano is set up and recorded: room, distance, tuning, brightness, stereo width.

A sampled piano alone is a lookup table. Every rendering draws a `Take`; the decoder is told it in
training and draws its own at run time, so that two seeds are two takes and one take is coherent.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields

import numpy as np
import soxr
from scipy.signal import oaconvolve

SAMPLE_RATE = 44_100


@dataclass(frozen=True)
class Take:
    """One set-up of instrument, room and microphones.

    Attributes:
        brightness: spectral tilt above 500 Hz, dB per octave, -1.5..1.5.
        reverb_db: reverberation relative to the direct sound, dB, -32..-12.
        reverb_s: decay time (RT60) at 1 kHz, s, 0.4..2.4.
        width: gain of the side signal, 0.5..1.3.
        cents: tuning offset, -8..8.
    """

    brightness: float = 0.0
    reverb_db: float = -22.0
    reverb_s: float = 1.2
    width: float = 0.9
    cents: float = 0.0

    @staticmethod
    def names() -> tuple[str, ...]:
        return tuple(f.name for f in fields(Take))

    def normalised(self) -> np.ndarray:
        """float32 [5] in -1..1 over the ranges above."""
        low, high = np.array(TAKE_RANGES).T
        return (2 * (np.array(astuple(self)) - low) / (high - low) - 1).astype(np.float32)

    @classmethod
    def draw(cls, rng: np.random.Generator) -> Take:
        """Uniform over the ranges."""
        return cls(*(float(rng.uniform(low, high)) for low, high in TAKE_RANGES))


TAKE_RANGES = ((-1.5, 1.5), (-32.0, -12.0), (0.4, 2.4), (0.5, 1.3), (-8.0, 8.0))


def tuning_ratio(take: Take) -> float:
    """Render this much slower, then `record` speeds it up to the tuning."""
    return 2 ** (take.cents / 1200)


def record(dry: np.ndarray, take: Take, samples: int, rng: np.random.Generator) -> np.ndarray:
    """The dry piano [2, T] in its room: float32 [2, samples]."""
    wave = soxr.resample(dry.T, SAMPLE_RATE * tuning_ratio(take), SAMPLE_RATE).T
    wave = np.pad(wave, ((0, 0), (0, max(0, samples - wave.shape[1]))))[:, :samples]
    wave = oaconvolve(wave, _response(take, rng), axes=1)[:, :samples]
    mid, side = (wave[0] + wave[1]) / 2, (wave[0] - wave[1]) / 2 * take.width
    return np.stack([mid + side, mid - side]).astype(np.float32)


def _response(take: Take, rng: np.random.Generator) -> np.ndarray:
    """Stereo impulse response [2, T]: tilted direct sound and a decaying diffuse tail."""
    n = 1 << int(np.ceil(np.log2(take.reverb_s * SAMPLE_RATE + 4096)))
    hz = np.fft.rfftfreq(n, 1 / SAMPLE_RATE)
    octaves = np.log2(np.clip(hz, 500, 16_000) / 500)
    tilt = 10 ** (take.brightness * octaves / 20)
    time = np.arange(n) / SAMPLE_RATE
    tail = np.zeros((2, n))
    edges = [0, 250, 500, 1000, 2000, 4000, 8000, SAMPLE_RATE / 2]
    factors = [1.15, 1.1, 1.05, 1.0, 0.85, 0.65, 0.45]  # air and walls take the treble first
    noise = np.fft.rfft(rng.standard_normal((2, n)), axis=1)
    for low, high, factor in zip(edges[:-1], edges[1:], factors, strict=True):
        band = np.fft.irfft(noise * ((hz >= low) & (hz < high)), n, axis=1)
        tail += band * 10 ** (-3 * time / (take.reverb_s * factor))
    delay = int(rng.uniform(0.008, 0.025) * SAMPLE_RATE)
    tail = np.roll(tail, delay, axis=1)
    tail[:, :delay] = 0
    tail *= 10 ** (take.reverb_db / 20) / np.sqrt((tail**2).sum(1, keepdims=True))
    spectrum = (1 + np.fft.rfft(tail, axis=1)) * tilt
    return np.fft.irfft(spectrum, n, axis=1)
