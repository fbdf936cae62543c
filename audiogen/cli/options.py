"""Options that several verbs share."""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

_SAMPLING = [
    *("seed", "decoder_seed", "steps", "scheduler", "guidance", "guidance_rescale"),
    "structure_strength",
    *("temperature", "top_p", "n", "variation", "variation_seed", "loop"),
]
_SETTINGS = (
    *("control_start", "control_end", "control_as", "refine_from", "upscale_steps", "lyrics"),
    *("language", "prompt_weights"),
)  # of `hub.CallSettings`
_OF_UPSCALER = {
    *("upscale_steps", "dtype", "offload", "slicing", "tiles", "compile", "channels_last")
}  # that it has without a model beside it
Function = TypeVar("Function", bound=Callable[..., Any])


def _set(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
        if value:
            setattr(ctx.obj, name, value)

    return callback


def _home(ctx: click.Context, parameter: click.Parameter, value: str | None) -> str | None:
    """~ is the home folder, also where no shell has read it (quotes, lists of jobs)."""
    return None if value is None else os.path.expanduser(value)


def talk(function: Function) -> Function:
    """-q and -v, which every verb has."""
    quiet = click.option(
        "-q", "--quiet", is_flag=True, expose_value=False, callback=_set("quiet"), help="No progress."
    )
    verbose = click.option(
        "-v",
        "--verbose",
        count=True,
        expose_value=False,
        callback=_set("verbose"),
        help="-vv: tracebacks.",
    )
    return quiet(verbose(function))


_SPREAD = ("workers", "engine", "cluster", "to")


def spread(function: Function) -> Function:
    """Of a list of jobs: over how many processes, or over a cluster."""
    for option in (
        click.option("--workers", type=click.IntRange(1, 4096), help="A list's jobs at once, in processes."),
        click.option(
            "--engine", type=click.Choice(["processes", "ray"]), help="What runs them; ray: extra `cluster`."
        ),
        click.option(
            "--cluster", metavar="ADDRESS", help="Of a running Ray (auto finds it); default: start one."
        ),
        click.option("--to", metavar="URL", help="Folder for results with ray, such as s3://bucket/takes."),
    )[::-1]:
        function = option(function)
    return function


def spread_from(given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The other options, and of those of `spread` what was given, by name with its dashes."""
    chosen = {f"--{name}": given[name] for name in _SPREAD if given[name] is not None}
    if {"--cluster", "--to"} & set(chosen) and chosen.get("--engine") != "ray":
        raise click.UsageError("--cluster and --to go with --engine ray.")
    return {name: value for name, value in given.items() if name not in _SPREAD}, chosen


def as_spread(chosen: dict[str, Any]) -> Any:
    """`batch.Spread` of what `spread_from` found; processes are one unless said."""
    from audiogen.cli.batch import RAY, Spread

    rows = {name.removeprefix("--"): value for name, value in chosen.items()}
    return Spread(**({"workers": None} if rows.get("engine") == RAY else {}) | rows)


def as_json(function: Function) -> Function:
    return click.option("--json", "json_", is_flag=True, help="JSON on stdout.")(function)


def output(help_: str) -> Callable[[Function], Function]:
    """-o, --force and --mkdir."""

    def decorate(function: Function) -> Function:
        out = click.option("-o", "--output", callback=_home, metavar="FILE", help=help_)
        force = click.option("--force", is_flag=True, help="Replace files that exist.")
        mkdir = click.option("--mkdir", is_flag=True, help="Make folders that are missing.")
        return out(force(mkdir(function)))

    return decorate


def skip_existing(function: Function) -> Function:
    help_ = "Leave takes alone whose file exists: an interrupted run goes on."
    return click.option("--skip-existing", is_flag=True, help=help_)(function)


def best(function: Function) -> Function:
    """Which of several takes are kept."""
    help_ = "Keep only the best K of -n takes, by closing, clean signal, obedience and fidelity."
    by = "For --best: by the likeness to the words, by a CLIP (pictures) or CLAP (sound) instead."
    function = click.option("--rank-by", metavar="FOLDER|ID", help=by)(function)
    return click.option("--best", type=click.IntRange(1, 1000), metavar="K", help=help_)(function)


def play(function: Function) -> Function:
    return click.option("--play", is_flag=True, help="Play it, a long sound while it is made.")(function)


def pictures(function: Function) -> Function:
    """How a picture is made and shown."""
    for option in reversed(
        (
            click.option(
                "--style",
                metavar="NAME",
                help="Of a picture: watercolor, oil, pencil, ink; of an illustration: flat, 3d, outline, ... "
                "With --model: see hub/words.yaml.",
            ),
            click.option("--size", type=int, metavar="384|512", help="Of a picture, pixels; default 512."),
            click.option(
                "--init", type=click.Path(path_type=Path), metavar="FILE", help="A picture that is changed."
            ),
            click.option(
                "--strength", type=float, metavar="F", help="How much of --init, 0 to 1; default 0.6."
            ),
            click.option(
                "--mask",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="White where --init may change, black where it stays; as large as it.",
            ),
            click.option(
                "--layout/--no-layout",
                default=True,
                help="Colours of a known subject are laid in first; without, the decoder finds them.",
            ),
            contact_sheet,
        )
    ):
        function = option(function)
    return function


def pretrained(function: Function) -> Function:
    """Which pretrained model is used, and how, and what one of sound goes by."""
    for option in reversed(
        (
            of_model,
            click.option(
                "--melody",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="With a MusicGen melody model: a sound or MIDI file whose melody it follows.",
            ),
            click.option(
                "--continue",
                "opening",
                type=click.Path(path_type=Path),
                metavar="FILE",
                help="With a MusicGen: a sound that it goes on from; --seconds counts from its beginning.",
            ),
            click.option(
                "--lyrics",
                metavar="TEXT|FILE.txt",
                help='With ACE-Step: what is sung, "[verse] ... [chorus] ...".',
            ),
            click.option(
                "--control-start",
                type=float,
                metavar="F",
                help="Share of the steps from which the ControlNet steers, 0 to 1; default 0.",
            ),
            click.option(
                "--control-end", type=float, metavar="F", help="And up to which it does; default 1."
            ),
            click.option(
                "--control-as",
                metavar="is|canny|scribble",
                help="What it sees of --structure FILE.png: as it is (depth, pose), its edges, or a drawing "
                "as drawn.",
            ),
            click.option(
                "--refiner",
                metavar="FOLDER|ID",
                help="With a Stable Diffusion XL: its refiner takes the last steps.",
            ),
            click.option(
                "--refine-from",
                type=float,
                metavar="F",
                help="Share of the steps after which it takes over; default 0.8.",
            ),
            click.option(
                "--upscale",
                metavar="FOLDER|ID",
                help="An upscaler of diffusers: the finished picture, ours too, 2 or 4 times as large.",
            ),
            click.option("--upscale-steps", type=int, metavar="N", help="Of it; default: its own number."),
        )
    ):
        function = option(function)
    return function


def of_model(function: Function) -> Function:
    """Which pretrained model is used, and how."""
    for option in reversed(
        (
            click.option(
                "--model",
                metavar="FOLDER|ID",
                help="A pretrained model: a folder of diffusers or transformers, a hub id (owner/name), or a "
                ".safetensors file.",
            ),
            click.option(
                "--config",
                metavar="FOLDER|ID",
                help="Of a .safetensors file: a model of its kind, for the settings; default: as it looks.",
            ),
            click.option("--revision", metavar="NAME", help="Of a hub id: branch, tag or commit."),
            click.option(
                "--controlnet",
                metavar="FOLDER|ID",
                help="With --model: a ControlNet that follows the structure, or --structure FILE.png.",
            ),
            click.option(
                "--lora",
                multiple=True,
                metavar="FOLDER|ID[:SCALE]",
                help="With --model: LoRA weights; given again: several.",
            ),
            worded,
            click.option(
                "--dtype",
                metavar="NAME",
                help="Of a pretrained model: float32, float16, bfloat16; default: as suits the device.",
            ),
            click.option(
                "--offload",
                metavar="model|sequential",
                help="Of a pretrained model: in main memory what the accelerator does not need.",
            ),
            click.option(
                "--quantize",
                metavar="int8|nf4",
                help="A pretrained model with weights of fewer bits: less memory, slower.",
            ),
            click.option(
                "--tiles",
                type=int,
                metavar="PIXELS",
                help="The image decoder of a model works in tiles; default: where memory is short.",
            ),
            click.option(
                "--compile", is_flag=True, help="A pretrained model is compiled: the first take waits for it."
            ),
            click.option(
                "--channels-last",
                is_flag=True,
                help="A pretrained model keeps the channels of a pixel together: another speed.",
            ),
            click.option("--yes", is_flag=True, help="With --decoder remote: it may cost money."),
            click.option(
                "--slicing", is_flag=True, help="A pretrained model works in slices: less memory, slower."
            ),
        )
    ):
        function = option(function)
    return function


def worded(function: Function) -> Function:
    """Words for a pretrained model beside the sentence."""
    negative = click.option(
        "--negative", metavar="WORDS", help='With --model: what shall not be in it, "blurry, low quality".'
    )
    quality = click.option(
        "--quality", metavar="good|off", help="With --model: good adds words of quality to both prompts."
    )
    language = click.option(
        "--language",
        metavar="en|zh|...",
        help="With --model: what it reads (and sings); default: Chinese becomes English where it must.",
    )
    weights = click.option(
        "--prompt-weights",
        is_flag=True,
        default=None,
        help='With --model: "(big eyes)1.4, blur-" weighs words; long prompts are read whole.',
    )
    return negative(quality(language(weights(function))))


def pretrained_options(given: dict[str, Any]) -> dict[str, Any]:
    """What a `Request` takes of them.

    Raises:
        InvalidRequest: an option of a model without --model.
    """
    from audiogen.errors import InvalidRequest
    from audiogen.hub import CallSettings, Lora, ModelChoice

    names = {"revision", "controlnet", "dtype", "offload", "slicing", "config", "refiner"}
    names |= {"quantize", "tiles", "compile", "channels_last"}
    how = {name: given[name] for name in names if given.get(name)}
    if given.get("lora"):
        how["loras"] = tuple(Lora.parsed(text) for text in given["lora"])
    settings = {name: given[name] for name in _SETTINGS if given.get(name) is not None}
    upscale = given.get("upscale")
    alone = {*how, *settings} - (_OF_UPSCALER if upscale else set())
    if given.get("model") is None and alone:
        flag = min("lora" if name == "loras" else name.replace("_", "-") for name in alone)
        raise InvalidRequest(f"--{flag} is for pretrained models; give --model FOLDER or ID as well.")
    if "revision" in how and Path(given["model"]).exists():
        raise InvalidRequest(
            f"--revision is of a hub id, and {given['model']} is on this machine; leave it out."
        )
    if "lyrics" in settings:
        settings["lyrics"] = _lyrics(settings["lyrics"])
    if given.get("decoder") == "remote" and not (given.get("yes") or given.get("dry_run")):
        raise InvalidRequest(
            "The stage remote asks a service that may cost money; say that it may with --yes."
        )
    model = None if given.get("model") is None else ModelChoice(given["model"], **how)
    words = {"negative": given.get("negative") or "", "quality": given.get("quality")}
    larger = {name: how[name] for name in _OF_UPSCALER & set(how)}
    return {
        "model": model,
        **words,
        "melody": given.get("melody"),
        "opening": given.get("opening"),
        "settings": CallSettings(**settings),
        "upscale": None if upscale is None else ModelChoice(upscale, **larger),
    }


def _lyrics(text: str) -> str:
    """What is sung, or the file that holds it.

    Raises:
        InvalidRequest: the file cannot be read.
    """
    from audiogen.errors import InvalidRequest

    if not text.lower().endswith(".txt"):
        return text
    try:
        return Path(text).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        raise InvalidRequest(f"The lyrics {text} cannot be read ({problem}).") from problem


def contact_sheet(function: Function) -> Function:
    return click.option(
        "--contact-sheet/--no-contact-sheet",
        default=None,
        help="Several pictures also as one, NAME-sheet.png; default: where -n is above 1.",
    )(function)


def picture_options(given: dict[str, Any]) -> dict[str, Any]:
    """What a `Request` takes of them."""
    return {name: given[name] for name in ("style", "size", "init", "strength", "mask", "layout")}


def loop(function: Function) -> Function:
    help_ = "A sound whose end goes over into its beginning (WAV: with a loop mark)."
    return click.option("--loop", is_flag=True, help=help_)(function)


def show_steps(function: Function) -> Function:
    help_ = "Write what there was after each step beside the result (.steps.png)."
    return click.option("--show-steps", is_flag=True, help=help_)(function)


def structure_sampling(function: Function) -> Function:
    """What the autoregressive stage listens to."""
    for option in reversed(
        (
            click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Default: drawn anew."),
            click.option("-n", "--n", type=click.IntRange(1, 1000), default=1, help="How many takes."),
            click.option("--temperature", type=float, help="Of the structure: below 1 calmer, above wilder."),
            click.option("--top-p", type=float, help="Nucleus of the structure, up to 1."),
        )
    ):
        function = option(function)
    return function


def variation(function: Function) -> Function:
    """--variation and its seed."""
    share = click.option(
        "--variation",
        type=click.FloatRange(0, 1),
        metavar="F",
        help="Write this share of the notes anew (of a picture: paint so much anew), 0 to 1; -n: several.",
    )
    seed = click.option(
        "--variation-seed", type=click.IntRange(0, 2**63 - 1), help="Another variation; default 0."
    )
    return share(seed(function))


def midi(function: Function) -> Function:
    """How a MIDI file is played otherwise than it is written."""
    for option in reversed(
        (
            click.option(
                "--tempo",
                type=float,
                metavar="BPM",
                help="Of a MIDI file: quarters a minute; default: its own.",
            ),
            click.option(
                "--transpose",
                type=int,
                default=0,
                metavar="N",
                help="A MIDI file, by semitones; -12: an octave.",
            ),
            click.option(
                "--channel",
                type=click.IntRange(1, 16),
                multiple=True,
                metavar="1..16",
                help="Of a MIDI file: play only this (given again: these), whatever its instrument.",
            ),
            click.option(
                "--trim", is_flag=True, help="A MIDI file without silence before and after its music."
            ),
        )
    ):
        function = option(function)
    return function


def midi_changes(given: dict[str, Any]) -> Any:
    """`MidiChanges` of the options.

    Raises:
        InvalidRequest: out of range.
    """
    from audiogen.media.midi_changes import MidiChanges

    return MidiChanges(given["tempo"], given["transpose"], tuple(given["channel"]), given["trim"])


def check_variation(options: dict[str, Any], source: Path | None) -> None:
    """A variation is of a piece that is there.

    Raises:
        InvalidRequest: of none, or only its seed was given.
    """
    from audiogen.errors import InvalidRequest

    if not options.get("variation"):
        if options.get("variation_seed") is not None:
            raise InvalidRequest("--variation-seed chooses a variation; give --variation F, 0 to 1, as well.")
    elif source is None and options.get("seed") is None:
        raise InvalidRequest(
            "A variation is of a piece: give the --seed of the take to vary, or a file (--structure FILE)."
        )


def decoder_sampling(function: Function) -> Function:
    """What the decoder listens to."""
    for option in reversed(
        (
            click.option(
                "--decoder-seed", type=click.IntRange(0, 2**63 - 1), help="Same structure, other detail."
            ),
            click.option("--steps", type=int, help="Solver steps of the decoder."),
            click.option("--scheduler", metavar="NAME", help="Solver of the decoder."),
            click.option("--guidance", type=float, help="Classifier-free guidance; 1 is off."),
            click.option(
                "--guidance-rescale", type=float, metavar="F", help="Takes back movement it adds, 0 to 1."
            ),
            click.option("--structure-strength", type=float, help="How closely to follow it, 0 to 1."),
        )
    ):
        function = option(function)
    return function


def watermark(function: Function) -> Function:
    help_ = "A mark that is not heard or seen, for `audiogen trace`; default: with it."
    return click.option("--watermark/--no-watermark", default=True, help=help_)(function)


def sound(function: Function) -> Function:
    """How the result is finished and written."""
    for option in reversed(
        (
            click.option("--loudness", metavar="LUFS|off", help="Of sound; default: by its dynamics."),
            click.option(
                "--rate", type=click.Choice(["44100", "48000"]), default="44100", help="Of a sound file."
            ),
            click.option(
                "--bits", type=click.Choice(["16", "24", "float"]), default="24", help="Of WAV and FLAC."
            ),
            click.option(
                "--format",
                type=click.Choice(["wav", "flac", "ogg", "mp3", "png"]),
                help="Where -o says no suffix (-, a folder).",
            ),
            watermark,
            click.option("--device", metavar="auto|cpu|cuda", default="auto", help="Where to compute."),
        )
    ):
        function = option(function)
    return function


def sampling_from(options: dict[str, Any]) -> Any:
    """`Sampling` of the given options; those not given keep its defaults.

    Raises:
        InvalidRequest: out of range.
    """
    from audiogen.stage import Sampling

    given = {name: options[name] for name in _SAMPLING if options.get(name) is not None}
    given.setdefault("seed", secrets.randbelow(100_000))
    return Sampling(**given)


def loudness_from(text: str | None) -> float | str:
    """ "off", a number of LUFS, or "auto".

    Raises:
        click.BadParameter: none of them.
    """
    if text is None or text in ("off", "auto"):
        return text or "auto"
    try:
        return float(text)
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is neither a number of LUFS nor off.", param_hint="--loudness"
        ) from None


def stage_or_file(text: str | None) -> tuple[str | None, Path | None]:
    """--structure takes the name of a stage, "none", or a file."""
    if text is None:
        return None, None
    looks_like_file = "." in text or "/" in text
    return (None, Path(text)) if looks_like_file else (text, None)
