"""audiogen explain: what a prompt asks for, and which of its words said so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from audiogen.cli import options
from audiogen.cli.terminal import echo

if TYPE_CHECKING:
    from audiogen.artifacts import Conditioning
    from audiogen.request import Plan

_HIDDEN = ("prompt", "unknown", "remarks", "wording", "negative")


@click.command("explain")
@click.argument("prompt", default="")
@click.option(
    "--path",
    "--kind",
    "path",
    metavar="NAME",
    help="piano, ambience, digit or picture; default: by the words.",
)
@click.option("--model", metavar="FOLDER|ID", help="A pretrained model: what it would be handed.")
@click.option("--controlnet", metavar="FOLDER|ID", help="With --model, see `make`.")
@click.option("--style", metavar="NAME", help="See `make`.")
@options.worded
@click.option("--subjects", is_flag=True, help="List everything that can be drawn, and in which styles.")
@options.as_json
@options.talk
@click.pass_obj
def command(
    state: Any, prompt: str, path: str | None, subjects: bool, json_: bool, style: str | None, **given: Any
) -> None:
    """Show what a prompt asks for, and which of its words were not understood."""
    from audiogen import making
    from audiogen.cli import output
    from audiogen.kinds import shipped
    from audiogen.prompt import understand

    if subjects:
        _list_subjects(json_)
        return
    request = making.Request(prompt, path, style=style, **options.pretrained_options(given))
    plan = making.understand(request)
    own = request.model is None and shipped(plan.kind)
    words = understand(prompt, path).words if own else {}
    cut = _cut(plan)
    if json_:
        asked = plan.conditioning.to_dict() | ({"cut": cut} if cut else {})
        said = {name: words[name] for name in (*asked, *plan.conditioning.sources) if name in words}
        output.print_json(asked | {"words": said})
        return
    for line in lines(plan.conditioning, words):
        echo(line)
    if request.model is not None:
        echo(f"{'stages':<14}{' -> '.join(plan.stages.values())}")
        echo(f"{'prompt':<14}{plan.conditioning.wording or plan.conditioning.prompt}")
        echo(f"{'negative':<14}{plan.conditioning.negative or 'none'}")
        for row in cut:
            read = f"{row['tokenizer']} reads {row['limit']} of {row['tokens']} tokens"
            echo(f"{'cut off':<14}{row['rest']} ({read})")
    if not state.quiet:
        for remark in plan.remarks:
            echo(f"note: {remark}", err=True)
        if plan.conditioning.unknown:
            unknown = ", ".join(plan.conditioning.unknown)
            echo(f"not understood, and left out: {unknown}", err=True)


def _cut(plan: Plan) -> list[dict[str, Any]]:
    """What a pretrained model would not read of its words; [] for our own."""
    import dataclasses

    from audiogen.hub import finding

    model, known = plan.request.model, plan.conditioning
    if model is None or plan.request.decoder == finding.REMOTE:
        return []
    from audiogen.hub import reading

    return [dataclasses.asdict(row) for row in reading.cuts(model, known.wording or known.prompt)]


def _list_subjects(json_: bool) -> None:
    from audiogen.artifacts import LOOKS, STYLES
    from audiogen.cli import output
    from audiogen.prompt import drawable

    if json_:
        output.print_json({"styles": STYLES, "looks": LOOKS, "subjects": drawable()})
        return
    echo(f"{'styles':<14}{', '.join(STYLES)}")
    echo(f"{'looks':<14}{', '.join(LOOKS)} (illustrations)")
    echo(f"{'digits':<14}0 to 9")
    for name, chinese in drawable().items():
        echo(f"{name}  {chinese}".rstrip())


def lines(known: Conditioning, words: dict[str, tuple[str, ...]]) -> list[str]:
    """The table with the words beside each value, and below it what the prompt leaves open."""
    from audiogen.kinds import kind_named

    rows = table(known)
    width = max(len(value) for _, value in rows) + 2
    found = []
    for name, value in rows:
        said = ", ".join(f'"{each}"' for each in words.get(name, ()))
        said = "default" if name == "seconds" and not said else said
        found.append(f"{name:<14}{value:<{width}}{said}".rstrip())
    left = [name for name in kind_named(known.path).asks if getattr(known, name) in (None, ())]
    left = [name for name in left if name != "style" or known.look is None]
    left = [name for name in left if name != "key" or known.mode is None]
    if left:
        found.append(f"{'left open':<14}{', '.join(left)}")
    return found


def table(known: Conditioning) -> list[tuple[str, str]]:
    """(name, value in musical terms and units) of everything that is set; a row for every sound of nature."""
    asked = known.to_dict()
    sources = asked.pop("sources", {})
    intensity = {"intensity": asked.pop("intensity")} if "intensity" in asked else {}
    asked |= sources | intensity
    if known.key:
        asked.pop("mode", None)  # the key says it
    return [(name, in_words(name, value)) for name, value in asked.items() if name not in _HIDDEN]


def in_words(name: str, value: Any) -> str:
    """A value as a musician would say it, with its number."""
    from audiogen.artifacts import SOURCES
    from audiogen.prompt.music.terms import pitch_name, term

    if name == "metre":
        return "/".join(map(str, value))
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    if not isinstance(value, (int, float)):
        return str(value)
    if name in SOURCES:
        return f"weight {value:g}"
    called = f", {term(name, value)}" if term(name, value) else ""
    return {
        "seconds": f"{value:g} s",
        "size": f"{value:g}x{value:g} pixels",
        "tempo": f"{value:g} beats per minute{called}",
        "density": f"{value:g} notes per second{called}",
        "loudness": f"{term('loudness', value)}, mean velocity {value:g} of 127",
        "register": f"around {pitch_name(value)}{called}",
        "articulation": f"{term('articulation', value)}, {value:g} (0 is staccato, 1 legato)",
        "pedal": f"down {value:.0%} of the time",
        "growth": f"{value:g} (1 is a crescendo from pp to ff, -1 a diminuendo)",
        "intensity": f"{value:g} (0 is light or distant, 1 heavy or close)",
        "texture": f"{value:g} notes struck together{called}",
    }.get(name, f"{value:g}")
