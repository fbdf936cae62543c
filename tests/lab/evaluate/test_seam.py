"""Whether a seam stands out: periodic sounds have none, cut ones do."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.lab.evaluate.seam import seam

RATE = 44_100


def periodic_noise(rng: np.random.Generator, seconds: float = 3.0) -> np.ndarray:
    """Pink noise that closes, [2, T]: its spectrum is drawn, not its samples."""
    length = round(seconds * RATE)
    bins = length // 2 + 1
    spectrum = rng.standard_normal((2, bins)) + 1j * rng.standard_normal((2, bins))
    spectrum /= np.sqrt(np.maximum(np.arange(bins), 50))
    wave = np.fft.irfft(spectrum, length)
    return 0.1 * wave / wave.std()


def test_in_a_sound_that_closes_the_seam_is_a_place_like_any_other(rng: np.random.Generator) -> None:
    found = [seam(periodic_noise(rng), RATE) for _ in range(8)]
    for name in ("colour", "level", "click"):
        ranks = [getattr(one, name) for one in found]
        assert 0.2 < np.mean(ranks) < 0.8, name
        assert max(ranks) < 1, name


@pytest.mark.parametrize("name", ["colour", "level", "click"])
def test_what_does_not_close_stands_out(rng: np.random.Generator, name: str) -> None:
    wave = periodic_noise(rng)
    if name == "colour":  # low to begin with, high in the end
        time = np.linspace(0, 1, wave.shape[1])
        wave = wave * (1 - time) + np.diff(wave, prepend=0) * 8 * time
    if name == "level":
        wave = wave * np.linspace(0.1, 1, wave.shape[1])
    if name == "click":  # a slow swing that is cut at its height
        wave = 0.01 * wave + np.sin(np.linspace(0, 6.5 * np.pi, wave.shape[1]))
    assert getattr(seam(wave, RATE), name) > 0.99
