"""Answers files -> one report per comparison: a kind of test, a question and a set of systems."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import median

from audiogen.errors import InvalidRequest
from audiogen.listen.answers import read_answers
from audiogen.listen.kinds import KINDS
from audiogen.listen.preferences import systems_of
from audiogen.listen.sealed import KEY_SUFFIX, open_sealed
from audiogen.listen.stats import many
from audiogen.listen.trials import Row


def collect(files: Sequence[Path]) -> tuple[list[Row], Row]:
    """All answers of the files, each once, and what was left out.

    An answer that is there twice (one rater, one trial) counts once, the first time.

    Raises:
        InvalidRequest: a file cannot be read, or there is no answer in any.
    """
    keys = [file for file in files if file.name.endswith(KEY_SUFFIX)]
    files = [file for file in files if file not in keys]
    readings = [read_answers(file) for file in files]
    sealed = [row for reading in readings for row in reading.sealed]
    if sealed:
        keys += [
            key for folder in {Path(), *(f.parent for f in files)} for key in folder.glob(f"*{KEY_SUFFIX}")
        ]
    opened = open_sealed(sealed, keys)
    rows = [row for reading in readings for row in reading.rows] + opened.rows
    names = " and ".join(str(file) for file in files)
    damaged = sum(reading.damaged for reading in readings)
    if not rows:
        hint = f"; {opened.hint}" if opened.hint else ""
        raise InvalidRequest(f"{names}: no answers to report on ({many(damaged, 'damaged line')}{hint}).")
    once = {(row["rater"], row["trial"]): row for row in reversed(rows)}
    kept = list(reversed(once.values()))
    return kept, {
        "files": [str(file) for file in files],
        "answers": len(kept),
        "damaged_lines": damaged,
        "repeated_lines": len(rows) - len(kept),
        "other_kinds": sum(reading.unknown for reading in readings),
        "forged_lines": opened.forged,
        "locked_lines": opened.locked,
    }


def report(rows: Sequence[Row], counts: Row, screening: bool = True) -> Row:
    """Everything that the answers show, ready for JSON.

    Args:
        rows, counts: from `collect`.
        screening: whether raters who fail the checks of their kind are left out.
    """
    return counts | {"comparisons": [_comparison(group, screening) for group in comparisons(rows)]}


def comparisons(rows: Sequence[Row]) -> list[list[Row]]:
    """The answers of each kind of test, question and set of systems."""
    groups: dict[tuple[str, str, frozenset[str]], list[Row]] = {}
    for row in rows:
        named = row.get("systems") or [s["system"] for s in row["stimuli"]]
        groups.setdefault((row["kind"], row["question"], frozenset(named)), []).append(row)
    return list(groups.values())


def words(result: Row) -> list[str]:
    """The report as lines for people; what was left out is `left_out`."""
    lines: list[str] = []
    for comparison in result["comparisons"]:
        lines += ["", ""] if lines else []
        lines += comparison_words(comparison)
    return lines


def comparison_words(comparison: Row) -> list[str]:
    """One comparison as lines for people."""
    items = many(comparison["items"], "item")
    lines = [
        title(comparison),
        f"{many(comparison['answers'], 'answer')} of {many(comparison['raters'], 'rater')} on {items}",
        *(f"left out: {rater}, {why}" for rater, why in comparison["excluded"].items()),
        "",
    ]
    if not comparison["answers"]:
        return [*lines, "No rater is left; see --no-screening."]
    lines += KINDS[comparison["kind"]].words(comparison)
    if comparison["listened_s"]:
        heard = " and ".join(f"{s:.1f} s of {name}" for name, s in comparison["listened_s"].items())
        lines += ["", f"heard per trial (medians): {heard}; switches: {comparison['switches']:g}"]
    if comparison["gain_db"]:
        gains = " and ".join(f"{gain:+.1f} dB for {name}" for name, gain in comparison["gain_db"].items())
        lines.append(f"loudness matched by (medians): {gains}")
    lines += [""] if comparison["comments"] else []
    for row in comparison["comments"]:
        lines.append(f"{row['item']}, {row['rater']} ({row['told']}): {' '.join(row['comment'].split())}")
    return lines


def title(comparison: Row) -> str:
    question = f': "{comparison["question"]}"' if comparison["question"] else ""
    kind = "" if comparison["kind"] == "ab" else f"{comparison['kind'].upper()}: "
    return f"{kind}{' against '.join(comparison['systems'])}{question}"


def left_out(result: Row) -> list[str]:
    """What was not counted, for stderr."""
    found = []
    for name, what in (
        ("damaged_lines", "damaged"),
        ("repeated_lines", "answered twice, counted once"),
        ("other_kinds", "of a kind of test that this version does not know"),
        ("forged_lines", "no answers to the test whose name they bear"),
        ("locked_lines", "their .key.json, written beside the page, is not here"),
    ):
        if result[name]:
            found.append(f"lines left out: {result[name]} ({what})")
    return found


def _comparison(rows: Sequence[Row], screening: bool) -> Row:
    kind = KINDS[rows[0]["kind"]]
    excluded = kind.screen(rows) if screening else {}
    kept = [row for row in rows if row["rater"] not in excluded and not row.get("check")]
    comments = [row for row in rows if row.get("comment")]
    result: Row = {
        "kind": kind.name,
        "question": rows[0]["question"],
        "systems": systems_of(rows),
        "answers": len(kept),
        "raters": len({row["rater"] for row in kept}),
        "items": len({row["item"] for row in kept}),
        "excluded": excluded,
        "listened_s": _medians(kept, "listened_s"),
        "gain_db": _medians(kept, "gain_db"),
        "switches": median([row.get("switches", 0) for row in kept] or [0]),
        "comments": [
            {name: row[name] for name in ("rater", "item", "comment")} | {"told": kind.told(row)}
            for row in comments
        ],
    }
    return result | (kind.summary(kept) if kept else {})


def _medians(rows: Sequence[Row], what: str) -> dict[str, float]:
    """Over the answers, for every system where it was noted."""
    heard = [s for row in rows for s in row["stimuli"] if what in s]
    return {
        name: median(s[what] for s in heard if s["system"] == name)
        for name in systems_of(rows)
        if any(s["system"] == name for s in heard)
    }
