"""Order and sides of A/B trials."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from audiogen.errors import InvalidRequest
from audiogen.listen.ab import PairedPreference
from audiogen.listen.kinds import KINDS
from audiogen.listen.trials import Item, Sound

AB = PairedPreference()


def items(count):
    return [
        Item(f"piece{k}", tuple(Sound(s, Path(f"{s}/{k}.wav"), f"{s}{k}") for s in ("old", "new")))
        for k in range(count)
    ]


def shown(trials):
    return [(t.item.name, t.repeat, t.sounds["A"].system) for t in trials]


def test_every_item_is_asked_once_and_each_system_is_a_in_half():
    trials = AB.draw(items(10), "", 1, seed=4)
    assert sorted(t.item.name for t in trials) == sorted(i.name for i in items(10))
    assert Counter(t.sounds["A"].system for t in trials) == {"old": 5, "new": 5}
    assert all({s.system for s in t.sounds.values()} == {"old", "new"} for t in trials)
    assert list(trials[0].sounds) == ["A", "B"]


def test_the_seed_draws_order_and_sides():
    first = shown(AB.draw(items(8), "", 1, seed=1))
    assert first == shown(AB.draw(items(8), "", 1, seed=1))
    others = [shown(AB.draw(items(8), "", 1, seed=s)) for s in range(2, 12)]
    assert len({tuple(name for name, *_ in drawn) for drawn in others}) == 10
    assert len({tuple(a for *_, a in sorted(drawn)) for drawn in others}) > 5


def test_over_seeds_neither_side_is_fixed_for_an_odd_number():
    counts = Counter(shown(AB.draw(items(1), "", 1, seed=s))[0][2] for s in range(200))
    assert min(counts["old"], counts["new"]) > 60


def test_repeats_exchange_the_sides_and_never_follow_each_other():
    for seed in range(20):
        trials = AB.draw(items(3), "", 4, seed=seed)
        assert all(x.item.name != y.item.name for x, y in pairwise(trials))
        for name in ("piece0", "piece1", "piece2"):
            sides = [t.sounds["A"].system for t in trials if t.item.name == name]
            assert all(x != y for x, y in pairwise(sides))
    assert len({t.id for t in trials}) == 12


def test_the_id_knows_the_question_and_the_sounds_but_not_the_sides():
    one, other = (AB.draw(items(6), "", 1, seed=s) for s in (1, 2))
    assert {t.id for t in one} == {t.id for t in other}
    assert not {t.id for t in one} & {t.id for t in AB.draw(items(6), "brighter?", 1, seed=1)}


def test_an_answer_becomes_a_system():
    trial = AB.draw(items(1), "", 1, seed=0)[0]
    for label in ("A", "B"):
        assert AB.judge(trial, label, True) == {"answer": label, "preferred": trial.sounds[label].system}
    assert AB.judge(trial, "none", False) == {"answer": "none", "preferred": None}
    for answer, forced in (("none", True), ("C", False), (None, False), (["A"], False), ({}, False)):
        with pytest.raises(InvalidRequest, match="An answer is one of A, B"):
            AB.judge(trial, answer, forced)


def test_kinds_go_by_their_names():
    assert all(kind.name == name for name, kind in KINDS.items())
