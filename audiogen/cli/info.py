"""audiogen info: how a file was made."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from audiogen.cli import options
from audiogen.cli.terminal import echo

STRUCTURES = (".mid", ".midi", ".kar", ".rmi", ".smf", ".npz")
PICTURES = (".png", ".jpg", ".jpeg", ".webp")


@click.command("info")
@click.argument("file", type=click.Path(path_type=Path))
@options.as_json
@options.talk
def command(file: Path, json_: bool) -> None:
    """Show the recipe in a sound or a picture, or what a structure file holds."""
    from audiogen.cli import output

    kinds = dict.fromkeys(STRUCTURES, _structure) | dict.fromkeys(PICTURES, _picture)
    row = kinds.get(file.suffix.lower(), _sound)(file)
    if json_:
        output.print_json(row)
        return
    recipe = row.pop("recipe", None)
    for name, value in row.items():
        echo(f"{name:<14}{value}")
    for name, value in _verdict(recipe):
        echo(f"{name:<14}{value}")
    if recipe is not None:
        echo(json.dumps(recipe, indent=2, ensure_ascii=False))
    elif "samples" in row or "pixels" in row:
        echo("no recipe: this file was not written by audiogen, or its tags were removed")


def _sound(file: Path) -> dict[str, Any]:
    import soundfile

    from audiogen.media.audio import read_recipe
    from audiogen.provenance import without_packed

    recipe = read_recipe(file)
    facts = soundfile.info(str(file))
    row: dict[str, Any] = {
        "file": str(file),
        "seconds": round(facts.duration, 4),
        "samples": facts.frames,
        "rate": facts.samplerate,
        "channels": facts.channels,
        "format": f"{facts.format} {facts.subtype}",
    }
    if recipe is not None:
        row["recipe"] = without_packed(recipe)
    return row


def _picture(file: Path) -> dict[str, Any]:
    from audiogen.media import png
    from audiogen.provenance import without_packed

    with png.opened(file) as image:
        width, height = image.size
        row: dict[str, Any] = {"file": str(file), "pixels": f"{width}x{height}"}
        row["format"] = f"{image.format or file.suffix[1:].upper()} {image.mode}"
    recipe = png.read_recipe(file)
    if recipe is not None:
        row["holds"] = "a contour" if recipe.get("kind") == "contour" else "a picture"
        row["recipe"] = without_packed(recipe)
    return row


def _verdict(recipe: dict[str, Any] | None) -> list[tuple[str, str]]:
    """How the take was judged when it was chosen, in two lines; nothing if it was not."""
    from audiogen.ranking.verdict import Verdict

    try:
        verdict = Verdict.from_dict((recipe or {})["verdict"])
    except (KeyError, TypeError, AttributeError):
        return []
    place = f"best of {verdict.of}" if verdict.place == 1 else f"{verdict.place} of {verdict.of}"
    return [("judged", f"{place}:  {verdict.line()}"), ("", verdict.why)]


def _structure(file: Path) -> dict[str, Any]:
    from audiogen.artifacts import Contour, Latents, MelSpectrogram
    from audiogen.making import load_source

    start, remarks = load_source(file)
    if isinstance(start, Latents):
        shape = list(start.values.shape)
        return {"file": str(file), "holds": f"image latents {shape}", "pixels": f"{start.size}x{start.size}"}
    assert not isinstance(start, Contour)  # that is a PNG
    row: dict[str, Any] = {"file": str(file), "seconds": round(start.seconds, 3)}
    if isinstance(start, MelSpectrogram):
        return row | {"holds": f"mel spectrogram {list(start.mid.shape)}"}
    if start.asked is not None:
        row |= {"made for": start.asked.prompt or start.asked.path}
    if start.notes is not None:
        notes = start.notes
        row |= {"notes": len(notes), "pedal events": len(notes.pedal)}
        row |= {"lowest": int(notes.pitch.min()), "highest": int(notes.pitch.max())} if len(notes) else {}
        metre = "/".join(map(str, notes.metre)) if notes.metre else None
        known = {"tempo": notes.tempo, "metre": metre, "key": notes.key}
        row |= {name: value for name, value in known.items() if value is not None}
    if start.mel is not None:
        row["coarse mel"] = str(list(start.mel.shape))
    if start.onsets is not None:
        row["onsets"] = str(list(start.onsets.shape))
    if remarks:
        row["remarks"] = "; ".join(remarks)
    return row
