"""audiogen mix: lay sounds under another one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from audiogen.cli import options


@click.command("mix")
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="MAIN FILE...")
@options.output("WAV, FLAC, OGG or MP3 by suffix. Default: MAIN-mix.wav.")
@click.option(
    "--below",
    type=float,
    multiple=True,
    metavar="LU",
    help="How much softer than MAIN, one for each FILE in order; default 8. Negative: louder.",
)
@click.option("--once", is_flag=True, help="A FILE shorter than MAIN ends; else it goes over into itself.")
@click.option("--bits", type=click.Choice(["16", "24", "float"]), default="24", help="Of WAV and FLAC.")
@options.play
@options.as_json
@options.talk
@click.pass_obj
def command(state: Any, files: tuple[Path, ...], below: tuple[float, ...], once: bool, **given: Any) -> None:
    """Lay FILEs under MAIN, which keeps its length and its level.

    \b
    audiogen mix calm.wav rain.wav
    audiogen mix calm.wav rain.wav birds.wav --below 6 --below 14 -o evening.wav
    """
    from audiogen.cli.output import Rules, print_json, write_files
    from audiogen.cli.work import play
    from audiogen.errors import InvalidRequest
    from audiogen.making.mixing import BED_LU, Under, mix
    from audiogen.media import audio
    from audiogen.media.files import check_target

    main, *others = files
    if len(below) > len(others):
        raise InvalidRequest(f"--below is given {len(below)} times for {len(others)} files; one for each.")
    output = Path(given["output"] or f"{main.stem}-mix.wav")
    audio.check_format(output.suffix, given["bits"])
    if not given["mkdir"] or output.parent.exists():
        check_target(output, given["force"])
    levels = [*below, *[BED_LU] * (len(others) - len(below))]
    wave, recipe = mix(main, [Under(file, lu, not once) for file, lu in zip(others, levels, strict=True)])
    data = audio.audio_bytes(wave.samples, wave.sample_rate, output.suffix, recipe, given["bits"], wave.facts)
    write_files({output: data}, Rules(given["force"], mkdir=given["mkdir"]))
    if given["json_"]:
        print_json({"file": str(output), "seconds": wave.seconds, "recipe": recipe})
    else:
        click.echo(str(output))
    if given["play"]:
        play([output])
