"""The statistics of all reports: exact binomials, intervals by rater, Wilcoxon with Holm, Bradley-Terry, d'.

scipy does the tests; intervals come from resampling whole raters, for answers of one person resemble each
other and the question is what other people would say.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

LEVEL = 0.05
POWER = 0.8
FEWEST_RATERS = 6  # below, raters are too few to speak for others: answers are resampled, and it is said
DRAWS = 2000
_LARGEST_D = 6.0
_EXACT = 50
_ROUNDS, _CLOSE, _RIDGE = 100, 1e-7, 1e-9  # of Newton's method


def binomial_p(wins: int, of: int, alternative: str = "two-sided") -> float:
    """Exact binomial p against one half."""
    from scipy.stats import binomtest

    return float(binomtest(wins, of, alternative=alternative).pvalue)


def share(count: int, of: int) -> dict[str, Any]:
    """Count, share and its 95 % interval (Clopper and Pearson 1934); None for both of nothing."""
    from scipy.stats import binomtest

    if not of:
        return {"count": count, "of": 0, "share": None, "interval": None}
    between = binomtest(count, of).proportion_ci(1 - LEVEL, "exact")
    return {
        "count": count,
        "of": of,
        "share": count / of,
        "interval": [float(between.low), float(between.high)],
    }


def fewest_right(of: int, alternative: str = "greater") -> int | None:
    """The smallest count whose p is below 0.05; None where even all are not enough."""
    return next((k for k in range(of // 2, of + 1) if binomial_p(k, of, alternative) < LEVEL), None)


def binomial_power(probability: float, of: int, needed: int) -> float:
    """How probable it is to reach the needed count."""
    from scipy.stats import binom

    return float(binom.sf(needed - 1, of, probability))


def answers_needed(probability: float, most: int = 2000) -> int | None:
    """How many answers show a preference of this size with a power of 0.8; None: more than `most`."""
    from scipy.stats import binom

    probability = max(probability, 1 - probability)
    counts = np.arange(1, most + 1)
    # the fewest wins that a two-sided test at 0.05 takes
    needed = binom.isf(LEVEL / 2, counts, 0.5) + 1
    enough = binom.sf(needed - 1, counts, probability) >= POWER
    # power is a saw-tooth: what counts is the number from which it stays above
    last = np.flatnonzero(~enough)
    first = int(counts[last[-1]]) + 1 if len(last) else 1
    return first if first <= most else None


def holm(ps: Sequence[float]) -> list[float]:
    """Adjusted p-values, in the order given (Holm 1979)."""
    order = np.argsort(ps)
    steps = np.maximum.accumulate(np.asarray(ps, float)[order] * np.arange(len(ps), 0, -1))
    adjusted = np.empty(len(ps))
    adjusted[order] = np.minimum(steps, 1)
    return [float(p) for p in adjusted]


def d_prime_abx(correct: float) -> float | None:
    """d' of a share of right ABX answers, differencing model; 0 at or below one half, None beyond 6.

    p = F(d/sqrt 2) F(d/sqrt 6) + F(-d/sqrt 2) F(-d/sqrt 6), F the normal distribution.
    Source: Macmillan and Creelman, Detection Theory, 2nd edition, chapter 9.
    """
    from scipy.optimize import brentq
    from scipy.stats import norm

    def excess(d: float) -> float:
        a, b = norm.cdf(d / np.sqrt(2)), norm.cdf(d / np.sqrt(6))
        return float(a * b + (1 - a) * (1 - b) - correct)

    if correct <= 0.5:
        return 0.0
    return None if excess(_LARGEST_D) < 0 else float(brentq(excess, 0, _LARGEST_D))


@lru_cache(maxsize=8)
def weights(count: int) -> np.ndarray:
    """How often each of `count` units is drawn in each bootstrap sample, [DRAWS, count]; always the same."""
    rng = np.random.default_rng(0)
    return rng.multinomial(count, np.full(count, 1 / count), DRAWS).astype(float)


def interval(drawn: np.ndarray, count: int) -> np.ndarray:
    """The 95 % interval of bootstrap values [DRAWS, ...] of `count` units, [2, ...].

    Percentiles, expanded for few units so that they reach as far as Student's t would.
    Source: Hesterberg 2015, What teachers should know about the bootstrap, section 5.3.
    """
    from scipy.stats import norm, t

    tail = norm.cdf(np.sqrt(count / (count - 1)) * t.ppf(LEVEL / 2, count - 1))
    return np.quantile(drawn, [tail, 1 - tail], axis=0)


def ratio_intervals(numerators: np.ndarray, denominators: np.ndarray) -> list[list[float] | None]:
    """Intervals of sum(numerators) / sum(denominators) over units, for every column of [units, K].

    None where there are fewer than two units.
    """
    count = len(numerators)
    if count < 2:
        return [None] * numerators.shape[1]
    drawn = weights(count)
    with np.errstate(invalid="ignore", divide="ignore"):
        values = (drawn @ numerators) / (drawn @ denominators)
    return [_finite_interval(column, count) for column in values.T]


def mean_intervals(matrix: np.ndarray) -> list[list[float] | None]:
    """Intervals of the means of columns over units [units, K]; NaN: not judged by this unit."""
    judged = ~np.isnan(matrix)
    return ratio_intervals(np.nan_to_num(matrix), judged.astype(float))


def wilcoxon_p(differences: np.ndarray) -> float:
    """Two-sided Wilcoxon signed-rank p of paired differences; 1 where none differs.

    Exact, with mid-ranks for ties, up to 50 that differ: scipy is exact without ties alone, and scores on a
    scale of five steps are full of them. Beyond, scipy's normal approximation.
    """
    from scipy.stats import rankdata, wilcoxon

    moved = differences[differences != 0]
    if len(moved) > _EXACT:
        return float(wilcoxon(moved).pvalue)
    ranks = np.round(2 * rankdata(np.abs(moved))).astype(int)  # doubled, so that mid-ranks are whole
    ways = np.zeros(ranks.sum() + 1)  # how many choices of signs give each sum of the positive ranks
    ways[0] = 1
    for rank in ranks:
        ways[rank:] += ways[:-rank].copy()
    found = ranks[moved > 0].sum()
    tail = min(ways[: found + 1].sum(), ways[found:].sum()) / 2.0 ** len(moved)
    return float(min(1.0, 2 * tail))


def friedman_p(matrix: np.ndarray) -> float | None:
    """Friedman's p over units that judged all columns; None for fewer than three columns or units."""
    from scipy.stats import friedmanchisquare

    whole = matrix[~np.isnan(matrix).any(1)]
    if len(whole) < 3 or whole.shape[1] < 3 or np.ptp(whole, axis=1).max() == 0:
        return None
    return float(friedmanchisquare(*whole.T).pvalue)


def bradley_terry(wins: np.ndarray) -> np.ndarray:
    """Strengths, natural logarithms with mean 0, of wins [..., K, K]: row against column, a tie half to each.

    P(i beats j) = 1 / (1 + exp(s_j - s_i)). Half a win is added to both sides of every pair that was
    compared: strengths stay finite where one never loses, and for two systems it is Firth's correction of
    their bias. Sources: Bradley and Terry 1952; Firth 1993, Bias reduction of maximum likelihood estimates.
    """
    count = wins.shape[-1]
    compared = (wins + np.swapaxes(wins, -1, -2)) > 0
    wins = wins + 0.5 * compared
    met = wins + np.swapaxes(wins, -1, -2)
    fixed = np.ones((count, count)) + _RIDGE * np.eye(
        count
    )  # the mean stays 0; systems that never met are left
    strengths = np.zeros(wins.shape[:-1])
    for _ in range(_ROUNDS):
        chance = 1 / (1 + np.exp(strengths[..., None, :] - strengths[..., :, None]))
        slope = (wins - met * chance).sum(-1)
        bend = met * chance * (1 - chance)
        curvature = np.eye(count) * bend.sum(-1)[..., None] - bend + fixed
        step = np.clip(np.linalg.solve(curvature, slope[..., None])[..., 0], -1, 1)
        strengths = strengths + step
        if np.abs(step).max() < _CLOSE:
            break
    return strengths - strengths.mean(-1, keepdims=True)


def bradley_terry_intervals(wins: np.ndarray) -> list[list[float] | None]:
    """Intervals of the strengths over units; wins [units, K, K]."""
    count = len(wins)
    if count < 2:
        return [None] * wins.shape[1]
    drawn = np.tensordot(weights(count), wins, 1)
    whole = drawn[
        (drawn.sum(1) + drawn.sum(2) > 0).all(1)
    ]  # a sample without one of the systems says nothing
    return [_finite_interval(column, count) for column in bradley_terry(whole).T]


def number(p: float) -> str:
    """A p-value with two digits that mean something."""
    return f"{p:.2f}" if p >= 0.1 else f"{p:.2g}"


def percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _finite_interval(column: np.ndarray, count: int) -> list[float] | None:
    finite = column[np.isfinite(column)]
    return [float(x) for x in interval(finite, count)] if len(finite) else None
