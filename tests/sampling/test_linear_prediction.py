"""The predictor hears tones: it expects the next sample of a chord, and nothing of noise or silence."""

from __future__ import annotations

import numpy as np

from audiogen.media.mulaw import SILENCE, encode
from audiogen.sampling.linear_prediction import HOP, follow, predict, predictor_state

RATE = 16_000


def chord(seconds: float) -> np.ndarray:
    time = np.arange(int(seconds * RATE)) / RATE
    return sum(0.2 * np.exp(-time) * np.sin(2 * np.pi * hz * time) for hz in (880.0, 1108.7, 1318.5))


def error(codes: np.ndarray) -> float:
    """Mean error in codes over the second half."""
    half = len(codes) // 2
    return float(np.abs(codes - predict(codes)[:, 0])[half:].mean())


def test_a_chord_is_expected_and_noise_is_not():
    tones = encode(chord(1.0))
    noise = np.random.default_rng(0).integers(1, 256, RATE)
    assert error(tones) < 4
    assert np.abs(np.diff(tones.astype(float))).mean() > 10  # the last sample alone says little
    assert error(noise) > 50


def test_silence_is_expected_to_go_on():
    said = predict(np.full(1000, SILENCE))
    assert (said[:, 0] == SILENCE).all()
    assert np.isfinite(said).all()
    assert said[-1, 2] < said[0, 2]  # and it grows surer


def test_only_the_past_is_heard():
    codes = encode(chord(0.5))
    changed = codes.copy()
    changed[5000] = 255 - changed[5000]
    before, after = predict(codes), predict(changed)
    np.testing.assert_array_equal(before[:5001], after[:5001])
    assert (before[5001:5100] != after[5001:5100]).any()


def test_in_parts_as_in_one_go_past_the_end_of_its_memory():
    codes = encode(chord(1.0)).astype(np.int64)
    state, parts = predictor_state(), np.zeros((len(codes), 3), np.float32)
    for first in range(0, len(codes), 777):
        follow(codes[first : first + 777], parts[first : first + 777], *state)
    np.testing.assert_array_equal(parts, predict(codes))


def test_what_is_only_heard_prepares_for_what_is_predicted():
    """The coefficients are fresh at once; the mean error begins anew and settles within 500 samples."""
    codes, first = encode(chord(1.0)), 40 * HOP
    whole, later = predict(codes)[first:], predict(codes, first)
    np.testing.assert_array_equal(whole[:, 0], later[:, 0])
    np.testing.assert_allclose(whole[500:, 2], later[500:, 2], atol=0.01)
