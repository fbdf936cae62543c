"""audiogen train: train what a recipe says."""

from __future__ import annotations

from pathlib import Path

import click

from audiogen.cli import options


@click.command("train")
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option(
    "--data", type=click.Path(path_type=Path), help="What `audiogen data` made; default build/RECIPE."
)
@click.option("--run", "run_", type=click.Path(path_type=Path), help="Run folder; default runs/RECIPE.")
@click.option("--init-from", help="Run folder, weights folder or registered name to start from.")
@click.option("--no-resume", is_flag=True, help="Start anew even if there is a checkpoint.")
@options.talk
def command(
    recipe: Path, data: Path | None, run_: Path | None, init_from: str | None, no_resume: bool
) -> int:
    """Train what RECIPE says; the same command goes on where it stopped.

    \b
    audiogen data recipes/piano-score.yaml --source DIR
    audiogen train recipes/piano-score.yaml
    """
    from audiogen.cli.data import prepared
    from audiogen.errors import Cancelled
    from audiogen.lab.train.runner import train

    data = data or prepared(recipe)
    run_ = run_ or Path("runs") / recipe.stem
    result = train(recipe, data, run_, resume=not no_resume, init_from=init_from)
    click.echo(str(result.weights))
    return 0 if result.finished else Cancelled.exit_code
