"""The report of all kinds whose answers are numbers for systems: MUSHRA, opinion scores, ranks, "shows".

The mean of a system is over raters, each counting once. Below six raters they are too few to speak for
others: then every piece of every rater counts by itself, and the report says that it holds for these raters
only.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from itertools import combinations
from statistics import median

import numpy as np

from audiogen.listen import plot, stats
from audiogen.listen.kind import Kind
from audiogen.listen.stats import many, number
from audiogen.listen.trials import Row


class ScoreKind(Kind):
    """A kind whose answers are numbers.

    Attributes:
        scale: the worst and the best; a best of 0: ranks, of which the worst is the number of systems.
    """

    scale: tuple[float, float] = (0, 100)

    @abstractmethod
    def scores(self, row: Row) -> dict[str, float]:
        """What the answer gives each system."""

    def compared(self, systems: Sequence[str]) -> list[str]:
        """Those that are tested against each other: all that are judged."""
        return list(systems)

    def summary(self, rows: Sequence[Row]) -> Row:
        scored = [(row, self.scores(row)) for row in rows]
        systems = _systems(scored)
        ranks = self.scale[1] < self.scale[0]
        scale = [1, len(systems)] if ranks else list(self.scale)
        raters = sorted({row["rater"] for row in rows})
        by_rater = len(raters) >= stats.FEWEST_RATERS
        cells = _cells(scored, systems)
        matrix = _by_rater(cells) if by_rater else np.array(list(cells.values()))
        between = stats.mean_intervals(matrix)
        compared = self.compared(systems)
        tested = matrix[:, [systems.index(name) for name in compared]]
        all_scores = np.array([[own.get(name, np.nan) for name in systems] for _, own in scored])
        result: Row = {
            "systems": systems,
            "scale": scale,
            "lower_is_better": ranks,
            "interval_over": "raters" if by_rater else "answers",
            "units": len(matrix),
            "means": {
                name: {
                    "mean": float(np.nanmean(matrix[:, k])),
                    "interval": between[k],
                    "quartiles": [float(x) for x in np.nanpercentile(all_scores[:, k], [25, 50, 75])],
                    "answers": int(np.isfinite(all_scores[:, k]).sum()),
                }
                for k, name in enumerate(systems)
            },
            "compared": compared,
            "friedman_p": stats.friedman_p(tested),
            "pairs": _pairs(tested, compared),
            "by_rater": _table(cells, systems, 0),
            "by_item": _table(cells, systems, 1),
            "agreement": _agreement(cells),
            "consistency": _consistency(scored),
        }
        result["conclusion"] = _conclusion(result)
        return result

    def words(self, summary: Row) -> list[str]:
        over = f"95 % intervals over {many(summary['units'], summary['interval_over'][:-1])}"
        lines = [f"scale {summary['scale'][0]:g} to {summary['scale'][1]:g}; {over}", ""]
        for name, own in _best_first(summary):
            low, half, high = own["quartiles"]
            between = "" if own["interval"] is None else "  ({:.2f} to {:.2f})".format(*own["interval"])
            lines.append(
                f"{own['mean']:>8.2f}{between}  median {half:g}, quartiles {low:g} to {high:g}  {name}"
            )
        lines += ["", summary["conclusion"], ""]
        for pair in summary["pairs"]:
            p = f"p = {number(pair['p'])}, Holm {number(pair['p_holm'])}"
            lines.append(
                f"{pair['difference']:>+8.2f}  {p}  {pair['systems'][0]} against {pair['systems'][1]}"
            )
        if summary["friedman_p"] is not None:
            lines.append(f"all alike (Friedman): p = {number(summary['friedman_p'])}")
        lines += _reliability(summary)
        for what in ("rater", "item"):
            lines += ["", "  ".join(f"{name:>9.9}" for name in summary["systems"]) + f"  {what}"]
            for row in summary[f"by_{what}"]:
                cells = ("-" if x is None else f"{x:.2f}" for x in row["means"].values())
                lines.append("  ".join(f"{cell:>9}" for cell in cells) + f"  {row[what]}")
        return lines

    def plots(self, summary: Row) -> list[str]:
        rows = [(name, own["mean"], own["interval"], own["quartiles"]) for name, own in _best_first(summary)]
        return [plot.intervals("mean, interval and quartiles", rows, *summary["scale"])]


Scored = Sequence[tuple[Row, dict[str, float]]]
Cells = dict[tuple[str, str], np.ndarray]  # (rater, item) -> mean score per system, NaN where not judged


def _systems(scored: Scored) -> list[str]:
    """In the order that they were named, then what the kind added."""
    named = [name for row, _ in scored for name in row.get("systems") or []]
    found = {name for _, own in scored for name in own}
    return [name for name in dict.fromkeys([*named, *sorted(found)]) if name in found]


def _cells(scored: Scored, systems: Sequence[str]) -> Cells:
    """The mean over repeats of every rater's scores of every item."""
    heard: dict[tuple[str, str], list[list[list[float]]]] = {}
    for row, own in scored:
        cell = heard.setdefault((row["rater"], row["item"]), [[[] for _ in systems]])[0]
        for name, score in own.items():
            cell[systems.index(name)].append(score)
    return {
        key: np.array([np.mean(values) if values else np.nan for values in cell])
        for key, (cell,) in heard.items()
    }


def _means(rows: Sequence[np.ndarray]) -> np.ndarray:
    """Of columns, without those not judged."""
    matrix = np.array(rows)
    judged = ~np.isnan(matrix)
    return np.divide(
        np.nan_to_num(matrix).sum(0), judged.sum(0), np.full(matrix.shape[1], np.nan), where=judged.any(0)
    )


def _by_rater(cells: Cells) -> np.ndarray:
    raters = dict.fromkeys(rater for rater, _ in cells)
    return np.array([_means([own for (rater, _), own in cells.items() if rater == name]) for name in raters])


def _pairs(matrix: np.ndarray, systems: Sequence[str]) -> list[Row]:
    """Wilcoxon's signed-rank test of every pair over the units, with Holm's correction."""
    found = []
    for a, b in combinations(range(len(systems)), 2):
        differences = matrix[:, a] - matrix[:, b]
        differences = differences[np.isfinite(differences)]
        if len(differences):
            row: Row = {"systems": [systems[a], systems[b]], "difference": float(differences.mean())}
            found.append(row | {"units": len(differences), "p": stats.wilcoxon_p(differences)})
    for row, p in zip(found, stats.holm([row["p"] for row in found]), strict=True):
        row["p_holm"] = p
    return found


def _table(cells: Cells, systems: Sequence[str], part: int) -> list[Row]:
    """Means per rater (part 0) or item (part 1)."""
    what = ("rater", "item")[part]
    found = []
    for name in sorted({key[part] for key in cells}):
        means = _means([own for key, own in cells.items() if key[part] == name])
        shown = [None if np.isnan(x) else float(x) for x in means]
        found.append({what: name, "means": dict(zip(systems, shown, strict=True))})
    return found


def _agreement(cells: Cells) -> dict[str, float | None]:
    """Of every rater: the correlation of the scores with the mean scores of the other raters."""
    raters = dict.fromkeys(rater for rater, _ in cells)
    found: dict[str, float | None] = {}
    for name in raters:
        own, others = [], []
        for (rater, item), scores in cells.items():
            rest = [row for (r, i), row in cells.items() if r != rater and i == item]
            if rater == name and rest:
                own.append(scores)
                others.append(_means(rest))
        found[name] = _correlation(np.ravel(own), np.ravel(others)) if own else None
    return found


def _consistency(scored: Scored) -> dict[str, Row]:
    """Of every rater who was asked something twice: how far the scores lie apart, and how they correlate."""
    answers: dict[tuple[str, str, str], list[float]] = {}
    for row, own in scored:
        for system, score in own.items():
            answers.setdefault((row["rater"], row["item"], system), []).append(score)
    found: dict[str, Row] = {}
    for name in dict.fromkeys(rater for rater, *_ in answers):
        twice = [given[:2] for (rater, *_), given in answers.items() if rater == name and len(given) > 1]
        if twice:
            first, second = np.array(twice).T
            apart = float(np.abs(first - second).mean())
            found[name] = {"pairs": len(twice), "apart": apart, "correlation": _correlation(first, second)}
    return found


def _correlation(x: np.ndarray, y: np.ndarray) -> float | None:
    """Pearson's; None where one does not vary."""
    both = np.isfinite(x) & np.isfinite(y)
    x, y = x[both], y[both]
    return float(np.corrcoef(x, y)[0, 1]) if len(x) > 2 and np.ptp(x) and np.ptp(y) else None


def _best_first(summary: Row) -> list[tuple[str, Row]]:
    sign = 1 if summary["lower_is_better"] else -1
    return sorted(summary["means"].items(), key=lambda pair: sign * pair[1]["mean"])


def _conclusion(result: Row) -> str:
    best = next(name for name, _ in _best_first(result) if name in result["compared"])
    others = [pair for pair in result["pairs"] if best in pair["systems"]]
    shown = [pair for pair in others if pair["p_holm"] < stats.LEVEL]
    beaten = [next(name for name in pair["systems"] if name != best) for pair in shown]
    few = f" This holds for these raters only; fewer than {stats.FEWEST_RATERS} say nothing of others."
    only = "" if result["interval_over"] == "raters" else few
    if not others:
        return f"One system, {best}: there is nothing to compare it with.{only}"
    if len(shown) == len(others):
        return f"{best} is shown to be better than {_and(beaten)} (Wilcoxon, Holm).{only}"
    open_ = _and([name for p in others if p not in shown for name in p["systems"] if name != best])
    found = (
        f"{best} is shown to be better than {_and(beaten)} but not"
        if beaten
        else f"{best} is not shown to be better"
    )
    n = min(pair["units"] for pair in others)
    least = 2 * 0.5**n * len(result["pairs"])  # the smallest p of Wilcoxon's test, times Holm's first factor
    judged = many(n, result["interval_over"][:-1])
    small = (
        f" n too small: with {judged} and {many(len(result['pairs']), 'pair')} "
        f"the smallest p possible is {number(min(1.0, least))}."
        if least >= stats.LEVEL
        else ""
    )
    return f"{found} than {open_}; that does not show that they are equal.{small}{only}"


def _reliability(summary: Row) -> list[str]:
    lines = []
    known = {name: r for name, r in summary["agreement"].items() if r is not None}
    if known:
        lines.append(f"agreement with the other raters (median correlation): {median(known.values()):.2f}")
        low = [f"{name} {r:.2f}" for name, r in known.items() if r < 0]
        if low:
            lines.append(f"against the others: {', '.join(low)}")
    for name, own in summary["consistency"].items():
        r = "" if own["correlation"] is None else f", correlation {own['correlation']:.2f}"
        lines.append(
            f"{name}, asked twice: {own['apart']:.2f} apart on average{r} ({many(own['pairs'], 'score')})"
        )
    return lines


def _and(names: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), *names[-1:]]))
