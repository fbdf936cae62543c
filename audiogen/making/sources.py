"""Files that a making starts from, and what the words beside them ask for."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from audiogen.artifacts import Conditioning, Contour, Latents, MelSpectrogram, Structure
from audiogen.errors import InvalidRequest
from audiogen.kinds import kind_for_suffix, kind_named
from audiogen.making import pictures, played, sound, words
from audiogen.media import midi
from audiogen.media.midi_changes import MidiChanges, changed
from audiogen.prompt import understand
from audiogen.request import AS_WRITTEN, Request, Start

STRUCTURE_SUFFIXES = (*sound.SUFFIXES, *pictures.SUFFIXES)
_AUDIO = (".wav", ".flac", ".ogg", ".mp3")


def load_source(file: str | Path | Start, changes: MidiChanges = AS_WRITTEN) -> tuple[Start, tuple[str, ...]]:
    """The artifact in a file, and remarks about what was left out of it or changed; an artifact as it is.

    Args:
        changes: how a MIDI file is played otherwise than it is written.
    Raises:
        InvalidRequest: unknown suffix, unreadable, or empty; changes of what is no MIDI file.
    """
    if isinstance(file, Start):
        return file, ()
    file = Path(file)
    suffix = file.suffix.lower()
    if suffix not in STRUCTURE_SUFFIXES:
        why = " This one is finished sound, not a structure." if suffix in _AUDIO else ""
        raise InvalidRequest(
            f"Cannot start from {file.name!r}; give a {', '.join(sound.SUFFIXES)} file (a MIDI file, or a "
            f"structure that audiogen wrote) or a drawing ({pictures.SUFFIXES[0]}).{why}"
        )
    if suffix not in midi.SUFFIXES and changes != AS_WRITTEN:
        raise InvalidRequest(
            f"--tempo, --transpose, --channel and --trim change a MIDI file, and {file.name} is none; leave "
            "them out."
        )
    if suffix in pictures.SUFFIXES:
        drawn = Contour.load(file)
        return dataclasses.replace(drawn, remarks=()), drawn.remarks
    if suffix == ".npz":
        from audiogen.media.files import read_npz

        names = read_npz(file)
        kind = MelSpectrogram if "mid" in names else Latents if "latents" in names else Structure
        return kind.load(file), ()
    data = changed(midi.read_midi(file, changes.channels), changes)
    return Structure.from_midi(data), data.remarks


def condition(request: Request, start: Start | None, given: tuple[Any, ...] = ()) -> Conditioning:
    """What the words ask for; without words, what the file that is started from was made for.

    Args:
        given: the stages, where the caller has them.
    """
    if start is None or (request.model is not None and request.prompt.strip()):
        return words.asked(request, given)
    if isinstance(start, Contour | Latents):
        return pictures.condition(request, start)
    asked = start.asked if isinstance(start, Structure) else None
    own = request.path or (asked.path if asked is not None else str(kind_for_suffix(sound.SUFFIXES[0])))
    if not request.prompt.strip():
        if asked is None or asked.path != own:
            return Conditioning(path=own, seconds=start.seconds)
        return dataclasses.replace(asked, seconds=start.seconds, unknown=(), remarks=())
    try:
        reading = understand(request.prompt, request.path, own)
    except InvalidRequest:
        reading = understand(request.prompt, own)
    known = played.words_beside(reading, start, varied=request.sampling.variation > 0)
    of_sources = kind_named(known.path).of_sources and not known.sources
    if asked is not None and known.path == asked.path and of_sources:
        known = dataclasses.replace(known, sources=asked.sources)
    return known
