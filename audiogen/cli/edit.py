"""audiogen inpaint, continue, extend: a sound that is there is changed in one place.

Everything outside that place stays sample by sample, in the rate and with the channels of the file.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiogen.cli import options

if TYPE_CHECKING:
    from audiogen.request import Region

_OUT = "WAV, FLAC, OGG or MP3 by suffix; DIR/ or a template; - for stdout. Default: named after FILE."


def _edits(name: str) -> Callable[[Callable[..., None]], click.Command]:
    """The arguments and options that the three verbs share."""

    def decorate(function: Callable[..., None]) -> click.Command:
        for option in reversed(
            (
                click.argument("file", type=click.Path(path_type=Path)),
                click.argument("prompt", default=""),
                options.output(_OUT),
                options.skip_existing,
                click.option(
                    "--path",
                    "--kind",
                    "path",
                    metavar="NAME",
                    help="piano or ambience; default: as the file says, else ambience.",
                ),
                options.structure_sampling,
                click.option("--steps", type=int, help="Solver steps of the decoder."),
                click.option(
                    "--bits",
                    type=click.Choice(["16", "24", "float"]),
                    help="Of WAV and FLAC; default: 24, float for a file of floats.",
                ),
                click.option(
                    "--format",
                    type=click.Choice(["wav", "flac", "ogg", "mp3"]),
                    help="Where -o says no suffix (-, a folder).",
                ),
                click.option("--device", metavar="auto|cpu|cuda", default="auto", help="Where to compute."),
                options.best,
                click.option("--keep-structure", is_flag=True, help="Write the .mid or .npz beside it."),
                options.play,
                click.option("--dry-run", is_flag=True, help="Show what would be made, and stop."),
                options.as_json,
                options.talk,
                click.pass_obj,
            )
        ):
            function = option(function)
        return click.command(name)(function)

    return decorate


@_edits("inpaint")
@click.option("--from", "start", type=float, required=True, metavar="S", help="Where it begins, seconds.")
@click.option("--to", "stop", type=float, required=True, metavar="S", help="Where it ends, seconds.")
def inpaint(state: Any, file: Path, prompt: str, start: float, stop: float, **given: Any) -> None:
    """Make a part of FILE anew; all else stays, sample by sample.

    FILE is a piano piece made by audiogen, whose notes travel in it, or any recording of nature.

    \b
    audiogen inpaint rain.wav --from 3 --to 5
    audiogen inpaint calm.wav --from 6 --to 9 "louder, high notes" -n 4
    audiogen inpaint garden.wav "thunder" --from 4 --to 8 -o storm.wav
    """
    from audiogen.making import revision

    _work(state, file, prompt, given, "inpaint", lambda: revision.between(file, start, stop))


@_edits("continue")
@click.option("--seconds", type=float, default=15.0, metavar="S", help="How much follows; default 15.")
def onwards(state: Any, file: Path, prompt: str, seconds: float, **given: Any) -> None:
    """Let FILE go on after its end: the whole of it is written, and what follows.

    \b
    audiogen continue calm.wav --seconds 20
    audiogen continue field-recording.wav --seconds 60 -o longer.wav
    """
    from audiogen.making import revision

    _work(state, file, prompt, given, "continue", lambda: revision.onwards(file, seconds))


@_edits("extend")
@click.option("--seconds", type=float, required=True, metavar="S", help="Length of the result.")
def extend(state: Any, file: Path, prompt: str, seconds: float, **given: Any) -> None:
    """Make FILE longer with the beginning and the ending that it has: what is new is set in between.

    \b
    audiogen extend waltz.wav --seconds 60
    """
    from audiogen.making import revision

    _work(state, file, prompt, given, "extend", lambda: revision.longer(file, seconds))


def _work(
    state: Any, file: Path, prompt: str, given: dict[str, Any], verb: str, region: Callable[[], Region]
) -> None:
    from audiogen.cli.job import Job
    from audiogen.cli.work import work
    from audiogen.making import revision

    drawn = given["seed"] is None
    given["seed"] = secrets.randbelow(100_000) if drawn else given["seed"]
    request = revision.revised(
        file, region(), prompt, options.sampling_from(given), given["path"], device=given["device"]
    )
    given["bits"] = given["bits"] or ("float" if _is_float(file) else "24")
    if given["format"] is None and given["output"] is None and file.suffix.lower() in (".flac",):
        given["format"] = "flac"
    job = Job.of(request, f"{file.stem} {verb}", given | {"seed": None if drawn else given["seed"]})
    work(job, state)


def _is_float(file: Path) -> bool:
    import soundfile

    return soundfile.info(str(file)).subtype in ("FLOAT", "DOUBLE")
