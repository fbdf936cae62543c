"""Notes become strikes: on a grid, damped by rule, as loud as their velocity says."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.artifacts import Notes
from audiogen.sampling.struck_keys import RESTRIKE_S, UNDAMPED_S, damping_s, on_grid, strikes

LEVELS = np.tile(np.array([-40.0, -30.0, -20.0]), (88, 1))
VELOCITIES = np.array([40.0, 70.0, 100.0])


def struck(*rows: tuple[float, float, float, float]):
    return strikes(np.array(rows, float), LEVELS, VELOCITIES, 16_000)


def test_notes_come_onto_the_grid_and_sound_while_the_pedal_is_down():
    pedal = np.array([[0.2, 1.0], [2.004, 0.0]])
    rows = on_grid(Notes.from_rows(np.array([[60, 0.1234, 0.5, 64], [64, 0.3, 0.31, 64]]), pedal))
    np.testing.assert_allclose(rows[:, 1], [0.12, 0.3])
    np.testing.assert_allclose(rows[:, 2], [2.0, 2.0])


def test_a_key_struck_again_is_damped_then_and_the_highest_strings_never():
    rows = on_grid(Notes.from_rows(np.array([[60, 0, 5, 64], [60, 1, 2, 64], [100, 0, 0.1, 64]])))
    by_pitch = {(row[0], row[1]): row[2] for row in rows}
    assert by_pitch == {(60, 0): 1, (60, 1): 2, (100, 0): UNDAMPED_S}
    again = strikes(rows, LEVELS, VELOCITIES, 16_000)
    first = again.decay[(again.pitch == 60) & (again.onset == 0)]
    assert first == pytest.approx(RESTRIKE_S * 16_000)
    assert again.decay[again.onset == 16_000] == pytest.approx(damping_s(np.array([60]))[0] * 16_000)


def test_no_notes_are_no_strikes():
    assert len(on_grid(Notes.from_rows(np.zeros((0, 4))))) == 0
    assert len(strikes(np.zeros((0, 4)), LEVELS, VELOCITIES, 16_000).key) == 0


def test_the_nearest_layer_is_played_at_the_level_of_the_velocity():
    """30 velocities are 10 dB here: 76 sounds 2 dB above the recording of 70."""
    made = struck((60, 0, 1, 76), (60, 2, 3, 70), (60, 4, 5, 96))
    np.testing.assert_array_equal(made.key, [88 + 39, 88 + 39, 2 * 88 + 39])
    np.testing.assert_allclose(20 * np.log10(made.gain), [2, 0, -4 / 3], atol=1e-9)


def test_beyond_the_recordings_it_grows_softer_and_louder_still():
    made = struck((60, 0, 1, 30), (60, 2, 3, 110))
    assert made.gain[0] < 1 < made.gain[1]
