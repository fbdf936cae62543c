"""Stages drawn, timed, measured and set side by side, between held-out digits and damaged ones."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from audiogen.lab.data.digits import DIGITS, DigitSet
from audiogen.lab.evaluate.digits.judge import DigitClassifier
from audiogen.lab.evaluate.digits.measures import DigitJudge, Digits
from audiogen.lab.evaluate.scores import Score
from audiogen.media.grid import grid
from audiogen.media.png import png_bytes
from audiogen.stage import Sampling
from audiogen.structure.digits.base import DigitStage

AT_ONCE = 250  # digits drawn together
TIMED = 5  # times that one is drawn alone
COLUMNS = 10
CEILING, FLOOR = "held-out digits", "held-out digits in noise"
NOISE = 0.5  # standard deviation of that noise, of the range of the ink


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a stage drew, and the time of one digit drawn alone on one core, ms."""

    digits: Digits
    alone_ms: float


@dataclass(frozen=True, eq=False)
class Row:
    """A line of the report."""

    name: str
    scores: dict[str, Score]
    alone_ms: float | None = None
    parameters: int | None = None

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON: every figure with its interval."""
        figures = {k: {"value": s.value, "interval": list(s.interval)} for k, s in self.scores.items()}
        return {"name": self.name, "ms": self.alone_ms, "parameters": self.parameters, **figures}


def draw(stage: DigitStage, count: int, sampling: Sampling = Sampling()) -> Drawn:
    """`count` digits of a stage, 0 to 9 in turn, with the seeds from that of the sampling on."""
    asked = np.arange(count) % DIGITS
    seeds = [Sampling(seed=sampling.seed + k).seed_for("structure") for k in range(count)]
    parts = [
        stage.draw(torch.from_numpy(asked[a : a + AT_ONCE]), seeds[a : a + AT_ONCE], sampling).numpy()
        for a in range(0, count, AT_ONCE)
    ]
    digits = Digits(np.concatenate(parts), asked if stage.conditioned else None)
    return Drawn(digits, alone_ms(lambda k: stage.draw(torch.tensor([k]), [seeds[k]], sampling)))


def alone_ms(draw_one: Callable[[int], Any]) -> float:
    """Processor time of one digit on one core, ms: the shortest of a few, whatever else the machine does."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    times = []
    try:
        for k in range(TIMED):
            begin = time.process_time()
            draw_one(k)
            times.append(1000 * (time.process_time() - begin))
    finally:
        torch.set_num_threads(threads)
    return min(times)


class Report:
    """Lines, one after the other; held-out digits of the right size are kept."""

    def __init__(self, data: Path, judge: DigitClassifier, count: int) -> None:
        self.judge, self.count = judge, count
        self.training = DigitSet.read(data, "train").ink(slice(None))
        self.valid = DigitSet.read(data, "valid")
        self.real: dict[int, DigitJudge] = {}

    def row(self, name: str, made: Drawn, parameters: int | None = None) -> Row:
        """The line of what a stage drew."""
        against = self.against(made.digits.ink.shape[1])
        return Row(name, against.scores(made.digits), made.alone_ms, parameters)

    def anchors(self, size: int = 28) -> list[Row]:
        """What is the best to be expected, and what is plainly bad: other held-out digits, as they are and
        in noise."""
        part = self.part(self.count, size)
        noise = NOISE * np.random.default_rng(0).standard_normal(part.ink.shape).astype(np.float32)
        noisy = Digits(np.clip(part.ink + noise, 0, 1), part.asked)
        against = self.against(size)
        return [Row(CEILING, against.scores(part)), Row(FLOOR, against.scores(noisy))]

    def against(self, size: int) -> DigitJudge:
        """The judge with held-out digits of that size."""
        if size not in self.real:
            self.real[size] = DigitJudge(self.judge, self.part(0, size), self.training)
        return self.real[size]

    def part(self, first: int, size: int) -> Digits:
        """`count` held-out digits from `first` on."""
        some = DigitSet(
            self.valid.images[first : first + self.count], self.valid.labels[first : first + self.count]
        ).enlarged(size)
        return Digits(some.ink(slice(None)), some.labels)


def sheet(ink: np.ndarray) -> bytes:
    """The first ten of every digit, in rows: a PNG file."""
    order = np.arange(min(len(ink), DIGITS * COLUMNS))
    if len(order) == DIGITS * COLUMNS:
        order = order.reshape(COLUMNS, DIGITS).T.ravel()
    return png_bytes(grid(ink[order], COLUMNS, -(-60 // ink.shape[1])))
