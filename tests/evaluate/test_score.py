"""The judge of scores: measures, keys, and the search for copied runs."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.artifacts import Conditioning, Notes
from audiogen.evaluate.score import RUN, adherence, copied, key_hit, measure, off_grid_s, run_hashes, table
from audiogen.structure.score import ScoreConfig, ScoreStage


def scale() -> Notes:
    pitch = np.array([60, 62, 64, 65, 67, 69, 71, 72, 67, 64, 60])
    onset = np.arange(11) * 0.5
    rows = np.stack([pitch, onset, onset + 0.4, np.full(11, 70)], 1)
    return Notes.from_rows(rows, np.array([[0.0, 1], [3.0, 0]]), tempo=120.0)


def test_measures_in_their_units() -> None:
    values = measure(scale(), 6.0)
    assert values["density"] == pytest.approx(11 / 6) and values["loudness"] == 70
    assert values["pedal"] == 0.5 and values["end"] == pytest.approx(1.0) and values["rest"] == 0.5
    assert off_grid_s(scale()) < 1e-9
    late = Notes.from_rows(scale().rows() + np.array([0, 0.007, 0.007, 0]), tempo=120.0)
    assert off_grid_s(late) == pytest.approx(0.007)


def test_key_is_met_or_not() -> None:
    assert key_hit(scale(), Conditioning(key="C major")) and key_hit(scale(), Conditioning(mode="major"))
    assert not key_hit(scale(), Conditioning(key="F# major"))


def test_a_copy_is_found_in_any_key_and_a_new_piece_is_not() -> None:
    rng = np.random.default_rng(0)
    piece = rng.integers(40, 80, 60)
    known = {int(h) for h in run_hashes(piece)}
    own = rng.integers(40, 80, 60)
    assert copied([piece + 5], known) == (1.0, 60)
    assert copied([own], known) == (0.0, 0)
    share, longest = copied([np.concatenate([own, piece[10:30]])], known)
    assert 0 < share < 0.5 and longest == 20
    assert copied([piece[: RUN - 1]], known) == (0.0, 0)


def test_the_table_has_a_row_per_prompt() -> None:
    tiny = ScoreConfig(width=16, layers=1, heads=2, hidden=16, head_hidden=8, context=32)
    rows = adherence(ScoreStage.from_config(tiny), 1, seconds=3.0)
    assert table(rows).count("\n") == len(rows) + 1 and rows[0]["prompt"] == "nothing asked"
