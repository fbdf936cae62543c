"""The piano roll tells the decoder what it cannot see."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.artifacts import Notes
from audiogen.decoder.roll import DAMPED, HELD, ONSET, SINCE, VELOCITY, piano_roll
from audiogen.media.mel import MelSettings

MEL = MelSettings()
C4 = 60 - 21


def one_note(pedal: np.ndarray | None = None) -> Notes:
    return Notes.from_rows(np.array([[60, 1.0, 1.5, 127]]), pedal)


def test_the_onset_is_shared_by_the_two_nearest_frames_and_sums_to_the_velocity() -> None:
    roll = piano_roll(one_note(), 0, 225, MEL)
    (frames,) = np.nonzero(roll[ONSET, :, C4])
    assert list(frames) == [74, 75]
    assert roll[ONSET, :, C4].sum() == pytest.approx(1.0)


def test_time_since_the_attack_and_since_the_damper() -> None:
    roll = piano_roll(one_note(), 0, 225, MEL)
    assert roll[SINCE, 149, C4] == pytest.approx(149.5 / 75 - 1.0)
    assert roll[DAMPED, 100, C4] == 0
    assert roll[DAMPED, 149, C4] == pytest.approx(149.5 / 75 - 1.5)
    assert roll[HELD, 90, C4] == 1 and roll[HELD, 120, C4] == 0
    assert roll[VELOCITY, 60, C4] == 0


def test_the_pedal_holds_the_damper_up() -> None:
    roll = piano_roll(one_note(np.array([[0.5, 1.0], [2.5, 0.0]])), 0, 225, MEL)
    assert roll[DAMPED, 180, C4] == 0
    assert roll[DAMPED, 200, C4] > 0


def test_a_second_strike_starts_the_clock_again() -> None:
    notes = Notes.from_rows(np.array([[60, 0.5, 0.9, 60], [60, 1.0, 1.4, 100]]))
    roll = piano_roll(notes, 0, 225, MEL)
    assert roll[VELOCITY, 60, C4] == pytest.approx(60 / 127)
    assert roll[VELOCITY, 90, C4] == pytest.approx(100 / 127)
    assert roll[SINCE, 90, C4] == pytest.approx(90.5 / 75 - 1.0)


def test_a_window_is_a_part_of_the_whole() -> None:
    notes = Notes.from_rows(np.array([[60, 0.5, 0.9, 60], [64, 1.0, 1.4, 100], [60, 1.3, 2.0, 30]]))
    whole = piano_roll(notes, 0, 300, MEL)
    part = piano_roll(notes, 90, 150, MEL)
    np.testing.assert_allclose(part, whole[:, 90:240], atol=1e-6)
