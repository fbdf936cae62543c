"""Every stage that draws digits, drawn and measured."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from audiogen.lab.evaluate.digits.judge import DigitClassifier
from audiogen.lab.evaluate.digits.report import Report, Row, draw, sheet
from audiogen.registry import WEIGHTS, stage_class, stages_for, weights_for
from audiogen.stage import Sampling

SEED = 1000  # of the first digit


def shipped() -> list[tuple[str, str]]:
    """The stages of digits whose weights are in the package, with the names of those."""
    named = [(name, weights_for(name, "digit") or "") for name in stages_for("digit", "structure")]
    return [(name, weights) for name, weights in named if weights in WEIGHTS]


def compared(
    stages: Sequence[tuple[str, str]],
    data: Path,
    count: int,
    sampling: Sampling = Sampling(seed=SEED),
    say: Callable[[Row], None] = lambda row: None,
    judge: str = "digit-classifier",
) -> tuple[list[Row], dict[str, bytes]]:
    """The rows of both anchors and of each stage, and a grid of digits by each as a PNG file.

    Args:
        stages: name and weights; no weights are those that the stage has by default.
        data: prepared digits; count: digits of each stage.
        say: called with every row of a stage as soon as it is there.
    """
    report = Report(data, DigitClassifier.from_pretrained(judge), count)
    rows, grids = report.anchors(), {}
    for name, weights in stages:
        stage = stage_class(name).from_pretrained(weights or weights_for(name, "digit"))
        made = draw(stage, count, sampling)
        rows.append(report.row(name, made, sum(p.numel() for p in stage.network.parameters())))
        grids[name] = sheet(made.digits.ink)
        say(rows[-1])
    return rows, grids
