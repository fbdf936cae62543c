"""Sound as 8-bit codes and back: pre-emphasis, then mu-law (ITU-T G.711; arXiv 1609.03499).

    wave [T] in -1..1  ->  codes uint8 [T]  ->  wave [T]

The steps are symmetrical around one code for zero, so silence is one code and decodes to exactly
nothing; the usual floor((f + 1) / 2 * 255 + 0.5) decodes silence to a constant, which de-emphasis
would make ten times larger. Pre-emphasis y[t] = x[t] - emphasis x[t-1] lifts the treble before the
rounding, and its inverse presses the noise of rounding and of sampling down again where a piano has
no partials to cover it (LPCNet, arXiv 1810.11846).
"""

from __future__ import annotations

import numpy as np

MU = 255.0
LEVELS = 256
STEPS = 127  # on each side of zero; code 0 is not used
SILENCE = 128  # the code of zero


def encode(wave: np.ndarray, emphasis: float = 0.0) -> np.ndarray:
    """Codes uint8 [..., T] of sound in -1..1; what is louder after pre-emphasis is clipped."""
    from scipy.signal import lfilter

    wave = np.asarray(wave, np.float64)
    lifted = lfilter([1.0, -emphasis], [1.0], wave) if emphasis else wave
    folded = np.sign(lifted) * np.log1p(MU * np.abs(lifted).clip(0, 1)) / np.log1p(MU)
    return (np.round(folded * STEPS) + SILENCE).astype(np.uint8)


def decode(codes: np.ndarray, emphasis: float = 0.0) -> np.ndarray:
    """Sound float32 [..., T] of codes 0..255; de-emphasis may carry it a little beyond -1..1."""
    from scipy.signal import lfilter

    wave = code_values()[np.asarray(codes, np.int64)]
    return np.asarray(lfilter([1.0], [1.0, -emphasis], wave) if emphasis else wave, np.float32)


def code_values() -> np.ndarray:
    """The amplitude that each code stands for, before de-emphasis, float64 [256]."""
    folded = (np.arange(LEVELS) - SILENCE) / STEPS
    return np.sign(folded) * np.expm1(np.abs(folded).clip(0, 1) * np.log1p(MU)) / MU
