"""audiogen make: a sentence becomes a sound or a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from audiogen.cli import options
from audiogen.cli.progress import first_word

if TYPE_CHECKING:
    from audiogen.cli.job import Job

_OUT = (
    "WAV, FLAC, OGG, MP3 or PNG by suffix; DIR/; a template such as {job:02}-{slug}-{seed}.wav; - for "
    "stdout. Default: named after prompt and seed."
)


@click.command("make")
@click.argument("prompt")
@options.output(_OUT)
@options.skip_existing
@click.option(
    "--path",
    "--kind",
    "path",
    metavar="NAME",
    help="piano, ambience, digit or picture; default: by the words, else by the suffix of -o.",
)
@click.option(
    "--seconds", type=float, help="Length of a sound, 1 to 300; default: as the prompt says, else 15."
)
@click.option(
    "--structure",
    metavar="score|mel|pixelcnn|...|none|FILE",
    help="First stage, or a .mid, .npz or .png to follow.",
)
@click.option("--decoder", metavar="flow|diffusion|none|...", help="Second stage; --model chooses its own.")
@options.structure_sampling
@options.variation
@options.loop
@options.decoder_sampling
@options.pictures
@options.pretrained
@options.sound
@options.best
@click.option("--keep-structure", is_flag=True, help="Write the .mid, .npz or .contour.png beside it.")
@click.option("--plot", is_flag=True, help="Draw structure, mel and result beside the sound (.png).")
@options.show_steps
@options.play
@options.spread
@click.option("--dry-run", is_flag=True, help="Show what would be made, and stop.")
@options.as_json
@options.talk
@click.pass_obj
def command(state: Any, prompt: str, **given: Any) -> None:
    """A sentence becomes a sound or a picture. PROMPT is English or Chinese.

    Many at once: PROMPT - reads one prompt per line from stdin; a file .txt holds one per line, a .jsonl
    or .json jobs such as {"prompt": "calm piano", "seconds": 20, "seed": 7}, with any option of this
    verb by its long name. What is given here holds for the jobs that do not say otherwise.

    \b
    audiogen make "calm piano, 15 s"
    audiogen make "stormy piano in D minor, 20 s" --seed 7 --keep-structure
    audiogen make "rain and birdsong, 10 s" --loop -o garden.wav
    audiogen make "水彩风格的数字 7" -o seven.png
    audiogen make "a cartoon cat, big eyes" -n 3 -o cat.png
    audiogen make "a cat in oil" --init cat.png --strength 0.5 -o oil.png
    audiogen make "a slow waltz, pp" -n 4 -o waltz.flac
    audiogen make "a slow waltz, pp" -n 4 --best 1 -o waltz.flac
    audiogen make "a slow waltz, pp" --seed 7 --variation 0.3 -n 3 -o varied.flac
    audiogen make "a cartoon cat" --model owner/name --negative "blurry" -o cat.png
    audiogen make night.jsonl -o "takes/{job:02}-{slug}-{n}.wav" --skip-existing
    audiogen make night.jsonl -o "takes/{job:02}-{slug}-{n}.wav" --skip-existing --workers 8
    """
    first_word(state.quiet)
    from audiogen.cli import jobs

    given, spread = options.spread_from(given)
    if not jobs.is_list(prompt):
        if spread:
            raise click.UsageError(f"{' '.join(spread)}: only for a list of jobs (.jsonl, .json, .txt or -).")
        from audiogen.cli.work import work

        work(_job(prompt, given), state)
        return
    from audiogen.cli import batch

    ctx = click.get_current_context()

    def job_of(job: dict[str, Any], number: int) -> Job:
        return _job(job.get("prompt", ""), given | jobs.options_of(job, ctx), number)

    batch.run(jobs.read(prompt), job_of, state, options.as_spread(spread))


def _job(prompt: str, given: dict[str, Any], number: int | None = None) -> Job:
    """A prompt and the options of this verb."""
    from audiogen.cli.job import Job, suffix_of
    from audiogen.kinds import kind_for_suffix
    from audiogen.request import Request

    stage, source = options.stage_or_file(given["structure"])
    options.check_variation(given, source)
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
        watermark=given["watermark"],
        show_steps=given["show_steps"],
        default_path=kind_for_suffix(suffix_of(given["output"], given["format"])),
        **options.picture_options(given),
        **options.pretrained_options(given),
    )
    return Job.of(request, prompt, given, number)
