"""What is played otherwise than a MIDI file has it: tempo, key, channels, silence at its ends."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from audiogen.errors import InvalidRequest
from audiogen.media import keys
from audiogen.media.midi import MidiData
from audiogen.media.performance import PIANO_HIGH, PIANO_LOW, count

TEMPOS = (5.0, 480.0)
_UNSAID_TEMPO = 120.0  # that of a file that says none


@dataclass(frozen=True)
class MidiChanges:
    """How a MIDI file is played otherwise than it is written; by default as it is.

    Attributes:
        tempo: quarters a minute at the first note; the whole tempo map keeps its proportions. None: its own.
        transpose: semitones up.
        channels: 1..16, the only ones that are played; (): all that a piano can play.
        trim: whether silence before the first note and after the last sound is left out.
    """

    tempo: float | None = None
    transpose: int = 0
    channels: tuple[int, ...] = ()
    trim: bool = False

    def __post_init__(self) -> None:
        low, high = TEMPOS
        problems = []
        if self.tempo is not None and not low <= self.tempo <= high:
            problems.append(f"tempo must be {low:g} .. {high:g} quarters a minute, not {self.tempo:g}")
        if not -87 <= self.transpose <= 87:
            problems.append(f"transpose must be -87 .. 87 semitones, not {self.transpose}")
        if wrong := [channel for channel in self.channels if not 1 <= channel <= 16]:
            problems.append(f"a channel is 1 .. 16, not {wrong[0]}")
        if problems:
            raise InvalidRequest("; ".join(problems) + ".")

    def to_dict(self) -> dict[str, Any]:
        """Only what is changed, ready for JSON."""
        return {name: value for name, value in dataclasses.asdict(self).items() if value not in (None, 0, ())}


def changed(data: MidiData, changes: MidiChanges) -> MidiData:
    """The data with its changes but that of the channels, which `read_midi` has made.

    Raises:
        InvalidRequest: nothing stays on the keyboard.
    """
    if changes.trim:
        data = _trimmed(data)
    if changes.tempo is not None:
        data = _at_tempo(data, changes.tempo)
    return _transposed(data, changes.transpose) if changes.transpose else data


def _trimmed(data: MidiData) -> MidiData:
    first_s = float(data.notes[0, 1])
    notes, pedal = data.notes.copy(), data.pedal.copy()
    notes[:, 1:3] -= first_s
    pedal[:, 0] = (pedal[:, 0] - first_s).clip(min=0.0)
    return dataclasses.replace(data, notes=notes, pedal=pedal, end_s=None)


def _at_tempo(data: MidiData, tempo: float) -> MidiData:
    factor = (data.tempo or _UNSAID_TEMPO) / tempo
    notes, pedal = data.notes.copy(), data.pedal.copy()
    notes[:, 1:3] *= factor
    pedal[:, 0] *= factor
    end_s = None if data.end_s is None else data.end_s * factor
    return dataclasses.replace(data, notes=notes, pedal=pedal, tempo=tempo, end_s=end_s)


def _transposed(data: MidiData, semitones: int) -> MidiData:
    notes = data.notes.copy()
    notes[:, 0] += semitones
    stays = (notes[:, 0] >= PIANO_LOW) & (notes[:, 0] <= PIANO_HIGH)
    if not stays.any():
        raise InvalidRequest(f"Transposed by {semitones} semitones no note stays on the 88 keys; take fewer.")
    lost = int((~stays).sum())
    said = (f"left out {count(lost, 'note')} that --transpose moves off the 88 keys",) if lost else ()
    key = None if data.key is None else keys.transposed(data.key, semitones)
    return dataclasses.replace(data, notes=notes[stays], key=key, remarks=(*data.remarks, *said))
