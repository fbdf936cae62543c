"""Crackle: clicks that a window of 93 ms has smeared are gathered again where only a fire is heard.

A crack of burning wood lasts a millisecond or two. The mel says how much of it there is in 93 ms, and the
rendered sound has that, but spread. Within each such stretch the envelope is pulled apart, loud moments
louder and soft ones softer, alike in all bands, as a click has them all at once; the energy of the stretch
stays. (Of what is sparse a mel cannot say more: any such envelope has the same mel.) It is seen through
windows of 3 ms: through 6 ms even true envelopes of a fire, laid upon noise, come out rounder than it was.
"""

from __future__ import annotations

import torch
from torch import Tensor

from audiogen.sampling.envelopes import HOP, N_FFT, STRETCH, around
from audiogen.sampling.stft import forward, istft

SMEARED = 1  # exponent of the window of a stretch
EDGES_HZ = (700.0, 1_500.0, 3_000.0, 6_000.0, 22_051.0)  # below 700 Hz a fire roars
SOFTER = 0.5  # exponent by which soft moments are softened; loud ones grow by their whole contrast
ROUNDS = 3  # of giving each stretch its energy back


def crackling(sound: Tensor, told: int = 6) -> Tensor:
    """A sound, float32 [2, T], with the envelope of its bands pulled apart.

    Args:
        told: below 6 through 6 ms, and soft moments as far as loud ones, see `Sampling.phases`.
    """
    n_fft, hop, stretch, softer = N_FFT // 2, HOP // 2, 2 * STRETCH - 1, SOFTER
    if told < 6:
        n_fft, hop, stretch, softer = N_FFT, HOP, STRETCH, 1.0
    spectra = [forward(channel, n_fft, hop) for channel in sound]
    hz = torch.arange(n_fft // 2 + 1) * 44_100 / n_fft
    band = torch.bucketize(hz, torch.tensor(EDGES_HZ), right=True) - 1  # -1: left as it is
    power = sum(s.abs().square() for s in spectra)
    assert isinstance(power, Tensor)
    bands = torch.stack([power[band == k].sum(0) for k in range(len(EDGES_HZ) - 1)]) + 1e-12
    mean = around(bands, SMEARED, stretch)
    contrast = (bands / mean).log().mean(0, keepdim=True)
    gain = torch.where(contrast < 0, softer * contrast, contrast).exp().expand_as(bands)
    for _ in range(ROUNDS):
        gain = gain * mean / around(bands * gain, SMEARED, stretch)
    gains = torch.cat([torch.ones_like(power[:1]), gain.sqrt()])[band + 1]
    return torch.stack([istft(s * gains, hop, sound.shape[1]) for s in spectra])
