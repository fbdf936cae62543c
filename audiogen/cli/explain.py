"""audiogen explain: what a prompt asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from audiogen.cli import options

if TYPE_CHECKING:
    from audiogen.artifacts import Conditioning

UNITS = {
    "seconds": "s",
    "tempo": "beats per minute",
    "density": "notes per second",
    "loudness": "mean MIDI velocity (mf is 64)",
    "register": "mean MIDI pitch (middle C is 60)",
    "articulation": "0 staccato .. 1 legato",
    "pedal": "share of the time",
}


@click.command("explain")
@click.argument("prompt")
@click.option("--path", metavar="NAME", help="piano; default: by the words.")
@options.as_json
@options.talk
@click.pass_obj
def command(state: Any, prompt: str, path: str | None, json_: bool) -> None:
    """Show what a prompt asks for, and which of its words were not understood."""
    from audiogen import making
    from audiogen.cli import output

    plan = making.understand(making.Request(prompt=prompt, path=path))
    if json_:
        output.print_json(plan.conditioning.to_dict())
        return
    for name, value in table(plan.conditioning):
        click.echo(f"{name:<14}{value}")
    if plan.conditioning.unknown and not state.quiet:
        words = ", ".join(plan.conditioning.unknown)
        click.echo(f"not understood, and left out: {words}", err=True)


def table(known: Conditioning) -> list[tuple[str, str]]:
    """(name, value with unit) of everything that is set."""
    rows = []
    for name, value in known.to_dict().items():
        if name in ("prompt", "unknown"):
            continue
        text = "/".join(map(str, value)) if name == "metre" else value
        text = ", ".join(value) if name == "mood" else text
        text = f"{text:g}" if isinstance(text, float) else str(text)
        rows.append((name, f"{text} {UNITS.get(name, '')}".strip()))
    return rows
