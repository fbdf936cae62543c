"""MIDI files as what a piano plays: merged, in seconds, on 88 keys; knows no artifact.

A piano has one string set and one sustain pedal, so everything is merged: a key that two voices hold
is held until both let go, and struck again when one of them strikes it; the pedal (controller 64, down
at 64 and above, so half-pedal counts from the middle) is down while any channel holds it down. Drums
and sound effects are left out, other instruments are played by the piano, and `remarks` says so. How the
events of a channel become strikes stands in `performance.py`, what a user may change in `midi_changes.py`.

Files are written for a sequencer: bar 1 begins at tick 0 at the piece's tempo, with metre and key where
they are known, and human timing as it was played, to half a millisecond. A marker `end` says where the
sound ends. What was read is written back to the same ticks.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.media import smf
from audiogen.media.keys import key_signature
from audiogen.media.performance import DRUM_CHANNEL, END, PIANO_HIGH, PIANO_LOW, Performance, count
from audiogen.media.smf import Event

SUFFIXES = (".mid", ".midi", ".kar", ".rmi", ".smf")
READER = 2  # in recipes; another number: the same file may have given other notes
PIANO_KEYS = PIANO_HIGH - PIANO_LOW + 1
TICKS_PER_QUARTER = 960
_LONGEST_TICK_S = 1e-3  # slower pieces get more ticks
_LARGEST_FILE = 8 << 20  # bytes; an hour of dense piano is about one million
_MOST_NOTES = 100_000
_SAME_STRIKE_S = 0.01  # two voices on one key within this are one strike
_RINGING_S = 30.0  # after which the lowest strings have died away


@dataclass(frozen=True)
class MidiData:
    """What a piano needs of a MIDI file.

    Attributes:
        notes: float64 [N, 4]: pitch 21..108, onset s, offset s, velocity 1..127; sorted by onset. A
            key is released before it is struck again.
        pedal: float64 [P, 2]: time s, 1.0 down or 0.0 up; sorted by time.
        tempo: quarters a minute at the first note, or None where the file says none.
        metre: (numerator, denominator) at the first note, or None.
        key: "D minor"-like name of the first key signature, or None.
        remarks: what was left out or merged, in words for the user.
        end_s: where the marker `end` stands, or None.
    """

    notes: np.ndarray
    pedal: np.ndarray
    tempo: float | None = None
    metre: tuple[int, int] | None = None
    key: str | None = None
    remarks: tuple[str, ...] = ()
    end_s: float | None = None


def read_midi(source: Path | str | bytes, channels: Collection[int] = ()) -> MidiData:
    """Read a MIDI file or its bytes.

    Args:
        channels: 1..16; only these are played, whatever their instrument. None: all that a piano can play.
    Raises:
        InvalidRequest: the bytes are no readable MIDI, hold no piano note, or far too many.
    """
    name = "MIDI data" if isinstance(source, bytes) else str(source)
    try:
        raw = source if isinstance(source, bytes) else _bytes_of(Path(source))
    except OSError as problem:
        raise InvalidRequest(f"Cannot read {name}: {problem.strerror}.") from problem
    if len(raw) > _LARGEST_FILE:
        raise InvalidRequest(
            f"{name} is larger than {_LARGEST_FILE >> 20} MB, and ten minutes of piano take less than one; "
            "export the piano tracks alone."
        )
    try:
        file = smf.parse(raw)
    except ValueError as problem:
        raise InvalidRequest(f"{name} is no readable MIDI file ({problem}).") from problem
    playing = Performance([channel - 1 for channel in channels])
    for song in file.songs():
        playing.listen(file, song)
    struck, softer, muted = playing.notes()
    notes, doubled = _on_one_keyboard(struck)
    if not len(notes):
        raise _no_notes(name, playing, muted)
    if len(notes) > _MOST_NOTES:
        raise InvalidRequest(
            f"{name} holds {len(notes)} notes; at most {_MOST_NOTES} are taken. Split it in a sequencer."
        )
    first_s = float(notes[0, 1])
    notes, pedal, cut = _died_away(notes, _changes(playing.pedal))
    return MidiData(
        notes=notes,
        pedal=pedal,
        tempo=None if file.ticks_per_quarter is None else _in_force(playing.tempos, first_s),
        metre=_in_force(playing.metres, first_s),
        key=playing.keys[0][1] if playing.keys else None,
        remarks=(*file.damage, *playing.remarks(file, doubled, softer, muted), *cut),
        end_s=playing.end_s,
    )


def midi_bytes(data: MidiData) -> bytes:
    """The data as a format 1 file with a conductor track; 120 BPM where no tempo is known.

    Times are kept to half a millisecond. A piece of known tempo lies on the bar lines: its second 0 is
    the first beat of bar 1.
    """
    tempo = int(np.clip(round(60e6 / (data.tempo or 120.0)), 1, 0xFFFFFF))
    division = TICKS_PER_QUARTER
    while tempo / 1e6 / division > _LONGEST_TICK_S and division < 1 << 14:
        division *= 2

    def tick(seconds: float) -> int:
        return max(0, round(seconds * 1e6 * division / tempo))

    conductor = [
        Event(0, smf.META, smf.TEXT, 0, b"generated by audiogen"),
        Event(0, smf.META, smf.TEMPO, 0, tempo.to_bytes(3, "big")),
    ]
    if data.metre:
        conductor.append(Event(0, smf.META, smf.METRE, 0, _metre_bytes(*data.metre)))
    if data.key and (signature := key_signature(data.key)):
        conductor.append(Event(0, smf.META, smf.KEY, 0, bytes(signature)))
    piano = [Event(0, smf.META, smf.TRACK_NAME, 0, b"Piano"), Event(0, smf.PROGRAM, 0)]
    releases, strikes = [], []
    for pitch, onset, offset, velocity in data.notes:
        start = tick(onset)
        key, touch = int(pitch), int(np.clip(round(velocity), 1, 127))
        strikes.append(Event(start, smf.NOTE_ON, key, touch))
        releases.append(Event(max(start + 1, tick(offset)), smf.NOTE_OFF, key, 64))
    pedal = [Event(tick(time), smf.CONTROL, 64, 127 if down else 0) for time, down in data.pedal]
    piano += releases + pedal + strikes  # in this order where they share a tick
    if data.end_s is not None:
        close = tick(data.end_s)
        conductor.append(Event(close, smf.META, smf.MARKER, 0, END.encode()))
        piano.append(Event(max(close, max(e.tick for e in piano)), smf.META, smf.END_OF_TRACK))
    return smf.serialise(division, [conductor, piano])


def _bytes_of(path: Path) -> bytes:
    """At most one byte more than is taken."""
    if path.is_dir():
        raise InvalidRequest(f"{path} is a folder; give a MIDI file.")
    with open(path, "rb") as file:
        return file.read(_LARGEST_FILE + 1)


def _no_notes(name: str, playing: Performance, muted: int) -> InvalidRequest:
    """Why a file has nothing to play, and what to do about it."""
    others = sorted(channel + 1 for channel in playing.struck)
    if playing.chosen and others:
        asked = ", ".join(str(channel + 1) for channel in sorted(playing.chosen))
        return InvalidRequest(
            f"{name} holds no piano notes on channel {asked}; there are notes on channel "
            f"{', '.join(map(str, others))}."
        )
    if playing.drums:
        return InvalidRequest(
            f"{name} holds no piano notes (it has {count(playing.drums, 'drum note')}, on channel "
            f"{DRUM_CHANNEL + 1}); if they are a piano's after all, --channel {DRUM_CHANNEL + 1} plays them."
        )
    if muted:
        return InvalidRequest(
            f"{name} holds no piano notes but {count(muted, 'note')} at volume or expression 0; turn them up "
            "in a sequencer."
        )
    return InvalidRequest(f"{name} holds no piano notes; give a file with at least one.")


def _died_away(notes: np.ndarray, pedal: np.ndarray) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Keys and pedal let go when the last strike has died away, and a remark if that was needed."""
    latest = notes[-1, 1] + _RINGING_S
    if notes[:, 2].max() <= latest and not (pedal[:, 0] > latest).any():
        return notes, pedal, ()
    notes = notes.copy()
    notes[:, 2] = np.minimum(notes[:, 2], latest)
    kept = pedal[pedal[:, 0] <= latest]
    if len(kept) and kept[-1, 1]:
        kept = np.concatenate([kept, [[latest, 0.0]]])
    return (
        notes,
        kept,
        (f"keys and pedals let go {_RINGING_S:g} s after the last strike, which has died away",),
    )


def _on_one_keyboard(rows: np.ndarray) -> tuple[np.ndarray, int]:
    """Notes [N, 4] of several voices as one keyboard plays them, sorted; and how many strikes fell together.

    A key struck while it is held is released just then, and the new note lasts as long as any voice
    holds the key; a voice that never lets go (fifth column) lets go then.
    """
    rows = rows[np.lexsort((-rows[:, 3], rows[:, 1], rows[:, 0]))]
    kept: list[list[float]] = []
    doubled = 0
    for pitch, onset, offset, velocity, hanging in rows.tolist():
        if kept and kept[-1][0] == pitch and onset < kept[-1][2]:
            before = kept[-1]
            if onset - before[1] < _SAME_STRIKE_S:
                doubled += 1
                before[2], before[3] = max(before[2], offset), max(before[3], velocity)
                continue
            if not before[4]:
                offset = max(offset, before[2])
            before[2] = onset
        kept.append([pitch, onset, offset, velocity, hanging])
    notes = np.array(kept, np.float64).reshape(-1, 5)[:, :4]
    return notes[np.lexsort((notes[:, 0], notes[:, 1]))], doubled


def _in_force(changes: list, at_s: float):
    """The last value at or before a time, else the first, else None."""
    before = [value for time, value in changes if time <= at_s + 1e-6]
    return before[-1] if before else None


def _changes(pedal: list[tuple[float, float]]) -> np.ndarray:
    """Only the events that change the pedal's state."""
    rows = np.array(pedal, np.float64).reshape(-1, 2)
    before = np.concatenate([[0.0], rows[:-1, 1]])
    return rows[rows[:, 1] != before[: len(rows)]]


def _metre_bytes(beats: int, unit: int) -> bytes:
    """Beats, the exponent of their unit, MIDI clocks per click, 32nds a quarter."""
    dotted = unit >= 8 and beats % 3 == 0
    return bytes((beats, unit.bit_length() - 1, (3 if dotted else 1) * 96 // unit, 8))
