"""audiogen data: prepare what a recipe is trained on."""

from __future__ import annotations

from pathlib import Path

import click

from audiogen.cli import options


@click.command("data")
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option("--source", type=click.Path(path_type=Path), required=True, help="Folder of the raw material.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Default: build/NAME, by the recipe's data section."
)
@options.talk
def command(recipe: Path, source: Path, out: Path | None) -> None:
    """Prepare the data that RECIPE needs from the folder SOURCE; goes on where it stopped."""
    from audiogen.lab.data.registry import prepare_recipe

    out = out or prepared(recipe)
    prepare_recipe(recipe, source, out)
    click.echo(str(out))


def prepared(recipe: Path) -> Path:
    """Where the data of a recipe lie unless another folder is given: build/ and the data's name."""
    from audiogen.recipe import read_recipe

    return Path("build") / str(read_recipe(recipe)["data"].get("name", recipe.stem))
