"""audiogen check: is this file what was asked?"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audiogen.cli import options
from audiogen.cli.info import PICTURES
from audiogen.cli.terminal import echo
from audiogen.errors import InvalidRequest

if TYPE_CHECKING:
    from audiogen.artifacts import Conditioning, Picture
    from audiogen.ranking.asked import Row


@click.command("check")
@click.argument("file", type=click.Path(path_type=Path))
@click.argument("prompt", default="")
@click.option("--path", metavar="KIND", help="piano, ambience, digit or picture; default: by the words.")
@click.option(
    "--yamnet",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    metavar="FOLDER",
    help="YAMNet (yamnet.tflite, yamnet_class_map.csv): what a sound of nature is heard as.",
)
@options.as_json
@options.talk
def command(file: Path, prompt: str, path: str | None, yamnet: Path | None, json_: bool) -> int:
    """Is FILE what PROMPT asks for? A table of what was asked and what is measured.

    FILE is a sound, a MIDI file or a picture, of audiogen or not; without PROMPT it is held against the words
    in its recipe. The values are those by which `make --best` chooses: 1 as asked, below 0.5 the difference
    would be noticed. Exit code 1 if a row is below 0.5, unless only a mood suggests it ("calm": few notes).

    \b
    audiogen check waltz.wav "a slow waltz in D minor, 20 s"
    audiogen check mine.mid "calm piano, 60 bpm"
    audiogen check seven.png "digit 7"
    """
    from audiogen.cli import output

    rows = _rows(file, prompt, path, yamnet)
    failed = [row.name for row in rows if row.fails]
    if json_:
        told = [dataclasses.asdict(row) for row in rows]
        output.print_json({"file": str(file), "as_asked": not failed, "failed": failed, "rows": told})
        return 1 if failed else 0
    width = max(len(row.asked) for row in rows) + 2
    echo(f"{'':<14}{'asked':<{width}}  value  measured")
    for row in rows:
        value = "     " if row.value is None else f"{row.value:5.2f}"
        noted = "  <- not as asked" if row.fails else "  <- not as the mood suggests" if row.differs else ""
        echo(f"{row.name:<14}{row.asked:<{width}}  {value}  {row.measured}{noted}")
    echo(f"not as asked: {', '.join(failed)}" if failed else "as asked, as far as it can be measured")
    return 1 if failed else 0


def _rows(file: Path, prompt: str, path: str | None, yamnet: Path | None) -> list[Row]:
    from audiogen.media import midi

    suffix = file.suffix.lower()
    is_picture = suffix in PICTURES
    known, recipe, said = _asked(file, prompt, path, is_picture)
    if known.is_picture != is_picture:
        one, other = ("a picture", "sound") if is_picture else ("sound", "a picture")
        raise InvalidRequest(f"{file} is {one}, and the words ask for {other}; change one of them.")
    if is_picture:
        return _picture(file, known)
    lengths = not prompt.strip() or "seconds" in said
    moods = set(said.get("mood", ()))
    found = _sound(file, known, recipe, lengths, yamnet, suffix in midi.SUFFIXES)
    return [
        dataclasses.replace(row, implied=bool(moods.issuperset(said.get(row.name, ("",))))) for row in found
    ]


def _asked(
    file: Path, prompt: str, path: str | None, is_picture: bool
) -> tuple[Conditioning, dict[str, Any], dict[str, tuple[str, ...]]]:
    """What is asked, the recipe of the file, and the words of each attribute, where they are known."""
    from audiogen.artifacts import Conditioning
    from audiogen.cli.info import STRUCTURES
    from audiogen.cli.material import read_recipe
    from audiogen.prompt import understand

    holds = file.suffix.lower() not in STRUCTURES and file.suffix.lower() not in PICTURES[1:]
    recipe = (read_recipe(file) if holds else None) or {}
    if prompt.strip():
        reading = understand(prompt, path, default_path="picture" if is_picture else "piano")
        return reading.conditioning, {}, reading.words  # the level was for other words
    told = recipe.get("conditioning")
    if not isinstance(told, dict):
        raise InvalidRequest(
            f"{file} does not say what it was to be; give the words: audiogen check FILE PROMPT."
        )
    known = Conditioning.from_dict(told)
    try:
        words = understand(known.prompt, known.path).words
    except InvalidRequest:  # words for another model
        words = {}
    return known, recipe, words


def _sound(
    file: Path, known: Conditioning, recipe: dict[str, Any], lengths: bool, yamnet: Path | None, notes: bool
) -> list[Row]:
    """Rows of a sound, or of a MIDI file."""
    import numpy as np

    from audiogen.artifacts import Structure, Waveform
    from audiogen.media.audio import read_audio
    from audiogen.ranking.asked import length, rows
    from audiogen.ranking.evidence import Evidence
    from audiogen.ranking.judge import shipped_ear
    from audiogen.request import Take
    from audiogen.stage import Sampling

    if notes:
        structure = Structure.load(file)
        wave, seconds, ear = None, structure.seconds, None
    else:
        samples, rate = read_audio(file)
        if not samples.shape[1]:
            raise InvalidRequest(f"{file} holds no sound.")
        wave = Waveform(np.repeat(samples, 2, 0) if len(samples) == 1 else samples[:2], rate)
        structure, seconds = None, wave.seconds
        ear = shipped_ear() if known.path == "piano" else None
    level = {"loudness": recipe.get("loudness", "auto")} if recipe else {"loudness": "off"}
    take = Take(
        0, dataclasses.replace(known, seconds=seconds), Sampling(), structure, waveform=wave, recipe=level
    )
    found = [length(known.seconds, seconds)] if lengths else []
    found += rows(Evidence(take, ear))
    if yamnet is not None and wave is not None:
        from audiogen.lab.evaluate.yamnet import heard_as_asked

        found = [row for row in found if row.name != "sources"] + heard_as_asked(wave, known, yamnet)
    return found


def _picture(file: Path, known: Conditioning) -> list[Row]:
    """Rows of a picture: its size, and the digit that is read in it."""
    from audiogen.artifacts import Picture
    from audiogen.ranking.asked import Row

    picture = Picture.load(file)
    found = []
    if known.size is not None:
        size = "{}x{}".format(*picture.size)
        found.append(
            Row("size", f"{known.size}x{known.size}", size, float(set(picture.size) == {known.size}))
        )
    if known.path == "digit" and known.subject is not None:
        read, sure = _digit(picture)
        found.append(
            Row(
                "digit",
                known.subject,
                f"read as {read}, {sure:.0%} sure",
                sure if read == known.subject else 0.0,
            )
        )
    elif known.subject is not None:
        found.append(Row("subject", known.subject, "not measured"))
    for name in ("style", "look"):
        if getattr(known, name) is not None:
            found.append(Row(name, str(getattr(known, name)), "not measured"))
    if not found:
        raise InvalidRequest("The words ask for nothing that can be told of a picture.")
    return found


def _digit(picture: Picture) -> tuple[str, float]:
    """The digit in a picture, and how sure the reader is, 0..1."""
    import numpy as np

    from audiogen.lab.evaluate.digits.judge import DigitClassifier
    from audiogen.media import drawing, ink

    side = min(picture.size) // ink.SIDE * ink.SIDE or ink.SIDE
    square = drawing.resized(picture.pixels, side)
    logits = DigitClassifier.from_pretrained("digit-classifier").read(ink.ink_mask(square)[None]).logits[0]
    odds = np.exp(logits - logits.max())
    best = int(odds.argmax())
    return str(best), float(odds[best] / odds.sum())
