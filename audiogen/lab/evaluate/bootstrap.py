"""Percentile bootstrap: how far a median or a share could be off, having seen so few pieces.

Excerpts of one piece resemble each other, so `groups` are drawn as a whole.
Source: Efron, Bootstrap methods, Annals of Statistics 7 (1979).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

DRAWS = 2000
COVERS = 0.95


@dataclass(frozen=True)
class Estimate:
    """A statistic with its 95 % interval: value, low, high; n values behind it."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        return f"{self.value:.3g} [{self.low:.3g}, {self.high:.3g}]"

    def percent(self) -> str:
        """As percentages, for shares."""
        return f"{self.value:.0%} [{self.low:.0%}, {self.high:.0%}]"


def estimate(
    values: Sequence[float] | np.ndarray,
    statistic: Callable[..., np.ndarray] = np.median,
    groups: Sequence[str] | None = None,
    seed: int = 0,
) -> Estimate:
    """A statistic of finite values and its percentile-bootstrap interval.

    Args:
        values: [N]; NaN is left out.
        statistic: `np.median` or `np.mean`, or any that takes an `axis`.
        groups: [N] labels; values of one label are drawn together. None: every value by itself.
    Returns: NaN throughout where there is no value.
    """
    array = np.asarray(values, float)
    finite = np.isfinite(array)
    labels = np.arange(len(array)) if groups is None else np.unique(list(groups), return_inverse=True)[1]
    array, labels = array[finite], labels[finite]
    if not len(array):
        return Estimate(np.nan, np.nan, np.nan, 0)
    rng = np.random.default_rng(seed)
    if groups is None:
        drawn = statistic(array[rng.integers(0, len(array), (DRAWS, len(array)))], axis=1)
    else:
        rows = [array[labels == label] for label in np.unique(labels)]
        picks = rng.integers(0, len(rows), (DRAWS, len(rows)))
        drawn = np.array([statistic(np.concatenate([rows[i] for i in pick])) for pick in picks])
    low, high = np.quantile(drawn, [(1 - COVERS) / 2, (1 + COVERS) / 2])
    return Estimate(float(statistic(array)), float(low), float(high), len(array))


def share(hits: Sequence[float] | np.ndarray, groups: Sequence[str] | None = None, seed: int = 0) -> Estimate:
    """A share of hits, 0..1, with its interval."""
    return estimate(np.asarray(hits, float), np.mean, groups, seed)


def ascending(estimates: Sequence[Estimate]) -> bool:
    """Values in rising order with intervals that do not touch."""
    pairs = zip(estimates[:-1], estimates[1:], strict=True)
    return all(a.high < b.low for a, b in pairs)
