"""Texture statistics: what rain, surf and fire are told apart by, whatever happens in them at which moment.

After McDermott and Simoncelli, "Sound Texture Perception via Statistics of the Auditory Periphery" (2011):
envelopes of 30 bands as wide as those of the ear (52 Hz to 8.8 kHz), compressed with an exponent of 0.3, 400
values a second; their moments, the rates at which they move, and how bands move together.
"""

from __future__ import annotations

import numpy as np
import soxr

RATE, ENVELOPE_RATE = 20_000, 400
BANDS, LOW_HZ, HIGH_HZ = 30, 52.0, 8_844.0
COMPRESSION = 0.3
RATES_HZ = ((0.5, 4.0), (4.0, 16.0), (16.0, 64.0), (64.0, 180.0))
NEAR, FAR = 1, 8  # bands apart


def envelopes(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Samples [2, T] -> compressed envelopes [bands, N] of their mean."""
    wave = soxr.resample(samples.mean(0).astype(np.float64), sample_rate, RATE)
    wave = wave[: len(wave) // (RATE // ENVELOPE_RATE) * (RATE // ENVELOPE_RATE)]
    wave = wave / max(float(np.sqrt(np.square(wave).mean())), 1e-9)
    spectrum = np.fft.fft(wave)
    hz = np.fft.fftfreq(len(wave), 1 / RATE)
    erbs = _erbs(np.maximum(hz, 0))
    centres = np.linspace(_erbs(np.array(LOW_HZ)), _erbs(np.array(HIGH_HZ)), BANDS + 2)
    step = centres[1] - centres[0]
    out = []
    for centre in centres[1:-1]:
        shape = np.cos(np.clip((erbs - centre) / step, -1, 1) * np.pi / 2) * (hz > 0)
        envelope = np.abs(np.fft.ifft(2 * spectrum * shape)) ** COMPRESSION
        out.append(soxr.resample(envelope, RATE, ENVELOPE_RATE))
    return np.maximum(np.stack(out), 0)


def statistics(samples: np.ndarray, sample_rate: int) -> dict[str, float]:
    """Samples [2, T] -> means over bands.

    Returns:
        variation: standard deviation of an envelope by its mean. skewness, kurtosis: of the envelope (a
        Gaussian has 0 and 3). moves_*: share of its variance at these rates, Hz. together_near, together_far:
        correlation of neighbouring envelopes, and of those eight bands apart.
    """
    rows = envelopes(samples, sample_rate)
    mean, spread = rows.mean(1), rows.std(1) + 1e-9
    z = (rows - mean[:, None]) / spread[:, None]
    window = np.hanning(rows.shape[1])
    power = np.square(np.abs(np.fft.rfft(z * window, axis=1)))
    hz = np.fft.rfftfreq(rows.shape[1], 1 / ENVELOPE_RATE)
    whole = power[:, (hz >= RATES_HZ[0][0]) & (hz < RATES_HZ[-1][1])].sum(1)
    found = {
        "variation": (spread / (mean + 1e-9)).mean(),
        "skewness": (z**3).mean(),
        "kurtosis": (z**4).mean(),
    }
    for low, high in RATES_HZ:
        share = power[:, (hz >= low) & (hz < high)].sum(1) / (whole + 1e-12)
        found[f"moves_{low:g}_{high:g}_hz"] = share.mean()
    correlation = z @ z.T / z.shape[1]
    found["together_near"] = np.diagonal(correlation, NEAR).mean()
    found["together_far"] = np.diagonal(correlation, FAR).mean()
    return {name: round(float(value), 3) for name, value in found.items()}


def _erbs(hz: np.ndarray) -> np.ndarray:
    """Equivalent rectangular bandwidths below a frequency (Glasberg and Moore 1990)."""
    return 9.265 * np.log(1 + hz / (24.7 * 9.265))
