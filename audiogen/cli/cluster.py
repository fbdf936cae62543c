"""Jobs over a Ray cluster: `make jobs.jsonl --engine ray`.

A job is a task for one core. Where a node dies its tasks are run again elsewhere; what is finished is seen
by its file, so nothing is lost and nothing made twice. Results go to a folder that all nodes share, by the
same path, or to any address that fsspec writes (s3://, gs://, file://).
"""

from __future__ import annotations

import contextlib
import dataclasses
import io
import os
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TextIO

from audiogen.cli.job import Job, Ready
from audiogen.cli.pool import Outcome, outcome_of
from audiogen.cli.progress import Reporter
from audiogen.errors import Cancelled, InvalidRequest, MissingPackage
from audiogen.registry import Loaded

RETRIES = 3  # of a task whose node or process died
_AHEAD = 2  # tasks handed in for each that can run
_FILES = ("source", "init", "mask", "melody", "opening")  # of a request
_loaded: Loaded = {}  # of this process: a worker of Ray does many tasks


def run(
    jobs: Sequence[Job],
    workers: int | None,
    address: str | None,
    to: str | None,
    reporter: Reporter,
    state: Any,
) -> Iterator[Outcome]:
    """Every job, in the order in which they are finished; `workers`, `address`, `to` as `batch.Spread`.

    Raises:
        MissingPackage: ray is not installed. InvalidRequest: no cluster, or no such address for results.
        Cancelled: Ctrl-C.
    """
    ray = _ray()
    if to is not None:
        folder_of(to)
    reporter.begin("joining the cluster" if address else "starting Ray")
    began = not ray.is_initialized()
    out = sys.stdout
    sys.stdout = _OfThisThread(out)  # type: ignore[assignment]
    try:
        if began:
            _join(ray, address)
        cores = int(ray.cluster_resources().get("CPU", 1))
        at_once = (workers or cores) * (1 if workers else _AHEAD)
        remote = ray.remote(num_cpus=1, max_retries=RETRIES)(task)
        waiting = list(enumerate(jobs))[::-1]
        running: dict[Any, int] = {}
        done, folder = 0, os.getcwd()
        while waiting or running:
            if not reporter("jobs", done, len(jobs)):
                raise Cancelled(f"Cancelled after {done} of {len(jobs)} jobs; what is finished is complete.")
            while waiting and len(running) < at_once:
                number, job = waiting.pop()
                running[remote.remote(number, _everywhere(job), folder, to)] = number
            finished, _ = ray.wait([*running], timeout=0.2)
            for reference in finished:
                number = running.pop(reference)
                try:
                    outcome = ray.get(reference)
                except ray.exceptions.RayError as problem:
                    why = str(problem).strip().split("\n", 1)[0]
                    outcome = Outcome(number, problem=f"its worker died {RETRIES + 1} times ({why})")
                done += 1
                if outcome.full:
                    waiting.clear()
                yield outcome
        reporter("jobs", done, len(jobs))
    finally:
        with contextlib.redirect_stdout(sys.stderr):
            if began:
                ray.shutdown()
        sys.stdout = out


class _OfThisThread(io.TextIOBase):
    """Standard output for data: what threads of Ray print of nodes that die is talk, and goes to stderr."""

    def __init__(self, out: TextIO) -> None:
        self.out, self.thread = out, threading.get_ident()

    def _now(self) -> TextIO:
        return self.out if threading.get_ident() == self.thread else sys.stderr

    def write(self, text: str) -> int:
        return self._now().write(text)

    def flush(self) -> None:
        self._now().flush()


def task(number: int, job: Job, folder: str, to: str | None) -> Outcome:
    """One job, in a process of some node; a job that was begun before goes on where it stopped."""
    if to is not None:
        return _stored(number, job, to)
    try:
        os.chdir(folder)
    except OSError as problem:
        return Outcome(
            number,
            problem=f"{folder} is not on every node ({problem.strerror}); take a shared folder, or --to URL.",
        )
    return outcome_of(number, job, _loaded, again=not job.force)


def _stored(number: int, job: Job, to: str) -> Outcome:
    """A job whose files are sent to an address; the result, sent last, says that the rest is there."""
    from audiogen.cli.work import check

    system, root = folder_of(to)
    job = dataclasses.replace(job, mkdir=True)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            if not job.force:
                names = [place.file for place in check(dataclasses.replace(job, seed_drawn=False)).places]
                if all(system.exists(f"{root}/{name}") for name in names):
                    return Outcome(number)

            def send(ready: Ready) -> None:
                results = {place.file for place in ready.places}
                made = [file.relative_to(".") for file in sorted(Path().rglob("*")) if file.is_file()]
                for file in sorted(made, key=lambda file: file in results):
                    there = f"{root}/{file.as_posix()}"
                    system.makedirs(there.rpartition("/")[0], exist_ok=True)
                    system.put_file(str(file), f"{there}.part")
                    system.mv(f"{there}.part", there)

            return outcome_of(number, job, _loaded, again=False, stored=send)
        except Exception as problem:
            return Outcome(number, problem=f"{to}: {problem}")
        finally:
            os.chdir("/")


def folder_of(address: str) -> tuple[Any, str]:
    """The file system of an address and the folder in it.

    Raises:
        MissingPackage: fsspec is not installed. InvalidRequest: it knows no such address.
    """
    try:
        from fsspec.core import url_to_fs
    except ImportError as problem:
        raise _missing("fsspec") from problem
    try:
        system, root = url_to_fs(address)
    except (ValueError, ImportError) as problem:
        raise InvalidRequest(f"--to {address}: {problem}.") from problem
    return system, str(root).rstrip("/")


def _everywhere(job: Job) -> Job:
    """With the files it starts from by their whole paths."""
    given = {name: getattr(job.request, name) for name in _FILES}
    whole: dict[str, Any] = {name: file.absolute() for name, file in given.items() if isinstance(file, Path)}
    return dataclasses.replace(job, request=dataclasses.replace(job.request, **whole))


def _ray() -> Any:
    os.environ.setdefault("RAY_DEDUP_LOGS", "0")  # what is held back would be printed at the end, to stdout
    try:
        import ray
    except ImportError as problem:
        raise _missing("ray") from problem
    return ray


def _missing(name: str) -> MissingPackage:
    return MissingPackage(f"--engine ray needs {name}: pip install 'audiogen[cluster]'.")


def _join(ray: Any, address: str | None) -> None:
    try:
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level="error",
            **({} if address else {"include_dashboard": False}),
        )
    except (ConnectionError, ValueError, RuntimeError) as problem:
        why = str(problem).strip().split("\n", 1)[0]
        raise InvalidRequest(
            f"No Ray cluster at {address} ({why}); start one with `ray start --head`, or leave out --cluster."
        ) from problem
