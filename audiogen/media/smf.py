"""Standard MIDI Files: bytes <-> events in ticks, and ticks -> seconds; knows no instrument.

Reads what the wild holds: running status (kept over meta events, as many writers do), SMPTE divisions,
formats 0, 1 and 2, chunks of other kinds, an RMID or MacBinary wrapper, a wrong track length, garbage
after the end, and files that stop in the middle (what is whole is kept, and `damage` says so). symusic
refuses half of these, drops notes that are never released, and rounds seconds to float32.

Source: MIDI Manufacturers Association, Standard MIDI Files 1.0, RP-001 (1996).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

NOTE_OFF, NOTE_ON, CONTROL, PROGRAM, BEND = 0x80, 0x90, 0xB0, 0xC0, 0xE0
META = 0xFF
TEXT, TRACK_NAME, MARKER, END_OF_TRACK, TEMPO, METRE, KEY = 0x01, 0x03, 0x06, 0x2F, 0x51, 0x58, 0x59
DEFAULT_TEMPO = 500_000  # microseconds a quarter: 120 BPM
_WRAPPER = 4096  # a header is looked for in this many bytes
_MOST_EVENTS = 500_000  # ten minutes of a recording piano with its pedals have a tenth of that
_SYSTEM_DATA = {0xF1: 1, 0xF2: 2, 0xF3: 1}  # bytes after a system message that has no place in a file


class Event(NamedTuple):
    """One event.

    Attributes:
        tick: since the start of its track.
        status: 0x80 .. 0xEF (the channel in its low half), or META.
        first, second: data bytes 0..127; of a meta event its type, and 0.
        body: of a meta event; b"" otherwise.
    """

    tick: int
    status: int
    first: int
    second: int = 0
    body: bytes = b""


@dataclass(frozen=True)
class MidiFile:
    """Events of every track, in order.

    Attributes:
        format: 0, 1 or 2.
        ticks_per_quarter: or None where the file counts SMPTE frames.
        ticks_per_second: where it does, else None.
        tracks: events by track.
        damage: what is broken, in words; empty for a sound file.
    """

    format: int
    ticks_per_quarter: int | None
    ticks_per_second: float | None
    tracks: list[list[Event]]
    damage: tuple[str, ...] = ()

    def songs(self) -> list[list[Event]]:
        """Events in the order of time: one list, or one for every pattern of a format 2 file."""
        if self.format == 2:
            return self.tracks
        return [sorted((e for track in self.tracks for e in track), key=lambda e: e.tick)]

    def seconds(self, ticks: np.ndarray, events: Iterable[Event]) -> np.ndarray:
        """When `ticks` of a song happen, s, float64, by the tempo events among its `events`."""
        ticks = np.asarray(ticks, np.float64)
        if self.ticks_per_second is not None:
            return ticks / self.ticks_per_second
        assert self.ticks_per_quarter is not None
        changes = {0: DEFAULT_TEMPO} | {tick: tempo for tick, tempo in tempos(events)}
        at = np.array(list(changes), np.float64)
        tick_s = np.array(list(changes.values()), np.float64) / (1e6 * self.ticks_per_quarter)
        begins = np.concatenate([[0.0], np.cumsum(np.diff(at) * tick_s[:-1])])
        which = np.searchsorted(at, ticks, "right") - 1
        return begins[which] + (ticks - at[which]) * tick_s[which]


def tempos(events: Iterable[Event]) -> list[tuple[int, int]]:
    """(tick, microseconds a quarter) of every tempo event; impossible ones are left out."""
    rows = [(e.tick, int.from_bytes(e.body[:3], "big")) for e in events if e[1:3] == (META, TEMPO)]
    return [(tick, tempo) for tick, tempo in rows if tempo > 0]


def parse(raw: bytes) -> MidiFile:
    """The events of a MIDI file.

    Raises:
        ValueError: there is no header, no division or no track, or there are too many events; the text
            says which.
    """
    at = raw.find(b"MThd", 0, _WRAPPER)
    if at < 0:
        raise ValueError("it does not begin with MThd" if raw else "it is empty")
    if len(raw) < at + 14:
        raise ValueError("it ends inside its header")
    size, format_, _, division = struct.unpack_from(">IHHH", raw, at + 4)
    per_quarter, per_second = _division(division)
    tracks: list[list[Event]] = []
    damage: list[str] = []
    at += 8 + max(size, 6)
    while (name := raw[at : at + 4]) and _is_chunk(name) and at + 8 <= len(raw):
        size = struct.unpack_from(">I", raw, at + 4)[0]
        stop = at + 8 + size
        if name == b"MTrk":
            if stop > len(raw) or (stop < len(raw) and not _is_chunk(raw[stop : stop + 4])):
                following = raw.find(b"MTrk", at + 8)  # the length is wrong, or garbage follows
                stop = following if following > 0 else len(raw)
            events, sound = _track(raw, at + 8, stop)
            tracks.append(events)
            if sum(map(len, tracks)) >= _MOST_EVENTS:
                raise ValueError(f"it has more than {_MOST_EVENTS} events, which is no piano piece")
            if not sound:
                damage.append(f"track {len(tracks)} is damaged or cut off after {len(events)} events")
        at = stop
    if not tracks:
        raise ValueError("it holds no track")
    return MidiFile(format_, per_quarter, per_second, tracks, tuple(damage))


def serialise(ticks_per_quarter: int, tracks: list[list[Event]]) -> bytes:
    """A format 1 file of the tracks; events are sorted by tick, each track is closed at its last one."""
    out = [struct.pack(">4sIHHH", b"MThd", 6, 1, len(tracks), ticks_per_quarter)]
    for events in tracks:
        body, now = bytearray(), 0
        for event in sorted(events, key=lambda e: e.tick):
            body += _variable(event.tick - now)
            now = event.tick
            if event.status == META:
                body += bytes((META, event.first)) + _variable(len(event.body)) + event.body
            else:
                short = event.status & 0xF0 in (PROGRAM, 0xD0)
                body += bytes((event.status, event.first) if short else event[1:4])
        if not events or (event.status, event.first) != (META, END_OF_TRACK):
            body += bytes((0, META, END_OF_TRACK, 0))
        out.append(struct.pack(">4sI", b"MTrk", len(body)) + body)
    return b"".join(out)


def _division(division: int) -> tuple[int | None, float | None]:
    if not division & 0x8000:
        if not division:
            raise ValueError("its division is 0")
        return division, None
    frames, ticks = 256 - (division >> 8), division & 0xFF
    if not ticks or frames not in (24, 25, 29, 30):
        raise ValueError(f"its division of {frames} frames with {ticks} ticks does not exist")
    return None, ticks * (30_000 / 1001 if frames == 29 else frames)


def _is_chunk(name: bytes) -> bool:
    return len(name) == 4 and all(32 <= byte < 127 for byte in name)


def _track(raw: bytes, at: int, stop: int) -> tuple[list[Event], bool]:
    """The events between two places, and whether they end as they should."""
    events: list[Event] = []
    tick = running = 0
    try:
        while at < stop and len(events) < _MOST_EVENTS:
            shift, at = _read_variable(raw, at)
            tick += shift
            status = raw[at]
            if status < 0x80:
                status = running
            else:
                at += 1
            if status < 0x80:
                return events, False  # data without a status
            if status == META:
                kind = raw[at]
                size, at = _read_variable(raw, at + 1)
                if at + size > stop:
                    return events, False
                events.append(Event(tick, META, kind, 0, raw[at : at + size]))
                at += size
                if kind == END_OF_TRACK:
                    return events, True
            elif status in (0xF0, 0xF7):
                size, at = _read_variable(raw, at)
                at += size
            elif status >= 0xF0:
                at += _SYSTEM_DATA.get(status, 0)
            else:
                running = status
                if status & 0xE0 == 0xC0:  # program and channel pressure have one data byte
                    events.append(Event(tick, status, min(raw[at], 127)))
                    at += 1
                else:
                    events.append(Event(tick, status, min(raw[at], 127), min(raw[at + 1], 127)))
                    at += 2
    except (IndexError, ValueError):
        return events, False
    return events, at == stop


def _read_variable(raw: bytes, at: int) -> tuple[int, int]:
    """A variable-length quantity and the place after it."""
    value = 0
    for _ in range(4):
        byte = raw[at]
        at += 1
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at
    raise ValueError("a number of more than four bytes")


def _variable(value: int) -> bytes:
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(0x80 | value & 0x7F)
    return bytes(reversed(out))
