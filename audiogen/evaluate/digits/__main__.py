"""Measure the stages that draw digits, with shipped weights or those of a run; JSON lines on stdout.

python -m audiogen.evaluate.digits --data build/digits
python -m audiogen.evaluate.digits --data build/digits vae=runs/digit-vae/weights -n 500 --out out/digits
python -m audiogen.evaluate.digits --data build/digits --cards    # the table into the model cards
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from audiogen.errors import AudiogenError, InvalidRequest
from audiogen.registry import STAGES, WEIGHTS, stage_class
from audiogen.stage import Sampling


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m audiogen.evaluate.digits", description="Measure the stages that draw digits."
    )
    parser.add_argument("stages", nargs="*", help="STAGE or STAGE=WEIGHTS; default: all that are shipped")
    parser.add_argument("--data", type=Path, required=True, help="made by audiogen data recipes/digits.yaml")
    parser.add_argument("--judge", default="digit-classifier", help="weights of the reader of digits")
    parser.add_argument("-n", type=int, default=1000, help="digits of each stage, 100 or more")
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--top-p", type=float, default=0.97)
    parser.add_argument("--seed", type=int, default=1000)
    parser.add_argument("--out", type=Path, help="folder for the table, its plot and a grid of every stage")
    parser.add_argument("--cards", action="store_true", help="write the table into the shipped model cards")
    given = parser.parse_args(arguments)
    try:
        return measure(given)
    except AudiogenError as problem:
        print(f"audiogen: {problem}", file=sys.stderr)
        return problem.exit_code


def measure(given: Any) -> int:
    from audiogen.evaluate.digits.judge import DigitClassifier
    from audiogen.evaluate.digits.page import into_cards, table, write
    from audiogen.evaluate.digits.report import Report, draw, sheet

    if given.n < 100:
        raise InvalidRequest(f"-n must be at least 100, not {given.n}: a distance of fewer says nothing.")
    chosen = [word.partition("=")[::2] for word in given.stages] or shipped()
    report = Report(given.data, DigitClassifier.from_pretrained(given.judge), given.n)
    sampling = Sampling(seed=given.seed, temperature=given.temperature, top_p=given.top_p)
    rows = report.anchors()
    grids = {}
    for name, weights in chosen:
        stage = stage_class(name).from_pretrained(weights or STAGES[name].weights["digit"])
        made = draw(stage, given.n, sampling)
        rows.append(report.row(name, made, sum(p.numel() for p in stage.network.parameters())))
        grids[name] = sheet(made.digits.ink)
        print(json.dumps(rows[-1].to_dict()), flush=True)
    print(table(rows), file=sys.stderr)
    if given.out:
        write(rows, grids, given.out, given.n)
    if given.cards:
        into_cards(rows, given.n)
    return 0


def shipped() -> list[tuple[str, str]]:
    """The stages of digits whose weights are in the package."""
    entries = [(name, entry.weights.get("digit", "")) for name, entry in STAGES.items()]
    return [
        (name, weights) for name, weights in entries if weights in WEIGHTS and weights.startswith("digit-")
    ]


if __name__ == "__main__":
    sys.exit(main())
