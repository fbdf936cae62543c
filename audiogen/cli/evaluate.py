"""audiogen evaluate: measure shipped or trained weights on held-out data, between ceiling and floor."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from audiogen.cli import options

if TYPE_CHECKING:
    from audiogen.decoder.flow import FlowDecoder

WHAT = ("vocoder", "decoder", "steps", "strength", "mel")
STEPS = (1, 2, 4, 8, 16)
STRENGTHS = (0.0, 0.5, 1.0)


@click.command("evaluate")
@click.argument("what", type=click.Choice(WHAT))
@click.option("--data", type=click.Path(path_type=Path), required=True, help="What `audiogen data` made.")
@click.option("--split", type=click.Choice(["valid", "test"]), default="test", show_default=True)
@click.option("--limit", type=click.IntRange(2), help="At most so many windows of 15 s.")
@click.option("--decoder", "decoder_weights", default="piano-flow", show_default=True)
@click.option("--mel", "mel_weights", default="piano-mel", show_default=True)
@click.option("--vocoder", "vocoder_weights", default="vocoder", show_default=True)
@click.option("--plot", type=click.Path(path_type=Path), help="For steps: a PNG of quality against time.")
@options.talk
def command(
    what: str,
    data: Path,
    split: str,
    limit: int | None,
    decoder_weights: str,
    mel_weights: str,
    vocoder_weights: str,
    plot: Path | None,
) -> int:
    """Measure the piano on held-out renderings; JSON on stdout.

    \b
    vocoder   real audio through mel and vocoder
    decoder   notes through decoder and vocoder
    steps     the same at 1, 2, 4, 8 and 16 solver steps
    strength  the same at structure strengths 0, 0.5 and 1
    mel       coarse mels written by the mel stage, beside real ones
    """
    from audiogen.lab.evaluate import piano
    from audiogen.ranking.transcribe import TranscriberStage
    from audiogen.render.vocoder import Vocoder

    windows = piano.held_out(data, split, limit)
    if what == "mel":
        from audiogen.lab.evaluate.coarse_mel import evaluate_mel
        from audiogen.structure.mel.stage import MelStage

        click.echo(json.dumps(evaluate_mel(MelStage.from_pretrained(mel_weights), windows)))
        return 0
    judge = TranscriberStage.from_pretrained("transcriber", device="cpu")
    vocoder = Vocoder.from_pretrained(vocoder_weights)
    if what == "vocoder":
        click.echo(json.dumps(piano.evaluate_vocoder(vocoder, windows, judge)))
        return 0
    decoder = decoder_of(decoder_weights)
    if what == "decoder":
        rows = [piano.evaluate_decoder(decoder, vocoder, windows, judge)]
    elif what == "steps":
        rows = piano.steps_curve(decoder, vocoder, windows, judge, STEPS)
    else:
        rows = piano.strength_curve(decoder, vocoder, windows, judge, STRENGTHS)
    for row in rows:
        click.echo(json.dumps(row))
    if plot is not None:
        from audiogen.media.files import write_atomic
        from audiogen.media.plot import quality_curve

        write_atomic(plot, quality_curve(rows), force=True)
    return 0


def decoder_of(source: str) -> FlowDecoder:
    """The decoder of sound, by flow or by diffusion, with these weights: a registered name or a folder."""
    from audiogen.decoder.diffusion import DiffusionDecoder
    from audiogen.decoder.flow import FlowDecoder
    from audiogen.registry import find_weights

    kind = json.loads((find_weights(source) / "config.json").read_text())["stage"]
    return (DiffusionDecoder if kind == DiffusionDecoder.__name__ else FlowDecoder).from_pretrained(source)
