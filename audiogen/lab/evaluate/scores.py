"""A figure and what it would have been with other samples: intervals, and which differences are none.

Every figure of a comparison comes with the same bootstrap draws of the same items, so that the difference
of two has an interval of its own (paired bootstrap), narrower than those of the figures. Of sounds or
pictures alike.
Source: Efron and Tibshirani, An Introduction to the Bootstrap (1993).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from audiogen.lab.evaluate.bootstrap import COVERS, Estimate

DRAWS = 400
ENDS = ((1 - COVERS) / 2, (1 + COVERS) / 2)


@dataclass(frozen=True, eq=False)
class Score:
    """A figure and its values over bootstrap draws, float64 [draws].

    Resampling biases some figures (a Frechet distance rises, as if there were fewer samples); the interval is
    that of the draws around their mean, laid around the figure, as far as a figure can be there.

    Attributes:
        least, most: that the figure can be.
    """

    value: float
    draws: np.ndarray
    least: float = -np.inf
    most: float = np.inf

    @property
    def interval(self) -> tuple[float, float]:
        ends = self.value + np.quantile(self.draws - self.draws.mean(), ENDS)
        low, high = np.clip(ends, self.least, self.most)
        return float(low), float(high)

    def minus(self, other: Score) -> Score:
        """The difference, draw by draw; both must come from the same draws."""
        return Score(self.value - other.value, self.draws - other.draws)

    def tied(self, other: Score) -> bool:
        """Whether the interval of the difference holds 0."""
        low, high = self.minus(other).interval
        return low <= 0 <= high

    def estimate(self, count: int) -> Estimate:
        return Estimate(self.value, *self.interval, count)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{self.value:.3g} [{low:.3g}, {high:.3g}]"


@dataclass(frozen=True)
class Measure:
    """What a figure is called, and whether more of it is better."""

    name: str
    title: str
    higher_is_better: bool = False


def draws_of(count: int, draws: int = DRAWS, seed: int = 0) -> np.ndarray:
    """How often each of `count` items is drawn, int [draws, count]; at least three different ones a draw."""
    rng = np.random.default_rng(seed)
    weights = rng.multinomial(count, np.full(count, 1 / count), size=draws)
    while (poor := np.flatnonzero((weights > 0).sum(1) < min(3, count))).size:
        weights[poor] = rng.multinomial(count, np.full(count, 1 / count), size=len(poor))
    return weights


def mean_score(values: Sequence[float] | np.ndarray, weights: np.ndarray) -> Score:
    """The mean of one value per item [N], with draws [B, N]; it lies among the values."""
    array = np.asarray(values, float)
    mean = float(array.mean())
    return Score(mean, weights @ array / weights.sum(1), min(mean, array.min()), max(mean, array.max()))


def drawn_score(figure: Callable[..., float], weights: np.ndarray, least: float = -np.inf) -> Score:
    """A figure of all items, `figure(None)`, and of each draw, `figure(weights)`; least: that it can be."""
    return Score(figure(None), np.array([figure(row) for row in weights]), least)


def ranking(scores: dict[str, Score], measure: Measure) -> list[list[str]]:
    """Names from best to worst; a name joins the group before if it is tied with the first of that group."""
    sign = -1 if measure.higher_is_better else 1
    groups: list[list[str]] = []
    for name in sorted(scores, key=lambda n: sign * scores[n].value):
        if groups and scores[groups[-1][0]].tied(scores[name]):
            groups[-1].append(name)
        else:
            groups.append([name])
    return groups


def in_words(groups: list[list[str]]) -> str:
    """ "A = B < C": the best first, ties joined by =."""
    return " < ".join(" = ".join(group) for group in groups)
