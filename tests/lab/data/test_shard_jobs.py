"""Shards: which are missing, and each with a generator of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from audiogen.lab.data.shard_jobs import missing_shards, run_jobs, write_shard

ROWS = {"valid": 3, "train": 5}


def test_the_last_shard_of_a_split_is_shorter(tmp_path: Path) -> None:
    jobs = missing_shards(tmp_path, ROWS, 2)
    assert [(job.target.name, job.first, job.size) for job in jobs] == [
        ("valid-000.npz", 0, 2),
        ("valid-001.npz", 2, 1),
        ("train-000.npz", 0, 2),
        ("train-001.npz", 2, 2),
        ("train-002.npz", 4, 1),
    ]


def test_shards_that_exist_are_kept(tmp_path: Path) -> None:
    write_shard(tmp_path / "train-001.npz", {"a": np.arange(3)})
    assert "train-001.npz" not in [job.target.name for job in missing_shards(tmp_path, ROWS, 2)]
    assert [file.name for file in tmp_path.iterdir()] == ["train-001.npz"], "no half-written file is left"


def test_every_shard_draws_other_numbers_and_always_the_same(tmp_path: Path) -> None:
    jobs = missing_shards(tmp_path, ROWS, 2)
    drawn = [job.rng(1).random() for job in jobs]
    assert len(set(drawn)) == len(jobs)
    assert drawn == [job.rng(1).random() for job in missing_shards(tmp_path, ROWS, 2)]


def test_one_worker_works_here_and_starts_once(tmp_path: Path) -> None:
    made: list[str] = []
    jobs = missing_shards(tmp_path, ROWS, 2)
    run_jobs(jobs, lambda job: made.append(job.target.name), 1, made.append, ("start",), "test")
    assert made == ["start", *(job.target.name for job in jobs)]


def test_compressed_shards_read_the_same(tmp_path: Path) -> None:
    array = np.zeros(10_000, np.uint8)
    for name, compressed in (("plain", False), ("small", True)):
        write_shard(tmp_path / f"{name}.npz", {"array": array}, compressed)
        with np.load(tmp_path / f"{name}.npz") as data:
            assert (data["array"] == array).all()
    assert (tmp_path / "small.npz").stat().st_size < 1000 < (tmp_path / "plain.npz").stat().st_size
