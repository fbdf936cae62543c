"""MIDI files as what a piano plays: merged, in seconds, on 88 keys; knows no artifact.

A piano has one string set and one sustain pedal, so everything is merged: a key that two voices hold
is held until both let go, and struck again when one of them strikes it; the pedal (controller 64, down
at 64 and above, so half-pedal counts from the middle) is down while any channel holds it down. Drums
and sound effects are left out, other instruments are played by the piano, and `remarks` says so.

Files are written for a sequencer: bar 1 begins at tick 0 at the piece's tempo, with metre and key where
they are known, and human timing as it was played, to half a millisecond. A marker `end` says where the
sound ends. What was read is written back to the same ticks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.media import smf
from audiogen.media.smf import Event

PIANO_LOW, PIANO_HIGH = 21, 108
PIANO_KEYS = PIANO_HIGH - PIANO_LOW + 1
TICKS_PER_QUARTER = 960
_LONGEST_TICK_S = 1e-3  # slower pieces get more ticks
_LARGEST_FILE = 8 << 20  # bytes; an hour of dense piano is about one million
_MOST_NOTES = 100_000
_DRUM_CHANNEL = 9
_UNPITCHED = range(115, 128)  # General MIDI: woodblocks, drums and sound effects
_SHORTEST_S, _TAPPED_S = 0.01, 0.05  # of any note; of one that is released as it is struck
_SAME_STRIKE_S = 0.01  # two voices on one key within this are one strike
_END = "end"  # REAPER writes =END


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


def read_midi(source: Path | str | bytes) -> MidiData:
    """Read a MIDI file or its bytes.

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
    hearing = _Hearing()
    for song in file.songs():
        hearing.listen(file, song)
    notes, doubled = _on_one_keyboard(np.array(hearing.rows, np.float64).reshape(-1, 5))
    if not len(notes):
        also = f" (it has {hearing.drums} drum notes)" if hearing.drums else ""
        raise InvalidRequest(f"{name} holds no piano notes{also}; give a file with at least one.")
    if len(notes) > _MOST_NOTES:
        raise InvalidRequest(
            f"{name} holds {len(notes)} notes; at most {_MOST_NOTES} are taken. Split it in a sequencer."
        )
    first_s = float(notes[0, 1])
    return MidiData(
        notes=notes,
        pedal=_changes(hearing.pedal),
        tempo=None if file.ticks_per_quarter is None else _in_force(hearing.tempos, first_s),
        metre=_in_force(hearing.metres, first_s),
        key=hearing.keys[0][1] if hearing.keys else None,
        remarks=(*file.damage, *hearing.remarks(file, doubled)),
        end_s=hearing.end_s,
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
    if data.key and (signature := _key_signature(data.key)):
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
        conductor.append(Event(close, smf.META, smf.MARKER, 0, _END.encode()))
        piano.append(Event(max(close, max(e.tick for e in piano)), smf.META, smf.END_OF_TRACK))
    return smf.serialise(division, [conductor, piano])


class _Hearing:
    """What is gathered while the events of a file go by."""

    def __init__(self) -> None:
        self.rows: list[tuple[float, float, float, float, bool]] = []
        self.pedal: list[tuple[float, float]] = []
        self.tempos: list[tuple[float, float]] = []
        self.metres: list[tuple[float, tuple[int, int]]] = []
        self.keys: list[tuple[float, str]] = []
        self.end_s: float | None = None
        self.drums = self.effects = self.off_keyboard = self.bends = 0
        self.others: dict[int, int] = defaultdict(int)
        self.channels: set[int] = set()

    def listen(self, file: smf.MidiFile, song: list[Event]) -> None:
        """One song; a further one begins when the one before is over."""
        begin = max((row[2] for row in self.rows), default=0.0)
        ticks = np.array([e.tick for e in song], np.float64)
        times = (begin + file.seconds(ticks, song)).tolist()
        self.pedal.append((begin, 0.0))
        programs = [0] * 16
        held: dict[tuple[int, int], list[tuple[float, int]]] = defaultdict(list)
        down: set[int] = set()
        last_s = begin
        for time, (_, status, first, second, body) in zip(times, song, strict=True):
            kind, channel = status & 0xF0, status & 0x0F
            if status == smf.META:
                self._meta(time, first, body)
                continue
            last_s = time
            if kind == smf.NOTE_ON and second:
                if self._is_piano(channel, first, programs[channel]):
                    held[channel, first].append((time, second))
            elif kind in (smf.NOTE_OFF, smf.NOTE_ON):
                if held[channel, first]:
                    self._note(first, *held[channel, first].pop(0), time)
            elif kind == smf.PROGRAM:
                programs[channel] = first
            elif kind == smf.BEND:
                self.bends += (first, second) != (0, 64)
            elif kind == smf.CONTROL and channel != _DRUM_CHANNEL:
                if first in (64, 121):
                    (down.add if first == 64 and second >= 64 else down.discard)(channel)
                    self.pedal.append((time, float(bool(down))))
                elif first in (120, 123):
                    for key in [k for k in held if k[0] == channel]:
                        for strike in held.pop(key):
                            self._note(key[1], *strike, time)
        for (_, pitch), strikes in held.items():
            for strike in strikes:
                self._note(pitch, *strike, last_s, hanging=True)

    def _is_piano(self, channel: int, pitch: int, program: int) -> bool:
        """Whether the piano plays this note; counts why not, and whose it was."""
        if channel == _DRUM_CHANNEL:
            self.drums += 1
        elif program in _UNPITCHED:
            self.effects += 1
        elif not PIANO_LOW <= pitch <= PIANO_HIGH:
            self.off_keyboard += 1
        else:
            if program > 7:  # General MIDI counts eight keyboards first
                self.others[program] += 1
            self.channels.add(channel)
            return True
        return False

    def _note(self, pitch: int, onset: float, velocity: int, offset: float, hanging: bool = False) -> None:
        length = offset - onset
        length = max(length, _SHORTEST_S) if length > 0 else _TAPPED_S
        self.rows.append((pitch, onset, onset + length, velocity, hanging))

    def _meta(self, time: float, kind: int, body: bytes) -> None:
        if kind == smf.TEMPO and int.from_bytes(body[:3], "big"):
            self.tempos.append((time, round(60e6 / int.from_bytes(body[:3], "big"), 3)))
        elif kind == smf.METRE and len(body) >= 2 and body[0] and body[1] < 8:
            self.metres.append((time, (body[0], 2 ** body[1])))
        elif kind == smf.KEY and len(body) >= 2 and (key := _key_name(body[0], body[1])):
            self.keys.append((time, key))
        elif kind == smf.MARKER and body.strip(b" =\0").lower() == _END.encode():
            self.end_s = time

    def remarks(self, file: smf.MidiFile, doubled: int) -> Iterable[str]:
        """What was done to the file, in words."""
        strikes = {smf.NOTE_ON | channel for channel in self.channels}
        tracks = sum(any(e.status in strikes for e in track) for track in file.tracks)
        if file.format == 2 and tracks > 1:
            yield f"played the {tracks} patterns of a format 2 file one after the other"
        elif tracks > 1:
            yield f"merged {tracks} tracks"
        elif len(self.channels) > 1:
            yield f"merged {len(self.channels)} channels"
        if self.drums:
            yield f"left out {_count(self.drums, 'drum note')}"
        if self.effects:
            yield f"left out {_count(self.effects, 'note')} of unpitched instruments"
        if self.off_keyboard:
            yield f"left out {_count(self.off_keyboard, 'note')} off the 88 keys"
        if self.others:
            names = ", ".join(FAMILIES[f] for f in sorted({program // 8 for program in self.others}))
            yield f"{_count(sum(self.others.values()), 'note')} written for other instruments ({names}) " + (
                "played by the piano"
            )
        if doubled:
            yield f"{_count(doubled, 'note')} that two voices share struck once"
        if hanging := sum(row[4] for row in self.rows):
            yield f"released {_count(hanging, 'note')} that had no end"
        if self.bends:
            yield "ignored pitch bends: a piano has none"


# General MIDI's sixteen families of eight programs
FAMILIES = (
    *("piano", "chromatic percussion", "organ", "guitar", "bass", "strings", "ensemble", "brass"),
    *("reed", "pipe", "synth lead", "synth pad", "synth effects", "ethnic", "percussion", "sound effects"),
)


def _bytes_of(path: Path) -> bytes:
    """At most one byte more than is taken."""
    if path.is_dir():
        raise InvalidRequest(f"{path} is a folder; give a MIDI file.")
    with open(path, "rb") as file:
        return file.read(_LARGEST_FILE + 1)


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


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("s" if number != 1 else "")


_MAJOR = ["Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"]
_MINOR = ["Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#"]


def _key_name(sharps: int, minor: int) -> str | None:
    """Of a key signature's two bytes; None where there is no such key."""
    place = (sharps if sharps < 128 else sharps - 256) + 7
    if not 0 <= place < len(_MAJOR) or minor > 1:
        return None
    return f"{(_MINOR if minor else _MAJOR)[place]} {'minor' if minor else 'major'}"


def _key_signature(name: str) -> tuple[int, int] | None:
    """The two bytes: sharps (flats from 255 down), 1 for minor; None where a signature cannot say it."""
    tonic, _, mode = name.partition(" ")
    names = _MINOR if mode == "minor" else _MAJOR
    return ((names.index(tonic) - 7) % 256, int(mode == "minor")) if tonic in names else None


def _metre_bytes(beats: int, unit: int) -> bytes:
    """Beats, the exponent of their unit, MIDI clocks per click, 32nds a quarter."""
    dotted = unit >= 8 and beats % 3 == 0
    return bytes((beats, unit.bit_length() - 1, (3 if dotted else 1) * 96 // unit, 8))
