"""Simulated raters whose truth is known: 95 % intervals hold it in 93 to 97 of 100 tests.

Design of every simulation: tests of 12 raters and 5 items. A rater has an opinion of their own of every
system, drawn around the truth, a piece adds its own, an answer its noise; the truth is the mean over all
raters of these pieces. 750 intervals each; 93 to 97 is 2.5 standard errors of that.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from audiogen.listen import stats
from audiogen.listen.kinds import KINDS

pytestmark = pytest.mark.slow

INTERVALS, RATERS, ITEMS = 750, 12, 5
COVERED = (0.93, 0.97)


def held(test, truth):
    """The share of intervals that hold the truth; `test(rng)` gives the intervals of one test."""
    rng = np.random.default_rng(7)
    inside = [
        low <= wanted <= high
        for _ in range(INTERVALS // len(truth))
        for (low, high), wanted in zip(test(rng), truth, strict=True)
    ]
    return np.mean(inside)


def test_mushra():
    truth = np.array([62.0, 55.0, 48.0])

    def test(rng):
        own = truth + 9 * rng.standard_normal((RATERS, 1, 3))
        pieces = 4 * rng.standard_normal((ITEMS, 3))
        heard = own + pieces - pieces.mean(0) + 8 * rng.standard_normal((RATERS, ITEMS, 3))
        return stats.mean_intervals(np.clip(np.round(heard), 0, 100).mean(1))

    assert COVERED[0] <= held(test, truth) <= COVERED[1]


def test_opinion_scores():
    """On five steps; the truth is measured on a hundred thousand raters."""

    def given(rng, count):
        own = 3.4 + 0.7 * rng.standard_normal((count, 1))
        return np.clip(np.round(own + 0.8 * rng.standard_normal((count, ITEMS))), 1, 5).mean(1, keepdims=True)

    truth = given(np.random.default_rng(0), 100_000).mean(0)
    found = held(lambda rng: stats.mean_intervals(given(rng, RATERS)), truth)
    assert COVERED[0] <= found <= COVERED[1]


def test_preference_of_raters_who_differ():
    """Everyone prefers with a probability of their own; taking answers as independent holds too seldom."""

    def wins(rng):
        return rng.binomial(ITEMS, rng.beta(3, 2, (RATERS, 1))).astype(float)

    def by_rater(rng):
        return stats.ratio_intervals(wins(rng), np.full((RATERS, 1), float(ITEMS)))

    assert COVERED[0] <= held(by_rater, [0.6]) <= COVERED[1]

    def independent(rng):
        return [stats.share(int(wins(rng).sum()), RATERS * ITEMS)["interval"]]

    assert held(independent, [0.6]) < COVERED[0]


def test_bradley_terry_strengths():
    strengths = np.array([0.7, 0.1, -0.8])
    chance = 1 / (1 + np.exp(strengths[None] - strengths[:, None]))
    above = np.triu(np.ones((3, 3)), 1)

    def test(rng):
        won = rng.binomial(ITEMS, chance, (RATERS, 3, 3)) * above
        return stats.bradley_terry_intervals(won + np.swapaxes(ITEMS * above - won, 1, 2))

    assert COVERED[0] <= held(test, strengths) <= COVERED[1]


def test_abx():
    """Listeners of d' = 1; the exact interval never holds less often than it says."""

    @cache  # few counts come again and again
    def between(right):
        return [stats.d_prime_abx(end) for end in stats.share(right, 16 * RATERS)["interval"]]

    def test(rng):
        a, b, x = rng.standard_normal((3, 16 * RATERS)) + np.array([[0], [1], [0]])
        return [between(int((np.abs(x - a) < np.abs(x - b)).sum()))]

    assert COVERED[0] <= held(test, [1.0]) <= 0.98


def test_the_report_takes_its_intervals_from_the_means_of_raters():
    rng = np.random.default_rng(1)
    scores = rng.integers(1, 6, (RATERS, ITEMS))
    rows = [
        {"kind": "mos", "rater": f"r{r:02}", "item": f"i{i}", "answer": str(scores[r, i]),
         "stimuli": [{"label": "A", "system": "ours"}]}
        for r in range(RATERS) for i in range(ITEMS)
    ]  # fmt: skip
    own = KINDS["mos"].summary(rows)["means"]["ours"]
    assert own["mean"] == pytest.approx(scores.mean())
    assert own["interval"] == pytest.approx(stats.mean_intervals(scores.mean(1, keepdims=True))[0])
