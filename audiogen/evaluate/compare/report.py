"""report.md and report.json of a comparison: every figure with its interval, every order with its ties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from audiogen.evaluate.compare.measures import ADHERENCE, KERNEL, MEASURES, Result
from audiogen.evaluate.compare.verdicts import (
    Entry,
    Verdict,
    at_equal_evaluations,
    at_its_best,
    cheapest_tied,
)
from audiogen.evaluate.compare.work import HELD_OUT, NONE, STAGE
from audiogen.evaluate.scores import Measure, Score

KIND_TITLES = {
    HELD_OUT: "Structures of held-out recordings",
    STAGE: "Structures of the path's own structure stage",
    NONE: "Without a structure",
}
JUDGES = (KERNEL, ADHERENCE)  # shown first
HOW_TO_READ = """\
**How to read it.** Every cell decodes the same structures with the same seeds. *Evaluations* are counted
calls of the network for one sound: guidance and second-order schedulers count double. *Kernel* and
*Frechet* are distances to held-out recordings, on the mel before the vocoder, less is better
({embedding}); the anchors say what they mean. *Adherence* is 1 where the coarse mel of the result is the
one asked for and 0 where it fits no better than another sound's; a mean of all possible sounds, which is
a blur, adheres best, so read it beside the distances. *Moves* is the correlation over time, which leaves
the colour out. *Diversity* is the distance between two seeds of one structure, 1 is that between two
real recordings of a kind. In brackets: 95 % intervals, bootstrap over sounds. `A < B`: A is better, and
the paired interval of the difference excludes 0; `A = B`: a tie."""


@dataclass(frozen=True, eq=False)
class Comparison:
    """Everything that a report says.

    Attributes:
        settings: what was compared on what, and the machine; facts: other figures, by name.
        results: in the order of the cells; kinds: of structures.
        anchors: name -> distances of held-out recordings, real and damaged.
        heard: name -> distances and adherence after the vocoder.
        pictures: file -> what it shows; sounds: file -> what it is.
    """

    settings: dict[str, Any]
    results: list[Result]
    kinds: list[str]
    anchors: dict[str, dict[str, Score]] = field(default_factory=dict)
    heard: dict[str, dict[str, Score]] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    pictures: dict[str, str] = field(default_factory=dict)
    sounds: dict[str, str] = field(default_factory=dict)


def entries(results: Sequence[Result], kind: str, measure: Measure) -> list[Entry]:
    """What the verdicts see of one measure."""
    return [
        Entry(r.name, r.run.cell.contender, r.run.evaluations, r.scores[kind][measure.name])
        for r in results
        if measure.name in r.scores.get(kind, {})
    ]


def chosen(results: Sequence[Result], kinds: Sequence[str]) -> dict[str, Result]:
    """The cell of every contender that is to be heard.

    The cheapest that is tied with its best by kernel distance, on the first kind. Without distances the one
    with most evaluations: adherence alone would choose the most blurred.
    """
    found = {}
    for name in dict.fromkeys(r.run.cell.contender for r in results):
        own = [r for r in results if r.run.cell.contender == name]
        rows = entries(own, kinds[0], KERNEL)
        wanted = cheapest_tied(rows, KERNEL).name if rows else None
        found[name] = next((r for r in own if r.name == wanted), max(own, key=lambda r: r.run.evaluations))
    return found


def markdown(c: Comparison) -> str:
    """The page."""
    s = c.settings
    lines = [f"# {' and '.join(s['contenders'])} side by side: {s['path']}", ""]
    lines += [
        f"{s['count']} structures of each kind, {s['seconds']:g} s each, {s['seeds']} seeds of the first "
        f"{s['varied']}; {s['machine']}. Made by `{s['command']}` in {c.facts['minutes']:.1f} minutes.",
        "",
    ]
    lines += [f"- {remark}" for remark in s["remarks"]] + ([""] if s["remarks"] else [])
    for kind in c.kinds:
        lines += [f"## {KIND_TITLES[kind]}", "", *_verdict_lines(c.results, c.kinds, kind), ""]
        lines += [*table([_row(r, kind, s["seconds"]) for r in c.results]), ""]
    if c.anchors:
        lines += ["## Anchors: what the distances mean", ""]
        lines += [
            "Held-out recordings against other held-out recordings, as they are and damaged, the same "
            "number of sounds of the same kinds.",
            "",
        ]
        lines += [*table([{"recordings": name, **_cells(found)} for name, found in c.anchors.items()]), ""]
    if c.heard:
        lines += ["## As it is heard: after the vocoder", ""]
        lines += [*table([{"what": name, **_cells(found)} for name, found in c.heard.items()]), ""]
    for file, words in c.pictures.items():
        lines += [f"![{words}]({file})", ""]
    if c.sounds:
        lines += ["## Sounds", "", *(f"- [{file}]({file}): {words}" for file, words in c.sounds.items()), ""]
    lines += [HOW_TO_READ.format(embedding=s["embedding"] or "none here, for want of `--data`"), ""]
    return "\n".join(lines)


def verdicts(results: Sequence[Result], kinds: Sequence[str], kind: str) -> dict[str, list[Verdict]]:
    """Orders by measure, each contender at its best first.

    By adherence only the cells that are heard are put in order: the best by adherence alone is a blur.
    """
    found = {}
    if rows := entries(results, kind, KERNEL):
        found[KERNEL.name] = [at_its_best(rows, KERNEL), *at_equal_evaluations(rows, KERNEL)]
    if rows := entries(list(chosen(results, kinds).values()), kind, ADHERENCE):
        found[ADHERENCE.name] = [at_its_best(rows, ADHERENCE)]
    return found


def _verdict_lines(results: Sequence[Result], kinds: Sequence[str], kind: str) -> list[str]:
    found = verdicts(results, kinds, kind)
    lines = []
    for verdict in found.get(KERNEL.name, []):
        many = "evaluation" if verdict.evaluations == 1 else "evaluations"
        when = "each at its best" if verdict.evaluations is None else f"at {verdict.evaluations} {many}"
        lines.append(f"- By kernel distance, {when}: `{verdict}`.")
    for verdict in found.get(ADHERENCE.name, []):
        lines.append(f"- By adherence, the cells that are heard: `{verdict}`.")
    return lines


def _row(result: Result, kind: str, duration: float) -> dict[str, str]:
    run = result.run
    seconds = float(np.median(run.seconds))
    return {
        "cell": result.name,
        "evaluations": f"{run.evaluations:g}",
        "seconds": f"{seconds:.3f}",
        "CPU s": f"{float(np.median(run.cpu_seconds)):.3f}",
        "x real time": f"{duration / seconds:.0f}",
        "peak MB": f"{run.memory_mb:.0f}" + ("" if run.memory_is_of_cell else " so far"),
        **_cells(result.scores.get(kind, {})),
    }


def _cells(scores: dict[str, Score]) -> dict[str, str]:
    return {m.name: str(scores[m.name]) for m in MEASURES if m.name in scores}


def table(rows: Sequence[dict[str, str]]) -> list[str]:
    """Lines of a Markdown table; what a row lacks stays empty."""
    head = list(dict.fromkeys(name for row in rows for name in row))
    lines = [head, ["---"] * len(head), *([row.get(name, "") for name in head] for row in rows)]
    return ["| " + " | ".join(cells) + " |" for cells in lines]


def as_json(c: Comparison) -> dict[str, Any]:
    """The same for programs: scores as value, low, high."""
    return {
        "settings": c.settings,
        "cells": [
            {
                "name": r.name,
                "contender": r.run.cell.contender,
                "scheduler": r.run.cell.scheduler,
                "steps": r.run.cell.steps,
                "evaluations": r.run.evaluations,
                "seconds": round(float(np.median(r.run.seconds)), 4),
                "cpu_seconds": round(float(np.median(r.run.cpu_seconds)), 4),
                "times_real_time": round(c.settings["seconds"] / float(np.median(r.run.seconds)), 1),
                "peak_mb": round(r.run.memory_mb),
                "peak_is_of_cell": r.run.memory_is_of_cell,
                "scores": {kind: _numbers(scores) for kind, scores in r.scores.items()},
            }
            for r in c.results
        ],
        "verdicts": {
            kind: {
                measure: [{"evaluations": v.evaluations, "order": v.groups, "words": str(v)} for v in found]
                for measure, found in verdicts(c.results, c.kinds, kind).items()
            }
            for kind in c.kinds
        },
        "chosen": {name: r.name for name, r in chosen(c.results, c.kinds).items()},
        "anchors": {name: _numbers(scores) for name, scores in c.anchors.items()},
        "heard": {name: _numbers(scores) for name, scores in c.heard.items()},
        "facts": c.facts,
        "pictures": c.pictures,
        "sounds": c.sounds,
    }


def _numbers(scores: dict[str, Score]) -> dict[str, list[float]]:
    return {name: [round(v, 4) for v in (score.value, *score.interval)] for name, score in scores.items()}
