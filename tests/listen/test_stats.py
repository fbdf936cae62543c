"""The statistics against figures worked out by hand, scipy, and published tables."""

from __future__ import annotations

from itertools import product
from math import comb

import numpy as np
import pytest
from scipy import stats as scipy_stats

from audiogen.listen import stats


def test_exact_binomials():
    assert stats.binomial_p(12, 16) == pytest.approx(0.0768, abs=1e-4)  # 2 (1820+560+120+16+1) / 2^16
    one_sided = {(9, 10): 0.011, (10, 12): 0.019, (12, 16): 0.038, (14, 20): 0.058, (15, 20): 0.021}
    for (k, n), p in one_sided.items():
        assert stats.binomial_p(k, n, "greater") == pytest.approx(p, abs=5e-4)
    assert [stats.fewest_right(n) for n in (4, 5, 10, 16, 20)] == [None, 5, 9, 12, 15]
    assert stats.share(0, 0) == {"count": 0, "of": 0, "share": None, "interval": None}


def test_power_is_the_sum_of_what_suffices():
    by_hand = sum(comb(16, k) * 0.75**k * 0.25 ** (16 - k) for k in range(12, 17))
    assert stats.binomial_power(0.75, 16, 12) == pytest.approx(by_hand)


def test_answers_needed_reach_the_power_and_fewer_do_not():
    for share in (0.6, 0.75, 0.9):
        found = stats.answers_needed(share)
        assert found is not None

        def power(n, share=share):
            wins = [k for k in range(n + 1) if stats.binomial_p(k, n) < stats.LEVEL and k > n / 2]
            return scipy_stats.binom.sf(min(wins) - 1, n, share) if wins else 0.0

        assert power(found) >= stats.POWER > power(found - 1)
    assert stats.answers_needed(0.5) is None
    assert stats.answers_needed(0.25) == stats.answers_needed(0.75)


def test_holm():
    # Holm 1979: sorted p times 3, 2, 1, never falling, never above 1
    assert stats.holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert stats.holm([0.5, 0.9]) == pytest.approx([1.0, 1.0])
    assert stats.holm([]) == []


def test_d_prime_of_abx_is_that_of_an_observer_who_takes_the_nearer_one():
    rng = np.random.default_rng(0)
    for d in (0.5, 1.0, 2.0, 3.0):
        a, b, x = rng.standard_normal((3, 200_000)) + np.array([[0], [d], [0]])  # X is A
        assert stats.d_prime_abx(np.mean(np.abs(x - a) < np.abs(x - b))) == pytest.approx(d, abs=0.05)
    assert stats.d_prime_abx(0.5) == stats.d_prime_abx(0.3) == 0
    assert stats.d_prime_abx(1.0) is None


@pytest.mark.parametrize(
    "differences", [[1.0, 2, 3, 4, 5, -0.5], [1.0, 1, -1, 2, 2, 2, 0, -3], [1.0, 1, 1, 1]]
)
def test_wilcoxon_is_exact_with_ties_too(differences):
    differences = np.array(differences)
    moved = differences[differences != 0]
    ranks = scipy_stats.rankdata(np.abs(moved))
    low = min(ranks[moved > 0].sum(), ranks[moved < 0].sum())
    choices = product((0, 1), repeat=len(moved))
    sums = [sum(r for r, s in zip(ranks, signs, strict=True) if s) for signs in choices]
    assert stats.wilcoxon_p(differences) == pytest.approx(2 * np.mean([total <= low for total in sums]))


def test_wilcoxon_is_scipys_without_ties_and_for_many():
    rng = np.random.default_rng(2)
    for count in (15, 80):
        differences = rng.standard_normal(count) + 0.3
        wanted = scipy_stats.wilcoxon(differences, method="exact" if count == 15 else "auto").pvalue
        assert stats.wilcoxon_p(differences) == pytest.approx(wanted)
    assert stats.wilcoxon_p(np.zeros(4)) == 1.0


def test_friedman_leaves_out_who_did_not_judge_all():
    matrix = np.array([[1.0, 2, 3], [1, 3, 2], [1, 2, 3], [2, 1, 3]])
    wanted = scipy_stats.friedmanchisquare(*matrix.T).pvalue
    assert stats.friedman_p(np.vstack([matrix, [1, np.nan, 2]])) == pytest.approx(wanted)
    assert stats.friedman_p(matrix[:, :2]) is None
    assert stats.friedman_p(np.ones((4, 3))) is None


def test_intervals_are_scipys_bootstrap_and_reach_as_far_as_t():
    values = np.random.default_rng(1).gamma(4, 5, 20)
    (found,) = stats.mean_intervals(values[:, None])
    tail = scipy_stats.norm.cdf(np.sqrt(20 / 19) * scipy_stats.t.ppf(0.025, 19))
    theirs = scipy_stats.bootstrap(
        (values,), np.mean, confidence_level=1 - 2 * tail, n_resamples=20_000, method="percentile", rng=2
    ).confidence_interval
    spread = theirs.high - theirs.low
    assert found == pytest.approx([theirs.low, theirs.high], abs=0.05 * spread)
    student = scipy_stats.t.interval(0.95, 19, values.mean(), scipy_stats.sem(values))
    assert spread == pytest.approx(student[1] - student[0], rel=0.1)
    assert stats.mean_intervals(values[:1, None]) == [None]


def test_what_a_unit_did_not_judge_does_not_count():
    matrix = np.array([[1.0, 5], [2, np.nan], [3, 5], [np.nan, 5]])
    ours, fives = stats.mean_intervals(matrix)
    assert ours[0] >= 1 and ours[1] <= 3
    assert fives == [5, 5]


def test_bradley_terry_is_the_likeliest():
    rng = np.random.default_rng(3)
    truth = np.array([1.0, 0.2, -1.2])
    met = np.array([[0, 40, 30], [40, 0, 50], [30, 50, 0]])
    chance = 1 / (1 + np.exp(truth[None] - truth[:, None]))
    wins = np.triu(rng.binomial(met, chance), 1).astype(float)
    wins += np.tril(met - wins.T, -1)

    def likelihood(strengths):
        log_chance = -np.log1p(np.exp(strengths[None] - strengths[:, None]))
        return (((wins + 0.5) * log_chance)[~np.eye(3, dtype=bool)]).sum()

    found = stats.bradley_terry(wins)
    assert found.sum() == pytest.approx(0, abs=1e-9)
    for nudge in np.eye(3):
        for size in (0.01, -0.01):
            assert likelihood(found) > likelihood(found + size * nudge)


def test_two_systems_are_the_log_odds_with_half_a_win_each():
    wins = np.array([[0, 9.0], [1, 0]])
    assert np.diff(stats.bradley_terry(wins)) == pytest.approx(-np.log(9.5 / 1.5))
    assert np.isfinite(stats.bradley_terry(np.array([[0, 9.0], [0, 0]]))).all()


def test_many_tables_at_once_are_each_alone():
    wins = np.random.default_rng(5).integers(0, 9, (7, 4, 4)).astype(float)
    wins *= 1 - np.eye(4)
    together = stats.bradley_terry(wins)
    for table, strengths in zip(wins, together, strict=True):
        assert strengths == pytest.approx(stats.bradley_terry(table), abs=1e-6)
