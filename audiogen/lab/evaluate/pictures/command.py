"""Measure decoders of pictures, with shipped weights or those of a run; JSON lines on stdout.

audiogen evaluate pictures --data build/pictures
audiogen evaluate pictures --data build/pictures --decoder flow=runs/picture-flow/weights -n 64
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from audiogen.artifacts import PICTURES
from audiogen.errors import InvalidRequest
from audiogen.lab.evaluate.errors_as_lines import errors_as_lines
from audiogen.stage import Sampling

LEAST = 8  # pictures


@errors_as_lines
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="audiogen evaluate pictures", description="Measure decoders of pictures."
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="made by audiogen data recipes/pictures.yaml"
    )
    parser.add_argument("--path", default="digit,picture", help="digit, picture or both")
    parser.add_argument(
        "--decoder", help="NAME, NAME=WEIGHTS or LABEL:NAME=WEIGHTS, with commas; default: all that are here"
    )
    parser.add_argument("--anchors", action="store_true", help="held-out and damaged pictures alone")
    parser.add_argument(
        "--painter", default="picture-painter", help="weights of the painter, and of the features"
    )
    parser.add_argument("--judge", default="digit-classifier", help="weights of the reader of digits")
    parser.add_argument(
        "-n", type=int, default=64, help="pictures of each path; from 25 Frechet means something"
    )
    parser.add_argument("--subjects", default="cat", help="whose novelty is measured as well; '' for none")
    parser.add_argument("--steps", type=int, help="default: that of the decoder")
    parser.add_argument("--scheduler", help="default: that of the decoder")
    parser.add_argument("--guidance", type=float, help="default: that of the decoder")
    parser.add_argument("--out", type=Path, help="folder for the table and contact sheets")
    if not any(word.split("=")[0] == "--data" for word in arguments or ()):  # two folders of pictures
        from audiogen.lab.evaluate.folders.command import of_pictures

        return of_pictures(arguments)
    given = parser.parse_args(arguments)
    return measure(given)


def measure(given: Any) -> int:
    from audiogen.lab.evaluate.compare.cells import contenders
    from audiogen.lab.evaluate.digits.judge import DigitClassifier
    from audiogen.lab.evaluate.pictures.report import Report, Studio, page
    from audiogen.render.painter import Painter

    paths = [name.strip() for name in given.path.split(",")]
    if wrong := [name for name in paths if name not in PICTURES]:
        raise InvalidRequest(f"--path is {' or '.join(PICTURES)}, not {', '.join(wrong)}.")
    if given.n < LEAST:
        raise InvalidRequest(f"-n must be at least {LEAST}, not {given.n}: a distance of fewer says nothing.")
    taking_part = [] if given.anchors else contenders(given.decoder, paths[0])
    painter, judge = Painter.from_pretrained(given.painter), DigitClassifier.from_pretrained(given.judge)
    sampling = Sampling(steps=given.steps, scheduler=given.scheduler, guidance=given.guidance)
    studios = {c.label: Studio(c.load(), painter, sampling) for c in taking_part}
    sheets: dict[str, bytes] = {}
    every: list[dict[str, Any]] = []
    pages = []
    for path in paths:
        report = Report.of(given.data, path, given.n, painter, judge, tell)
        rows = report.anchors()
        for label, studio in studios.items():
            parameters = sum(p.numel() for p in studio.decoder.network.parameters())
            rows += report.rows(label, studio, parameters)
            if path == "picture":
                for subject in filter(None, given.subjects.split(",")):
                    rows.append(report.real_subject(subject))
                    rows.append(report.subject(label, studio, subject, min(given.n, 28)))
        for row in rows:
            every.append({"path": path, "embedding": report.judge.embedding, **row.to_dict()})
            print(json.dumps(every[-1]), flush=True)
        pages.append(f"{path}, {given.n} pictures, {report.judge.embedding}\n\n{page(rows)}")
        sheets |= {f"{path}-{name}.png": data for name, data in report.sheets().items()}
    print("\n".join(pages), file=sys.stderr)
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        (given.out / "report.md").write_text("\n".join(pages))
        plain = {"count": given.n, "rows": every}
        (given.out / "report.json").write_text(json.dumps(plain, indent=1) + "\n")
        for name, data in sheets.items():
            (given.out / name).write_bytes(data)
    return 0


def tell(what: str, step: int, of: int) -> bool:
    """A line on stderr at the end of every part."""
    if step == of:
        print(f"{what}: {of}", file=sys.stderr, flush=True)
    return True
