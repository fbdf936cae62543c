"""Runs of notes: a copy is found in any key, at any tempo, played by hand; two pieces are not one."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.lab.evaluate.runs import chords, hashes, longest_matches, repeated, symbols


def piece(seed: int, notes: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Random pitches in random values of eighths and quarters, some of them chords; pitch, onset s."""
    rng = np.random.default_rng(seed)
    onset = np.cumsum(rng.choice([0.0, 0.25, 0.5, 1.0], notes, p=[0.3, 0.3, 0.3, 0.1]))
    pitch = rng.integers(36, 90, notes)
    order = np.lexsort((pitch, onset))
    return pitch[order], onset[order]


def test_transposed_faster_and_played_by_hand_it_is_the_same_row():
    pitch, onset = piece(0)
    rng = np.random.default_rng(9)
    played = onset * 0.7 + rng.uniform(0, 0.012, len(onset))
    order = np.argsort(played, kind="stable")
    assert (symbols(pitch, onset) == symbols(pitch[order] + 5, played[order])).all()


def test_ticks_and_seconds_are_the_same_row():
    pitch, onset = piece(1)
    assert (symbols(pitch, onset) == symbols(pitch, onset * 48, near=0.5)).all()


def test_rhythm_and_order_matter():
    pitch, onset = np.array([60, 62, 64, 65, 67, 69]), np.arange(6) * 0.5
    row = symbols(pitch, onset)
    dotted = onset + np.array([0, 0.25, 0, 0.25, 0, 0.25])
    assert (row != symbols(pitch, dotted)).sum() >= 3
    assert (row[1:] != symbols(pitch[::-1], onset)[1:]).all()


def test_chords_are_onsets_close_together():
    onset = np.array([0.0, 0.01, 0.03, 0.5, 0.56, 0.58])
    assert chords(onset).tolist() == [0, 0, 0, 1, 2, 2]


def test_the_longest_copied_run_is_found():
    """20 notes of a training piece, in another key, inside a piece of its own."""
    known = [symbols(*piece(seed, 200)) for seed in range(8)]
    pitch, onset = piece(100, 30)
    stolen, when = piece(3, 200)
    mixed = np.concatenate([pitch, stolen[50:70] + 2])
    times = np.concatenate([onset, when[50:70] - when[50] + onset[-1] + 0.6])
    own = symbols(*piece(101, 50))
    found = longest_matches([symbols(mixed, times), known[5][10:60], own, own[:0]], known)
    assert 17 <= found[0] <= 20  # its first gap is another one, so the copy begins a chord later
    assert found[1] == 51 and found[2] < 6 and found[3] == 0


def test_a_run_does_not_cross_from_one_piece_into_the_next():
    row = symbols(*piece(4, 40))
    assert longest_matches([row], [row[:20], row[20:]])[0] == 21
    assert longest_matches([row], [])[0] == 0


def test_it_agrees_with_looking_at_every_run():
    """Against the plain way, on rows of few different symbols."""
    rng = np.random.default_rng(3)
    known = [rng.integers(0, 3, 80) for _ in range(3)]
    asked = [rng.integers(0, 3, 40) for _ in range(6)]

    def slow(row: np.ndarray) -> int:
        runs = {tuple(k[i:j]) for k in known for i in range(len(k)) for j in range(i + 1, len(k) + 1)}
        lengths = [
            j - i for i in range(len(row)) for j in range(i + 1, len(row) + 1) if tuple(row[i:j]) in runs
        ]
        return max(lengths, default=-1) + 1

    assert longest_matches(asked, known).tolist() == [slow(row) for row in asked]


def test_repetition():
    row = symbols(*piece(6, 40))
    assert repeated(row) < 0.1
    assert repeated(np.tile(row, 3)) > 0.6
    assert np.isnan(repeated(row[:2]))
    assert len(hashes(row, len(row) + 1)) == 0 and len(np.unique(hashes(row, 1))) == len(np.unique(row))


@pytest.mark.parametrize("ratio", [1, 2, 3, 1.5])
def test_common_ratios_survive_deviations_of_ten_milliseconds(ratio):
    pitch = np.array([60, 62, 64])
    exact = symbols(pitch, np.array([0, 0.2, 0.2 + 0.2 * ratio]))
    late = symbols(pitch, np.array([0.005, 0.2, 0.2 + 0.2 * ratio + 0.005]))
    assert (exact == late).all()
