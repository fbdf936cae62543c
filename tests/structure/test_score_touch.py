"""Articulation and pedal are brought to what was asked."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.structure.score.attributes import articulation
from audiogen.structure.score.touch import articulate, harmony_pedal, pedal_for


def line(held_s: float) -> np.ndarray:
    """Twenty notes, two a second."""
    onset = np.arange(20) * 0.5
    return np.column_stack([60 + np.arange(20) % 5, onset, onset + held_s, np.full(20, 64.0)])


@pytest.mark.parametrize("held_s", [0.1, 0.25, 0.45, 0.7])
@pytest.mark.parametrize("wanted", [0.15, 0.5, 0.95])
def test_keys_are_held_as_asked(held_s: float, wanted: float) -> None:
    rows = articulate(line(held_s), wanted)
    measured = articulation(rows[:, 1], rows[:, 2] - rows[:, 1])
    assert measured == pytest.approx(wanted, abs=0.06)
    assert rows[-1, 2] == line(held_s)[-1, 2], "the last note rings as it was written"


def test_accents_of_length_survive() -> None:
    rows = line(0.4)
    rows[::2, 2] -= 0.2
    shorter = articulate(rows, 0.3)
    held = shorter[:, 2] - shorter[:, 1]
    assert (held[1:-1:2] > 1.5 * held[2:-1:2]).all()


def share(pedal: np.ndarray, seconds: float) -> float:
    ends = np.append(pedal[1:, 0], seconds)
    return float((ends - pedal[:, 0])[pedal[:, 1] > 0].sum() / seconds)


@pytest.mark.parametrize("wanted", [0.1, 0.4, 0.85])
def test_the_pedal_is_down_as_long_as_asked(wanted: float) -> None:
    pedal = np.array([[0.5, 1], [1.5, 0], [2.0, 1], [4.0, 0], [5.0, 1], [7.0, 0]], float)
    changed = pedal_for(pedal, wanted, 8.0)
    assert share(changed, 8.0) == pytest.approx(wanted, abs=0.02)
    np.testing.assert_array_equal(changed[:, 1], [1, 0, 1, 0, 1, 0])
    np.testing.assert_array_equal(changed[::2, 0], pedal[::2, 0])
    assert (np.diff(changed[:, 0]) > 0).all()


def test_without_pedal_there_is_none() -> None:
    assert not len(pedal_for(np.array([[0.5, 1], [1.5, 0]], float), 0.0, 8.0))


def test_pedal_follows_the_bass() -> None:
    rows = np.array([[40, 0.0, 24, 64], [43, 48.0, 72, 64], [45, 96.0, 100, 64], [72, 0.0, 96, 64]])
    pedal = harmony_pedal(rows, 24.0, 96.0)
    assert pedal[:, 1].tolist() == [1, 0, 1, 0, 1]
    assert 48 < pedal[1, 0] < pedal[2, 0] < 72, "up late and down again after the new bass is struck"
    assert not len(harmony_pedal(rows[3:], 24.0, 96.0)), "a melody alone has none"
    off_beat = rows + np.array([0, 5, 5, 0])
    assert not len(harmony_pedal(off_beat, 24.0, 96.0)) and not len(harmony_pedal(rows[:0], 24.0, 96.0))


def test_pedal_changes_where_tones_would_clash_and_once_a_bar() -> None:
    held = [[40, t, t + 90, 64] for t in (0.0, 96.0, 192.0)]
    calm = np.array([*held, [64, 24.0, 40, 64], [67, 48.0, 60, 64]])
    presses = [t for t, down in harmony_pedal(calm, 24.0, 96.0) if down]
    assert [t // 96 for t in presses] == [0, 1, 2]
    rough = np.array([*held, [64, 24.0, 40, 64], [65, 48.0, 60, 64]])
    presses = [t for t, down in harmony_pedal(rough, 24.0, 96.0) if down]
    assert [t // 24 for t in presses] == [0, 2, 4, 8]
