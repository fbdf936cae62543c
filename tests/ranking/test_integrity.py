"""The gate finds each planted fault, and nothing in a clean sound; distances know identity."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.errors import InvalidRequest
from audiogen.ranking.integrity import (
    click_times_s,
    energy_above_db,
    fold_down_db,
    integrity,
    mel_distance,
    stft_distance,
)

RATE = 44_100


def plucks(seconds: float = 3.0, seed: int = 0) -> np.ndarray:
    """Decaying harmonic tones with sharp attacks, a little stereo, float64 [2, T]."""
    rng = np.random.default_rng(seed)
    time = np.arange(int(seconds * RATE)) / RATE
    out = np.zeros((2, len(time)))
    for onset in np.arange(0.05, seconds - 0.1, 0.25):
        hz = 440 * 2 ** ((rng.integers(40, 80) - 69) / 12)
        age = np.clip(time - onset, 0, None)
        tone = sum(np.sin(2 * np.pi * hz * k * age) / k**2 for k in range(1, 6))
        tone *= np.exp(-2 * age) * (1 - np.exp(-age / 0.002)) * 0.12
        out += tone * np.array([[1.0], [rng.uniform(0.6, 1.0)]])
    return out + 1e-4 * rng.standard_normal(out.shape)


def test_clean_sound_passes() -> None:
    found = integrity(plucks(), RATE)
    assert found.problems() == []
    assert found.clicks == 0 and found.clipped_runs == 0
    assert found.seconds == pytest.approx(3.0)


@pytest.mark.parametrize(
    ("fault", "word"),
    [
        ("nan", "NaN"),
        ("dc", "DC"),
        ("clip", "clipped"),
        ("peak", "true peak"),
        ("click", "clicks"),
        ("jump", "clicks"),
        ("silence", "silence"),
        ("tail", "dead tail"),
        ("cancel", "fold-down"),
    ],
)
def test_planted_fault_is_named(fault: str, word: str) -> None:
    audio = plucks()
    if fault == "nan":
        audio[0, 1000] = np.nan
    elif fault == "dc":
        audio += 0.01
    elif fault == "clip":
        audio = np.clip(audio * 20, -1, 1)
    elif fault == "peak":
        audio *= 0.97 / np.abs(audio).max()
    elif fault == "click":
        audio[:, 61_234] += 0.1
    elif fault == "jump":
        audio[:, 61_234:] += 0.2 * np.exp(-np.arange(audio.shape[1] - 61_234) / RATE * 4)
    elif fault == "silence":
        audio[:, RATE : int(2.8 * RATE)] = 0
    elif fault == "tail":
        audio[:, int(1.2 * RATE) :] = 0
    elif fault == "cancel":
        audio[1] = -audio[0]
    problems = integrity(audio, RATE).problems()
    assert any(word in p for p in problems), problems


def test_click_is_found_at_its_time_and_once() -> None:
    audio = plucks()
    audio[:, 61_234] += 0.1
    times = click_times_s(audio, RATE)
    assert len(times) == 1
    assert abs(times[0] - 61_234 / RATE) < 0.002


def test_fold_down_of_known_stereo() -> None:
    noise = np.random.default_rng(0).standard_normal((2, RATE * 2)) * 0.1
    mono = np.stack([noise[0], noise[0]])
    assert fold_down_db(mono, RATE)[0] == pytest.approx(0.0, abs=1e-6)
    assert fold_down_db(noise, RATE)[0] == pytest.approx(-3.0, abs=0.2)
    late = np.stack([noise[0], np.roll(noise[0], 44)])  # a 1 ms comb: notches in some bands
    assert fold_down_db(late, RATE)[1] < -10


def test_energy_above_a_frequency() -> None:
    time = np.arange(RATE) / RATE
    audio = (np.sin(2 * np.pi * 1000 * time) + 0.1 * np.sin(2 * np.pi * 10_000 * time))[None]
    assert energy_above_db(audio, RATE, 8_000) == pytest.approx(-20, abs=0.2)
    assert energy_above_db(np.zeros((1, RATE)), RATE, 8_000) == -np.inf


def test_distances_are_zero_for_the_same_and_grow_with_noise() -> None:
    audio = plucks()
    noise = np.random.default_rng(1).standard_normal(audio.shape)
    for distance in (stft_distance, mel_distance):
        assert distance(audio, audio) == 0.0
        near, far = (distance(audio + g * noise, audio) for g in (1e-3, 1e-1))
        assert 0 < near < far
    loud = audio + 0.1 * noise  # every band far above the floor: a gain of e is one neper
    assert mel_distance(loud * np.e, loud) == pytest.approx(1.0, abs=1e-3)


def test_wrong_shapes_are_refused() -> None:
    with pytest.raises(InvalidRequest, match="channels"):
        integrity(np.zeros(100))
    with pytest.raises(InvalidRequest, match="one shape"):
        stft_distance(np.zeros((2, 100)), np.zeros((2, 101)))
