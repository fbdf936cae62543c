"""Intervals: they cover, they widen with grouped values, and order is judged by them."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.lab.evaluate.bootstrap import Estimate, ascending, estimate, share


def test_the_interval_of_a_mean_is_the_known_one(rng):
    values = rng.normal(5, 2, 400)
    found = estimate(values, np.mean)
    half = 1.96 * values.std() / 20
    assert found.value == pytest.approx(values.mean()) and found.n == 400
    assert found.low == pytest.approx(values.mean() - half, abs=0.03)
    assert found.high == pytest.approx(values.mean() + half, abs=0.03)


def test_values_of_one_piece_count_as_one(rng):
    """Forty copies of ten values say no more than the ten."""
    ten = rng.normal(size=10)
    groups = [f"piece {i % 10}" for i in range(400)]
    alone, together = estimate(ten, np.mean), estimate(np.tile(ten, 40), np.mean, groups)
    naive = estimate(np.tile(ten, 40), np.mean)
    assert together.high - together.low == pytest.approx(alone.high - alone.low, rel=0.1)
    assert naive.high - naive.low < 0.3 * (together.high - together.low)


def test_missing_values_are_left_out():
    assert estimate([1.0, np.nan, 3.0]).n == 2
    empty = estimate([np.nan])
    assert empty.n == 0 and np.isnan(empty.value) and np.isnan(empty.high)


def test_a_share_stays_between_0_and_1():
    found = share([True] * 15 + [False])
    assert found.value == pytest.approx(15 / 16) and 0 <= found.low < found.value <= found.high <= 1
    assert found.percent().startswith("94% [")


def test_ascending_needs_gaps_between_intervals():
    low, middle, high = (Estimate(v, v - 1, v + 1, 9) for v in (1.0, 4.0, 7.0))
    touching = Estimate(5.0, 3.5, 6.0, 9)
    assert ascending([low, middle, high])
    assert not ascending([low, middle, touching]) and not ascending([high, middle])
    assert not ascending([low, estimate([np.nan])])


def test_the_same_values_give_the_same_interval():
    values, groups = list(range(12)), list("aabbccddeeff")
    assert estimate(values, np.median, groups) == estimate(values, np.median, groups)
