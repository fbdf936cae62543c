"""ABX: is X A or B? A fixed number of trials shows whether a difference can be heard at all.

The number of trials is fixed before the first: a rater who stopped early is left out, because whoever may
stop when it looks good finds differences that are not there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from audiogen.listen import plot, stats
from audiogen.listen.kind import Choice, Kind
from audiogen.listen.stats import number, percent
from audiogen.listen.trials import Item, Row, Stimulus


class Abx(Kind):
    name = "abx"
    most = 2
    trials = 16
    choices = (Choice("A", "1", "X is A", "X 是 A"), Choice("B", "2", "X is B", "X 是 B"))
    texts = {
        "en": {
            "question": "Is X the same as A or as B?",
            "help": "A and B are two versions of one piece, equally loud; X is one of them once more. Switch "
            "between the three as often as you like, and loop a part where you hear a difference. If "
            "you hear "
            "none, guess: that is part of the test.",
            "help_picture": "A and B are two versions of one picture; X is one of them once more. Touch "
            "a picture "
            "to see it larger. If you see no difference, guess: that is part of the test.",
        },
        "zh": {
            "question": "X 和 A 一样，还是和 B 一样？",
            "help": "A 和 B 是同一段音乐的两个版本，音量已调成一样；X 是其中之一。可以随时在三者之间切换，"
            "也可以循环有差别的一小段。如果听不出差别，就猜一个：这也是测试的一部分。",
            "help_picture": "A 和 B 是同一幅画的两个版本，X 是其中之一。点按图片可放大。"
            "如果看不出差别，就猜一个：这也是测试的一部分。",
        },
    }

    def arrange(self, unit: Item, turn: int, rng: np.random.Generator) -> dict[str, Stimulus]:
        """X is A in half of the trials; which system is A is drawn."""
        a, b = unit.stimuli if rng.integers(2) else unit.stimuli[::-1]
        return {"A": a, "B": b, "X": b if turn % 2 else a}

    def judge(self, row: Row, answer: object) -> Row:
        found = super().judge(row, answer)
        systems = {s["label"]: s["system"] for s in row["stimuli"]}
        return found | {"correct": systems[found["answer"]] == systems["X"]}

    def is_valid(self, row: Row) -> bool:
        systems = {s.get("label"): s["system"] for s in row["stimuli"]}
        if not super().is_valid(row) or list(systems) != ["A", "B", "X"] or systems["A"] == systems["B"]:
            return False
        return row.get("correct") is (systems[row["answer"]] == systems["X"])

    def screen(self, rows: Sequence[Row]) -> dict[str, str]:
        found = super().screen(rows)
        for rater, count in Counter(row["rater"] for row in rows).items():
            of = max(row.get("of", 0) for row in rows if row["rater"] == rater)
            if count < of:
                found.setdefault(rater, f"stopped after {count} of {of} trials")
        return found

    def summary(self, rows: Sequence[Row]) -> Row:
        result = _counted([row["correct"] for row in rows]) | {"by_rater": []}
        for rater in sorted({row["rater"] for row in rows}):
            own = _counted([row["correct"] for row in rows if row["rater"] == rater])
            result["by_rater"].append({"rater": rater} | own)
        adjusted = stats.holm([own["p"] for own in result["by_rater"]])
        for own, p in zip(result["by_rater"], adjusted, strict=True):
            own["p_holm"] = p
        result["by_item"] = [
            {"item": item} | _counted([row["correct"] for row in rows if row["item"] == item])
            for item in sorted({row["item"] for row in rows})
        ]
        result["first_side"] = stats.share(sum(row["answer"] == "A" for row in rows), len(rows))
        result["conclusion"] = _conclusion(result)
        return result

    def words(self, summary: Row) -> list[str]:
        low, high = summary["interval"]
        lines = [
            f"{summary['count']} of {summary['of']} right: {percent(summary['share'])} (95 % interval "
            f"{percent(low)} to {percent(high)}), p = {number(summary['p'])} (one-sided exact binomial test)",
            f"d' = {_d(summary['d_prime'])} (95 % interval {_d(summary['d_prime_interval'][0])} to "
            f"{_d(summary['d_prime_interval'][1])}; differencing model)",
            "",
            summary["conclusion"],
            "",
        ]
        for own in summary["by_rater"]:
            p = f"p = {number(own['p'])}, Holm {number(own['p_holm'])}"
            lines.append(f"{own['count']:>5} of {own['of']:<4} {p}  {own['rater']}")
        return lines + [f"{own['count']:>5} of {own['of']:<4} {own['item']}" for own in summary["by_item"]]

    def plots(self, summary: Row) -> list[str]:
        rows = [(own["rater"], own["share"], own["interval"]) for own in summary["by_rater"]]
        if len(rows) > 1:
            rows.append(("all", summary["share"], summary["interval"]))
        return [plot.intervals("share of right answers", rows, 0, 1, 0.5)]


def _counted(right: Sequence[bool]) -> Row:
    """Right answers, their share, p against guessing (one-sided) and d'."""
    own = stats.share(sum(right), len(right))
    return own | {
        "p": stats.binomial_p(own["count"], own["of"], "greater"),
        "d_prime": stats.d_prime_abx(own["share"]),
        "d_prime_interval": [stats.d_prime_abx(x) for x in own["interval"]],
    }


def _conclusion(result: Row) -> str:
    count, of = result["count"], result["of"]
    told = f"{count} of {of} right gives p = {number(result['p'])}"
    if result["p"] < stats.LEVEL:
        return f"A difference was perceived: {told}."
    needed = stats.fewest_right(of)
    if needed is None:
        return f"n too small: {told}, and even {of} of {of} would show nothing; ask at least 5 trials."
    power = stats.binomial_power(0.75, of, needed)
    return (
        f"No difference shown: {told}; {needed} of {of} were needed. Somebody who is right three times "
        f"in four "
        f"would reach that with {percent(power)} probability. This does not show that they are equal"
        f"{'; n too small.' if power < stats.POWER else '.'}"
    )


def _d(value: float | None) -> str:
    return "beyond 6" if value is None else f"{value:.2f}"
