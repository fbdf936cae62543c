"""Answers files -> one report per comparison: a kind of test, a question and a set of systems."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from audiogen.errors import InvalidRequest
from audiogen.listen.answers import read_answers
from audiogen.listen.kinds import KINDS
from audiogen.listen.trials import Row


def report(files: Sequence[Path]) -> Row:
    """Everything that the answers show, ready for JSON.

    An answer that is there twice (one rater, one trial) counts once, the first time.

    Raises:
        InvalidRequest: a file cannot be read, or there is no answer in any.
    """
    readings = [read_answers(file) for file in files]
    rows = [row for reading in readings for row in reading.rows]
    names = " and ".join(str(file) for file in files)
    damaged = sum(reading.damaged for reading in readings)
    if not rows:
        raise InvalidRequest(
            f"{names}: no answers to report on ({damaged} damaged line{'' if damaged == 1 else 's'})."
        )
    once = {(row["rater"], row["trial"]): row for row in reversed(rows)}
    kept = list(reversed(once.values()))
    groups: dict[tuple[str, str, frozenset[str]], list[Row]] = {}
    for row in kept:
        systems = frozenset(sound["system"] for sound in row["sounds"])
        groups.setdefault((row["kind"], row["question"], systems), []).append(row)
    return {
        "files": [str(file) for file in files],
        "answers": len(kept),
        "damaged_lines": damaged,
        "repeated_lines": len(rows) - len(kept),
        "other_kinds": sum(reading.unknown for reading in readings),
        "comparisons": [KINDS[kind].summary(group) for (kind, *_), group in groups.items()],
    }


def words(result: Row) -> list[str]:
    """The report as lines for people; what was left out is `left_out`."""
    lines: list[str] = []
    for comparison in result["comparisons"]:
        lines += ["", ""] if lines else []
        lines += KINDS[comparison["kind"]].words(comparison)
    return lines


def left_out(result: Row) -> list[str]:
    """What was not counted, for stderr."""
    found = []
    for name, what in (
        ("damaged_lines", "damaged"),
        ("repeated_lines", "answered twice, counted once"),
        ("other_kinds", "of a kind of test that this version does not know"),
    ):
        if result[name]:
            found.append(f"lines left out: {result[name]} ({what})")
    return found
