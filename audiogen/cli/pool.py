"""Jobs over several processes: `make jobs.jsonl --workers N`.

On Linux workers are forked once everything is loaded, so that all read the same weights and none loads them
again; elsewhere each starts anew and loads what it needs. A forked worker computes on one thread, a started
one on its share of the cores. A worker that dies is replaced and its job given out once more; what is
finished is seen by its file, so nothing is made twice.
"""

from __future__ import annotations

import contextlib
import dataclasses
import errno
import io
import multiprocessing
import os
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from typing import Any

from audiogen.cli.job import Job
from audiogen.cli.progress import Reporter
from audiogen.errors import AudiogenError, Cancelled
from audiogen.registry import Loaded

TRIES = 2  # of a job whose worker died
_METHOD = "fork" if sys.platform == "linux" else "spawn"


@dataclass(frozen=True)
class Outcome:
    """What became of a job.

    Attributes:
        number: of the job in the list, from 0.
        said: what it printed on stdout. takes: how many were made. problem: why it failed, or "".
        full: the disk is full, so that every further job would fail as well.
    """

    number: int
    said: str = ""
    takes: int = 0
    problem: str = ""
    full: bool = False


def run(
    jobs: Sequence[Job], workers: int, loaded: Loaded, reporter: Reporter, state: Any
) -> Iterator[Outcome]:
    """Every job, in the order in which they are finished.

    Args:
        loaded: what the parent has loaded for them.
    Raises:
        Cancelled: Ctrl-C.
    """
    context: Any = multiprocessing.get_context(_METHOD)
    threads = max(1, (os.cpu_count() or 1) // workers)
    waiting = deque((number, 1) for number in range(len(jobs)))
    at_work: dict[Connection, tuple[Any, tuple[int, int] | None]] = {}

    def start() -> None:
        here, there = context.Pipe()
        given = (there, list(jobs), loaded if _METHOD == "fork" else {}, threads, state)
        process = context.Process(target=_work, args=given, daemon=True)
        process.start()
        there.close()
        at_work[here] = process, None
        give(here)

    def give(pipe: Connection) -> None:
        task = waiting.popleft() if waiting else None
        at_work[pipe] = at_work[pipe][0], task
        with contextlib.suppress(OSError):  # it died meanwhile; that is seen below
            pipe.send(task)

    done = 0
    try:
        for _ in range(min(workers, len(jobs))):
            start()
        while any(task for _, task in at_work.values()):
            if not reporter("jobs", done, len(jobs)):
                raise Cancelled(f"Cancelled after {done} of {len(jobs)} jobs; what is finished is complete.")
            for pipe in wait([*at_work], timeout=0.2):
                assert isinstance(pipe, Connection)
                process, task = at_work[pipe]
                try:
                    outcome = pipe.recv()
                except (EOFError, OSError):
                    process.join()
                    del at_work[pipe]
                    if task is None:
                        continue
                    number, tries = task
                    if tries < TRIES:
                        waiting.append((number, tries + 1))
                        start()
                        continue
                    outcome = Outcome(number, problem=f"its worker died {tries} times ({_end(process)}).")
                    if waiting:
                        start()
                else:
                    give(pipe)
                done += 1
                if outcome.full:
                    waiting.clear()
                yield outcome
        reporter("jobs", done, len(jobs))
    finally:
        for pipe, (process, _) in at_work.items():
            pipe.close()
            process.terminate()
            process.join()


def _end(process: Any) -> str:
    code = process.exitcode
    if code is not None and code < 0:
        return f"signal {signal.Signals(-code).name}"
    return f"exit code {code}"


def _work(pipe: Connection, jobs: list[Job], loaded: Loaded, threads: int, state: Any) -> None:
    """The life of a worker: a job from the pipe, its outcome back, until there are no more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent ends it
    if _METHOD != "fork":
        import torch

        torch.set_num_threads(threads)
    with contextlib.suppress(EOFError, OSError):
        while (task := pipe.recv()) is not None:
            number, tries = task
            pipe.send(outcome_of(number, jobs[number], loaded, again=tries > 1, state=state))


def outcome_of(
    number: int,
    job: Job,
    loaded: Loaded,
    again: bool,
    state: Any = None,
    stored: Callable[[Any], None] | None = None,
) -> Outcome:
    """Do a job in this process; nothing that goes wrong with it is raised.

    Args:
        again: it was begun before; takes whose files are there are complete.
        stored: called with the `Ready` job once its files are written.
    """
    from audiogen.cli.batch import in_words
    from audiogen.cli.work import check, perform

    job = dataclasses.replace(job, seed_drawn=False, skip_existing=job.skip_existing or again)
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), Reporter(quiet=True) as reporter:
            ready = check(job)
            ready = dataclasses.replace(ready, plan=ready.plan.sharing(loaded))
            takes = len(perform(ready, reporter))
            if stored is not None:
                stored(ready)
    except Exception as problem:
        if state is not None and state.verbose >= 2:
            import traceback

            traceback.print_exception(problem)
        cause = problem.__cause__ if isinstance(problem, AudiogenError) else problem
        full = isinstance(cause, OSError) and cause.errno in (errno.ENOSPC, errno.EDQUOT)
        return Outcome(number, said.getvalue(), problem=in_words(problem), full=full)
    return Outcome(number, said.getvalue(), takes)
