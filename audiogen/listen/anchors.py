"""The anchors of BS.1534-3: the reference through a low-pass of 3.5 or 7 kHz.

Section 5.1: at most 0.1 dB of ripple below, at least 25 dB down 500 Hz above and 50 dB down 1 kHz above; here
a linear-phase FIR whose stop band begins 400 Hz above, so that nothing shifts in time.
"""

from __future__ import annotations

import numpy as np

RIPPLE_DB = 60.0
TRANSITION_HZ = 400.0


def lowpass(sample_rate: int, cutoff_hz: float) -> np.ndarray:
    """Coefficients of the filter, an odd number of them.

    Args:
        cutoff_hz: end of the pass band; below half the sample rate less the transition.
    """
    from scipy.signal import firwin, kaiserord

    taps, beta = kaiserord(RIPPLE_DB, TRANSITION_HZ / (sample_rate / 2))
    middle = cutoff_hz + TRANSITION_HZ / 2
    return np.asarray(firwin(taps | 1, middle, window=("kaiser", beta), fs=sample_rate))


def anchor(samples: np.ndarray, sample_rate: int, cutoff_hz: float) -> np.ndarray:
    """The anchor of a reference, float32 [channels, T] as it."""
    from scipy.signal import oaconvolve

    if cutoff_hz + TRANSITION_HZ >= sample_rate / 2:
        return samples
    taps = lowpass(sample_rate, cutoff_hz)[None]
    return oaconvolve(samples, taps, "same", axes=1).astype(np.float32)
