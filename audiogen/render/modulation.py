"""Modulations of a mel: what its window cannot show is what a decoder left of its noise.

The level of a band is seen through a window of 93 ms, so it cannot move faster than the window's spectrum is
wide. Of the power of all movement, recordings have one to two hundredths above 20 Hz; decoded mels of surf
eight, of fire three. Without these a recogniser took rain, surf and calls for what they are as often as
before, or a little more often (card of `ambience-flow`).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from audiogen.media.mel import MelSettings

TAPS = 25  # frames


@lru_cache(maxsize=4)
def low_pass(mel: MelSettings) -> Tensor | None:
    """The filter over frames, [TAPS]: to half the main lobe of a Hann window; None: none is needed."""
    lobe_hz = 2 * mel.sample_rate / mel.n_fft
    if mel.subframes > 1 or lobe_hz >= mel.frame_rate / 2:
        return None
    taps = np.sinc(2 * lobe_hz / mel.frame_rate * (np.arange(TAPS) - TAPS // 2)) * np.hamming(TAPS)
    return torch.from_numpy(taps / taps.sum()).float()  # scipy.signal.firwin, without its long import


def slowed(mid: Tensor, mel: MelSettings) -> Tensor:
    """Log bands, [bands, F], without those modulations; beyond its ends it stands still."""
    taps = low_pass(mel)
    if taps is None:
        return mid
    padded = torch.nn.functional.pad(mid[:, None], (TAPS // 2, TAPS // 2), mode="replicate")
    return torch.nn.functional.conv1d(padded, taps[None, None])[:, 0]
