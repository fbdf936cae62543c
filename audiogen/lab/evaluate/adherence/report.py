"""What was measured, as a readable page and as JSON."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from audiogen.lab.evaluate.bootstrap import Estimate


@dataclass(frozen=True)
class Goal:
    """Something that must hold; `passed` is None where it could not be judged."""

    name: str
    passed: bool | None
    detail: str = ""


@dataclass(frozen=True)
class Section:
    """One table. Cells are text, numbers, or estimates with an interval."""

    title: str
    rows: list[dict[str, Any]]
    goals: list[Goal] = field(default_factory=list)
    note: str = ""
    shares: tuple[str, ...] = ()  # columns shown as percentages


def markdown(sections: Sequence[Section]) -> str:
    """Goals first, then a table per section."""
    goals = [goal for section in sections for goal in section.goals]
    words = {True: "yes", False: "**no**", None: "not measured"}
    lines = ["| goal | met | measured |", "| --- | --- | --- |"]
    lines += [f"| {g.name} | {words[g.passed]} | {g.detail} |" for g in goals]
    for section in sections:
        lines += ["", f"### {section.title}", ""]
        if section.note:
            lines += [section.note, ""]
        lines += _table(section)
    return "\n".join(lines) + "\n"


def _table(section: Section) -> list[str]:
    head = list(dict.fromkeys(name for row in section.rows for name in row))
    rows = [[_cell(row.get(name), name in section.shares) for name in head] for row in section.rows]
    return ["| " + " | ".join(cells) + " |" for cells in [head, ["---"] * len(head), *rows]]


def _cell(value: Any, share: bool) -> str:
    if value is None:
        return ""
    if isinstance(value, Estimate):
        if math.isnan(value.value):
            return "-"
        return value.percent() if share else str(value)
    if isinstance(value, float):
        return f"{value:.0%}" if share else f"{value:.3g}"
    return str(value)


def as_json(sections: Sequence[Section]) -> list[dict[str, Any]]:
    """Sections as plain lists and dictionaries; NaN becomes None."""
    return [
        {
            "title": section.title,
            "rows": [{name: _plain(value) for name, value in row.items()} for row in section.rows],
            "goals": [vars(goal) for goal in section.goals],
        }
        for section in sections
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, Estimate):
        return {name: _plain(part) for name, part in vars(value).items()}
    if isinstance(value, float):
        return None if math.isnan(value) else float(value)
    return value
