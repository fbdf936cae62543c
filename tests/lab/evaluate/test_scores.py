"""Figures with bootstrap draws: intervals, ties, orders; and anchors over prepared windows."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.lab.evaluate.compare.verdicts import Entry, at_equal_evaluations, at_its_best, cheapest_tied
from audiogen.lab.evaluate.scores import Measure, Score, draws_of, in_words, mean_score, ranking

LESS = Measure("distance", "distance")
MORE = Measure("adherence", "adherence", higher_is_better=True)


def measured(offset: float, noise: float, seed: int, difficulty: np.ndarray) -> Score:
    """A system's mean over items of shared difficulty."""
    rng = np.random.default_rng(seed)
    values = difficulty + offset + noise * rng.standard_normal(len(difficulty))
    return mean_score(values, draws_of(len(difficulty)))


@pytest.fixture
def difficulty(rng) -> np.ndarray:
    return 10 * rng.standard_normal(60)


def test_the_interval_of_a_mean_is_the_known_one(rng) -> None:
    score = mean_score(rng.standard_normal(400), draws_of(400, draws=2000))
    low, high = score.interval
    assert low < score.value < high
    assert (high - low) / 2 == pytest.approx(1.96 / 20, rel=0.15)


def test_an_interval_ends_where_a_figure_can_be() -> None:
    """A share is at most 1, whatever the draws around their mean say; a difference may be anything."""
    score = mean_score([1] * 19 + [0], draws_of(20))
    assert score.interval[1] == 1
    assert Score(0.1, np.array([0.0, 1.0]), least=0).interval[0] == 0
    assert score.minus(mean_score(np.ones(20), draws_of(20))).interval[1] > 0


def test_pairs_show_a_difference_that_the_figures_alone_hide(difficulty: np.ndarray) -> None:
    a, b = measured(0, 0.5, 1, difficulty), measured(1, 0.5, 2, difficulty)
    assert a.interval[1] > b.interval[0], "the intervals of the figures overlap"
    assert not a.tied(b)
    assert ranking({"b": b, "a": a}, LESS) == [["a"], ["b"]]
    assert ranking({"b": b, "a": a}, MORE) == [["b"], ["a"]]


def test_a_difference_by_chance_is_a_tie(difficulty: np.ndarray) -> None:
    scores = {"a": measured(0, 1, 1, difficulty), "b": measured(0, 1, 2, difficulty)}
    scores["c"] = measured(5, 1, 3, difficulty)
    order = ranking(scores, LESS)
    assert sorted(order[0]) == ["a", "b"] and order[1] == ["c"]
    assert in_words([["a", "b"], ["c"]]) == "a = b < c"


def test_every_draw_has_enough_different_items() -> None:
    weights = draws_of(3, draws=500)
    assert (weights.sum(1) == 3).all() and ((weights > 0).sum(1) == 3).all()
    assert np.array_equal(draws_of(20), draws_of(20)), "the same draws for every system"


def test_verdicts_pick_the_best_of_a_contender_within_a_budget(difficulty: np.ndarray) -> None:
    def entry(contender: str, scheduler: str, evaluations: float, offset: float, seed: int) -> Entry:
        name = f"{contender}-{scheduler}-{evaluations:g}"
        return Entry(name, contender, evaluations, measured(offset, 0.2, seed, difficulty))

    rows = [
        entry("flow", "euler", 2, 2, 1),
        entry("flow", "midpoint", 2, 5, 2),
        entry("flow", "euler", 8, 1, 3),
        entry("flow", "euler", 16, 1, 4),
        entry("diffusion", "ddim", 2, 9, 5),
        entry("diffusion", "ddim", 16, 3, 6),
    ]
    by_budget = {v.evaluations: str(v) for v in at_equal_evaluations(rows, LESS)}
    assert by_budget == {
        2: "flow-euler-2 < diffusion-ddim-2",
        16: "flow-euler-16 < diffusion-ddim-16",
    }, "8 evaluations: one contender alone is no order"
    assert at_its_best(rows, LESS).groups[1] == ["diffusion-ddim-16"]
    assert cheapest_tied([r for r in rows if r.contender == "flow"], LESS).name == "flow-euler-8"
