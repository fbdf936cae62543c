"""What a job asks for, in plain values: the same for the page and for the HTTP calls.

It becomes the one request of the engine; nothing is decided here otherwise than by the command line.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.artifacts import Notes, Structure
from audiogen.errors import InvalidRequest
from audiogen.making import revision
from audiogen.media import audio, png
from audiogen.request import BED_LU, RATES, Request
from audiogen.rows import settle
from audiogen.stage import Sampling

VERBS = ("make", "decode", "inpaint", "continue", "extend", "mix", "open", "story")
MOST_TAKES = 8
MOST_NOTES = 20_000
Files = Callable[[str], Path]  # the file behind a name of the desk


@dataclass(frozen=True)
class Ask:
    """One job.

    Attributes:
        verb: one of `VERBS`; "decode" plays `notes` or `file`, the next three change a part of `file`, "open"
            only shows it; "story" is of the hero `prompt`, a picture for each of `frames`.
        prompt: words. kind: of work, or None: by the words.
        seconds: length; of "continue" what follows, of "extend" of the result; None: as the words say.
        seed: of the first take; takes: 1 .. 8, ranked where there are several.
        file: what is started from or changed, by its name at the desk: MIDI, .npz, drawing, sound or picture.
        start_s, stop_s: the part that "inpaint" makes anew.
        notes: (pitch, onset s, offset s, velocity), pedal: (time s, down), length_s: an edited piano part.
        under: names of the sounds that "mix" lays under `file`; below_lu: by how much.
        style, size, strength: of a picture; mask: the name of a drawing of where it may change; contour: that
            of one to follow. steps: show what there is after each step.
        decoder, structure: stages, or None for the usual ones.
        variation: how much of the piece is new, 0 .. 1; variation_seed.
        format, rate: of the sound files.
    """

    verb: str = "make"
    prompt: str = ""
    kind: str | None = None
    seconds: float | None = None
    seed: int = 0
    decoder_seed: int | None = None
    takes: int = 1
    loop: bool = False
    file: str = ""
    start_s: float = 0.0
    stop_s: float = 0.0
    notes: tuple[tuple[float, ...], ...] = ()
    pedal: tuple[tuple[float, ...], ...] = ()
    length_s: float = 0.0
    frames: tuple[str, ...] = ()
    under: tuple[str, ...] = ()
    below_lu: float = BED_LU
    style: str | None = None
    size: int | None = None
    strength: float | None = None
    mask: str = ""
    contour: str = ""
    steps: bool = False
    structure: str | None = None
    decoder: str | None = None
    variation: float = 0.0
    variation_seed: int = 0
    format: str = "wav"
    rate: int = 44_100

    def __post_init__(self) -> None:
        settle(self)
        problems = []
        if self.verb not in VERBS:
            problems.append(f"verb must be one of {', '.join(VERBS)}, not {self.verb[:40]!r}")
        if not 1 <= self.takes <= MOST_TAKES:
            problems.append(f"takes must be 1 .. {MOST_TAKES}, not {self.takes}")
        if f".{self.format}" not in (*audio.SUFFIXES, png.SUFFIX):
            problems.append(f"format must be wav, flac, ogg or mp3, not {self.format[:40]!r}")
        if self.rate not in RATES:
            problems.append(f"rate must be {' or '.join(map(str, RATES))}, not {self.rate}")
        if len(self.notes) > MOST_NOTES or len(self.pedal) > MOST_NOTES:
            problems.append(f"at most {MOST_NOTES} notes")
        if self.verb in VERBS[2:7] and not self.file:
            problems.append(f"{self.verb} changes a file; name one")
        if problems:
            raise InvalidRequest("; ".join(problems) + ".")


def request_of(ask: Ask, files: Files) -> Request:
    """The engine's request.

    Raises:
        InvalidRequest: whatever cannot be made, in the words of the engine.
    """
    sampling = Sampling(
        seed=ask.seed,
        decoder_seed=ask.decoder_seed,
        n=ask.takes,
        loop=ask.loop,
        variation=ask.variation,
        variation_seed=ask.variation_seed,
    )
    if ask.verb in ("inpaint", "continue", "extend"):
        return _changed(ask, files(ask.file), sampling)
    options: dict[str, Any] = {"style": ask.style, "size": ask.size, "show_steps": ask.steps}
    source: Path | Structure | None = None
    if ask.notes:
        source = _piano(ask)
    elif ask.contour:
        source = files(ask.contour)
    elif ask.file and ask.verb == "decode":
        source = files(ask.file)
    elif ask.file:
        options |= {"init": files(ask.file), "strength": ask.strength}
        options["mask"] = files(ask.mask) if ask.mask else None
    return Request(
        prompt=ask.prompt,
        path=ask.kind,
        seconds=ask.seconds,
        source=source,
        structure=ask.structure,
        decoder=ask.decoder,
        sampling=sampling,
        rate=ask.rate,
        **options,
    )


def _changed(ask: Ask, file: Path, sampling: Sampling) -> Request:
    seconds = ask.seconds or 10.0
    if ask.verb == "inpaint":
        region = revision.between(file, ask.start_s, ask.stop_s)
    elif ask.verb == "continue":
        region = revision.onwards(file, seconds)
    else:
        region = revision.longer(file, seconds)
    return revision.revised(file, region, ask.prompt, sampling, ask.kind)


def _piano(ask: Ask) -> Structure:
    """Notes that were edited in the page."""
    rows = np.array(ask.notes, float)
    pedal = np.array(ask.pedal, float).reshape(-1, 2) if ask.pedal else None
    notes = Notes.from_rows(rows, pedal)
    return Structure(max(ask.length_s, notes.end_s()), notes)


def asked_in(recipe: dict[str, Any]) -> dict[str, Any]:
    """The settings that a recipe was made with, as far as the page has them; they make the same again."""
    known, told = part_of(recipe, "conditioning"), part_of(recipe, "sampling")
    row: dict[str, Any] = {"prompt": recipe.get("prompt"), "rate": recipe.get("rate")}
    row |= {"kind": known.get("path"), "seconds": known.get("seconds")}
    row |= {name: known.get(name) for name in ("style", "size")}
    row |= {name: told.get(name) for name in ("seed", "decoder_seed", "loop", "variation", "variation_seed")}
    kinds: dict[str, Any] = {"prompt": str, "kind": str, "style": str, "loop": bool, "seconds": (int, float)}
    kinds |= {"variation": (int, float)}
    return {
        name: value
        for name, value in row.items()
        if isinstance(value, kinds.get(name, int)) and (name == "loop" or not isinstance(value, bool))
    }


def part_of(recipe: dict[str, Any], name: str) -> dict[str, Any]:
    """A part of a recipe; {} where a stranger's file has something else there."""
    part = recipe.get(name)
    return part if isinstance(part, dict) else {}
