"""Order and sides of A/B trials."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from audiogen.errors import InvalidRequest
from audiogen.listen.kinds import KINDS
from audiogen.listen.kinds.ab import PairedPreference
from audiogen.listen.trials import Item, Plan, Stimulus

AB = PairedPreference()


def items(count):
    return [
        Item(f"piece{k}", tuple(Stimulus(s, Path(f"{s}/{k}.wav"), f"{s}{k}") for s in ("old", "new")))
        for k in range(count)
    ]


def shown(trials):
    return [(t.item.name, t.repeat, t.stimuli["A"].system) for t in trials]


def test_every_item_is_asked_once_and_each_system_is_a_in_half():
    trials = AB.draw(items(10), Plan(seed=4))
    assert sorted(t.item.name for t in trials) == sorted(i.name for i in items(10))
    assert Counter(t.stimuli["A"].system for t in trials) == {"old": 5, "new": 5}
    assert all({s.system for s in t.stimuli.values()} == {"old", "new"} for t in trials)
    assert list(trials[0].stimuli) == ["A", "B"]


def test_the_seed_draws_order_and_sides():
    first = shown(AB.draw(items(8), Plan(seed=1)))
    assert first == shown(AB.draw(items(8), Plan(seed=1)))
    others = [shown(AB.draw(items(8), Plan(seed=s))) for s in range(2, 12)]
    assert len({tuple(name for name, *_ in drawn) for drawn in others}) == 10
    assert len({tuple(a for *_, a in sorted(drawn)) for drawn in others}) > 5


def test_over_seeds_neither_side_is_fixed_for_an_odd_number():
    counts = Counter(shown(AB.draw(items(1), Plan(seed=s)))[0][2] for s in range(200))
    assert min(counts["old"], counts["new"]) > 60


def test_repeats_exchange_the_sides_and_never_follow_each_other():
    for seed in range(20):
        trials = AB.draw(items(3), Plan(repeats=4, seed=seed))
        assert all(x.item.name != y.item.name for x, y in pairwise(trials))
        for name in ("piece0", "piece1", "piece2"):
            sides = [t.stimuli["A"].system for t in trials if t.item.name == name]
            assert all(x != y for x, y in pairwise(sides))
    assert len({t.id for t in trials}) == 12


def test_the_id_knows_the_question_and_the_sounds_but_not_the_sides():
    one, other = (AB.draw(items(6), Plan(seed=s)) for s in (1, 2))
    assert {t.id for t in one} == {t.id for t in other}
    assert not {t.id for t in one} & {t.id for t in AB.draw(items(6), Plan(question="brighter?", seed=1))}


def test_an_answer_becomes_a_system():
    trial = AB.draw(items(1), Plan(seed=0))[0]
    row = {"forced": False, "stimuli": [{"label": x, "system": s.system} for x, s in trial.stimuli.items()]}
    for label in ("A", "B"):
        assert AB.judge(row, label) == {"answer": label, "preferred": trial.stimuli[label].system}
    assert AB.judge(row, "none") == {"answer": "none", "preferred": None}
    for answer, forced in (("none", True), ("C", False), (None, False), (["A"], False), ({}, False)):
        with pytest.raises(InvalidRequest, match="An answer is one of A, "):
            AB.judge(row | {"forced": forced}, answer)


def test_kinds_go_by_their_names():
    assert all(kind.name == name for name, kind in KINDS.items())
