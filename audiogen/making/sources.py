"""Files that a making starts from, and what the words beside them ask for."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from audiogen.artifacts import Conditioning, Contour, Latents, MelSpectrogram, Structure
from audiogen.errors import InvalidRequest
from audiogen.making import pictures, played, sound
from audiogen.media import midi
from audiogen.media.midi_changes import MidiChanges, changed
from audiogen.prompt import parse, understand
from audiogen.request import AS_WRITTEN, Request, Start

STRUCTURE_SUFFIXES = (*sound.SUFFIXES, *pictures.SUFFIXES)
_AUDIO = (".wav", ".flac", ".ogg", ".mp3")


def load_source(file: Path, changes: MidiChanges = AS_WRITTEN) -> tuple[Start, tuple[str, ...]]:
    """The artifact in a file, and remarks about what was left out of it or changed.

    Args:
        changes: how a MIDI file is played otherwise than it is written.
    Raises:
        InvalidRequest: unknown suffix, unreadable, or empty; changes of what is no MIDI file.
    """
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


def condition(request: Request, start: Start | None) -> Conditioning:
    """What the words ask for; without words, what the file that is started from was made for."""
    if start is None:
        of_pictures = (request.init, request.mask, request.style, request.size)  # options that only they have
        seen = any(option is not None for option in of_pictures)
        default = request.default_path or ("picture" if seen else None)
        return parse(request.prompt, request.path, default, drawn=request.init is not None)
    if isinstance(start, Contour | Latents):
        return pictures.condition(request, start)
    asked = start.asked if isinstance(start, Structure) else None
    own = request.path or (asked.path if asked is not None else "piano")
    if not request.prompt.strip():
        if asked is None or asked.path != own:
            return Conditioning(path=own, seconds=start.seconds)
        return dataclasses.replace(asked, seconds=start.seconds, unknown=(), remarks=())
    try:
        reading = understand(request.prompt, request.path, own)
    except InvalidRequest:
        reading = understand(request.prompt, own)
    known = played.words_beside(reading, start, varied=request.sampling.variation > 0)
    if asked is not None and known.path == asked.path == "ambience" and not known.sources:
        known = dataclasses.replace(known, sources=asked.sources)
    return known
