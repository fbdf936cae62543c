"""audiogen decode: start from a MIDI file, a structure or a drawing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from audiogen.cli import options
from audiogen.cli.progress import first_word


@click.command("decode")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("prompt", default="")
@options.output(
    "WAV, FLAC, OGG, MP3 or PNG by suffix; DIR/ or a template; - for stdout. "
    "Default: named after FILE and seed."
)
@options.skip_existing
@click.option("--seconds", type=float, help="Cut to this length; default: all of it, up to 600 s.")
@click.option("--decoder", metavar="flow|diffusion", help="The stage that fills in the detail.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Default: drawn anew.")
@click.option("-n", "--n", type=click.IntRange(1, 1000), default=1, help="How many takes.")
@options.midi
@options.variation
@options.loop
@options.decoder_sampling
@options.pictures
@options.pretrained
@options.sound
@options.best
@click.option("--plot", is_flag=True, help="Draw structure, mel and result beside the sound (.png).")
@options.show_steps
@options.play
@click.option("--dry-run", is_flag=True, help="Show what would be made, and stop.")
@options.as_json
@options.talk
@click.pass_obj
def command(state: Any, file: Path, prompt: str, **given: Any) -> None:
    """Play FILE (MIDI, .npz) or paint it (.png): your own, or what `audiogen structure` wrote.

    A drawing has light strokes on black, or dark ones on white, and any size. Without PROMPT, a file of
    audiogen's is decoded as what it was made for.

    \b
    audiogen decode mine.mid -o mine.wav
    audiogen decode mine.mid "soft and warm" --decoder-seed 3
    audiogen decode mine.mid --tempo 90 --transpose -2 --trim
    audiogen decode mine.mid --variation 0.2 -o varied.wav
    audiogen decode c.png "watercolor" -o seven.png
    audiogen decode c.png "a neon 7" --model owner/name --controlnet owner/canny -o neon.png
    """
    first_word(state.quiet)
    from audiogen.cli.job import Job
    from audiogen.cli.work import work
    from audiogen.request import Request

    options.check_variation(given, file)
    request = Request(
        prompt=prompt,
        seconds=given["seconds"],
        source=file,
        decoder=given["decoder"],
        sampling=options.sampling_from(given),
        loudness=options.loudness_from(given["loudness"]),
        rate=int(given["rate"]),
        device=given["device"],
        watermark=given["watermark"],
        show_steps=given["show_steps"],
        changes=options.midi_changes(given),
        **options.picture_options(given),
        **options.pretrained_options(given),
    )
    work(Job.of(request, file.stem, given), state)
