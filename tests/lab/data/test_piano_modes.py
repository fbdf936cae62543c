"""Modes found in a made-up string are those it was made of."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.lab.data.piano_modes import START_S, exponentials, modes, partials, stretched

RATE = 16_000
HZ = 220.0  # A3, pitch 57
STIFF = 4e-4


def string(seconds: float = 3.2) -> np.ndarray:
    """Eight stretched partials; every second one is two strings that beat."""
    time = np.arange(round(seconds * RATE)) / RATE
    sound = np.zeros_like(time)
    for k in range(1, 9):
        hz = float(stretched(np.array([k]), HZ, STIFF)[0])
        sound += np.cos(2 * np.pi * hz * time + k) * np.exp(-time * k) / k
        if k % 2 == 0:
            sound += 0.5 * np.cos(2 * np.pi * (hz + 0.8) * time) * np.exp(-time * 0.5) / k
    return np.concatenate([np.zeros(round(START_S * RATE)), sound])


def heard(rows: np.ndarray, count: int) -> np.ndarray:
    poles = (-rows[:, 0] + 2j * np.pi * rows[:, 1]) / RATE
    return (exponentials(poles, count) @ (rows[:, 2] + 1j * rows[:, 3])).real


def test_partials_are_found_where_the_stiff_string_has_them():
    found = partials(string(), 57, RATE)[:8]
    np.testing.assert_allclose(found, stretched(np.arange(1, 9), HZ, STIFF), atol=1.0)


def test_the_modes_sound_like_the_string():
    sound = string()
    rows = modes(sound, 57, RATE)
    assert (rows[:, 0] > 0).all()
    rest = sound[round(START_S * RATE) :][: 2 * RATE] - heard(rows, 2 * RATE)
    for first, last, least_db in ((0.0, 0.5, 30), (0.5, 2.0, 20)):
        part = slice(round(first * RATE), round(last * RATE))
        wanted = sound[round(START_S * RATE) :][part]
        assert 10 * np.log10((wanted**2).sum() / (rest[part] ** 2).sum()) > least_db


def test_many_products_are_the_same_as_many_exponentials():
    poles = np.array([-1e-4 + 0.1j, -1e-3 + 2.0j])
    np.testing.assert_allclose(exponentials(poles, 1000), np.exp(np.outer(np.arange(1000), poles)), atol=1e-4)


@pytest.mark.parametrize("pitch", [21, 108])
def test_the_outermost_keys_have_modes(pitch):
    hz = 440 * 2 ** ((pitch - 69) / 12)
    time = np.arange(RATE * 2) / RATE
    rows = modes(np.cos(2 * np.pi * hz * time) * np.exp(-2 * time), pitch, RATE)
    assert np.abs(rows[:, 1] - hz).min() < 1
