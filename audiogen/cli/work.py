"""What make, decode and again have in common: check, load, make, write, say."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiogen.cli import output
from audiogen.cli.progress import Reporter
from audiogen.media.audio import audio_bytes, check_format

if TYPE_CHECKING:
    from audiogen.cli.group import State
    from audiogen.request import Plan, Request, Take

LOADING = "loading torch and weights"


@dataclass(frozen=True)
class Job:
    """A request and where its takes go.

    Attributes:
        request: what to make.
        words: what files are named after.
        output: as given with -o.
        bits, force, keep_structure, plot, dry_run, json: as the options of the same name.
    """

    request: Request
    words: str
    output: str | None = None
    bits: str = "24"
    force: bool = False
    keep_structure: bool = False
    plot: bool = False
    dry_run: bool = False
    json: bool = False

    @classmethod
    def of(cls, request: Request, words: str, given: dict[str, Any]) -> Job:
        """From the options of a verb."""
        names = ("output", "bits", "force", "keep_structure", "plot", "dry_run")
        chosen = {name: given[name] for name in names if name in given}
        return cls(request, words, json=given["json_"], **chosen)

    @property
    def suffix(self) -> str:
        """Of the file that is written."""
        named = self.output not in (None, output.STDOUT)
        return Path(str(self.output)).suffix if named else ".wav"


def work(job: Job, state: State) -> None:
    """Do the job; everything that can be refused is refused before torch is imported."""
    from audiogen import making

    check_format(job.suffix, job.bits)
    plan = making.understand(job.request)
    sampling = job.request.sampling
    seeds = [sampling.seed + k for k in range(sampling.n)]
    places = output.targets(job.output, job.words, seeds, job.suffix, job.force, job.keep_structure, job.plot)
    with Reporter(state.quiet) as reporter:
        remark(plan, reporter)
        if job.dry_run:
            _show(job, plan, places)
            return
        reporter.begin(LOADING)
        _ = plan.pipeline
        reporter.take(1, sampling.n)
        for k, take in enumerate(making.make(plan, reporter)):
            reporter.begin("writing")
            files = deliver(job, take, places[k])
            announce(job, take, files, reporter)
            reporter.take(k + 2, sampling.n)


def deliver(job: Job, take: Take, target: output.Target) -> list[Path]:
    """Write one take and what goes beside it; returns the files."""
    assert take.waveform is not None
    wave = take.waveform
    data = audio_bytes(wave.samples, wave.sample_rate, job.suffix, take.recipe, job.bits)
    output.emit(target, data, job.force)
    files = [target.file] if target.file else []
    files += output.keep_structure(target, take, job.force)
    if target.picture is not None:
        title = f"{job.words}, seed {take.seed}"
        output.emit(dataclasses.replace(target, file=target.picture), output.draw(take, title), job.force)
        files.append(target.picture)
    return files


def remark(plan: Plan, reporter: Reporter) -> None:
    """Everything that was heard otherwise than it was said."""
    for words in plan.remarks:
        reporter.say(f"note: {words}")
    if plan.conditioning.unknown:
        reporter.say(f"not understood, and left out: {', '.join(plan.conditioning.unknown)}")


def announce(job: Job, take: Take, files: list[Path], reporter: Reporter) -> None:
    """The files on stdout, one a line, or one line of JSON."""
    from audiogen.provenance import without_packed

    if not files:
        return
    if job.json:
        row = {"file": str(files[0]), "beside": [str(f) for f in files[1:]], "seed": take.seed}
        assert take.waveform is not None
        output.print_json(row | {"seconds": take.waveform.seconds, "recipe": without_packed(take.recipe)})
        return
    reporter.clear()
    for file in files:
        click.echo(str(file))


def _show(job: Job, plan: Plan, places: list[output.Target]) -> None:
    """--dry-run."""
    files = [str(p.file) if p.file else "stdout" for p in places]
    row = {
        "files": files,
        "stages": plan.stages,
        "sampling": dataclasses.asdict(job.request.sampling),
        "conditioning": plan.conditioning.to_dict(),
    }
    if job.json:
        output.print_json(row)
        return
    from audiogen.cli.explain import table

    for name, value in table(plan.conditioning):
        click.echo(f"{name:<14}{value}")
    click.echo(f"{'stages':<14}{' -> '.join(plan.stages.values())}")
    click.echo(f"{'seed':<14}{job.request.sampling.seed}")
    click.echo(f"{'would write':<14}{', '.join(files)}")
