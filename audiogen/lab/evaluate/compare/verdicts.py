"""Who is better: at equal network evaluations, and each at its best. Ties are called ties.

Where a contender has several cells within one budget, its best stands for it; that choice is made on the same
samples, so a small part of any lead is luck.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from audiogen.lab.evaluate.scores import Measure, Score, in_words, ranking


@dataclass(frozen=True, eq=False)
class Entry:
    """A cell in the eyes of the verdicts: who, how many evaluations, and its score by one measure."""

    name: str
    contender: str
    evaluations: float
    score: Score


@dataclass(frozen=True)
class Verdict:
    """An order of cells, the best first; names in one group are tied.

    Attributes:
        evaluations: the budget, or None: each at its best.
    """

    evaluations: int | None
    groups: list[list[str]]

    def __str__(self) -> str:
        return in_words(self.groups)


def best(entries: Sequence[Entry], measure: Measure) -> Entry:
    """The best score; of equal ones that with fewest evaluations, then the first by name."""
    sign = -1 if measure.higher_is_better else 1
    return min(entries, key=lambda e: (sign * e.score.value, e.evaluations, e.name))


def cheapest_tied(entries: Sequence[Entry], measure: Measure) -> Entry:
    """The one with fewest evaluations that is tied with the best."""
    top = best(entries, measure)
    tied = [e for e in entries if e.score.tied(top.score)]
    return min(tied, key=lambda e: (e.evaluations, e.name))


def at_equal_evaluations(entries: Sequence[Entry], measure: Measure) -> list[Verdict]:
    """For every number of evaluations that two contenders or more have: the best cell of each, in order."""
    found = []
    for budget in sorted({round(e.evaluations) for e in entries}):
        within = [e for e in entries if round(e.evaluations) == budget]
        names = list(dict.fromkeys(e.contender for e in within))
        if len(names) > 1:
            chosen = [best([e for e in within if e.contender == n], measure) for n in names]
            found.append(Verdict(budget, ranking({e.name: e.score for e in chosen}, measure)))
    return found


def at_its_best(entries: Sequence[Entry], measure: Measure) -> Verdict:
    """The best cell of every contender, in order."""
    names = list(dict.fromkeys(e.contender for e in entries))
    chosen = [best([e for e in entries if e.contender == n], measure) for n in names]
    return Verdict(None, ranking({e.name: e.score for e in chosen}, measure))
