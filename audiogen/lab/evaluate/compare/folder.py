"""A whole comparison into a folder: cells, report.md, report.json, and what can be seen or heard.

asked = Options(path="ambience", data=Path("build/ambience-audio"))
page = compare(asked, Path("out/compare"), reporter, reporter.say, "audiogen compare")
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from audiogen import __version__
from audiogen.artifacts import PICTURES
from audiogen.errors import InvalidRequest, WouldOverwrite
from audiogen.lab.evaluate.compare import figures, report
from audiogen.lab.evaluate.compare.bench import VARIED, Bench, Options, Progress, Result, kinds_of, tell
from audiogen.lab.evaluate.compare.cells import Cell, contenders, grid
from audiogen.lab.evaluate.compare.running import Run, cached, key_of, run_cell
from audiogen.media.files import write_atomic
from audiogen.media.plot import require_matplotlib

__all__ = ["Options", "compare"]
Say = Callable[[str], None]


def compare(
    o: Options, out: Path, progress: Progress, say: Say, command: str, force: bool = False
) -> dict[str, Any]:
    """Run what is not there yet and write the report; returns it as plain values.

    Raises:
        InvalidRequest: nothing to compare, or sounds too short for the data.
        MissingModel: weights that are not here.
        MissingPackage: matplotlib is not installed.
        WouldOverwrite: the folder holds the report of another comparison, and `force` is False.
    """
    started = time.perf_counter()
    taking_part = contenders(o.decoders, o.path, o.schedulers)
    cells = grid(taking_part, o.steps)
    if not cells:
        raise InvalidRequest(f"No contender can do any of the steps {', '.join(map(str, o.steps))}.")
    asked = json.loads(json.dumps(asdict(o), default=str))
    _check_folder(out, asked, force)
    require_matplotlib()  # now, not after ten minutes
    say(f"{len(cells)} cells, {o.count} structures of each kind")
    bench = bench_of(o, progress)
    kinds = kinds_of(bench.items)
    results, decoders = [], {}
    for contender in taking_part:
        decoder = decoders[contender.label] = contender.load(o.device)
        key = key_of(asked["path"], decoder.source, bench.version, [i.name for i in bench.items])
        key = key_of(key, str(decoder.device), torch.get_num_threads(), *bench.arrays())
        for cell in (cell for cell in cells if cell.contender == contender.label):
            make = partial(_run, cell, decoder, bench, progress)
            run, lay_there = cached(out / "cells", cell, key, make)
            results.append(Result(run, {k: bench.scores(run.made, k) for k in kinds}))
            say(_line(results[-1], bench, kinds[0]) + (" (from the folder)" if lay_there else ""))
    page = report.Comparison(
        settings={
            "version": __version__,
            "command": command,
            "path": o.path,
            "contenders": [c.label for c in taking_part],
            "weights": {label: d.source for label, d in decoders.items()},
            "count": o.count,
            **bench.facts,
            "seeds": o.seeds,
            "varied": min(o.count, VARIED),
            "steps": list(o.steps),
            "machine": machine(next(iter(decoders.values()))),
            "embedding": bench.embedding,
            "remarks": bench.remarks,
            "asked": asked,
        },
        results=results,
        kinds=kinds,
        wording=bench.wording,
        anchors=bench.anchors(),
    )
    best = report.chosen(results, kinds, bench.wording.distance)
    files = _quality(page) | bench.show(page, best, decoders, progress)
    page.facts["minutes"] = round((time.perf_counter() - started) / 60, 2)
    out.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        write_atomic(out / name, data, force=True)
    plain = report.as_json(page)
    write_atomic(out / "report.md", report.markdown(page).encode(), force=True)
    write_atomic(out / "report.json", (json.dumps(plain, indent=1) + "\n").encode(), force=True)
    return plain


def bench_of(o: Options, progress: Progress) -> Bench:
    """The work of a path and its judges."""
    if o.path in PICTURES:
        from audiogen.lab.evaluate.compare.picture.bench import PictureBench

        return PictureBench.of(o, progress)
    from audiogen.lab.evaluate.compare.sound.bench import SoundBench

    return SoundBench.of(o, progress)


def machine(decoder: Any) -> str:
    """Where it ran, in words."""
    threads = torch.get_num_threads()
    kind = decoder.device.type
    name = torch.cuda.get_device_name(decoder.device) if kind == "cuda" else _processor()
    return (
        f"{name}, {threads} threads, {str(decoder.dtype).removeprefix('torch.')}, torch {torch.__version__}"
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()


def _run(cell: Cell, decoder: Any, bench: Bench, progress: Progress) -> Run:
    return run_cell(
        cell,
        decoder.network,
        bench.items,
        partial(bench.decode, decoder, cell),
        bench.keep,
        partial(tell, progress, cell.name),
    )


def _quality(page: report.Comparison) -> dict[str, bytes]:
    """The figure of quality against evaluations, on the first kind of structures."""
    kind, panels = page.kinds[0], []
    for measure in page.wording.drawn:
        lines: dict[str, list] = {}
        for r in page.results:
            if measure.name in r.scores[kind]:
                label = f"{r.run.cell.contender} {r.run.cell.scheduler}"
                lines.setdefault(label, []).append((r.run.evaluations, r.scores[kind][measure.name]))
        if lines:
            panels.append((measure, list(lines.items())))
    if not panels:
        return {}
    levels = {n: s for n, s in page.anchors.items() if n in page.wording.drawn_anchors}
    page.pictures["quality.png"] = "Quality against network evaluations, with 95 % intervals"
    return {"quality.png": figures.quality_against_evaluations(panels, levels, page.wording.item)}


def _line(result: Result, bench: Bench, kind: str) -> str:
    scores = result.scores.get(kind, {})
    judges = (bench.wording.distance, bench.wording.adherence)
    words = [f"{m.title} {scores[m.name]}" for m in judges if m.name in scores]
    return f"{result.name}: {float(np.median(result.run.seconds)):.2f} s, {', '.join(words)}"


def _check_folder(out: Path, asked: dict[str, Any], force: bool) -> None:
    """A report of the same comparison may be written anew; another one is kept."""
    file = out / "report.json"
    if out.exists() and not out.is_dir():
        raise InvalidRequest(f"{out} is a file; -o takes a folder.")
    if force or not file.exists():
        return
    try:
        there = json.loads(file.read_text())["settings"]["asked"]
        same = {**dict.fromkeys(asked), **there} == asked  # an older version knew fewer options
    except (ValueError, KeyError, TypeError):
        same = False
    if not same:
        raise WouldOverwrite(f"{file} is of another comparison; use --force to replace it or -o.")
