"""audiogen story: pictures with the same hero in every frame."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiogen.cli import options

if TYPE_CHECKING:
    from audiogen.story import StoryRequest


def _pair(ctx: click.Context, option: click.Parameter, value: str | None) -> tuple[float, float] | None:
    """Two numbers.

    Raises:
        click.BadParameter: it is something else.
    """
    if value is None:
        return None
    try:
        alpha, beta = (float(part) for part in value.split(","))
    except ValueError:
        raise click.BadParameter(f"two numbers with a comma, not {value!r}.") from None
    return alpha, beta


def one_prompt(function: options.Function) -> options.Function:
    """How a pretrained model holds a story together."""
    for option in reversed(
        (
            click.option(
                "--window", type=int, metavar="N", help="Frames that share one prompt at most; default 10."
            ),
            click.option(
                "--svr", metavar="MODE", help="Reweighting: svr (default), svr-eot, original (none)."
            ),
            click.option(
                "--svr-order", "order", metavar="ORDER", help="suppress-first (default) or express-first."
            ),
            click.option(
                "--svr-weaken",
                "weaken",
                metavar="ALPHA,BETA",
                callback=_pair,
                help="Of the other frames; default 0.01,0.05.",
            ),
            click.option(
                "--svr-enhance",
                "enhance",
                metavar="ALPHA,BETA",
                callback=_pair,
                help="Of the frame that is painted; default -0.01,1.",
            ),
            click.option(
                "--ipca/--no-ipca", default=None, help="Attention looks at the identity; default: it does."
            ),
            click.option("--ipca-from", type=int, metavar="STEP", help="From this step on; default 0."),
            click.option(
                "--ipca-dropout", "dropout", type=float, metavar="F", help="Share left out; default 0."
            ),
        )
    ):
        function = option(function)
    return function


@click.command("story")
@click.argument("words", nargs=-1, metavar="IDENTITY FRAME...")
@options.output("A folder. Default: named after identity and seed, here.")
@options.skip_existing
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), help="Default: drawn anew.")
@click.option(
    "-n", "--n", type=click.IntRange(1, 1000), default=1, help="How many stories, each in a folder."
)
@click.option("--only", type=int, multiple=True, metavar="N", help="Only this frame (given again: these).")
@click.option("--style", metavar="NAME", help="Of the whole story; default: watercolor. With --model: none.")
@click.option("--size", type=int, metavar="384|512", help="Of a frame, pixels; default 512.")
@click.option("--decoder", metavar="flow|diffusion", help="Which of our own paints.")
@click.option("--steps", type=int, help="Solver steps.")
@click.option("--scheduler", metavar="NAME", help="Solver.")
@click.option("--guidance", type=float, help="Classifier-free guidance; 1 is off.")
@click.option("--guidance-rescale", type=float, metavar="F", help="Takes back contrast it adds, 0 to 1.")
@options.of_model
@one_prompt
@click.option("--layout", metavar="auto|row|grid", default="auto", help="Of the combined picture.")
@click.option(
    "--captions/--no-captions", default=True, help="Words under the frames of the combined picture."
)
@click.option("--font", type=click.Path(path_type=Path), metavar="FILE", help="Of the captions.")
@click.option("--gif", is_flag=True, help="An animation as well, story.gif.")
@click.option("--webp", is_flag=True, help="An animation as well, story.webp.")
@click.option("--page", is_flag=True, help="A page with all frames as well, story.html.")
@options.watermark
@click.option("--device", metavar="auto|cpu|cuda", default="auto", help="Where to compute.")
@click.option("--dry-run", is_flag=True, help="Show what would be made, and stop.")
@options.as_json
@options.talk
@click.pass_obj
def command(state: Any, words: tuple[str, ...], **given: Any) -> None:
    """One picture for every FRAME, all with the same hero, and all of them as one.

    IDENTITY says who it is about, each FRAME what is seen; English or Chinese. A .txt file holds them line by
    line (frames only, after an IDENTITY), a .json file {"identity": ..., "frames": [...]}.

    \b
    audiogen story "a red fox" "wearing a scarf in a meadow" "playing in the snow" -o fox/
    audiogen story "一个红狐写真" "在草地上" "在雪地里玩耍" "在村边的小溪旁" --gif
    audiogen story fox.txt --style oil --seed 7 -n 3 -o fox/
    audiogen story "a red fox" frames.txt --model owner/name --negative "blurry" -o fox/
    audiogen story "a red fox" "in a meadow" "in the snow" --seed 7 --only 2 -o fox/
    """
    from audiogen.cli import story_files
    from audiogen.story.reading import stories_of

    sampling = options.sampling_from(given)
    requests = []
    for identity, frames in stories_of(words):
        first = _request(identity, frames, given, sampling)
        requests += [first.variant(k) for k in range(sampling.n)]
    story_files.work(requests, story_files.Album.of(given), given, state)


def _request(identity: str, frames: tuple[str, ...], given: dict[str, Any], sampling: Any) -> StoryRequest:
    import dataclasses

    from audiogen.errors import InvalidRequest
    from audiogen.hub.one_prompt import OnePrompt
    from audiogen.story import StoryRequest

    names = ("window", "svr", "order", "weaken", "enhance", "ipca", "ipca_from", "dropout")
    how = {name: given[name] for name in names if given[name] is not None}
    chosen = options.pretrained_options(given)
    pretrained = {name: chosen[name] for name in ("model", "negative", "quality")}
    if how and pretrained["model"] is None:
        named = {"order": "svr-order", "dropout": "ipca-dropout"}
        named |= {"weaken": "svr-weaken", "enhance": "svr-enhance"}
        flag = named.get(min(how), min(how)).replace("_", "-")
        raise InvalidRequest(f"--{flag} is for pretrained models; give --model FOLDER or ID as well.")
    return StoryRequest(
        identity,
        frames,
        sampling=dataclasses.replace(sampling, n=1),
        style=given["style"],
        size=given["size"],
        decoder=given["decoder"],
        device=given["device"],
        watermark=given["watermark"],
        how=OnePrompt(**how),
        **pretrained,
    )
