"""What make, decode and again have in common: check, load, make, write, say, play.

What differs between a sound and a picture as a file stands in `material.py`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from audiogen import memory
from audiogen.cli import contact, material, names, output
from audiogen.cli.delivery import announce, deliver
from audiogen.cli.job import Job, Ready
from audiogen.cli.progress import Reporter
from audiogen.cli.terminal import echo
from audiogen.errors import AudiogenError, InvalidRequest

if TYPE_CHECKING:
    from audiogen.cli.group import State
    from audiogen.media.live import Live
    from audiogen.request import Plan
    from audiogen.stage import Sampling

LOADING = "loading torch and weights"
LIVE_S = 20.0  # a shorter sound is finished about when its first block is
MANY_STEPS = 250  # of a file by a stranger, who may want to keep a machine busy


def work(job: Job, state: State) -> None:
    """Do the job; everything that can be refused is refused before torch is imported."""
    with Reporter(state.quiet) as reporter:
        ready = check(job)
        remark(ready.plan, reporter)
        if job.dry_run:
            reporter.clear()
            show(ready)
            return
        if job.best is None:
            ready = dataclasses.replace(ready, plan=ready.plan.for_one_take())
        memory.map_large_arrays()
        reporter.listener = live = live_of(ready)
        load([ready], reporter)
        made = perform(ready, reporter)
    if job.play and not (live is not None and live.heard):
        play(made)
    elif live is not None and live.problem:
        raise AudiogenError(f"{made[0]} is written, but could not be played to its end: {live.problem}.")


def check(job: Job) -> Ready:
    """Everything that can be refused without a network.

    Raises:
        InvalidRequest, WouldOverwrite: see `understand` and `targets`.
    """
    from audiogen import making

    rules = job.rules
    if job.skip_existing and job.seed_drawn and names.needs_seed(job.output):
        raise InvalidRequest(
            "--skip-existing needs names that stay the same, and this one holds a seed that is drawn anew; "
            "give a seed, or -o with a name without {seed}."
        )
    if job.play and job.output == output.STDOUT:
        raise InvalidRequest("--play plays files, and -o - writes to stdout; leave one of them out.")
    material.check_suffix(job)
    plan = making.understand(job.request)
    if job.until is not None:
        material.check_stop(job, plan)
        plan = plan.until(job.until)
    job = material.checked(job, plan)
    plan = dataclasses.replace(plan, remarks=(*plan.remarks, *_of_format(job)))
    sampling = job.request.sampling
    if job.best is not None and job.best > sampling.n:
        raise InvalidRequest(f"--best {job.best} needs at least as many takes; give -n {job.best} or more.")
    if job.rank_by is not None:
        from audiogen.cli import best

        best.check(job, plan)
    facts = names.facts_of(job.words, sampling, plan.conditioning, job.number or 1)
    apart = job.output != output.STDOUT and names.tells_apart(job.output, facts)
    if job.best is not None and not apart:
        facts = dataclasses.replace(facts, seeds=facts.seeds[: job.best])
    beside = output.Beside(job.keep_structure, job.plot, job.show_steps, plan.conditioning.is_picture)
    places = output.targets(job.output, facts, job.suffix, rules, beside)
    return Ready(job, plan, places, contact.place(job, plan.conditioning, places), apart)


def load(jobs: Sequence[Ready], reporter: Reporter) -> None:
    """What the jobs need, once: stages with their weights; matplotlib, if there is something to draw."""
    wanted = [ready for ready in jobs if ready.missing]
    if not wanted:
        return
    reporter.begin(LOADING)
    with reporter.interrupt.held():
        if any(ready.job.plot for ready in wanted):
            from audiogen.media.plot import require_matplotlib

            require_matplotlib()
        use_threads()
        for ready in wanted:
            ready.plan.load()
        for ready in (each for each in wanted if each.job.best is not None):
            from audiogen.cli import best

            best.load(ready)


def use_threads(number: int | None = None) -> None:
    """As many as were measured to be fastest, or `number`; sums over threads depend on it."""
    import torch

    from audiogen.calibration import calibrated

    torch.set_num_threads(number or calibrated().threads)


def perform(ready: Ready, reporter: Reporter) -> list[Path]:
    """Make, write and announce the takes that are not there yet; returns their main files."""
    from audiogen import making

    if ready.job.best is not None:
        from audiogen.cli import best

        return best.perform(ready, reporter)
    made = []
    shown = contact.Contact(ready.sheet, len(ready.places))
    for k, place in enumerate(ready.places):
        if place.exists:
            reporter.say(f"{place.file} exists; left alone")
            shown.add_file(place.file)
            continue
        reporter.take(k + 1, len(ready.places))
        (take,) = making.make(ready.plan, reporter, items=[k])
        reporter.begin("writing")
        with reporter.interrupt.held():
            files = deliver(ready.job, take, place)
            announce(ready.job, take, files, reporter)
        shown.add(take)
        made += files[:1]
    if made:
        shown.write(ready.job, reporter)
    return made


def play(files: Sequence[Path]) -> None:
    """--play of what was not heard while it was made: each file, in order."""
    from audiogen.media import player

    player.play(files)


def live_of(ready: Ready) -> Live | None:
    """--play of one long sound: it is heard while it is made, if the package sounddevice finds a device."""
    job, plan = ready.job, ready.plan
    known = plan.conditioning
    single = job.play and len(ready.missing) == 1 and job.best is None and plan.bed is None
    if not single or plan.revision is not None or job.request.sampling.loop or known.seconds < LIVE_S:
        return None
    from audiogen.artifacts import Structure
    from audiogen.making.sound import target_lufs
    from audiogen.media import live

    found = live.device()
    start = plan.start if isinstance(plan.start, Structure) else None
    return None if found is None else live.Live(found, target_lufs(job.request.loudness, known, start))


def remark(plan: Plan, reporter: Reporter, where: str = "") -> None:
    """Everything that was heard otherwise than it was said."""
    for words in plan.remarks:
        reporter.say(f"{where}note: {words}")
    if plan.conditioning.unknown:
        reporter.say(f"{where}not understood, and left out: {', '.join(plan.conditioning.unknown)}")


def say_long(sampling: Sampling, reporter: Reporter) -> None:
    """What is made again from a file may take longer than whoever opened it thinks."""
    if (sampling.steps or 0) > MANY_STEPS:
        reporter.say(f"its recipe asks for {sampling.steps} steps, which take long; Ctrl-C stops them")


def _of_format(job: Job) -> tuple[str, ...]:
    """What should be known of the format of the file."""
    if job.request.sampling.loop and job.suffix == ".mp3":
        return ("MP3 adds silence at both ends, which is heard in a loop; .wav, .flac or .ogg do not",)
    return ()


def show(ready: Ready) -> None:
    """--dry-run."""
    job, plan = ready.job, ready.plan
    files = [str(p.file) if p.file else "stdout" for p in ready.places if not p.exists]
    files += [str(ready.sheet)] if ready.sheet is not None and files else []
    row: dict[str, Any] = {} if job.number is None else {"job": job.number}
    row |= {
        "files": files,
        "stages": plan.stages,
        "sampling": dataclasses.asdict(job.request.sampling),
        "conditioning": plan.conditioning.to_dict(),
    }
    if job.best is not None:
        row["best"] = job.best
        row |= {} if job.rank_by is None else {"rank_by": job.rank_by}
    if job.json:
        output.print_json(row)
        return
    from audiogen.cli.explain import table

    if job.number is not None:
        echo(f"{'job':<14}{job.number}")
    for name, value in table(plan.conditioning):
        echo(f"{name:<14}{value}")
    echo(f"{'stages':<14}{' -> '.join(plan.stages.values())}")
    echo(f"{'seed':<14}{job.request.sampling.seed}")
    if job.best is not None:
        by = f", by {job.rank_by}" if job.rank_by is not None else ""
        echo(f"{'would keep':<14}the best {job.best} of {job.request.sampling.n} takes{by}")
    echo(f"{'would write':<14}{', '.join(files) or 'nothing; all of it is there'}")
