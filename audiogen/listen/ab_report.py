"""What A/B answers show: counts, the exact binomial test, an interval, and a sentence that claims no more.

The test is the sign test: answers without preference are counted and left out, and p is the two-sided exact
binomial probability of a split at least as uneven if both were equally good. Intervals are Clopper and
Pearson's (1934), 95 %, the ones that agree with that test.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median

from audiogen.listen.trials import Row

LEVEL = 0.05
NO_PREFERENCE = "none"
_FEWEST = 6  # so many one-sided answers are needed before p can fall below 0.05


def summary(rows: Sequence[Row]) -> Row:
    """Numbers about the answers of one comparison; `rows` are valid, of one question and two systems."""
    systems = _systems(rows)
    counts = _counts(rows)
    wins = [counts[name] for name in systems]
    sides = Counter(row["answer"] for row in rows)
    decided = sum(wins)
    result: Row = {
        "kind": rows[0]["kind"],
        "question": rows[0]["question"],
        "systems": systems,
        "answers": len(rows),
        "preferred": {name: share(counts[name], decided) for name in systems},
        "no_preference": counts[NO_PREFERENCE],
        "p": p_value(wins[0], decided),
        "first_side": share(sides["A"], decided) | {"p": p_value(sides["A"], decided)},
        "by_rater": _table(rows, "rater", systems),
        "by_item": _table(rows, "item", systems),
        "listened_s": _medians(rows, systems, "listened_s"),
        "gain_db": _medians(rows, systems, "gain_db"),
        "switches": median(row.get("switches", 0) for row in rows),
        "comments": [
            {
                "rater": row["rater"],
                "item": row["item"],
                "preferred": preferred(row),
                "comment": row["comment"],
            }
            for row in rows
            if row.get("comment")
        ],
    }
    result["conclusion"] = conclusion(systems, wins, counts[NO_PREFERENCE])
    result["caution"] = _caution(rows)
    return result


def preferred(row: Row) -> str:
    """The system behind the answer, or "none"."""
    return next((s["system"] for s in row["sounds"] if s["label"] == row["answer"]), NO_PREFERENCE)


def p_value(wins: int, decided: int) -> float | None:
    """Two-sided exact binomial p against one half; None without answers."""
    from scipy.stats import binomtest

    return float(binomtest(wins, decided).pvalue) if decided else None


def share(count: int, decided: int) -> Row:
    """Count, share and its 95 % interval (Clopper-Pearson); None for both without answers."""
    from scipy.stats import binomtest

    if not decided:
        return {"count": count, "of": 0, "share": None, "interval": None}
    interval = binomtest(count, decided).proportion_ci(1 - LEVEL, "exact")
    return {
        "count": count,
        "of": decided,
        "share": count / decided,
        "interval": [float(interval.low), float(interval.high)],
    }


def conclusion(systems: Sequence[str], wins: Sequence[int], ties: int) -> str:
    """What can be said, in a sentence or two.

    Args:
        systems: two names.
        wins: how often each was preferred.
        ties: answers without preference.
    """
    decided = sum(wins)
    p = p_value(wins[0], decided)
    if p is None:
        return f"No difference shown: none of {_many(ties, 'answer')} prefers either."
    better = int(wins[1] > wins[0])
    low, high = share(wins[better], decided)["interval"]
    of = f"in {wins[better]} of {_many(decided, 'decided answer')}"
    between = f"95 % interval {_percent(low)} to {_percent(high)}"
    if p < LEVEL:
        found = f"{systems[better]} is preferred to {systems[1 - better]} {of} ({between}, p = {number(p)})."
        return found + (f" Most answers, {ties}, have no preference." if ties > decided else "")
    if wins[0] == wins[1]:
        found = f"No difference shown: each is preferred {of} (p = {number(p)})."
    else:
        found = f"No difference shown: {systems[better]} is preferred {of} ({between}, p = {number(p)})."
    if decided < _FEWEST:
        return f"{found} With fewer than {_FEWEST} decided answers no difference can be shown."
    return f"{found} This does not show that they are equal."


def words(result: Row) -> list[str]:
    """The summary as lines for people."""
    systems = result["systems"]
    raters, items = len(result["by_rater"]), len(result["by_item"])
    question = f': "{result["question"]}"' if result["question"] else ""
    lines = [
        f"{systems[0]} against {systems[1]}{question}",
        f"{_many(result['answers'], 'answer')} of {_many(raters, 'rater')} on {_many(items, 'item')}",
        "",
    ]
    for name in systems:
        own = result["preferred"][name]
        between = ""
        if own["interval"]:
            low, high = (_percent(x) for x in own["interval"])
            between = f"  {_percent(own['share']):>6}  (95 % interval {low} to {high})"
        lines.append(f"{own['count']:>5}{between}  prefer {name}")
    lines.append(f"{result['no_preference']:>5}  no preference")
    if result["p"] is not None:
        lines.append(f"p = {number(result['p'])} (exact two-sided binomial test; no preference left out)")
    lines += ["", result["conclusion"], *([result["caution"]] if result["caution"] else [])]
    lines += ["", _side_words(result["first_side"])]
    heard = " and ".join(f"{result['listened_s'][name]:.1f} s of {name}" for name in systems)
    lines.append(f"heard per trial (medians): {heard}; switches: {result['switches']:g}")
    gains = " and ".join(f"{result['gain_db'][name]:+.1f} dB for {name}" for name in systems)
    lines.append(f"loudness matched by (medians): {gains}")
    for what in ("rater", "item"):
        lines += ["", _row_words((*systems, "none"), what)]
        for row in result[f"by_{what}"]:
            lines.append(
                _row_words([row["preferred"][name] for name in (*systems, NO_PREFERENCE)], row[what])
            )
    if result["comments"]:
        lines.append("")
    for row in result["comments"]:
        chose = "no preference" if row["preferred"] == NO_PREFERENCE else f"prefers {row['preferred']}"
        lines.append(f"{row['item']}, {row['rater']} ({chose}): {' '.join(row['comment'].split())}")
    return lines


def number(p: float) -> str:
    """A p-value with two digits that mean something."""
    return f"{p:.2f}" if p >= 0.1 else f"{p:.2g}"


def _systems(rows: Sequence[Row]) -> list[str]:
    """As the folders were named, where the row says so."""
    heard = sorted(sound["system"] for sound in rows[0]["sounds"])
    named = rows[0].get("systems")
    return named if isinstance(named, list) and sorted(map(str, named)) == heard else heard


def _counts(rows: Iterable[Row]) -> Counter[str]:
    return Counter(preferred(row) for row in rows)


def _table(rows: Sequence[Row], what: str, systems: Sequence[str]) -> list[Row]:
    """One row per rater or item: how often each system was preferred, and the rater's own p."""
    found = []
    for name in sorted({row[what] for row in rows}):
        counts = _counts(row for row in rows if row[what] == name)
        row: Row = {what: name, "preferred": {s: counts[s] for s in (*systems, NO_PREFERENCE)}}
        if what == "rater":
            row["p"] = p_value(counts[systems[0]], counts[systems[0]] + counts[systems[1]])
        found.append(row)
    return found


def _medians(rows: Sequence[Row], systems: Sequence[str], what: str) -> dict[str, float]:
    """Over the answers, for every system."""
    return {
        name: median(s.get(what, 0.0) for row in rows for s in row["sounds"] if s["system"] == name)
        for name in systems
    }


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
    verdict = "a bias to one side" if side["p"] < LEVEL else "no side bias shown"
    found = f"{_percent(side['share'])}, p = {number(side['p'])}"
    return f"side A was chosen in {side['count']} of {side['of']} ({found}): {verdict}"


def _row_words(cells: Sequence[object], name: str) -> str:
    widths = [max(6, len(str(cell))) for cell in cells]
    return "  ".join(f"{cell!s:>{w}}" for cell, w in zip(cells, widths, strict=True)) + f"  {name}"


def _percent(value: float) -> str:
    return f"{100 * value:.0f} %"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
