"""audiogen trace: whether a file was made by audiogen, by its watermark."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiogen.cli import options
from audiogen.cli.info import PICTURES, STRUCTURES
from audiogen.cli.terminal import echo
from audiogen.errors import AudiogenError, InvalidRequest

if TYPE_CHECKING:
    from audiogen.origin.code import Found

_HEARD_CENTS = 5  # changes of pitch that are told


@click.command("trace")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--among",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="Name the files in FOLDER whose recipe has the id that is found.",
)
@options.as_json
@options.talk
def command(files: tuple[Path, ...], among: Path | None, json_: bool) -> int:
    """Look for the watermark of audiogen in FILES: sounds or pictures, also cut, converted or mixed.

    Exit code 0 if every file has it, 1 if one has not. What it withstands: docs/origin.md.

    \b
    audiogen trace found.mp3
    audiogen trace found.jpg --among my-pictures/
    """
    from audiogen.cli import output

    rows = [_traced(file) for file in files]
    known = {} if among is None else _ids(among)
    for row in rows:
        if among is not None:
            row["made as"] = known.get(row["id"] or "", [])
        if json_:
            output.print_json(row)
        else:
            echo(f"{row['file']}: {_words(row)}")
    return 0 if all(row["marked"] for row in rows) else 1


def _traced(file: Path) -> dict[str, Any]:
    """What is found in one file, and what its recipe says."""
    if file.suffix.lower() in STRUCTURES:
        raise InvalidRequest(f"{file} is a structure, and those are not marked; give a sound or a picture.")
    found, recipe = _picture(file) if file.suffix.lower() in PICTURES else _sound(file)
    row: dict[str, Any] = {"file": str(file), "marked": found.there, "score": round(found.score, 1)}
    row["chance"] = float(f"{found.chance:.1g}")
    row |= {"id": found.id if found.there else None, "sure": found.there and found.sure}
    if found.there and found.stop_s:
        row["seconds"] = [found.first_s, found.stop_s]
    if found.there and (found.scale != 1 or found.mirrored or found.turned):
        row |= {"scale": round(found.scale, 4), "mirrored": found.mirrored, "turned": round(found.turned, 1)}
    cents = 1200 * math.log2(found.pitch)
    if found.there and abs(cents) > _HEARD_CENTS:
        row["pitch_cents"] = round(cents)
    told = (recipe or {}).get("watermark")
    row["recipe"] = told.get("id") if isinstance(told, dict) else None
    return row


def _sound(file: Path) -> tuple[Found, dict[str, Any] | None]:
    from audiogen.media import audio
    from audiogen.origin import sound

    return sound.detect(*audio.read_audio(file)), audio.read_recipe(file)


def _picture(file: Path) -> tuple[Found, dict[str, Any] | None]:
    from audiogen.media import png
    from audiogen.origin import picture_search

    pixels, _ = png.read(file)
    return picture_search.detect(png.over(pixels, 1.0)), png.read_recipe(file)


def _words(row: dict[str, Any]) -> str:
    if not row["marked"]:
        told = "; its recipe says that it is marked" if row["recipe"] else ""
        return f"no mark of audiogen found{told}"
    chance = f"{row['chance']:g}" if row["chance"] else "under 1e-300"
    said = [f"made by audiogen (by chance: {chance})"]
    said.append(f"id {row['id']}" if row["sure"] else f"id perhaps {row['id']}")
    if "scale" in row:
        said.append(
            f"at {row['scale']:.1%} of its size or length"
            + (", mirrored" if row["mirrored"] else "")
            + (f", turned by {row['turned']:g} degrees" if row["turned"] else "")
        )
    if "pitch_cents" in row:
        said.append(f"{abs(row['pitch_cents'])} cents {'higher' if row['pitch_cents'] > 0 else 'lower'}")
    if row["recipe"]:
        said.append(
            "as its recipe says" if row["recipe"] == row["id"] else f"its recipe says {row['recipe']}"
        )
    if "made as" in row:
        said.append(f"made as {', '.join(row['made as']) or 'none of those there'}")
    return ", ".join(said)


def _ids(folder: Path) -> dict[str, list[str]]:
    """The files of a folder by the id in their recipe."""
    found: dict[str, list[str]] = {}
    for file, recipe in _recipes(folder):
        if recipe is not None and isinstance(told := recipe.get("watermark"), dict):
            found.setdefault(str(told.get("id")), []).append(str(file))
    return found


def _recipes(folder: Path) -> Iterator[tuple[Path, dict[str, Any] | None]]:
    from audiogen.cli.material import read_recipe

    for file in sorted(folder.rglob("*")):
        if file.is_file() and file.suffix.lower() not in STRUCTURES:
            try:
                yield file, read_recipe(file)
            except AudiogenError:
                continue
