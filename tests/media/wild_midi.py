"""MIDI files as the wild writes them, byte by byte: nothing here comes from the code under test."""

from __future__ import annotations

import struct

END = (0, b"\xff\x2f\x00")


def number(value: int) -> bytes:
    """A variable-length quantity."""
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(0x80 | value & 0x7F)
    return bytes(reversed(out))


def track(*events: tuple[int, bytes]) -> bytes:
    """A track of (ticks after the event before, bytes)."""
    body = b"".join(number(shift) + data for shift, data in events)
    return b"MTrk" + struct.pack(">I", len(body)) + body


def header(division: int, format_: int = 0, tracks: int = 1) -> bytes:
    return b"MThd" + struct.pack(">IHHH", 6, format_, tracks, division)


def smpte(frames: int, ticks: int) -> int:
    """The division of so many frames a second with so many ticks each."""
    return (256 - frames) << 8 | ticks


def on(pitch: int, velocity: int = 64, channel: int = 0) -> bytes:
    return bytes((0x90 | channel, pitch, velocity))


def off(pitch: int, channel: int = 0) -> bytes:
    return bytes((0x80 | channel, pitch, 64))


def pedal(value: int, channel: int = 0) -> bytes:
    return bytes((0xB0 | channel, 64, value))


def program(number_: int, channel: int = 0) -> bytes:
    return bytes((0xC0 | channel, number_))


def tempo(microseconds: int) -> bytes:
    return b"\xff\x51\x03" + struct.pack(">I", microseconds)[1:]


def meta(kind: int, body: bytes) -> bytes:
    return bytes((0xFF, kind)) + number(len(body)) + body


def plain(division: int = 480, lasts: int | None = None) -> bytes:
    """One middle C of one quarter (or `lasts` ticks), 120 BPM."""
    return header(division) + track((0, on(60)), (lasts or division, off(60)), END)
