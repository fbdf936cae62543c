"""report.md and report.json of a comparison: every figure with its interval, every order with its ties."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from audiogen.lab.evaluate.compare.bench import Result, Wording
from audiogen.lab.evaluate.compare.verdicts import (
    Entry,
    Verdict,
    at_equal_evaluations,
    at_its_best,
    cheapest_tied,
)
from audiogen.lab.evaluate.scores import Measure, Score


@dataclass(frozen=True, eq=False)
class Comparison:
    """Everything that a report says.

    Attributes:
        settings: what was compared on what, and the machine; facts: other figures, by name.
        results: in the order of the cells; kinds: of structures; wording: the words of the bench.
        anchors: name -> distances of held-out recordings, real and damaged.
        heard: name -> distances and adherence after the vocoder.
        pictures: file -> what it shows; sounds: file -> what it is.
    """

    settings: dict[str, Any]
    results: list[Result]
    kinds: list[str]
    wording: Wording
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


def chosen(results: Sequence[Result], kinds: Sequence[str], distance: Measure) -> dict[str, Result]:
    """The cell of every contender that is to be heard or seen.

    The cheapest that is tied with its best by the distance, on the first kind. Without distances the one
    with most evaluations: adherence alone would choose the most blurred.
    """
    found = {}
    for name in dict.fromkeys(r.run.cell.contender for r in results):
        own = [r for r in results if r.run.cell.contender == name]
        rows = entries(own, kinds[0], distance)
        wanted = cheapest_tied(rows, distance).name if rows else None
        found[name] = next((r for r in own if r.name == wanted), max(own, key=lambda r: r.run.evaluations))
    return found


def markdown(c: Comparison) -> str:
    """The page."""
    s, words = c.settings, c.wording
    lines = [f"# {' and '.join(s['contenders'])} side by side: {s['path']}", ""]
    lines += [
        f"{s['count']} structures of each kind{words.size}, {s['seeds']} seeds of the first "
        f"{s['varied']}; {s['machine']}. Made by `{s['command']}` in {c.facts['minutes']:.1f} minutes.",
        "",
    ]
    lines += [f"- {remark}" for remark in s["remarks"]] + ([""] if s["remarks"] else [])
    for kind in c.kinds:
        lines += [f"## {words.kind_titles[kind]}", "", *_verdict_lines(c, kind), ""]
        lines += [*table([_row(r, kind, words) for r in c.results]), ""]
    if c.anchors:
        lines += ["## Anchors: what the distances mean", ""]
        subject, sentence = words.anchors
        lines += [sentence, ""]
        lines += [*table([{subject: name, **_cells(found, words)} for name, found in c.anchors.items()]), ""]
    if c.heard:
        lines += [f"## {words.after}", ""]
        lines += [*table([{"what": name, **_cells(found, words)} for name, found in c.heard.items()]), ""]
    for file, about in c.pictures.items():
        lines += [f"![{about}]({file})", ""]
    if c.sounds:
        lines += ["## Sounds", "", *(f"- [{file}]({file}): {about}" for file, about in c.sounds.items()), ""]
    lines += [words.how_to_read.format(embedding=s["embedding"] or "none here, for want of `--data`"), ""]
    return "\n".join(lines)


def verdicts(c: Comparison, kind: str) -> dict[str, list[Verdict]]:
    """Orders by measure, each contender at its best first.

    By adherence only the chosen cells are put in order: the best by adherence alone is a blur.
    """
    found = {}
    distance, adherence = c.wording.distance, c.wording.adherence
    if rows := entries(c.results, kind, distance):
        found[distance.name] = [at_its_best(rows, distance), *at_equal_evaluations(rows, distance)]
    best = chosen(c.results, c.kinds, distance)
    if rows := entries(list(best.values()), kind, adherence):
        found[adherence.name] = [at_its_best(rows, adherence)]
    return found


def _verdict_lines(c: Comparison, kind: str) -> list[str]:
    words, found = c.wording, verdicts(c, kind)
    lines = []
    for verdict in found.get(words.distance.name, []):
        many = "evaluation" if verdict.evaluations == 1 else "evaluations"
        when = "each at its best" if verdict.evaluations is None else f"at {verdict.evaluations} {many}"
        lines.append(f"- By {words.distance.title}, {when}: `{verdict}`.")
    for verdict in found.get(words.adherence.name, []):
        lines.append(f"- By {words.adherence.title}, the cells that are {words.taken}: `{verdict}`.")
    return lines


def _row(result: Result, kind: str, words: Wording) -> dict[str, str]:
    run = result.run
    seconds = float(np.median(run.seconds))
    return {
        "cell": result.name,
        "evaluations": f"{run.evaluations:g}",
        "seconds": f"{seconds:.3f}",
        "CPU s": f"{float(np.median(run.cpu_seconds)):.3f}",
        words.rate.title: words.rate(seconds),
        "peak MB": f"{run.memory_mb:.0f}" + ("" if run.memory_is_of_cell else " so far"),
        **_cells(result.scores.get(kind, {}), words),
    }


def _cells(scores: dict[str, Score], words: Wording) -> dict[str, str]:
    return {m.name: str(scores[m.name]) for m in words.measures if m.name in scores}


def table(rows: Sequence[dict[str, str]]) -> list[str]:
    """Lines of a Markdown table; what a row lacks stays empty."""
    head = list(dict.fromkeys(name for row in rows for name in row))
    lines = [head, ["---"] * len(head), *([row.get(name, "") for name in head] for row in rows)]
    return ["| " + " | ".join(cells) + " |" for cells in lines]


def as_json(c: Comparison) -> dict[str, Any]:
    """The same for programs: scores as value, low, high."""
    rate = c.wording.rate
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
                rate.name: round(rate.of(float(np.median(r.run.seconds))), rate.digits + 1),
                "peak_mb": round(r.run.memory_mb),
                "peak_is_of_cell": r.run.memory_is_of_cell,
                "scores": {kind: _numbers(scores) for kind, scores in r.scores.items()},
            }
            for r in c.results
        ],
        "verdicts": {
            kind: {
                measure: [{"evaluations": v.evaluations, "order": v.groups, "words": str(v)} for v in found]
                for measure, found in verdicts(c, kind).items()
            }
            for kind in c.kinds
        },
        "chosen": {name: r.name for name, r in chosen(c.results, c.kinds, c.wording.distance).items()},
        "anchors": {name: _numbers(scores) for name, scores in c.anchors.items()},
        "heard": {name: _numbers(scores) for name, scores in c.heard.items()},
        "facts": c.facts,
        "pictures": c.pictures,
        "sounds": c.sounds,
    }


def _numbers(scores: dict[str, Score]) -> dict[str, list[float]]:
    return {name: [round(v, 4) for v in (score.value, *score.interval)] for name, score in scores.items()}
