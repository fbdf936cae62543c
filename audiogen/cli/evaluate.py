"""audiogen evaluate WHAT: measure shipped or trained weights on held-out data, between ceiling and floor.

The measures of the piano are here; every other is a module of `lab/evaluate` that reads its own options.
"""

from __future__ import annotations

import functools
import importlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiogen.cli import options
from audiogen.errors import InvalidRequest

if TYPE_CHECKING:
    from audiogen.decoder.flow import FlowDecoder

PIANO = {
    "vocoder": "Real piano through mel and vocoder.",
    "decoder": "Notes through decoder and vocoder.",
    "steps": "The same at 1, 2, 4, 8 and 16 solver steps.",
    "strength": "The same at structure strengths 0, 0.5 and 1.",
    "mel": "Coarse mels written by the mel stage, beside real ones.",
}
OTHERS = {  # name -> (module with `main(arguments) -> exit code`, what it measures)
    "adherence": ("adherence.command", "Does the score stage do what prompts ask, beside held-out pieces?"),
    "wavenet": ("wavenet", "Notes heard in what WaveNet plays."),
    "ambience": ("ambience", "Sounds of nature: recognised sources, spectra, distances."),
    "few-steps": ("few_steps", "Distilled weights against those that taught them."),
    "anchors": ("anchors", "What the distances say of real clips damaged in known ways."),
    "digits": ("digits.command", "Every stage that draws digits."),
    "sound": ("folders.command", "Two folders of sounds, A/ B/: distances, recognisers, notes."),
    "pictures": ("pictures.command", "Two folders of pictures, A/ B/; or with --data decoders of pictures."),
    "sketches": ("sketches", "The sketch of subjects."),
    "subjects": ("subjects", "Pictures of subjects: styles, sharpness, colours, details that are asked for."),
    "copies": ("copies", "How near pictures of subjects come to training illustrations."),
    "story": ("story.command", "Picture stories against frames made alone."),
}
STEPS = (1, 2, 4, 8, 16)
STRENGTHS = (0.0, 0.5, 1.0)


class Measures(click.Group):
    """WHAT by name; its module is imported when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*PIANO, *OTHERS]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in PIANO:
            callback = functools.partial(_piano, name)
            return click.Command(name, params=_piano_options.params, callback=callback, help=PIANO[name])
        return _other(name) if name in OTHERS else None

    def resolve_command(self, ctx: click.Context, args: list[str]):
        if args and args[0] not in (*PIANO, *OTHERS):
            raise click.UsageError(f"{args[0]!r} is not one of {', '.join([*PIANO, *OTHERS])}.", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        rows = [*PIANO.items(), *((name, what) for name, (_, what) in OTHERS.items())]
        with formatter.section("What"):
            formatter.write_dl(rows)


@click.command("evaluate", cls=Measures, subcommand_metavar="WHAT [OPTIONS]...")
def command() -> None:
    """Measure weights on held-out data; figures on stdout.

    `audiogen evaluate WHAT --help` lists the options.
    """


def _other(name: str) -> click.Command:
    """A measure that reads its own options."""

    def run(arguments: tuple[str, ...]) -> int:
        main = importlib.import_module(f"audiogen.lab.evaluate.{OTHERS[name][0]}").main
        try:
            code: int = main(list(arguments))
        except SystemExit as leaving:  # argparse has said why
            return InvalidRequest.exit_code if leaving.code else 0
        return code

    given = click.Argument(["arguments"], nargs=-1, type=click.UNPROCESSED)
    settings = {"ignore_unknown_options": True}
    help_ = OTHERS[name][1]
    return click.Command(
        name, params=[given], callback=run, help=help_, context_settings=settings, add_help_option=False
    )


@click.command()
@click.option("--data", type=click.Path(path_type=Path), required=True, help="What `audiogen data` made.")
@click.option("--split", type=click.Choice(["valid", "test"]), default="test", show_default=True)
@click.option("--limit", type=click.IntRange(2), help="At most so many windows of 15 s.")
@click.option("--decoder", "decoder_weights", default="piano-flow", show_default=True)
@click.option("--mel", "mel_weights", default="piano-mel", show_default=True)
@click.option("--vocoder", "vocoder_weights", default="vocoder", show_default=True)
@click.option("--plot", type=click.Path(path_type=Path), help="For steps: a PNG of quality against time.")
@options.talk
def _piano_options(**given: Any) -> None:
    """Only its options are used."""


def _piano(
    what: str,
    data: Path,
    split: str,
    limit: int | None,
    decoder_weights: str,
    mel_weights: str,
    vocoder_weights: str,
    plot: Path | None,
) -> int:
    """A measure of the piano on held-out renderings; JSON on stdout."""
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
