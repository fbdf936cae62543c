"""audiogen make: a sentence becomes a sound."""

from __future__ import annotations

from typing import Any

import click

from audiogen.cli import options


@click.command("make")
@click.argument("prompt")
@options.output("WAV, FLAC, OGG or MP3 by suffix; - for stdout. Default: named after prompt and seed.")
@click.option("--path", metavar="NAME", help="piano; default: by the words.")
@click.option("--seconds", type=float, help="Length, 1 to 60; default: as the prompt says, else 15.")
@click.option("--structure", metavar="score|mel|none|FILE", help="First stage, or a .mid/.npz to follow.")
@click.option("--decoder", metavar="flow", help="Second stage.")
@options.structure_sampling
@options.decoder_sampling
@options.sound
@click.option("--keep-structure", is_flag=True, help="Write the .mid or .npz beside the sound.")
@click.option("--plot", is_flag=True, help="Draw structure, mel and result beside the sound (.png).")
@click.option("--dry-run", is_flag=True, help="Show what would be made, and stop.")
@options.as_json
@options.talk
@click.pass_obj
def command(state: Any, prompt: str, structure: str | None, **given: Any) -> None:
    """A sentence becomes a sound. PROMPT is English or Chinese.

    \b
    audiogen make "calm piano, 15 s"
    audiogen make "stormy piano in D minor, 20 s" --seed 7 --keep-structure
    audiogen make "a slow waltz, pp" -n 4 -o waltz.flac
    """
    from audiogen.cli.work import Job, work
    from audiogen.request import Request

    stage, source = options.stage_or_file(structure)
    request = Request(
        prompt=prompt,
        path=given["path"],
        seconds=given["seconds"],
        source=source,
        structure=stage,
        decoder=given["decoder"],
        sampling=options.sampling_from(given),
        loudness=options.loudness_from(given["loudness"]),
        rate=int(given["rate"]),
        device=given["device"],
    )
    work(Job.of(request, prompt, given), state)
