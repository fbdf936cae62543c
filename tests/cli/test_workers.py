"""Jobs over several processes and over a cluster: the same files, whatever dies or fails meanwhile."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from audiogen.cli import cluster, work
from audiogen.errors import AudiogenError
from tests.cli.cluster_night import JOBS, POISONED, night_with_a_dying_node

NAMES = "{job}.wav"
LINES = [{"prompt": "calm piano", "seconds": 1, "seed": seed} for seed in range(4)]
forked = pytest.mark.skipif(sys.platform != "linux", reason="a fault is handed on to forked workers only")


@pytest.fixture
def night(tiny: Path) -> Path:
    (tiny / "night.jsonl").write_text("".join(json.dumps(line) + "\n" for line in LINES))
    return tiny


@pytest.fixture
def faulty(monkeypatch):
    """faulty(what): before job 2 is made its worker calls `what`."""
    real = work.perform

    def give(fault) -> None:
        def perform(ready, reporter):
            if ready.job.number == 2:
                fault()
            return real(ready, reporter)

        monkeypatch.setattr(work, "perform", perform)

    return give


def test_workers_make_what_one_makes(night, run):
    done = run("make", "night.jsonl", "-o", NAMES, "--workers", 2)
    assert done.code == 0, done.err
    assert sorted(done.out.split()) == ["1.wav", "2.wav", "3.wav", "4.wav"]
    assert done.err.endswith("4 jobs: 4 takes made\n")
    run("make", "night.jsonl", "-o", "alone-{job}.wav")
    for number in range(1, 5):
        assert (night / f"{number}.wav").read_bytes() == (night / f"alone-{number}.wav").read_bytes()


def test_what_is_there_is_left_alone(night, run):
    run("make", "calm piano, 1 s", "--seed", 1, "-o", "2.wav")
    before = (night / "2.wav").stat().st_mtime_ns
    assert run("make", "night.jsonl", "-o", NAMES, "--workers", 2).code == 3  # would overwrite
    done = run("make", "night.jsonl", "-o", NAMES, "--workers", 2, "--skip-existing")
    assert done.code == 0 and done.err.endswith("4 jobs: 3 takes made, 1 left alone\n")
    assert (night / "2.wav").stat().st_mtime_ns == before


def test_a_job_that_fails_stops_no_other(night, run, faulty):
    def fault() -> None:
        raise AudiogenError("poisoned.")

    faulty(fault)
    done = run("make", "night.jsonl", "-o", NAMES, "--workers", 2)
    assert done.code == 1
    assert "night.jsonl, line 2: poisoned." in done.err and "Traceback" not in done.err
    assert sorted(done.out.split()) == ["1.wav", "3.wav", "4.wav"]


@forked
def test_a_worker_that_is_killed_is_replaced_and_its_job_made(night, run, faulty):
    def once() -> None:
        if not os.path.exists("killed"):
            Path("killed").touch()
            os.kill(os.getpid(), signal.SIGKILL)

    faulty(once)
    done = run("make", "night.jsonl", "-o", NAMES, "--workers", 2)
    assert done.code == 0, done.err
    assert (night / "killed").exists()
    assert sorted(done.out.split()) == ["1.wav", "2.wav", "3.wav", "4.wav"]


@forked
def test_a_job_that_kills_every_worker_is_given_up(night, run, faulty):
    faulty(lambda: os.kill(os.getpid(), signal.SIGKILL))
    done = run("make", "night.jsonl", "-o", NAMES, "--workers", 2)
    assert done.code == 1
    assert "line 2: its worker died 2 times (signal SIGKILL)" in done.err
    assert sorted(done.out.split()) == ["1.wav", "3.wav", "4.wav"]


def test_a_full_disk_stops_the_run_and_keeps_what_is_finished(night, run, faulty):
    def fault() -> None:
        raise AudiogenError("2.wav could not be written.") from OSError(errno.ENOSPC, "No space left")

    faulty(fault)
    done = run("make", "night.jsonl", "-o", NAMES, "--workers", 2)
    assert done.code == 1
    assert "No space is left, so the run stopped" in done.err and "--skip-existing" in done.err
    assert (night / "1.wav").exists()
    assert not (night / "4.wav").exists(), "a job was begun on a full disk"


@pytest.mark.parametrize(
    "given",
    [
        ("calm piano", "--workers", 2),
        ("night.jsonl", "--to", "memory://x"),
        ("night.jsonl", "--workers", 0),
        ("night.jsonl", "-o", NAMES, "--workers", 2, "--play"),
        ("night.jsonl", "-o", NAMES, "--engine", "ray", "--to", "nowhere://x"),
    ],
)
def test_what_does_not_go_together_is_refused_in_one_line(night, run, given):
    done = run("make", *given)
    assert done.code != 0 and not done.out
    assert done.err.count("audiogen: ") == 1 and "Traceback" not in done.err
    assert sorted(file.name for file in night.glob("*.wav")) == []


def test_results_go_to_an_address_once(night, run, monkeypatch):
    """A task as a node runs it, into fsspec's memory."""
    import fsspec

    from audiogen.cli import batch

    monkeypatch.setattr(cluster, "_loaded", {})
    found = {}
    monkeypatch.setattr(batch, "run", lambda entries, job_of, *rest: found.update(jobs=(entries, job_of)))
    run("make", "night.jsonl", "-o", NAMES, "--keep-structure", "--workers", 2)
    entries, job_of = found["jobs"]
    job = job_of(entries[1].job(), 2)
    memory = fsspec.filesystem("memory")
    folder = os.getcwd()
    try:
        first = cluster.task(1, job, folder, "memory://takes")
        assert (first.problem, first.takes) == ("", 1)
        assert sorted(memory.ls("takes", detail=False)) == ["/takes/2.mid", "/takes/2.wav"]
        again = cluster.task(1, job, folder, "memory://takes")
        assert (again.problem, again.takes) == ("", 0)
    finally:
        os.chdir(folder)
    run("make", "calm piano", "--seconds", 1, "--seed", 1, "-o", "alone.wav")
    assert memory.cat("/takes/2.wav") == (night / "alone.wav").read_bytes()


@pytest.mark.slow
@pytest.mark.weights
def test_a_node_that_dies_loses_and_doubles_nothing(tmp_path):
    """Two nodes of a real cluster; one is taken away while it is at work, and one job cannot be made."""
    ray_cluster = pytest.importorskip("ray.cluster_utils")
    found = night_with_a_dying_node(ray_cluster.Cluster, tmp_path)
    assert found.killed
    assert found.code == 1 and f"line {POISONED}: " in found.err, found.err
    expected = sorted(f"{number}.wav" for number in range(1, JOBS + 1) if number != POISONED)
    assert sorted(file.name for file in tmp_path.glob("*.wav")) == expected
    printed = found.out.split()
    assert len(printed) == len(set(printed)) and set(printed) <= set(expected), "one twice"
