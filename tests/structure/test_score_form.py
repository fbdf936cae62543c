"""Given passages: the opening returns in metrical pieces, spans are replayed in place, nothing else moves."""

from __future__ import annotations

import numpy as np
import torch

from audiogen.artifacts import Conditioning
from audiogen.stage import Sampling
from audiogen.structure.score.events import (
    DURATION,
    METRICAL,
    N_DURATION,
    NOTE,
    PITCH,
    SHIFT,
    TICKS,
    TYPE,
    VELOCITY,
)
from audiogen.structure.score.form import (
    CLOSE_BARS,
    CLOSE_S,
    RETURNS,
    RETURNS_FREELY,
    returning,
    returning_freely,
)
from audiogen.structure.score.grammar import Plan
from audiogen.structure.score.script import Script, Span, Timed
from audiogen.structure.score.writer import Writer
from tests.structure.test_score import ScoreStage, tiny  # noqa: F401

BAR = 4.0 * TICKS


def note(time: float, pitch: int) -> Timed:
    codes = np.zeros(5, np.int64)
    codes[[TYPE, SHIFT, PITCH, VELOCITY, DURATION]] = NOTE, -1, pitch - 21, 16, N_DURATION + 11
    return Timed(time, codes)


def write(stage: ScoreStage, *spans: Span, seconds: float = 12.0) -> np.ndarray:
    """Notes of a piece at 120 bpm, [N, 4] in ticks."""
    plan = Plan(seconds, METRICAL, 120.0, BAR, np.zeros(12, np.int64), spans=spans)
    generator = torch.Generator().manual_seed(1)
    with torch.inference_mode():
        return Writer(stage.network, plan, generator, Sampling(top_p=0.95)).write(lambda now: None).notes  # type: ignore[arg-type]


def between(notes: np.ndarray, start: float, stop: float) -> np.ndarray:
    """Pitch, ticks since `start` and duration of the notes that begin in [start, stop)."""
    inside = notes[(notes[:, 1] >= start) & (notes[:, 1] < stop)]
    return np.column_stack([inside[:, 0], inside[:, 1] - start, inside[:, 2]])


def test_a_passage_comes_again_note_for_note(tiny: ScoreStage) -> None:  # noqa: F811
    notes = write(tiny, Span(2 * BAR, 3 * BAR, copy_of=0.0))
    first, again = between(notes, 0, BAR), between(notes, 2 * BAR, 3 * BAR)
    assert len(first) > 2
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(between(notes, BAR, 2 * BAR), between(notes, 3 * BAR, 4 * BAR))


def test_given_events_stand_where_they_are_and_alone(tiny: ScoreStage) -> None:  # noqa: F811
    given = Span(BAR, 2 * BAR, (note(BAR + 7, 40), note(BAR + 31, 99)))
    inside = between(write(tiny, given), BAR, 2 * BAR)
    np.testing.assert_array_equal(inside[:, :2], [[40, 7], [99, 31]])


def test_an_empty_span_stays_silent(tiny: ScoreStage) -> None:  # noqa: F811
    assert not len(between(write(tiny, Span(BAR, 2 * BAR, ())), BAR, 2 * BAR))


def test_a_piece_does_not_end_before_its_last_span(tiny: ScoreStage) -> None:  # noqa: F811
    late = Span(5 * BAR, 5 * BAR + 24, (note(5 * BAR, 50),))
    assert len(between(write(tiny, late), 5 * BAR, 5 * BAR + 24)) == 1


def test_the_opening_returns_on_a_bar_line_and_the_piece_closes_freely() -> None:
    forms = [
        returning(BAR, bars * BAR, np.random.default_rng(seed)) for seed in range(60) for bars in (5, 9, 40)
    ]
    assert 0.6 < np.mean([len(form) > 0 for form in forms]) < 0.95
    assert abs(np.mean([len(form) > 0 for form in forms]) - RETURNS) < 0.15
    for bars, form in zip((5, 9, 40) * 60, forms, strict=True):
        for span in form:
            assert span.start % BAR == 0 and span.copy_of is not None and span.copy_of % BAR == 0
            assert span.copy_of + (span.stop - span.start) <= span.start
            assert span.stop <= (bars - CLOSE_BARS) * BAR
    whole = max((form for form in forms), key=len)
    assert sum(span.copy_of == 0 for span in whole) >= 3, "the opening returns again and again"


def test_nothing_returns_in_a_few_bars() -> None:
    assert not any(returning(BAR, 3.5 * BAR, np.random.default_rng(seed)) for seed in range(30))


def test_spans_come_in_order_of_time() -> None:
    script = Script([Span(30.0, 40.0, (note(35.0, 60),)), Span(10.0, 20.0, ())])
    assert script.ahead and script.begins(10.0) and not script.begins(9.0)
    script.begin([])
    assert script.not_before == 20.0 and not script.waiting
    script.begin([])
    assert [event.time for event in script.waiting] == [35.0]


def test_without_metre_the_first_gesture_returns_now_and_then() -> None:
    plans = [returning_freely(30.0, np.random.default_rng(seed)) for seed in range(200)]
    assert abs(np.mean([bool(plan) for plan in plans]) - RETURNS_FREELY) < 0.1
    for plan in filter(None, plans):
        assert 2 <= len(plan) <= 4 and all(span.copy_of == 0.0 and span.start > 5 for span in plan)
        assert all(one.stop + 5 < other.start for one, other in zip(plan, plan[1:], strict=False))
        assert plan[-1].stop <= 30.0 - CLOSE_S
    assert not any(returning_freely(8.0, np.random.default_rng(seed)) for seed in range(20))


def test_older_recipes_have_no_gesture_that_returns(tiny: ScoreStage) -> None:  # noqa: F811
    asked = Conditioning(seconds=12.0, density=4.0)
    free = [seed for seed in range(12) if tiny(asked, asked, Sampling(seed=seed)).notes.tempo is None]

    def gesture_returns(seed: int, melodies: int) -> bool:
        notes = tiny(asked, asked, Sampling(seed=seed, melodies=melodies)).notes
        first = notes.onset_s < 1.3
        pattern = set(zip(notes.pitch[first], notes.onset_s[first].round(2), strict=True))
        shifts = notes.onset_s[notes.onset_s > 5] - notes.onset_s[0]
        moved = [set(zip(notes.pitch, (notes.onset_s - by).round(2), strict=True)) for by in shifts]
        return any(pattern <= those for those in moved)

    new, old = ([gesture_returns(seed, way) for seed in free] for way in (2, 1))
    assert len(free) > 4 and any(new) and not any(old)
