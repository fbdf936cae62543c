"""audiogen models: the weights and whether they are here."""

from __future__ import annotations

from typing import Any

import click

from audiogen.cli import options


@click.command("models")
@options.as_json
@options.talk
def command(json_: bool) -> None:
    """List the weights that audiogen knows, where they are, and their model cards."""
    from audiogen.cli import output

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
