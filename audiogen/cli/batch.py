"""Many jobs in one run: all are checked first, what they need is loaded once, a bad one stops no other."""

from __future__ import annotations

import dataclasses
import os
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiogen.cli import output, pool
from audiogen.cli.job import Job, Ready
from audiogen.cli.jobs import Entry
from audiogen.cli.pool import Outcome
from audiogen.cli.progress import Reporter
from audiogen.cli.terminal import echo
from audiogen.cli.work import check, load, perform, play, remark, show
from audiogen.errors import AudiogenError, Cancelled, InvalidRequest, WouldOverwrite

if TYPE_CHECKING:
    from audiogen.cli.group import State
    from audiogen.registry import Loaded

PROCESSES, RAY = "processes", "ray"
_SHOWN = 8  # names of jobs in one line


@dataclasses.dataclass(frozen=True)
class Spread:
    """Over what the jobs are spread.

    Attributes:
        workers: processes, or tasks of Ray at once; None: as many as there are cores (of the cluster).
        engine: "processes" or "ray". cluster: address of a Ray cluster; None: one is started here.
        to: address of a folder for fsspec that results are written to; None: where -o says.
    """

    workers: int | None = 1
    engine: str = PROCESSES
    cluster: str | None = None
    to: str | None = None


def run(
    entries: Sequence[Entry],
    job_of: Callable[[dict[str, Any], int], Job],
    state: State,
    spread: Spread = Spread(),  # noqa: B008 - frozen
) -> None:
    """Do every job.

    Args:
        entries: as read.
        job_of: (job as an object, its number from 1) -> Job.
        spread: over what; see there.
    Raises:
        InvalidRequest: none can be made. WouldOverwrite: one would; none was begun.
        AudiogenError: some could not be made or failed; the others are complete.
    """
    with Reporter(state.quiet) as reporter:
        checked, failed = _checked(entries, job_of)
        jobs = list(checked.values())
        for where, ready in checked.items():
            remark(ready.plan, reporter, f"{where}: ")
        if jobs[0].job.dry_run:
            reporter.clear()
            for ready in jobs:
                show(ready)
            if failed:
                share = f"{len(failed)} of {len(entries)}"
                raise InvalidRequest(f"{share} jobs cannot be made ({_few(failed)}).")
            return
        if spread.engine == RAY or (spread.workers or 1) > 1:
            _spread(checked, failed, len(entries), state, spread, reporter)
            return
        load(jobs, reporter)
        made: list[Path] = []
        for number, (where, ready) in enumerate(checked.items(), 1):
            reporter.job(number, len(jobs))
            try:
                made += perform(ready, reporter)
            except (Cancelled, BrokenPipeError):
                raise
            except Exception as problem:
                failed.append(where)
                reporter.clear()
                _complain(where, problem, state)
        there = sum(place.exists for ready in jobs for place in ready.places)
        left = f", {there} left alone" if there else ""
        reporter.say(f"{_count(len(jobs), 'job')}: {_count(len(made), 'take')} made{left}")
    _play(jobs, made, failed, state)
    _conclude(failed, len(entries))


def _conclude(failed: Sequence[str], total: int) -> None:
    if failed:
        raise AudiogenError(
            f"{len(failed)} of {total} jobs failed ({_few(failed)}); everything else is complete."
        )


def _spread(
    checked: dict[str, Ready],
    failed: list[str],
    total: int,
    state: State,
    spread: Spread,
    reporter: Reporter,
) -> None:
    """The jobs over processes or a cluster; one line for each that fails, and a sum."""
    where, ready = list(checked), list(checked.values())
    jobs = [each.job for each in ready]
    if any(job.output == output.STDOUT for job in jobs):
        raise InvalidRequest("-o - writes one file; give a name for jobs that are made side by side.")
    if jobs[0].play:
        raise InvalidRequest("--play plays in order; leave it out where jobs are made side by side.")
    outcomes: Iterator[Outcome]
    if spread.engine == RAY:
        from audiogen.cli import cluster

        outcomes = cluster.run(jobs, spread.workers, spread.cluster, spread.to, reporter, state)
    else:
        load(ready, reporter)
        outcomes = pool.run(jobs, spread.workers or 1, ready[0].plan.loaded, reporter, state)
    made = done = 0
    full = False
    for outcome in outcomes:
        done, made = done + 1, made + outcome.takes
        reporter.clear()
        if outcome.said:
            click.echo(outcome.said, nl=False)
        if outcome.problem:
            failed.append(where[outcome.number])
            _say(where[outcome.number], outcome.problem)
        full = full or outcome.full
    if full:
        raise AudiogenError(
            f"No space is left, so the run stopped after {done} of {len(jobs)} jobs; what is finished is "
            "complete. Make room and start again with --skip-existing."
        )
    there = sum(place.exists for each in ready for place in each.places)
    left = f", {there} left alone" if there else ""
    reporter.say(f"{_count(len(jobs), 'job')}: {_count(made, 'take')} made{left}")
    _conclude(failed, total)


def _checked(
    entries: Sequence[Entry], job_of: Callable[[dict[str, Any], int], Job]
) -> tuple[dict[str, Ready], list[str]]:
    """The jobs that can be made, understood, by their places in the list; and the places of the others.

    What is wrong with these is said at once.
    """
    loaded: Loaded = {}
    jobs: dict[str, Ready] = {}
    problems: list[tuple[str, Exception]] = []
    writers: dict[str, str] = {}
    for number, entry in enumerate(entries, 1):
        try:
            ready = check(job_of(entry.job(), number))
            _check_alone(ready, entry.where, writers, len(entries))
            jobs[entry.where] = dataclasses.replace(ready, plan=ready.plan.sharing(loaded))
        except Exception as problem:  # a line that nobody foresaw is named like any other
            problems.append((entry.where, problem))
    if not jobs or any(isinstance(each, WouldOverwrite) for _, each in problems):
        _refuse(problems, len(entries))
    for where, each in problems:
        _say(where, f"left out: {in_words(each)}")
    return jobs, [where for where, _ in problems]


def _check_alone(ready: Ready, where: str, writers: dict[str, str], total: int) -> None:
    """No two jobs write one file."""
    if ready.job.output == output.STDOUT and total > 1:
        raise InvalidRequest("-o - writes one file; give a name for several jobs.")
    sheets = [] if ready.sheet is None else [ready.sheet]
    for file in [*(file for place in ready.places for file in place.files), *sheets]:
        name = unicodedata.normalize("NFC", os.path.abspath(file)).casefold()  # one file on macOS and Windows
        other = writers.setdefault(name, where)
        if other != where:
            raise InvalidRequest(
                f"{file} is written by {other} as well; put a field such as {{job}} or {{seed}} into -o."
            )


def _refuse(problems: list[tuple[str, Exception]], total: int) -> None:
    kinds = {type(problem) for _, problem in problems}
    kind = WouldOverwrite if kinds == {WouldOverwrite} else InvalidRequest
    if len(problems) == 1:
        where, problem = problems[0]
        raise kind(f"{where}: {in_words(problem)}") from problem
    for where, problem in problems:
        _say(where, in_words(problem))
    raise kind(
        f"{len(problems)} of {total} jobs cannot be made, so none was begun; mend them and start again."
    )


def _play(jobs: Sequence[Ready], made: Sequence[Path], failed: Sequence[str], state: State) -> None:
    if not jobs[0].job.play:
        return
    try:
        play(made)
    except AudiogenError as problem:
        if not failed:  # else what failed is the last word
            raise
        _complain("--play", problem, state)


def _complain(where: str, problem: Exception, state: State) -> None:
    if state.verbose >= 2:
        import traceback

        traceback.print_exception(problem)
    _say(where, in_words(problem))


def in_words(problem: Exception) -> str:
    """Why a job failed, as one line."""
    from audiogen.cli import group

    return problem.format_message() if isinstance(problem, click.ClickException) else group.in_words(problem)


def _say(where: str, words: str) -> None:
    echo(f"audiogen: {where}: {' '.join(words.split())}", err=True)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _few(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
