"""audiogen compare: decoders, schedulers and steps on the same structures and seeds; a page with figures."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from audiogen.cli import options
from audiogen.kinds import KINDS, kind_named

FOLDER = click.Path(path_type=Path)


@click.command("compare")
@click.option(
    "--path",
    type=click.Choice(list(KINDS)),
    default="ambience",
    show_default=True,
)
@click.option(
    "--decoders",
    metavar="LIST",
    help="NAME, NAME=WEIGHTS or LABEL:NAME=WEIGHTS, with commas. Default: all with weights for the path.",
)
@click.option("--schedulers", metavar="LIST", help="NAME or LABEL:NAME. Default: all that fit.")
@click.option("--steps", default="1,2,4,8,16", show_default=True, metavar="LIST")
@click.option(
    "-n", "count", type=click.IntRange(2, 500), default=24, show_default=True, help="Structures of each kind."
)
@click.option(
    "--seeds",
    type=click.IntRange(1, 16),
    default=2,
    show_default=True,
    help="Of the first 8 structures; the others have one.",
)
@click.option(
    "--data", type=FOLDER, help="What `audiogen data` made: held-out structures, distances to them."
)
@click.option("--structure", metavar="NAME[=WEIGHTS]", help="Default: mel for sound, pixelcnn for digits.")
@click.option(
    "--structures",
    metavar="LIST",
    help="Where they come from: held-out, stage, none (the decoder alone). Default: held-out,stage; for "
    "pictures: none.",
)
@click.option("--prompts", type=FOLDER, help="What is asked where nothing is held out: a file, one a line.")
@click.option("--seconds", type=click.FloatRange(4.8, 60), default=9.6, show_default=True, help="Of sounds.")
@click.option("--vocoder", metavar="WEIGHTS", help="Of sounds. Default: that of the path.")
@click.option("--clip", metavar="FOLDER|ID", help="Of pictures: how near they are to their words, by a CLIP.")
@click.option("--clap", metavar="FOLDER|ID", help="Of sounds: the same after the vocoder, by a CLAP.")
@click.option(
    "--heard/--no-heard", default=True, show_default=True, help="Sounds also after the vocoder, and as files."
)
@click.option(
    "--generators",
    type=FOLDER,
    metavar="DATA",
    help="With --path digit: also the stages that draw digits, against those in DATA (audiogen data "
    "recipes/digits.yaml), as OUTPUT/generators.",
)
@click.option("-o", "--output", type=FOLDER, default=Path("out/compare"), show_default=True)
@click.option("--device", metavar="auto|cpu|cuda", default="auto", help="Where to compute.")
@click.option("--force", is_flag=True, help="Replace the report of another comparison in the folder.")
@options.as_json
@options.talk
@click.pass_obj
def command(
    state: Any,
    output: Path,
    steps: str,
    structures: str | None,
    prompts: Path | None,
    generators: Path | None,
    force: bool,
    json_: bool,
    **asked: Any,
) -> int:
    """Decoders, schedulers and steps on the same work: a table, plots, sounds or pictures in a folder.

    \b
    audiogen compare --data build/ambience-audio -o out/compare
    audiogen compare --decoders flow=runs/a/weights,new:flow=runs/b/weights --steps 1,2,4
    audiogen compare --path digit --data build/pictures --schedulers euler,heun,ddim --steps 4,8

    Cells that are complete stay in the folder; the same command goes on. Without --data the distances to
    real sounds and pictures are left out.
    """
    from audiogen.cli.output import print_json
    from audiogen.cli.progress import Reporter
    from audiogen.lab.evaluate.compare.cells import steps_of
    from audiogen.lab.evaluate.compare.folder import Options, compare

    refuse_of_sound(asked["path"])
    if asked["clip"] is not None and not KINDS[asked["path"]].is_picture:
        raise click.BadParameter("compares pictures with words; give --clap.", param_hint="--clip")
    if generators is not None and KINDS[asked["path"]].subject != "digit":
        raise click.BadParameter("draw digits; give --path digit.", param_hint="--generators")
    settings = Options(
        steps=tuple(steps_of(steps)),
        structures=kinds_of(structures, asked["path"]),
        prompts=None if prompts is None else prompts_of(prompts),
        **asked,
    )
    with Reporter(state.quiet) as reporter:
        page = compare(settings, output, reporter, reporter.say, _words(), force)
        if generators is not None:
            compare_generators(generators, output / "generators", reporter.say)
    if json_:
        print_json(page)
    else:
        click.echo(str(output / "report.md"))
    return 0


def compare_generators(data: Path, out: Path, say: Callable[[str], None], count: int = 500) -> None:
    """All shipped stages that draw digits, `count` of each: a page, a plot and grids."""
    from audiogen.lab.evaluate.digits.page import table, write
    from audiogen.lab.evaluate.digits.running import compared, shipped

    rows, grids = compared(shipped(), data, count, say=lambda row: say(table([row]).splitlines()[-1]))
    write(rows, grids, out, count)


def refuse_of_sound(path: str) -> None:
    """What a picture has not must not be given with one.

    Raises:
        click.BadParameter: it was.
    """
    if not KINDS[path].is_picture:
        return
    context = click.get_current_context()
    given = click.core.ParameterSource.COMMANDLINE
    for name in ("seconds", "vocoder", "heard", "clap"):
        if context.get_parameter_source(name) == given:
            raise click.BadParameter(f"is of sounds; --path {path} makes pictures.", param_hint=f"--{name}")


def kinds_of(text: str | None, path: str) -> tuple[str, ...]:
    """Kinds of structures by their names; None: those that a path usually has.

    Raises:
        click.BadParameter: another name.
    """
    from audiogen.lab.evaluate.compare.bench import HELD_OUT, KINDS, NONE, STAGE

    if text is None:
        return (NONE,) if kind_named(path).subject == "thing" else (HELD_OUT, STAGE)
    found = tuple(part.strip() for part in text.split(","))
    if wrong := [part for part in found if part not in KINDS]:
        raise click.BadParameter(
            f"{', '.join(wrong)}: choose from {', '.join(KINDS)}.", param_hint="--structures"
        )
    return found


def prompts_of(file: Path) -> tuple[str, ...]:
    """The lines of a file that are neither empty nor comments.

    Raises:
        click.BadParameter: no such file, or none in it.
    """
    try:
        lines = [line.strip() for line in file.read_text(encoding="utf-8").splitlines()]
    except (OSError, UnicodeDecodeError) as problem:
        raise click.BadParameter(f"Cannot read {file} ({problem}).", param_hint="--prompts") from problem
    found = tuple(line for line in lines if line and not line.startswith("#"))
    if not found:
        raise click.BadParameter(f"{file} holds no prompt.", param_hint="--prompts")
    return found


def _words() -> str:
    """The command as it was given."""
    arguments = sys.argv[1:] if sys.argv[1:2] == ["compare"] else ["compare"]
    return shlex.join(["audiogen", *arguments])
