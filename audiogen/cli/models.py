"""audiogen models: the weights and whether they are here; a pretrained model is shown, or fetched."""

from __future__ import annotations

from typing import Any

import click

from audiogen.cli import options
from audiogen.cli.terminal import echo


@click.command("models")
@click.argument("what", type=click.Choice(["list", "show", "pull"]), default="list")
@click.argument("name", required=False, metavar="[FOLDER|ID]")
@click.option("--revision", metavar="NAME", help="Of a hub id: branch, tag or commit.")
@options.as_json
@options.talk
def command(what: str, name: str | None, revision: str | None, json_: bool) -> None:
    """List the weights that audiogen knows; show a pretrained model before it is used, or fetch it.

    \b
    audiogen models
    audiogen models show ./sd15
    audiogen models show owner/name
    audiogen models pull owner/name
    """
    from audiogen.cli import output

    if (what != "list") != (name is not None):
        raise click.UsageError(
            "`models show` and `models pull` take a folder or a hub id, and `models` none."
        )
    if name is not None:
        (_pull if what == "pull" else _show)(name, revision, json_)
        return
    rows = [row(name) for name in _names()]
    if json_:
        output.print_json(rows)
        return
    for each in rows:
        size = f"{each['megabytes']:.1f} MB" if each["installed"] else "not installed"
        click.echo(f"{each['name']:<16}{size:<15}{each['what']}")
        if each["licences"]:
            click.echo(f"{'':<16}{'':<15}trained on material under {', '.join(each['licences'])}")
        if each["card"]:
            click.echo(f"{'':<16}{'':<15}card: {each['card']}")


def _show(name: str, revision: str | None, json_: bool) -> None:
    from audiogen.cli import output
    from audiogen.hub import facts

    found = facts.facts_of(name, revision)
    if json_:
        output.print_json(found.to_dict())
        return
    for label, value in found.lines():
        echo(f"{label:<14}{value}")


def _pull(name: str, revision: str | None, json_: bool) -> None:
    """Fetch a model; what should be known of it is said before."""
    from audiogen.cli import output
    from audiogen.errors import InvalidRequest, MissingModel
    from audiogen.hub import facts, finding

    if not finding.is_hub_id(name):
        raise InvalidRequest(f"{name} is no hub id (owner/name), so there is nothing to fetch.")
    try:
        known = facts.facts_of(name, revision)
    except (InvalidRequest, MissingModel):  # a ControlNet or a LoRA, if it is there at all
        known = None
    for label, value in [] if known is None else known.lines():
        echo(f"{label:<14}{value}", err=True)
    if known is not None and not known.here:
        facts.check_room(known)
    folder = finding.fetched(name, revision)
    if json_:
        output.print_json({"name": name, "folder": str(folder), "revision": finding.commit_of(folder)})
    else:
        click.echo(str(folder))


def _names() -> list[str]:
    from audiogen.registry import WEIGHTS

    return list(WEIGHTS)


def row(name: str) -> dict[str, Any]:
    """What is known of one set of weights, without loading it."""
    from audiogen import licences, registry

    folder = registry.WEIGHTS_FOLDER / name
    sources = licences.sources_of(folder)
    file, card = folder / "model.safetensors", folder / "README.md"
    return {
        "name": name,
        "what": registry.WEIGHTS[name],
        "installed": file.exists(),
        "megabytes": round(file.stat().st_size / 1e6, 2) if file.exists() else 0.0,
        "folder": str(folder),
        "sources": [source.line for source in sources],
        "licences": sorted({licence for source in sources for licence in source.licences}),
        "card": str(card) if card.exists() else None,
    }
