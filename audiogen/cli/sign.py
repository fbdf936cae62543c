"""audiogen sign: content credentials with a certificate of the user's."""

from __future__ import annotations

from pathlib import Path

import click

from audiogen.cli import options


@click.command("sign")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--certificate", type=click.Path(path_type=Path), required=True, help="PEM: yours, then those above it."
)
@click.option("--key", type=click.Path(path_type=Path), required=True, help="PEM, without a password.")
@options.output("Default: NAME-signed beside FILE.")
@options.talk
def command(file: Path, certificate: Path, key: Path, output: str | None, force: bool, mkdir: bool) -> None:
    """Write FILE once more with content credentials (C2PA) that say it was made by models, signed by you.

    FILE was made by audiogen: its recipe is told. Needs: pip install 'audiogen[credentials]'.
    """
    from audiogen.cli.material import read_recipe
    from audiogen.cli.output import Rules, write_files
    from audiogen.errors import InvalidRequest
    from audiogen.media.files import check_target
    from audiogen.origin.credentials import signed

    target = Path(output) if output else file.with_name(f"{file.stem}-signed{file.suffix}")
    if target.suffix.lower() != file.suffix.lower():
        raise InvalidRequest(
            f"{target.name} is of another format than {file.name}; signing converts nothing."
        )
    if not mkdir:
        check_target(target, force)
    recipe = read_recipe(file)
    if recipe is None or "generator" not in recipe:
        raise InvalidRequest(f"{file} holds no recipe of audiogen, and only what it made is signed as such.")
    write_files({target: signed(file, certificate, key, recipe)}, Rules(force=force, mkdir=mkdir))
    click.echo(str(target))
