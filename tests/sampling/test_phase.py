"""Phase from magnitude: the transforms invert each other, and the start is worth having."""

from __future__ import annotations

import math

import numpy as np
import torch

from audiogen.sampling.phase import fast_griffin_lim, forward, integrate_phase, istft
from tests.conftest import struck

N_FFT, HOP = 4096, 588
ROUND_OFF = 1e-5  # float32 through two transforms


def chord() -> torch.Tensor:
    wave = np.zeros(2 * 44_100, np.float32)
    for onset, hz in ((0.1, 220.0), (0.1, 277.2), (0.8, 110.0), (1.2, 880.0)):
        at = int(onset * 44_100)
        part = struck(hz, 2.0)[0]
        wave[at:] += part[: len(wave) - at]
    return torch.from_numpy(wave)


def convergence_db(spectrum: torch.Tensor, magnitude: torch.Tensor) -> float:
    """Spectral convergence of what is heard, dB."""
    heard = forward(istft(spectrum, HOP, magnitude.shape[1] * HOP), N_FFT, HOP).abs()
    return 20 * math.log10(float((heard - magnitude).norm() / magnitude.norm()))


def test_the_inverse_transform_gives_the_sound_back() -> None:
    wave = chord()[: 588 * 140]
    spectrum = forward(wave, N_FFT, HOP)
    assert spectrum.shape == (2049, 140)
    torch.testing.assert_close(istft(spectrum, HOP, len(wave)), wave, atol=ROUND_OFF, rtol=0)


def test_integrated_phase_beats_random_phase_and_iterations_improve_both() -> None:
    magnitude = forward(chord(), N_FFT, HOP).abs()
    noise = torch.rand(magnitude.shape, generator=torch.Generator().manual_seed(0)) * 2 * math.pi
    start = integrate_phase(magnitude, HOP, noise)
    from_start = [convergence_db(fast_griffin_lim(magnitude, start, HOP, n), magnitude) for n in (0, 8)]
    from_noise = [convergence_db(fast_griffin_lim(magnitude, noise, HOP, n), magnitude) for n in (0, 8)]
    assert from_start[0] < from_noise[0] - 3
    assert from_start[1] < from_noise[1] - 3
    assert from_start[1] < -20


def test_known_frames_are_kept_and_continued() -> None:
    spectrum = forward(chord(), N_FFT, HOP)
    magnitude, known = spectrum.abs(), spectrum[:, :40]
    noise = torch.rand(magnitude.shape, generator=torch.Generator().manual_seed(0)) * 2 * math.pi
    start = integrate_phase(magnitude, HOP, noise, known.angle())
    found = fast_griffin_lim(magnitude, start, HOP, 4, known)
    torch.testing.assert_close(found[:, :40], known)
    assert convergence_db(found, magnitude) < -20
