"""Texture statistics tell steady noise from drops, slow surf from fast rattle, and one source from many."""

from __future__ import annotations

from math import gamma

import numpy as np
import pytest

from audiogen.lab.evaluate.textures import COMPRESSION, envelopes, statistics

RATE = 44_100
SECONDS = 6


@pytest.fixture
def noise(rng: np.random.Generator) -> np.ndarray:
    return np.tile(rng.standard_normal(RATE * SECONDS), (2, 1))


def swelling(noise: np.ndarray, hz: float) -> np.ndarray:
    return noise * (1 + 0.9 * np.sin(2 * np.pi * hz * np.arange(noise.shape[1]) / RATE))


def test_the_envelope_of_steady_noise_is_a_compressed_rayleigh_one(noise: np.ndarray) -> None:
    narrow = envelopes(noise, RATE)[:10]  # wider ones move faster than their rate and are smoothed
    first, second = (2 ** (COMPRESSION * k / 2) * gamma(1 + COMPRESSION * k / 2) for k in (1, 2))
    variation = (second - first**2) ** 0.5 / first
    assert (narrow.std(1) / narrow.mean(1)).mean() == pytest.approx(variation, abs=0.01)
    assert abs(statistics(noise, RATE)["together_far"]) < 0.06


def test_drops_are_sparse(noise: np.ndarray, rng: np.random.Generator) -> None:
    drops = 0.02 * noise
    for at in rng.integers(0, noise.shape[1] - 400, 40):
        drops[:, at : at + 400] += noise[:, :400] * np.exp(-np.arange(400) / 80)
    assert statistics(drops, RATE)["kurtosis"] > statistics(noise, RATE)["kurtosis"] + 3
    assert statistics(drops, RATE)["together_far"] > 0.3


@pytest.mark.parametrize(
    ("hz", "name"), [(2.0, "moves_0.5_4_hz"), (8.0, "moves_4_16_hz"), (30.0, "moves_16_64_hz")]
)
def test_the_rate_at_which_it_moves_is_found(noise: np.ndarray, hz: float, name: str) -> None:
    assert statistics(swelling(noise, hz), RATE)[name] > statistics(noise, RATE)[name] + 0.3


def test_level_and_rate_of_the_file_do_not_matter(noise: np.ndarray) -> None:
    assert statistics(0.01 * noise, RATE) == pytest.approx(statistics(noise, RATE), abs=2e-3)
    assert envelopes(noise, RATE).shape == (30, 400 * SECONDS)
    assert all(np.isfinite(list(statistics(0 * noise, RATE).values())))
