"""Makes this folder: flow and diffusion side by side on ambience, on piano and on pictures, the generators of
digits, and the one-page report.

    python samples/compare/make.py --ambience build/ambience-audio --piano build/piano-compare \\
        --digits build/digits --pictures build/pictures

About an hour on two quiet cores with the shipped weights, half of it for the pictures; cells that are
complete are not run again.
REPORT.md is REPORT.template.md with its {{fields}} filled in from every report.json, so no figure is typed.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audiogen.artifacts import PICTURES
from audiogen.lab.evaluate.compare.cells import contenders
from audiogen.lab.evaluate.compare.folder import Options, compare
from audiogen.lab.evaluate.compare.report import table
from audiogen.lab.evaluate.digits import command as digits
from audiogen.lab.evaluate.pictures import command as pictures
from audiogen.media.files import write_atomic

HERE = Path(__file__).parent
# euler and euler-ancestral of diffusion are ddim and ddpm in other coordinates, with the same results; heun
# is second order as midpoint is, and the default for pictures
SCHEDULERS = (
    "flow:euler",
    "flow:midpoint",
    "flow:heun",
    "flow-few:euler",
    "diffusion:ddim",
    "diffusion:ddpm",
    "diffusion:dpm-solver++",
)
GENERATED = {
    "accuracy": "read as asked",
    "frechet": "FID",
    "kid": "KID x 100",
    "score": "classifier score",
    "diversity": "diversity",
    "novelty": "novelty",
}
PAINTED = {
    "kernel": "kernel",
    "frechet": "FID",
    "kid": "KID x 100",
    "iou": "contour IoU",
    "span": "IoU at strength 1 less that at 0.2",
    "accuracy": "digit read as asked",
    "style": "style read as asked",
    "diversity": "diversity",
    "novelty": "novelty",
}
SCORES = ("kernel", "frechet", "adherence", "iou", "accuracy", "style", "diversity")
SECOND_ORDER = ("heun", "midpoint")  # two evaluations a step
FIELD = re.compile(r"\{\{(\w+)\.(\w+)\}\}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--ambience", type=Path, help="prepared ambience windows")
    parser.add_argument("--piano", type=Path, help="prepared piano windows")
    parser.add_argument("--digits", type=Path, help="prepared digits")
    parser.add_argument("--pictures", type=Path, help="prepared pictures")
    parser.add_argument("--picture-decoders", help="of the pictures; default: all with shipped weights")
    parser.add_argument("--decoders", help="of the ambience; default: all with shipped weights")
    parser.add_argument("--structure", help="of the ambience, mel=WEIGHTS")
    parser.add_argument("-n", type=int, default=20)
    given = parser.parse_args()
    if given.ambience:
        run(
            "ambience",
            Options(
                path="ambience",
                decoders=given.decoders,
                structure=given.structure,
                schedulers=schedulers_for("ambience", given.decoders),
                count=given.n,
                data=given.ambience,
            ),
        )
    if given.piano:
        run(
            "piano",
            Options(
                path="piano",
                schedulers=schedulers_for("piano", None),
                count=given.n,
                data=given.piano,
                structures=("held-out",),
                steps=(1, 2, 4, 8),
            ),
        )
    if given.digits:
        digits.main(["--data", str(given.digits), "--out", str(HERE / "digits")])
    if given.pictures:
        paint(given.pictures, given.picture_decoders, given.n)
    write_atomic(HERE / "REPORT.md", filled((HERE / "REPORT.template.md").read_text()).encode(), force=True)


def paint(data: Path, decoders: str | None, count: int) -> None:
    """Both comparisons of pictures, and all measures of each decoder at its defaults."""
    for name, path, kinds in (
        ("painted", "digit", ("held-out", "stage")),
        ("illustrated", "picture", ("none",)),
    ):
        run(
            name,
            Options(
                path=path,
                decoders=decoders,
                schedulers=schedulers_for(path, decoders),
                count=count,
                data=data,
                structures=kinds,
                steps=(2, 4, 8, 16),
            ),
        )
    chosen = [] if decoders is None else ["--decoder", decoders]
    pictures.main(["--data", str(data), "--out", str(HERE / "pictures"), *chosen])


def schedulers_for(path: str, decoders: str | None) -> str:
    """Those of SCHEDULERS whose contender takes part, with one of second order."""
    labels = {c.label for c in contenders(decoders, path)}
    spare = "flow:midpoint" if path in PICTURES else "flow:heun"
    return ",".join(name for name in SCHEDULERS if name.partition(":")[0] in labels and name != spare)


def run(name: str, options: Options) -> None:
    """One comparison into a folder of its own."""
    command = "python samples/compare/make.py"
    compare(options, HERE / name, lambda *_: True, lambda s: print(s, file=sys.stderr), command, force=True)


def filled(template: str) -> str:
    """The template with {{comparison.field}} replaced; fields of a comparison that is not here say so."""

    def value(match: re.Match[str]) -> str:
        name, field = match.groups()
        file = HERE / name / "report.json"
        return FIELDS[field](json.loads(file.read_text())) if file.exists() else f"(no {name} run here)"

    return FIELD.sub(value, template)


def chosen(page: dict[str, Any]) -> str:
    """A table of the cell of every contender that is heard or shown."""
    kind = next(iter(page["cells"][0]["scores"]))
    rows = []
    for cell in page["cells"]:
        if cell["name"] in page["chosen"].values():
            scores = cell["scores"][kind]
            rows.append(
                {
                    "cell": cell["name"],
                    "evaluations": f"{cell['evaluations']:g}",
                    "s": f"{cell['seconds']:.2f}",
                    **rate(cell),
                    "peak MB": str(cell["peak_mb"]),
                    **{name: interval(scores[name]) for name in SCORES if name in scores},
                }
            )
    return "\n".join(table(rows))


def rate(cell: dict[str, Any]) -> dict[str, str]:
    """How much a cell makes in a second."""
    if "times_real_time" in cell:
        return {"x real time": f"{cell['times_real_time']:.0f}"}
    return {"pictures/s": f"{cell['pictures_per_second']:.2f}"}


def anchors(page: dict[str, Any]) -> str:
    """Kernel distances of the anchors in a line."""
    return ", ".join(f"{name} {interval(found['kernel'])}" for name, found in page["anchors"].items())


def orders(page: dict[str, Any]) -> str:
    """Orders by kernel distance, a line each, of every kind of structures."""
    lines = []
    for kind, measures in page["verdicts"].items():
        for verdict in measures.get("kernel", []):
            budget = verdict["evaluations"]
            when = "each at its best" if budget is None else f"{budget:g} evaluation{'s' * (budget != 1)}"
            lines.append(f"- {kind} structures, {when}: `{verdict['words']}`")
    return "\n".join(lines)


def heard(page: dict[str, Any]) -> str:
    """Distances after the vocoder."""
    rows = [
        {"what": name, **{m: interval(s[m]) for m in ("kernel", "frechet", "adherence") if m in s}}
        for name, s in page["heard"].items()
    ]
    return "\n".join(table(rows)) if rows else "(not measured)"


def generators(page: dict[str, Any]) -> str:
    """A line of every generator of digits, and of the anchors."""
    rows = []
    for row in page["rows"]:
        found = {k: [v["value"], *v["interval"]] for k, v in row.items() if isinstance(v, dict)}
        cells = {title: interval(found[name]) if name in found else "" for name, title in GENERATED.items()}
        time = "" if row["ms"] is None else f"{row['ms']:.3g}"
        rows.append({"stage": row["name"], **cells, "ms, one core": time})
    return "\n".join(table(rows))


def measured(page: dict[str, Any]) -> str:
    """A line of every set of pictures at the defaults of its decoder, and of the anchors."""
    rows = []
    for row in page["rows"]:
        found = {k: [v["value"], *v["interval"]] for k, v in row.items() if isinstance(v, dict)}
        cells = {title: interval(found[name]) if name in found else "" for name, title in PAINTED.items()}
        rows.append({"path": row["path"], "pictures": row["name"], **cells})
    return "\n".join(table(rows))


def speed(page: dict[str, Any]) -> str:
    """Seconds at every number of evaluations of the cheapest scheduler of each contender."""
    found: dict[str, list[str]] = {}
    for cell in page["cells"]:
        if cell["scheduler"] not in SECOND_ORDER:
            words = f"{cell['steps']}: {cell['seconds']:.2f} s"
            found.setdefault(f"{cell['contender']} ({cell['scheduler']})", []).append(words)
    return "; ".join(f"{name} {', '.join(values)}" for name, values in found.items())


def interval(values: list[float]) -> str:
    """Value, low, high."""
    return f"{values[0]:.3g} [{values[1]:.3g}, {values[2]:.3g}]"


FIELDS: dict[str, Callable[[dict[str, Any]], str]] = {
    "chosen": chosen,
    "anchors": anchors,
    "orders": orders,
    "heard": heard,
    "speed": speed,
    "generators": generators,
    "measured": measured,
    "machine": lambda page: str(page["settings"]["machine"]),
    "minutes": lambda page: f"{page['facts']['minutes']:.1f}",
    "count": lambda page: str(page["settings"]["count"] if "settings" in page else page["count"]),
    "seconds": lambda page: f"{page['settings']['seconds']:g}",
}

if __name__ == "__main__":
    main()
