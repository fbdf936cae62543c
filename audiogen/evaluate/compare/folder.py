"""A whole comparison into a folder: cells, report.md, report.json, PNG files, sounds.

cells = Options(path="ambience", data=Path("build/ambience-audio"))
page = compare(cells, Path("out/compare"), reporter)
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from audiogen import __version__
from audiogen.artifacts import MelSpectrogram
from audiogen.errors import Cancelled, InvalidRequest, MissingModel, WouldOverwrite
from audiogen.evaluate.compare import measures, pictures, report, sounds, work
from audiogen.evaluate.compare.cells import Cell, contenders, grid
from audiogen.evaluate.compare.running import Run, cached, key_of, run_cell
from audiogen.media.files import write_atomic
from audiogen.media.plot import require_matplotlib
from audiogen.registry import STAGES, load_stage, stage_class
from audiogen.stage import Sampling, silent

Progress = Callable[[str, int, int], bool]  # (what, step, of)
Say = Callable[[str], None]
EMBEDDING_VERSION = 1  # of evaluate/embedding.py: other features, other keys of cells
OGG_S = 5.0


@dataclass(frozen=True)
class Options:
    """What `audiogen compare` was asked.

    Attributes:
        decoders, schedulers: as on the command line, see `cells.contenders`.
        count: structures of each kind; seeds: of the first of them.
        structure: NAME=WEIGHTS of the structure stage, or None for the path's own.
        structures: kinds of structures.
        heard: measure the best cell of every contender after the vocoder as well.
    """

    path: str = "ambience"
    decoders: str | None = None
    schedulers: str | None = None
    steps: tuple[int, ...] = (1, 2, 4, 8, 16)
    count: int = 24
    seeds: int = 2
    prompts: tuple[str, ...] | None = None
    data: Path | None = None
    structure: str | None = None
    structures: tuple[str, ...] = (work.HELD_OUT, work.STAGE)
    seconds: float = work.SECONDS
    heard: bool = True
    vocoder: str | None = None
    device: str = "auto"


def compare(o: Options, out: Path, progress: Progress, say: Say, command: str, force: bool = False):
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
    vocoder = load_vocoder(o) if o.heard else None
    stage, remarks = structure_stage(o)
    say(f"{len(cells)} cells, {o.count} structures of each kind")
    todo = work.build(
        o.path,
        o.count,
        o.seeds,
        o.data,
        o.structures,
        o.prompts,
        stage,
        o.seconds,
        partial(_tell, progress, "structures"),
    )
    if todo.pools is None:
        remarks.append("No `--data`: distances to real recordings and diversity are left out.")
    judge = measures.Judge.of(todo)
    results, decoders = [], {}
    for contender in taking_part:
        decoder = decoders[contender.label] = contender.load(o.device)
        key = key_of(asked["path"], decoder.source, EMBEDDING_VERSION, [i.name for i in todo.items])
        key = key_of(key, str(decoder.device), torch.get_num_threads(), *todo.arrays())
        for cell in (cell for cell in cells if cell.contender == contender.label):
            make = partial(_run, cell, decoder, todo, progress)
            run, lay_there = cached(out / "cells", cell, key, make)
            results.append(measures.Result(run, {k: judge.scores(run.made, k) for k in todo.kinds}))
            say(_line(results[-1], todo.kinds[0]) + (" (from the folder)" if lay_there else ""))
    page = report.Comparison(
        settings={
            "version": __version__,
            "command": command,
            "path": o.path,
            "contenders": [c.label for c in taking_part],
            "weights": {label: d.source for label, d in decoders.items()},
            "count": o.count,
            "seconds": o.seconds,
            "seeds": o.seeds,
            "varied": min(o.count, work.VARIED),
            "steps": list(o.steps),
            "machine": machine(next(iter(decoders.values()))),
            "embedding": f"embedding {todo.pools.projection.fingerprint()}" if todo.pools else None,
            "remarks": remarks,
            "asked": asked,
        },
        results=results,
        kinds=todo.kinds,
        anchors=judge.anchors(),
    )
    best = report.chosen(results, todo.kinds)
    if vocoder is not None:
        _hear(page, best, decoders, vocoder, todo, judge, progress)
    files = _pictures(page, best, decoders, todo)
    if vocoder is not None:
        files |= _sounds(page, best, decoders, vocoder, todo)
    page.facts["minutes"] = round((time.perf_counter() - started) / 60, 2)
    out.mkdir(parents=True, exist_ok=True)
    for name, data in files.items():
        write_atomic(out / name, data, force=True)
    plain = report.as_json(page)
    write_atomic(out / "report.md", report.markdown(page).encode(), force=True)
    write_atomic(out / "report.json", (json.dumps(plain, indent=1) + "\n").encode(), force=True)
    return plain


def structure_stage(o: Options) -> tuple[Any, list[str]]:
    """The stage that writes coarse mels, or None and why not."""
    if work.STAGE not in o.structures:
        return None, []
    name, _, weights = (o.structure or "mel").partition("=")
    if name not in STAGES or STAGES[name].seam != "structure":
        known = ", ".join(n for n, e in STAGES.items() if e.seam == "structure")
        raise InvalidRequest(f"No structure stage named {name!r}; there are: {known}.")
    try:
        if weights:
            return stage_class(name).from_pretrained(weights, device=o.device), []
        return load_stage(name, o.path, o.device), []
    except (MissingModel, InvalidRequest) as problem:
        if o.structure:
            raise
        return None, [f"No structures of the stage {name}: {problem}"]


def load_vocoder(o: Options) -> Any:
    """The path's vocoder."""
    if o.vocoder:
        return stage_class("vocoder").from_pretrained(o.vocoder, device=o.device)
    return load_stage("vocoder", o.path if o.path in STAGES["vocoder"].weights else "piano", o.device)


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


def decode(decoder: Any, cell: Cell, item: work.Item) -> MelSpectrogram:
    """One item by one cell."""
    call = Sampling(seed=item.seed, steps=cell.steps, scheduler=cell.scheduler)
    return decoder(item.structure, item.conditioning, call, silent)


def _run(cell: Cell, decoder: Any, todo: work.Work, progress: Progress) -> Run:
    return run_cell(
        cell,
        decoder.network,
        todo.items,
        partial(decode, decoder, cell),
        measures.keep,
        partial(_tell, progress, cell.name),
    )


def _hear(
    page: report.Comparison,
    best: dict[str, measures.Result],
    decoders: dict[str, Any],
    vocoder: Any,
    todo: work.Work,
    judge: measures.Judge,
    progress: Progress,
) -> None:
    kind = todo.kinds[0]
    items = [todo.items[k] for k in todo.numbers(kind)]
    first = measures.Judge(work.Work(todo.path, todo.seconds, items, todo.pools), judge.distances)
    named: dict[str, sounds.Decode] = {}
    if kind == work.HELD_OUT:
        named["real recordings, through the vocoder"] = partial(_real, todo)
    for label, result in best.items():
        named[f"{result.name}, through the vocoder"] = partial(decode, decoders[label], result.run.cell)
    for name, make in named.items():
        made = sounds.heard(make, vocoder, items, partial(_tell, progress, name))
        page.heard[name] = first.scores(made, kind)


def _real(todo: work.Work, item: work.Item) -> MelSpectrogram:
    """The recording that a held-out structure is from."""
    assert todo.pools is not None
    return sounds.real_mel(todo.pools.measured[item.number].mid, todo.seconds)


def _pictures(
    page: report.Comparison, best: dict[str, measures.Result], decoders: dict[str, Any], todo: work.Work
) -> dict[str, bytes]:
    kind = todo.kinds[0]
    panels = []
    for measure in (*report.JUDGES, measures.MOVES):
        lines: dict[str, list] = {}
        for r in page.results:
            if measure.name in r.scores[kind]:
                label = f"{r.run.cell.contender} {r.run.cell.scheduler}"
                lines.setdefault(label, []).append((r.run.evaluations, r.scores[kind][measure.name]))
        if lines:
            panels.append((measure, list(lines.items())))
    files = {}
    if panels:
        real = {n: s for n, s in page.anchors.items() if n in ("real", "noise at 20 dB")}
        files["quality.png"] = pictures.quality_against_evaluations(panels, real)
        page.pictures["quality.png"] = "Quality against network evaluations, with 95 % intervals"
    item = todo.items[todo.numbers(kind)[_shown(todo, kind)]]
    strip = [] if item.structure.mel is None else [(f"structure: {item.name}", item.structure.mel)]
    strip += [(r.name, decode(decoders[label], r.run.cell, item).mid) for label, r in best.items()]
    if kind == work.HELD_OUT and todo.pools is not None:
        strip.append(("the recording that the structure is from", todo.pools.measured[item.number].mid))
    files["strip.png"] = pictures.mel_strip(strip)
    page.pictures["strip.png"] = f"One structure through every decoder: {item.name}"
    return files


def _shown(todo: work.Work, kind: str) -> int:
    """The structure of the strip: the second, where there is one (birds, in the order of ambience)."""
    return min(1, len(todo.numbers(kind)) - 1)


def _sounds(
    page: report.Comparison,
    best: dict[str, measures.Result],
    decoders: dict[str, Any],
    vocoder: Any,
    todo: work.Work,
) -> dict[str, bytes]:
    kind, files = todo.kinds[0], {}
    for number in todo.numbers(kind)[:2]:
        item = todo.items[number]
        for label, r in best.items():
            name = f"{item.number + 1}-{label}.ogg"
            made = decode(decoders[label], r.run.cell, item)
            files[name] = sounds.ogg(vocoder, _beginning(made))
            page.sounds[name] = f"{item.name}, by {r.name}"
        if kind == work.HELD_OUT and todo.pools is not None:
            name = f"{item.number + 1}-real.ogg"
            files[name] = sounds.ogg(vocoder, _beginning(_real(todo, item)))
            page.sounds[name] = f"{item.name}: the recording itself, through the vocoder, in mono"
    return files


def _beginning(made: MelSpectrogram) -> MelSpectrogram:
    """The first five seconds."""
    seconds = min(OGG_S, made.seconds)
    frames = made.settings.frames(seconds)
    return MelSpectrogram(made.mid[:, :frames], made.side[..., :frames], seconds, made.settings)


def _line(result: measures.Result, kind: str) -> str:
    scores = result.scores.get(kind, {})
    words = [f"{m.title} {scores[m.name]}" for m in report.JUDGES if m.name in scores]
    return f"{result.name}: {float(np.median(result.run.seconds)):.2f} s, {', '.join(words)}"


def _check_folder(out: Path, asked: dict[str, Any], force: bool) -> None:
    """A report of the same comparison may be written anew; another one is kept."""
    file = out / "report.json"
    if out.exists() and not out.is_dir():
        raise InvalidRequest(f"{out} is a file; -o takes a folder.")
    if force or not file.exists():
        return
    try:
        same = json.loads(file.read_text())["settings"]["asked"] == asked
    except (ValueError, KeyError):
        same = False
    if not same:
        raise WouldOverwrite(f"{file} is of another comparison; use --force to replace it or -o.")


def _tell(progress: Progress, what: str, step: int, of: int) -> None:
    if progress(what, step, of) is False:
        raise Cancelled("Cancelled; the cells that are complete stay in the folder.")
