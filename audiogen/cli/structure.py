"""audiogen structure: stop after the first stage."""

from __future__ import annotations

from typing import Any

import click

from audiogen.cli import options
from audiogen.cli.progress import first_word


@click.command("structure")
@click.argument("prompt")
@options.output(
    ".mid (notes), .npz (anything of sound) or .png (contour). Default: named after prompt and seed."
)
@click.option(
    "--path", "--kind", "path", metavar="NAME", help="piano, ambience or digit; default: by the words."
)
@click.option(
    "--seconds", type=float, help="Length of a sound, 1 to 300; default: as the prompt says, else 15."
)
@click.option("--structure", metavar="score|mel|pixelcnn|...|FILE", help="Which stage, or what to vary.")
@options.structure_sampling
@options.variation
@options.loop
@click.option(
    "--quantize", is_flag=True, help="Notes exactly on the grid, 24 to the quarter; else as played."
)
@options.contact_sheet
@options.show_steps
@options.as_json
@options.talk
@click.pass_obj
def command(state: Any, prompt: str, structure: str | None, **given: Any) -> None:
    """Write the notes (.mid), the coarse mel (.npz) or the contour (.png) of a prompt, to edit and `decode`.

    \b
    audiogen structure "a slow waltz in D minor" -o waltz.mid
    audiogen decode waltz.mid -o waltz.wav
    audiogen structure "march, 120 bpm" --quantize -o march.mid
    audiogen structure "" --structure waltz.mid --variation 0.3 -n 4 -o varied.mid
    audiogen structure "digit 7" -o c.png
    """
    first_word(state.quiet)
    from audiogen.cli import names
    from audiogen.cli.job import Job
    from audiogen.cli.work import work
    from audiogen.errors import InvalidRequest
    from audiogen.kinds import kind_for_suffix
    from audiogen.request import Request

    stage, source = options.stage_or_file(structure)
    options.check_variation(given, source)
    if source is not None and not given["variation"]:
        raise InvalidRequest(
            f"{source} is a structure already; --variation F changes some of it, `audiogen decode` plays it."
        )
    request = Request(
        prompt=prompt,
        path=given["path"],
        seconds=given["seconds"],
        structure=stage,
        source=source,
        sampling=options.sampling_from(given),
        default_path=kind_for_suffix(names.suffix_of(given["output"] or "")),
        show_steps=given["show_steps"],
    )
    words = prompt if source is None else source.stem
    work(Job.of(request, words, given | {"until": "structure"}), state)
