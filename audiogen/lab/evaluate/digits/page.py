"""The table of all stages that draw digits: as a page, as JSON, as a plot, and in the model cards."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from audiogen.lab.evaluate.digits.measures import ACCURACY, DIVERSITY, KID, NOVELTY, SCORE
from audiogen.lab.evaluate.digits.plot import quality_against_time
from audiogen.lab.evaluate.digits.report import CEILING, FLOOR, Row
from audiogen.lab.evaluate.distances import FRECHET
from audiogen.lab.evaluate.scores import Score
from audiogen.media.files import write_atomic
from audiogen.registry import WEIGHTS_FOLDER, weights_for

COLUMNS = (
    (ACCURACY, "read as asked"),
    (FRECHET, "FID"),
    (KID, "KID x 100"),
    (SCORE, "classifier score"),
    (DIVERSITY, "diversity"),
    (NOVELTY, "novelty"),
)
COMMAND = "audiogen evaluate digits --data build/digits -n {count}"
HEADING = "## All generators of digits"
ABOUT = """{count} digits of each, 0 to 9 in turn, against as many held-out digits, with 95 % intervals; as
defined in `audiogen/lab/evaluate/README.md`. The time is that of the processor for one digit alone on one
core, and how many times that of the fastest. Made by `{command}`.
"""
NOT_TOLD = "not told"


def table(rows: Sequence[Row]) -> str:
    """The rows as a Markdown table, figures with their intervals."""
    titles = ["", *(title for _, title in COLUMNS), "ms", "x", "parameters"]
    lines = ["| " + " | ".join(titles) + " |", "|" + " --- |" * len(titles)]
    fastest = min((row.alone_ms for row in rows if row.alone_ms), default=None)
    for row in rows:
        cells = [row.name]
        for measure, _ in COLUMNS:
            found = row.scores.get(measure.name)
            cells.append(NOT_TOLD if found is None else _share(found) if measure is ACCURACY else str(found))
        if row.alone_ms is None or fastest is None:
            cells += ["", ""]
        else:
            cells += [f"{row.alone_ms:.3g}", f"{row.alone_ms / fastest:,.0f}"]
        cells.append("" if row.parameters is None else f"{row.parameters / 1e6:.2f} M")
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def write(rows: Sequence[Row], grids: dict[str, bytes], out: Path, count: int) -> None:
    """report.md, report.json, quality.png, and NAME.png of every stage, into a folder."""
    out.mkdir(parents=True, exist_ok=True)
    lines = ["# Generators of digits side by side", "", _about(count), table(rows)]
    lines += ["![Quality against time](quality.png)", ""]
    for name, grid in grids.items():
        write_atomic(out / f"{name}.png", grid, force=True)
        lines += [f"## {name}", "", f"![Digits of {name}]({name}.png)", ""]
    plain = {"count": count, "rows": [row.to_dict() for row in rows]}
    write_atomic(out / "report.json", (json.dumps(plain, indent=1) + "\n").encode(), force=True)
    write_atomic(out / "quality.png", quality_against_time(rows), force=True)
    write_atomic(out / "report.md", "\n".join(lines).encode(), force=True)


def into_cards(rows: Sequence[Row], count: int, weights: Path = WEIGHTS_FOLDER) -> list[Path]:
    """The table into the model card of every stage in it; the cards that were changed."""
    changed = []
    for row in rows:
        if row.name in (CEILING, FLOOR):
            continue
        card = weights / str(weights_for(row.name, "digit")) / "README.md"
        text = card.read_text().partition(HEADING)[0].rstrip()
        write_atomic(card, f"{text}\n\n{HEADING}\n\n{_about(count)}\n{table(rows)}".encode(), force=True)
        changed.append(card)
    return changed


def _about(count: int) -> str:
    return ABOUT.format(count=f"{count:,}", command=COMMAND.format(count=count))


def _share(score: Score) -> str:
    low, high = score.interval
    return f"{score.value:.1%} [{low:.1%}, {high:.1%}]"
