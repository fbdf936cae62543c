"""What is compared: contenders, their schedulers, numbers of steps; and their names on the command line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from audiogen.errors import InvalidRequest
from audiogen.registry import find_weights, stage_class, stage_entry, stage_names, stages_for, weights_for

FEW_STEPS = (1, 2)  # what distilled weights were made for


@dataclass(frozen=True)
class Contender:
    """A decoder with its weights.

    Attributes:
        label: how it is called in the report; stage: its registered name.
        weights: registered name, folder or hub id.
        schedulers: those that take part.
        only_steps: the numbers of steps that it can do; None: any.
        path: what it decodes, where the class depends on it.
    """

    label: str
    stage: str
    weights: str
    schedulers: tuple[str, ...]
    only_steps: tuple[int, ...] | None = None
    path: str | None = None

    def load(self, device: str = "auto") -> Any:
        return stage_class(self.stage, self.path).from_pretrained(self.weights, device=device)


@dataclass(frozen=True)
class Cell:
    """One contender with one scheduler and number of steps."""

    contender: str
    scheduler: str
    steps: int

    @property
    def name(self) -> str:
        return f"{self.contender}-{self.scheduler}-{self.steps}"


def contenders(text: str | None, path: str, schedulers: str | None = None) -> list[Contender]:
    """What `--decoders` and `--schedulers` name.

    Args:
        text: a comma list of NAME, NAME=WEIGHTS or LABEL:NAME=WEIGHTS; None: every decoder whose weights for
            the path are here, distilled ones as contenders of their own.
        schedulers: a comma list of NAME or LABEL:NAME; a contender without any does not take part. None: all
            that fit.
    Raises:
        InvalidRequest: unknown names, none here, or one label twice.
        MissingModel: named weights that are not here.
    """
    found = _here(path) if text is None else [_one(part.strip(), path) for part in text.split(",")]
    labels = [c.label for c in found]
    if len(set(labels)) < len(labels):
        raise InvalidRequest(
            f"--decoders: {', '.join(labels)} hold a name twice; write LABEL:NAME=WEIGHTS to tell them apart."
        )
    return _with_schedulers(found, schedulers)


def _one(text: str, path: str) -> Contender:
    name, _, weights = text.partition("=")
    label, _, stage = name.rpartition(":")
    decoders = stage_names("decoder")
    if stage not in decoders:
        raise InvalidRequest(f"No decoder named {stage!r}; there are: {', '.join(decoders)}.")
    few = stage_few(stage, path)
    weights = weights or weights_for(stage, path) or ""
    find_weights(weights)
    return Contender(
        label or stage,
        stage,
        weights,
        stage_entry(stage, path).schedulers,
        FEW_STEPS if weights == few else None,
        path,
    )


def _here(path: str) -> list[Contender]:
    """Every decoder with weights for the path in this installation."""
    from audiogen.errors import MissingModel

    found, missing = [], []
    for stage in stages_for(path, "decoder"):
        entry = stage_entry(stage, path)
        few = stage_few(stage, path)
        for label, weights in ((stage, entry.weights[path]), (f"{stage}-few", few)):
            if weights is None:
                continue
            try:
                find_weights(weights)
            except MissingModel:
                missing.append(weights)
                continue
            distilled = weights == few
            found.append(
                Contender(
                    label,
                    stage,
                    weights,
                    ("euler",) if distilled else entry.schedulers,
                    FEW_STEPS if distilled else None,
                    path,
                )
            )
    if not found:
        wanted = f"; missing: {', '.join(missing)}" if missing else ""
        raise MissingModel(f"No decoder has weights for {path} here{wanted}; name some with --decoders.")
    return found


def stage_few(stage: str, path: str) -> str | None:
    """The name of the weights that were distilled for one or two steps."""
    return stage_entry(stage, path).few.get(path)


def _with_schedulers(found: Sequence[Contender], text: str | None) -> list[Contender]:
    if text is None:
        return list(found)
    asked = [tuple(part.strip().rpartition(":")[::2]) for part in text.split(",")]
    for label, name in asked:
        fit = [c for c in found if name in c.schedulers and label in ("", c.label)]
        if not fit:
            known = "; ".join(f"{c.label}: {', '.join(c.schedulers)}" for c in found)
            wrong = f"{label}:{name}" if label else name
            raise InvalidRequest(f"--schedulers: {wrong!r} fits no contender. {known}.")
    taking_part = [
        replace(c, schedulers=tuple(s for s in c.schedulers if ("", s) in asked or (c.label, s) in asked))
        for c in found
    ]
    return [c for c in taking_part if c.schedulers]


def steps_of(text: str) -> list[int]:
    """A comma list of numbers of steps, ascending, each once.

    Raises:
        InvalidRequest: not numbers of 1 .. 1000.
    """
    parts = [part.strip() for part in text.split(",")]
    if any(not part.isdecimal() or not 1 <= int(part) <= 1000 for part in parts):
        raise InvalidRequest(f"--steps is a list such as 1,2,4,8 of numbers from 1 to 1000, not {text!r}.")
    return sorted({int(part) for part in parts})


def grid(found: Sequence[Contender], steps: Sequence[int]) -> list[Cell]:
    """Every cell, contender by contender."""
    return [
        Cell(c.label, scheduler, n)
        for c in found
        for scheduler in c.schedulers
        for n in steps
        if c.only_steps is None or n in c.only_steps
    ]
