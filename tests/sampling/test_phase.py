"""Phase from magnitude: the transforms invert each other, and the start is worth having."""

from __future__ import annotations

import math

import numpy as np
import torch

from audiogen.sampling.phase import fast_griffin_lim, integrate_phase, smooth_places, white_phases
from audiogen.sampling.stft import forward, istft
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


def repeats(wave: torch.Tensor, lag: int) -> float:
    """Correlation of a sound with itself `lag` samples later."""
    a, b = wave[:-lag], wave[lag:]
    return float((a * b).mean() / wave.square().mean())


def test_steady_noise_does_not_repeat_itself() -> None:
    magnitude = torch.linspace(3, 1, N_FFT // 2 + 1)[:, None].expand(-1, 150).contiguous()
    noise = white_phases(*magnitude.shape, HOP, torch.Generator().manual_seed(0))
    sounds = []
    for limits in ((0.3, 0.2), (0.0, 0.0)):
        start = integrate_phase(magnitude, HOP, noise, smooth=limits)
        spectrum = fast_griffin_lim(magnitude, start, HOP, 8)
        sounds.append(istft(spectrum, HOP, 150 * HOP)[N_FFT:-N_FFT])
    drawn, carried_on = (repeats(sound, N_FFT) for sound in sounds)
    assert carried_on > 0.3  # what happens without the rule: a period of one window
    assert abs(drawn) < 0.1


def test_partials_and_attacks_are_not_taken_for_noise() -> None:
    log_magnitude = forward(chord(), N_FFT, HOP).abs().clamp_min(1e-3).log()
    noisy = smooth_places(log_magnitude, (0.3, 0.2))
    partials = round(220 * N_FFT / 44_100), round(277.2 * N_FFT / 44_100)
    assert not noisy[list(partials), 15:60].any()
    assert smooth_places(torch.zeros(60, 40), (0.3, 0.2)).all()


def test_smooth_places_of_the_start_are_those_of_the_rule() -> None:
    magnitude = forward(chord(), N_FFT, HOP).abs()
    noise = torch.rand(magnitude.shape, generator=torch.Generator().manual_seed(0)) * 2 * math.pi
    start = integrate_phase(magnitude, HOP, noise)
    log_magnitude = magnitude.clamp_min(float(magnitude.max()) * 1e-6).log()
    drawn = smooth_places(log_magnitude, (0.3, 0.2)) | (log_magnitude <= log_magnitude.min() + 1e-3)
    assert 0.05 < drawn.float().mean() < 0.95
    same = (start - noise).abs() < 1e-6
    assert torch.equal(same[:, 1:], drawn[:, 1:])


def test_the_number_of_threads_changes_nothing() -> None:
    magnitude = forward(chord(), N_FFT, HOP).abs()
    threads, found = torch.get_num_threads(), []
    try:
        for number in (1, 2):
            torch.set_num_threads(number)
            start = integrate_phase(magnitude, HOP, torch.zeros_like(magnitude))
            spectrum = fast_griffin_lim(magnitude, start, HOP, 2)
            found.append(istft(spectrum, HOP, magnitude.shape[1] * HOP))
    finally:
        torch.set_num_threads(threads)
    assert torch.equal(*found)
