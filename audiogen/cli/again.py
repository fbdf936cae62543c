"""audiogen again: make a file once more from the recipe inside it."""

from __future__ import annotations

import dataclasses
import tempfile
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click

from audiogen.cli import options
from audiogen.cli.info import STRUCTURES


@click.command("again")
@click.argument("file", type=click.Path(path_type=Path))
@options.output("Default: NAME-again beside FILE.")
@click.option("--device", metavar="cpu|cuda", help="Default: the recipe's.")
@click.option(
    "--model", metavar="FOLDER|ID", help="Where its pretrained model lies now; default: where it lay."
)
@click.option("--download", is_flag=True, help="Fetch its pretrained model from the hub if it is not here.")
@options.play
@options.as_json
@options.talk
@click.pass_obj
def command(
    state: Any, file: Path, device: str | None, model: str | None, download: bool, **given: Any
) -> None:
    """Make FILE again, bit for bit on the machine that made it; says so when something has changed.

    Of a story FILE is one of its frames, the combined picture, or recipe.json for the whole folder. A
    pretrained model that FILE names is fetched from the hub only with --download.
    """
    from audiogen import making
    from audiogen.cli.delivery import announce, deliver
    from audiogen.cli.job import Job
    from audiogen.cli.material import read_recipe
    from audiogen.cli.progress import Reporter
    from audiogen.cli.work import LOADING, check, play, say_long, use_threads
    from audiogen.errors import InvalidRequest
    from audiogen.hub import finding
    from audiogen.provenance import differences, replayable, request_of

    if file.suffix.lower() in STRUCTURES:
        raise InvalidRequest(f"{file} is a structure and holds no recipe; play it with `audiogen decode`.")
    recipe = _of_json(file) if file.suffix.lower() == ".json" else read_recipe(file)
    fetching = nullcontext() if download else finding.here_only()
    if recipe is not None and "story" in recipe:
        from audiogen.cli import story_again

        with fetching, Reporter(state.quiet) as reporter:
            story_again.remake(file, recipe, device, model, given, reporter)
        return
    if recipe is not None and "mix" in recipe:
        raise InvalidRequest(
            f"{file} was mixed from files; `audiogen info` names them, `audiogen mix` mixes them again."
        )
    if recipe is None or "pipeline" not in recipe:
        raise InvalidRequest(
            f"{file} holds no audiogen recipe; only files that audiogen wrote can be remade."
        )
    bits = _bits(file)
    name = given["output"] or str(file.with_name(f"{file.stem}-again{file.suffix}"))
    with tempfile.TemporaryDirectory() as folder, Reporter(state.quiet) as reporter, fetching:
        request = request_of(recipe, Path(folder), file.absolute().parent, device)
        told = replayable(recipe)
        if request.decoder == "remote":
            raise InvalidRequest(
                f"{file} was made by a service and cannot be made again; `make` asks it anew."
            )
        if model is not None:
            if request.model is None:
                raise InvalidRequest(f"{file} was made without a pretrained model; leave out --model.")
            moved = dataclasses.replace(request.model, source=model, revision=None)
            request = dataclasses.replace(request, model=moved)
        until = "structure" if recipe.get("kind") == "contour" else None
        say_long(request.sampling, reporter)
        ready = check(Job.of(request, file.stem, given | {"output": name, "bits": bits, "until": until}))
        plan = ready.plan
        reporter.begin(LOADING)
        with reporter.interrupt.held():
            use_threads(told.threads)
            plan.load()
        (take,) = making.make(plan, reporter, told.dtype)
        changes = differences(recipe, take.recipe)
        for words in changes:
            reporter.say(f"not as it was: {words}; the result may differ")
        if "verdict" in recipe and not changes:  # the same take was judged
            take = dataclasses.replace(take, recipe=take.recipe | {"verdict": recipe["verdict"]})
        files = deliver(ready.job, take, ready.places[0])
        announce(ready.job, take, files, reporter)
    if ready.job.play:
        play(files[:1])


def _bits(file: Path) -> str:
    """Of the samples of a sound file; those of a picture are always the same."""
    from audiogen.media import png

    if file.suffix.lower() == png.SUFFIX:
        return "24"
    import soundfile

    from audiogen.media.audio import WAV_SUBTYPES

    subtypes = {subtype: bits for bits, subtype in WAV_SUBTYPES.items()}
    return subtypes.get(soundfile.info(str(file)).subtype, "24")


def _of_json(file: Path) -> dict[str, Any] | None:
    """The recipe of a story's folder, or None where the file holds something else.

    Raises:
        InvalidRequest: it cannot be read.
    """
    from audiogen.errors import InvalidRequest
    from audiogen.media.files import json_object

    try:
        return json_object(file.read_bytes())
    except OSError as problem:
        raise InvalidRequest(f"{file} cannot be read ({problem.strerror}).") from problem
