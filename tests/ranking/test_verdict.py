"""Verdicts: one number from several, places, words, and their way through a recipe."""

from __future__ import annotations

import json

import pytest

from audiogen.artifacts import Conditioning
from audiogen.errors import InvalidRequest, MissingModel
from audiogen.ranking import Check, Verdict, judge, judged, rank, ranked
from audiogen.ranking.verdict import blend, listed, plain, ramp
from audiogen.request import Take
from audiogen.stage import Sampling
from tests.conftest import struck
from tests.ranking.test_checks import deaf, piece, take_of


def verdict(*values: float) -> Verdict:
    names = ("closing", "signal", "obedience", "fidelity")
    return Verdict(tuple(Check(n, v, {"x_s": v}, f"about {n}") for n, v in zip(names, values, strict=False)))


def test_one_bad_check_sinks_a_take() -> None:
    assert verdict(1, 1, 1, 0).total == 0.375
    assert verdict(0.6, 0.6, 0.6, 0.6).total == pytest.approx(0.6)
    assert verdict(1, 1, 1, 1).total == 1 and blend([]) == 0


def test_every_check_counts() -> None:
    low, high = verdict(0.5, 0.6, 0.9), verdict(0.5, 0.6, 1.0)
    assert high.total > low.total


def test_why_names_what_is_poor_worst_first() -> None:
    assert verdict(0.8, 1, 0.2).why == "obedience: about obedience; closing: about closing"
    assert verdict(0.95, 1, 1).why == "nothing against it; about closing"


def test_a_verdict_goes_through_json() -> None:
    made = ranked([(take_of(piece()), verdict(0.51234, 0.7))])[0][1]
    back = Verdict.from_dict(json.loads(json.dumps(made.to_dict())))
    assert back == made and (back.place, back.of, back.total) == (1, 1, made.total)
    for broken in ({}, {"checks": 3}, {"checks": {"closing": 3}}):
        with pytest.raises((KeyError, TypeError, AttributeError)):
            Verdict.from_dict(broken)


def test_rank_puts_the_best_first_and_equals_in_order() -> None:
    stop, home, again = (
        take_of(piece(last_s=7.9, held_s=0.1)),
        take_of(piece()),
        take_of(piece()),
    )
    rows = rank([stop, home, again], deaf)
    assert [t for t, _ in rows] == [home, again, stop]
    assert [(v.place, v.of) for _, v in rows] == [(1, 3), (2, 3), (3, 3)]
    assert "last strike comes 0.1 s before the end" in rows[-1][1].why
    ((_, alone),) = rank([stop], deaf)
    assert (alone.place, alone.of) == (1, 1)


def test_the_recipe_carries_the_verdict() -> None:
    take = take_of(piece())
    kept = judged(take, verdict(0.5, 1))
    assert kept.recipe["verdict"]["total"] == 0.625 and "verdict" not in take.recipe
    assert kept.recipe["loudness"] == "off"


def test_a_take_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="neither notes nor sound"):
        judge(Take(0, Conditioning(), Sampling()), deaf)


def test_other_paths_bring_their_own_checks() -> None:
    """Weather is asked for a clean signal and nothing that only a piano has."""
    rain = Take(0, Conditioning(path="ambience", seconds=3.0), Sampling(), waveform=_sound(3.0))
    assert [c.name for c in judge(rain).checks] == ["signal"]


def test_a_missing_transcriber_is_said(tiny, tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("audiogen.registry.WEIGHTS_FOLDER", tmp_path)
    with pytest.raises(MissingModel, match="transcriber"):
        judge(take_of(piece(), struck(220, 8.0)))


def _sound(seconds: float):
    from audiogen.artifacts import Waveform

    return Waveform(struck(220, seconds))


def test_small_helpers() -> None:
    assert (ramp(5, 10, 5), ramp(10, 10, 5), ramp(float("nan"), 0, 1)) == (1, 0, 0)
    assert plain({"a": 1.23456, "b": float("inf"), "c": "x", "d": None, "e": 2}) == {
        "a": 1.235,
        "c": "x",
        "d": None,
        "e": 2,
    }
    assert [listed(w) for w in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]
