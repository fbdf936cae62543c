"""The harmonic front end moves with pitch."""

from __future__ import annotations

import numpy as np
import torch

from audiogen.media.mel import MelSettings, band_centres_hz
from audiogen.networks.transcriber import LOWEST_KEY, N_KEYS, STACK, Transcriber, harmonic_stack


def test_stack_reads_the_log_frequency_of_each_harmonic() -> None:
    """Reading a mel that holds log2 of its own frequency gives the frequency asked for."""
    settings = MelSettings()
    stack = harmonic_stack(settings).reshape(len(STACK), N_KEYS, -1)
    read = stack @ np.log2(band_centres_hz(settings))
    inside = stack.sum(-1) > 0
    for i, (harmonic, offset) in enumerate(STACK):
        wanted = np.log2(440 * 2 ** ((LOWEST_KEY + np.arange(N_KEYS) + offset - 69) / 12) * harmonic)
        np.testing.assert_allclose(read[i][inside[i]], wanted[inside[i]], atol=1e-5)
    assert inside[2].all()  # every fundamental lies inside the mel
    np.testing.assert_allclose(stack.sum(-1)[inside], 1, atol=1e-6)


def test_shapes_size_and_rare_onsets() -> None:
    network = Transcriber()
    logits = network(torch.randn(2, 170, 40) - 8)
    assert logits.shape == (2, N_KEYS, 40)
    assert logits.sigmoid().mean() < 0.1
    assert sum(p.numel() for p in network.parameters()) <= 600_000
