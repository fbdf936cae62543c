"""Measure the stages that draw digits, with shipped weights or those of a run; JSON lines on stdout.

audiogen evaluate digits --data build/digits
audiogen evaluate digits --data build/digits vae=runs/digit-vae/weights -n 500 --out out/digits
audiogen evaluate digits --data build/digits --cards    # the table into the model cards
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from audiogen.errors import InvalidRequest
from audiogen.lab.evaluate.errors_as_lines import errors_as_lines
from audiogen.stage import Sampling


@errors_as_lines
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="audiogen evaluate digits", description="Measure the stages that draw digits."
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
    return measure(given)


def measure(given: Any) -> int:
    from audiogen.lab.evaluate.digits.page import into_cards, table, write
    from audiogen.lab.evaluate.digits.running import compared, shipped

    if given.n < 100:
        raise InvalidRequest(f"-n must be at least 100, not {given.n}: a distance of fewer says nothing.")
    chosen = [word.partition("=")[::2] for word in given.stages] or shipped()
    sampling = Sampling(seed=given.seed, temperature=given.temperature, top_p=given.top_p)
    rows, grids = compared(
        chosen,
        given.data,
        given.n,
        sampling,
        lambda row: print(json.dumps(row.to_dict()), flush=True),
        given.judge,
    )
    print(table(rows), file=sys.stderr)
    if given.out:
        write(rows, grids, given.out, given.n)
    if given.cards:
        into_cards(rows, given.n)
    return 0
