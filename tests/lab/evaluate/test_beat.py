"""Tempo and beat from onsets: a waltz and a march are heard, rain is not."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.artifacts import Notes
from audiogen.lab.evaluate.beat import CLEARNESS, ESTIMATORS, envelope, hear, interval_tempo, judge


def march(bpm: float, seconds: float = 15.0, late_s: float = 0.0) -> Notes:
    """Bass on the first and third beat, chords on the others, a melody of eighths; deviations of `late_s`."""
    rng = np.random.default_rng(1)
    beat = 60 / bpm
    rows = []
    for k in range(int((seconds - 1) / beat)):
        pitches = [43 if k % 4 else 36] if k % 2 == 0 else [60, 64, 67]
        rows += [(p, k * beat, (k + 0.9) * beat, 80 - 10 * (k % 2)) for p in pitches]
        if k % 8 not in (6, 7):
            rows += [(72 + (k * 5) % 7, (k + h) * beat, (k + h + 0.5) * beat, 70) for h in (0, 0.5)]
    table = np.array(rows, float)
    table[:, 1] = np.maximum(table[:, 1] + rng.normal(0, late_s, len(table)), 0)
    return Notes.from_rows(table)


def rain(notes: int = 90, seconds: float = 15.0) -> Notes:
    rng = np.random.default_rng(2)
    onset = np.sort(rng.uniform(0, seconds - 1, notes))
    return Notes.from_rows(np.stack([rng.integers(40, 80, notes), onset, onset + 0.2, np.full(notes, 70)], 1))


@pytest.mark.parametrize("bpm", [60, 90, 120, 150])
def test_every_estimator_hears_the_tempo_of_a_march(bpm):
    found = hear(march(bpm, late_s=0.006), 15.0)
    verdicts = {name: judge(found[name], bpm) for name in ESTIMATORS}
    assert set(verdicts.values()) <= {"strict", "octave"}, (found, verdicts)


def test_a_march_has_a_clearer_beat_than_rain():
    clear, unclear = hear(march(100), 15.0), hear(rain(), 15.0)
    assert clear["pulse"] > 0.7 > 0.5 > unclear["pulse"]
    assert clear["on beat"] > unclear["on beat"] + 0.1
    assert clear["filled"] > 0.9


@pytest.mark.parametrize(
    ("heard", "said"),
    [(100, "strict"), (107, "strict"), (110, "wrong"), (51, "octave"), (196, "octave"), (150, "metre")]
    + [(66, "metre"), (33, "metre"), (float("nan"), "wrong"), (400, "wrong")],
)
def test_how_a_heard_tempo_relates_to_the_asked_one(heard, said):
    assert judge(heard, 100) == said


def test_too_few_onsets_have_no_tempo():
    one_chord = Notes.from_rows(np.array([[60, 0.0, 1.0, 70], [64, 0.001, 1.0, 70], [67, 0.0, 1.0, 70]]))
    found = hear(one_chord, 15.0)
    assert set(found) == {*ESTIMATORS, *CLEARNESS} and all(np.isnan(v) for v in found.values())
    assert np.isnan(interval_tempo(np.array([0.0, 1.0])))


def test_louder_onsets_stand_higher_in_the_envelope():
    notes = Notes.from_rows(np.array([[60, 1.0, 1.5, 32], [60, 2.0, 2.5, 96]]))
    strength = envelope(notes, 3.0)
    first, second = strength[: len(strength) // 2].max(), strength[len(strength) // 2 :].max()
    assert second == pytest.approx(3 * first, rel=0.05)
