"""Prompts -> pieces, as a user gets them: prompt parser, score stage, one seed each."""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Sequence
from dataclasses import dataclass

from audiogen.artifacts import Conditioning, Notes
from audiogen.prompt.parser import parse
from audiogen.stage import Sampling, silent
from audiogen.structure.score.stage import ScoreStage

# what is measured where nothing in particular is asked, in free and in strict time
PLAIN = {"nothing asked": ["piano"], "asked tempo": [f"piano at {bpm} bpm" for bpm in (60, 90, 120, 150)]}


@dataclass(frozen=True)
class Job:
    """One piece to write: the setting that it belongs to, the words, the seed and the length in s."""

    setting: str
    prompt: str
    seed: int
    seconds: float

    @property
    def asked(self) -> Conditioning:
        """What the parser makes of the words."""
        return parse(f"{self.prompt}, {self.seconds:g} s")


@dataclass(frozen=True, eq=False)
class Made:
    """A written piece, what it was written for, and how long that took."""

    job: Job
    notes: Notes
    took_s: float


def jobs(setting: str, prompts: Sequence[str], n: int, seconds: float) -> list[Job]:
    """`n` pieces of one setting; the prompts take turns."""
    return [Job(setting, prompts[i % len(prompts)], i, seconds) for i in range(n)]


def write(weights: str, wanted: Sequence[Job], processes: int = 1) -> list[Made]:
    """The pieces in the order asked for; the same whatever the number of processes."""
    if processes <= 1 or len(wanted) < 2:
        stage = ScoreStage.from_pretrained(weights)
        return [_written(stage, job) for job in wanted]
    context = multiprocessing.get_context("spawn")
    with context.Pool(processes, _load, (weights,)) as pool:
        return pool.map(_write_one, wanted, 4)


_STAGE: list[ScoreStage] = []  # of a worker process


def _load(weights: str) -> None:
    _STAGE.append(ScoreStage.from_pretrained(weights))


def _write_one(job: Job) -> Made:
    return _written(_STAGE[0], job)


def _written(stage: ScoreStage, job: Job) -> Made:
    asked, before = job.asked, time.perf_counter()
    notes = stage(asked, asked, Sampling(seed=job.seed), silent).notes
    assert notes is not None, "a score stage gives notes"
    return Made(job, notes, time.perf_counter() - before)
