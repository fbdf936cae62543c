"""What A/B answers show: counts, exact binomial tests, intervals, and a sentence that claims no more.

The test is the sign test: answers without preference are counted and left out, and p is the two-sided exact
binomial probability of a split at least as uneven if both were equally good. Its intervals are Clopper and
Pearson's. It takes every answer as independent, so the interval over raters stands beside it. Of more than
two systems the strengths of Bradley and Terry come from all pairs together, a tie half to each.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import combinations

import numpy as np

from audiogen.listen import stats
from audiogen.listen.stats import many, number, percent
from audiogen.listen.trials import Row

NO_PREFERENCE = "none"
_FEWEST = 6  # so many one-sided answers are needed before p can fall below 0.05


def summary(rows: Sequence[Row]) -> Row:
    """Numbers about the answers of one comparison; `rows` are valid and of one question."""
    systems = systems_of(rows)
    sides = Counter(row["answer"] for row in rows)
    decided = sides["A"] + sides["B"]
    result: Row = {
        "systems": systems,
        "first_side": stats.share(sides["A"], decided) | {"p": _p(sides["A"], decided)},
        "by_rater": _table(rows, "rater", systems),
        "by_item": _table(rows, "item", systems),
        "consistency": _consistency(rows),
    }
    if len(systems) == 2:
        return result | _pair(rows, systems) | {"caution": _caution(rows)}
    return result | _all_pairs(rows, systems)


def systems_of(rows: Sequence[Row]) -> list[str]:
    """As the folders were named, where the rows say so."""
    heard = {s["system"] for row in rows for s in row["stimuli"]}
    named = dict.fromkeys(name for row in rows for name in row.get("systems") or [])
    return [name for name in named if name in heard] + sorted(heard - set(named))


def preferred(row: Row) -> str:
    """The system behind the answer, or "none"."""
    return next((s["system"] for s in row["stimuli"] if s["label"] == row["answer"]), NO_PREFERENCE)


def words(result: Row) -> list[str]:
    """The summary as lines for people."""
    systems = result["systems"]
    lines = _words_of_all(result) if "strength" in result else _words_of_two(result)
    lines += ["", _side_words(result["first_side"])]
    if result["consistency"]["of"]:
        own = result["consistency"]
        lines.append(f"asked twice, answered alike: {own['count']} of {own['of']} ({percent(own['share'])})")
    for what in ("rater", "item"):
        lines += ["", _row_words((*systems, "none"), what)]
        for row in result[f"by_{what}"]:
            cells = [row["preferred"][name] for name in (*systems, NO_PREFERENCE)]
            lines.append(_row_words(cells, row[what]))
    return lines


def conclusion(systems: Sequence[str], wins: Sequence[int], ties: int) -> str:
    """What can be said of two systems, in a sentence or two.

    Args:
        systems: two names.
        wins: how often each was preferred.
        ties: answers without preference.
    """
    decided = sum(wins)
    p = _p(wins[0], decided)
    if p is None:
        return f"No difference shown: none of {many(ties, 'answer')} prefers either."
    better = int(wins[1] > wins[0])
    own = stats.share(wins[better], decided)
    low, high = own["interval"]
    of = f"in {wins[better]} of {many(decided, 'decided answer')}"
    between = f"95 % interval {percent(low)} to {percent(high)}"
    if p < stats.LEVEL:
        found = f"{systems[better]} is preferred to {systems[1 - better]} {of} ({between}, p = {number(p)})."
        return found + (f" Most answers, {ties}, have no preference." if ties > decided else "")
    equal = "This does not show that they are equal."
    if wins[0] == wins[1]:
        return f"No difference shown: each is preferred {of} (p = {number(p)}). {equal}"
    found = f"No difference shown: {systems[better]} is preferred {of} ({between}, p = {number(p)})."
    if decided < _FEWEST:
        return f"{found} With fewer than {_FEWEST} decided answers no difference can be shown."
    needed = stats.answers_needed(own["share"])
    more = f"about {needed} would show a preference of this size" if needed else "it may be too small to show"
    too_small = f" n too small: {wins[better]} of {decided} gives p = {number(p)}; {more}."
    return f"{found} {equal}{too_small}"


def _pair(rows: Sequence[Row], systems: Sequence[str]) -> Row:
    """What is said of two systems; `rows` are of these two."""
    counts = Counter(map(preferred, rows))
    wins = [counts[name] for name in systems]
    return {
        "preferred": {name: stats.share(counts[name], sum(wins)) for name in systems},
        "interval_by_rater": _interval_by_rater(rows, systems),
        "no_preference": counts[NO_PREFERENCE],
        "p": _p(wins[0], sum(wins)),
        "conclusion": conclusion(systems, wins, counts[NO_PREFERENCE]),
    }


def _all_pairs(rows: Sequence[Row], systems: Sequence[str]) -> Row:
    """Every pair with Holm's correction, and the strengths of all."""
    pairs: list[Row] = []
    for names in combinations(systems, 2):
        own = [row for row in rows if {s["system"] for s in row["stimuli"]} == set(names)]
        if own:
            pairs.append({"systems": list(names)} | _pair(own, names))
    for pair, p in zip(pairs, stats.holm([1.0 if q["p"] is None else q["p"] for q in pairs]), strict=True):
        pair["p_holm"] = p
    raters = list(dict.fromkeys(str(row["rater"]) for row in rows))
    by_rater = len(raters) >= stats.FEWEST_RATERS
    units = (
        [[r for r in rows if r["rater"] == name] for name in raters] if by_rater else [[row] for row in rows]
    )
    wins = np.array([_wins(unit, systems) for unit in units])
    strengths = stats.bradley_terry(wins.sum(0))
    between = stats.bradley_terry_intervals(wins)
    found: dict[str, Row] = {
        name: {"strength": float(strengths[k]), "interval": between[k]} for k, name in enumerate(systems)
    }
    shown = [pair for pair in pairs if pair["p_holm"] < stats.LEVEL]
    return {
        "strength": dict(sorted(found.items(), key=lambda pair: -pair[1]["strength"])),
        "interval_over": "raters" if by_rater else "answers",
        "pairs": pairs,
        "conclusion": _conclusion_of_all(shown, len(pairs), by_rater),
    }


def _wins(rows: Sequence[Row], systems: Sequence[str]) -> np.ndarray:
    """How often row was preferred to column, a tie half to each, [K, K]."""
    wins = np.zeros((len(systems), len(systems)))
    for row in rows:
        a, b = (systems.index(s["system"]) for s in row["stimuli"])
        won = {"A": 1.0, "B": 0.0}.get(row["answer"], 0.5)
        wins[a, b] += won
        wins[b, a] += 1 - won
    return wins


def _interval_by_rater(rows: Sequence[Row], systems: Sequence[str]) -> list[float] | None:
    """Of the share of the first system, resampling raters; None where they are too few."""
    raters = dict.fromkeys(row["rater"] for row in rows)
    if len(raters) < stats.FEWEST_RATERS:
        return None
    counts = [Counter(preferred(row) for row in rows if row["rater"] == name) for name in raters]
    table = np.array([[count[name] for name in systems] for count in counts], float)
    return stats.ratio_intervals(table[:, :1], table.sum(1, keepdims=True))[0]


def _conclusion_of_all(shown: Sequence[Row], count: int, by_rater: bool) -> str:
    told = []
    for pair in shown:
        a, b = sorted(pair["systems"], key=lambda name: -pair["preferred"][name]["count"])
        told.append(f"{a} to {b}")
    found = f"Shown to be preferred (Holm): {', '.join(told)}." if told else "No difference shown."
    if len(shown) < count:
        found += f" {many(count - len(shown), 'pair')} left open; that does not show that they are equal."
    if not by_rater:
        found += f" With fewer than {stats.FEWEST_RATERS} raters the intervals hold for these raters only."
    return found


def _words_of_two(result: Row) -> list[str]:
    lines = []
    for name in result["systems"]:
        own = result["preferred"][name]
        between = ""
        if own["interval"]:
            low, high = (percent(x) for x in own["interval"])
            between = f"  {percent(own['share']):>6}  (95 % interval {low} to {high})"
        lines.append(f"{own['count']:>5}{between}  prefer {name}")
    lines.append(f"{result['no_preference']:>5}  no preference")
    if result["p"] is not None:
        lines.append(f"p = {number(result['p'])} (exact two-sided binomial test; no preference left out)")
    if result["interval_by_rater"]:
        low, high = (percent(x) for x in result["interval_by_rater"])
        lines.append(f"over raters: {result['systems'][0]} is preferred in {low} to {high} (95 % interval)")
    return lines + ["", result["conclusion"], *([result["caution"]] if result["caution"] else [])]


def _words_of_all(result: Row) -> list[str]:
    lines = [f"strengths (Bradley-Terry, 95 % intervals over {result['interval_over']})"]
    for name, own in result["strength"].items():
        between = "" if own["interval"] is None else "  ({:+.2f} to {:+.2f})".format(*own["interval"])
        lines.append(f"{own['strength']:>+8.2f}{between}  {name}")
    lines += ["", result["conclusion"], ""]
    for pair in result["pairs"]:
        a, b = pair["systems"]
        p = (
            "no decided answers"
            if pair["p"] is None
            else f"p = {number(pair['p'])}, Holm {number(pair['p_holm'])}"
        )
        won = [pair["preferred"][name]["count"] for name in (a, b)]
        lines.append(f"{won[0]:>5} : {won[1]:<5} ({pair['no_preference']} none)  {p}  {a} against {b}")
    return lines


def _p(wins: int, decided: int) -> float | None:
    return stats.binomial_p(wins, decided) if decided else None


def _table(rows: Sequence[Row], what: str, systems: Sequence[str]) -> list[Row]:
    """One row per rater or item: how often each system was preferred, and the rater's own p."""
    found = []
    for name in sorted({row[what] for row in rows}):
        counts = _counts(row for row in rows if row[what] == name)
        row: Row = {what: name, "preferred": {s: counts[s] for s in (*systems, NO_PREFERENCE)}}
        if what == "rater" and len(systems) == 2:
            row["p"] = _p(counts[systems[0]], counts[systems[0]] + counts[systems[1]])
        found.append(row)
    return found


def _counts(rows: Iterable[Row]) -> Counter[str]:
    return Counter(map(preferred, rows))


def _consistency(rows: Sequence[Row]) -> Row:
    """How many of the repeated questions got the answer of the first time."""
    first: dict[tuple[str, str, frozenset[str]], str] = {}
    alike = []
    for row in rows:
        key = row["rater"], row["item"], frozenset(s["system"] for s in row["stimuli"])
        if key in first:
            alike.append(first[key] == preferred(row))
        else:
            first[key] = preferred(row)
    return stats.share(sum(alike), len(alike))


def _caution(rows: Sequence[Row]) -> str | None:
    """Why p may be too small: it takes every answer as independent of the others."""
    raters, items = {row["rater"] for row in rows}, {row["item"] for row in rows}
    reasons = []
    if len(raters) > 1:
        reasons.append(f"{len(raters)} raters judged the same items")
    if len(rows) > len({(row["rater"], row["item"]) for row in rows}):
        reasons.append("items were judged repeatedly")
    if not reasons or len(rows) == len(items):
        return None
    return f"p takes all answers as independent; {' and '.join(reasons)}, so look at the tables below too."


def _side_words(side: Row) -> str:
    if side["p"] is None:
        return "side A: no decided answers"
    verdict = "a bias to one side" if side["p"] < stats.LEVEL else "no side bias shown"
    found = f"{percent(side['share'])}, p = {number(side['p'])}"
    return f"side A was chosen in {side['count']} of {side['of']} ({found}): {verdict}"


def _row_words(cells: Sequence[object], name: str) -> str:
    widths = [max(6, len(str(cell))) for cell in cells]
    return "  ".join(f"{cell!s:>{w}}" for cell, w in zip(cells, widths, strict=True)) + f"  {name}"
