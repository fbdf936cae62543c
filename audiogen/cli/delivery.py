"""A take becomes files, and the files are announced."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiogen.cli import material, output

if TYPE_CHECKING:
    from audiogen.cli.job import Job
    from audiogen.cli.progress import Reporter
    from audiogen.request import Take


def deliver(job: Job, take: Take, target: output.Target) -> list[Path]:
    """Write one take and what goes beside it, all or nothing; returns the files, the result first."""
    data = material.data(take, job)
    if target.file is None:
        output.write_stdout(data)
        return []
    contents = output.structure_files(target, take)
    if target.picture is not None:
        contents[target.picture] = output.draw(take, f"{job.words}, {take.label}")
    if target.strip is not None:
        contents[target.strip] = output.draw_steps(take)
    # The result gets its name last: where it is, the rest is.
    output.write_files(contents | {target.file: data}, job.rules)
    return [target.file, *contents]


def announce(job: Job, take: Take, files: list[Path], reporter: Reporter) -> None:
    """The files on stdout, one a line, or one line of JSON."""
    from audiogen.provenance import without_packed

    if not files:
        return
    reporter.clear()
    if job.json:
        row: dict[str, Any] = {} if job.number is None else {"job": job.number}
        row |= {"file": str(files[0]), "beside": [str(f) for f in files[1:]], "seed": take.seed}
        row |= {"variation_seed": take.sampling.variation_seed} if take.sampling.variation else {}
        row |= {"verdict": take.recipe["verdict"]} if "verdict" in take.recipe else {}
        output.print_json(row | material.measures(take, job) | {"recipe": without_packed(take.recipe)})
        return
    for file in files:
        click.echo(str(file))
