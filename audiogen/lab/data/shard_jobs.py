"""Making shards: which are still missing, several at a time, each whole or not at all.

A preparation says how many rows a split has; every shard is one job with a random generator of its own,
so that the data do not depend on how many workers there are or where the work was interrupted.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

SALT = {"train": 0, "valid": 1, "test": 2, "fine": 3, "valid-fine": 4}  # of the generators: the splits differ


@dataclass(frozen=True)
class ShardJob:
    """One shard to make: rows `first` to `first + size` of a split, into the file `target`."""

    target: Path
    split: str
    index: int
    first: int
    size: int

    def rng(self, seed: int) -> np.random.Generator:
        """The generator of this shard."""
        return np.random.default_rng([seed, SALT[self.split], self.index])


def missing_shards(out: Path, rows: Mapping[str, int], per_shard: int) -> list[ShardJob]:
    """The shards of `out` that do not exist yet, SPLIT-NNN.npz, in the order of the splits."""
    jobs = []
    for split, count in rows.items():
        for index, first in enumerate(range(0, count, per_shard)):
            target = out / f"{split}-{index:03d}.npz"
            if not target.exists():
                jobs.append(ShardJob(target, split, index, first, min(per_shard, count - first)))
    return jobs


def run_jobs(
    jobs: list[ShardJob],
    make: Callable[[ShardJob], None],
    workers: int,
    start: Callable[..., None],
    arguments: tuple[Any, ...],
    doing: str,
) -> None:
    """Make the shards with a progress bar; `start(*arguments)` runs once in every worker before.

    A single worker is this process itself.
    """
    if not jobs:
        return
    if workers == 1:
        start(*arguments)
        for job in tqdm(jobs, desc=doing, unit="shard"):
            make(job)
        return
    with multiprocessing.get_context("spawn").Pool(min(workers, len(jobs)), start, arguments) as pool:
        for _ in tqdm(pool.imap(make, jobs), total=len(jobs), desc=doing, unit="shard"):
            pass


def write_shard(target: Path, arrays: Mapping[str, np.ndarray], compressed: bool = False) -> None:
    """Write an .npz under another name first, so that a shard that exists is whole."""
    temporary = target.with_suffix(".part.npz")
    save = np.savez_compressed if compressed else np.savez
    save(temporary, **arrays)  # type: ignore[arg-type]
    temporary.rename(target)
