"""Finishing a loop: every step treats its beginning as what follows its end."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.media.finish import LASTING, Ends, finish, fitted_loop, soft_ends, without_dc
from tests.conftest import RATE, tone

TURN = 12_345  # samples; no multiple of any block
SAME = 5e-3  # of full scale: block edges of limiter and oversampling lie elsewhere in a turned loop


def loop(rng: np.random.Generator, seconds: float = 2.0, hits: int = 0) -> np.ndarray:
    """A hum with whole periods, noise under it and perhaps loud hits, float32 [2, T]."""
    wave = tone(50.0, seconds) + 0.02 * rng.standard_normal((2, round(seconds * RATE)))
    for at in rng.integers(0, wave.shape[1], hits):
        wave[:, (at + np.arange(60)) % wave.shape[1]] += np.hanning(60)
    return wave.astype(np.float32)


@pytest.mark.parametrize("hits", [0, 6], ids=["steady", "with peaks to hold back"])
def test_a_turned_loop_is_finished_alike(rng: np.random.Generator, hits: int) -> None:
    """Nothing in finishing knows where a loop begins, so turning and finishing can be exchanged."""
    wave = loop(rng, hits=hits)
    plain, level = finish(wave, RATE, 2.0, -18.0, ends=None)
    turned, _ = finish(np.roll(wave, TURN, 1), RATE, 2.0, -18.0, ends=None)
    np.testing.assert_allclose(turned, np.roll(plain, TURN, 1), atol=SAME)
    assert (level.limited_db > 0) == (hits > 0)


def test_with_ends_they_cannot_be_exchanged(rng: np.random.Generator) -> None:
    wave = loop(rng)
    plain, _ = finish(wave, RATE, 2.0, -18.0, ends=LASTING)
    turned, _ = finish(np.roll(wave, TURN, 1), RATE, 2.0, -18.0, ends=LASTING)
    assert np.abs(turned - np.roll(plain, TURN, 1)).max() > 0.05


def test_another_rate_has_the_exact_length_and_still_closes() -> None:
    wave = tone(441.0, 1.0)
    made, _ = finish(wave, RATE, 1.0, None, rate=48_000, ends=None)
    assert made.shape == (2, 48_000)
    np.testing.assert_allclose(made, tone(441.0, 1.0, rate=48_000), atol=0.01)  # the high-pass turns phases


@pytest.mark.parametrize("length", [44_100, 44_099, 48_000, 43_210])
def test_a_period_of_any_number_of_samples_is_a_period(length: int) -> None:
    made = fitted_loop(tone(100.0, 1.0), length)
    expected = 0.2 * np.sin(2 * np.pi * 100 * np.arange(length) / length)
    np.testing.assert_allclose(made, np.stack([expected, expected]), atol=1e-5)


def test_the_high_pass_of_a_short_loop_has_settled_when_it_begins() -> None:
    wave = tone(30.0, 0.5) + 0.3
    once = without_dc(wave, RATE, circular=True)
    fifth = without_dc(np.tile(wave, 5), RATE)[:, -wave.shape[1] :]
    np.testing.assert_allclose(once, fifth, atol=1e-4)


def test_ends_of_what_lasts_are_soft_and_even_the_shortest_sound_keeps_its_middle() -> None:
    wave = tone(1000.0, 3.0)
    soft_ends(wave, RATE, LASTING)
    rms = np.sqrt((wave[0].reshape(-1, 441) ** 2).mean(1))  # of 10 ms
    assert rms[0] < 0.15 * rms[100] and rms[4] == pytest.approx(rms[100], rel=0.05)
    assert rms[-1] < 0.05 * rms[100] and rms[-52] == pytest.approx(rms[100], rel=0.05)
    short = tone(1000.0, 0.02)
    soft_ends(short, RATE, Ends(fade_in_s=0.5))
    assert np.abs(short).max() > 0.15
