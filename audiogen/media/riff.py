"""RIFF chunks of a WAV file: what a sequencer and an archive look for, and the recipe.

    fmt  [fact]  [bext]  data  [acid]  [smpl]  [LIST INFO]

libsndfile drops an INFO comment beyond about two kilobytes and stamps the time of day into float files,
so the chunks are written here: the same samples and facts are the same bytes. Nothing holds a date.

Sources: Microsoft, Multimedia Programming Interface and Data Specifications 1.0 (1991), chapter 2, and
its 1994 supplement (smpl); EBU Tech 3285 version 2 (bext); the ACID chunk is undocumented, its layout is
that of libsndfile (wav.c, `wav_read_acid_chunk`).
"""

from __future__ import annotations

import struct
import unicodedata
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from audiogen.media.facts import Facts
from audiogen.media.keys import pitch_class

_MAX_TAGS = 64 << 20  # a LIST chunk beyond this is damage, not a recipe
_PCM, _FLOAT = 1, 3
_ONE_SHOT, _ROOT_SET, _STRETCH = 0x01, 0x02, 0x04
_UNKNOWN = 0x7FFF  # of a loudness field of bext
_PUNCTUATION = str.maketrans({"‘": "'", "’": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "..."})


def wave_file(
    data: Iterable[bytes],
    frames: int,
    channels: int,
    sample_rate: int,
    bits: int,
    floating: bool,
    before: dict[str, bytes],
    after: dict[str, bytes],
) -> Iterator[bytes]:
    """A whole RIFF/WAVE file, part by part.

    Args:
        data: interleaved little-endian samples, in any number of parts.
        frames: samples of each channel; bits: of each sample.
        before, after: bodies of further chunks by name, before and after the samples.
    """
    width = channels * bits // 8
    head = struct.pack("<HHIIHH", _PCM, channels, sample_rate, sample_rate * width, width, bits)
    chunks = [("fmt ", head)]
    if floating:
        chunks = [
            ("fmt ", struct.pack("<H", _FLOAT) + head[2:] + b"\0\0"),
            ("fact", struct.pack("<I", frames)),
        ]
    size = frames * width
    opening = b"".join(_chunk(name, body) for name, body in [*chunks, *before.items()])
    opening += b"data" + struct.pack("<I", size)
    closing = b"\0" * (size % 2) + b"".join(_chunk(name, body) for name, body in after.items())
    total = 4 + len(opening) + size + len(closing)
    yield b"".join([b"RIFF", struct.pack("<I", total), b"WAVE", opening])
    yield from data
    yield closing


def info(tags: dict[str, str]) -> bytes:
    """Body of a LIST chunk of INFO tags: four-character names (ICMT, INAM, ...) and texts, UTF-8."""
    return b"INFO" + b"".join(_chunk(name, text.encode() + b"\0") for name, text in tags.items())


def acid(facts: Facts, seconds: float) -> bytes:
    """Body of an acid chunk: tempo (quarters a minute), metre and length in quarters.

    A piece is a one-shot: a sequencer shows its tempo and leaves it as it was played. A loop may be
    stretched to another tempo, and transposed if its key is known.

    Raises:
        ValueError: no tempo.
    """
    if not facts.tempo:
        raise ValueError("an acid chunk needs a tempo")
    root = _root_note(facts.key) if facts.loop else None
    kind = (_STRETCH if facts.loop else _ONE_SHOT) | (_ROOT_SET if root is not None else 0)
    beats, unit = facts.metre or (4, 4)
    quarters = round(seconds * facts.tempo / 60)
    return struct.pack(
        "<IHHfIHHf", kind, 60 if root is None else root, 0x8000, 0.0, quarters, unit, beats, facts.tempo
    )


def smpl(sample_rate: int, loop: tuple[int, int]) -> bytes:
    """Body of a smpl chunk with one endless forward loop.

    Args:
        loop: first sample of the loop, and the first after it.
    """
    first, stop = loop
    head = struct.pack("<9I", 0, 0, round(1e9 / sample_rate), 60, 0, 0, 0, 1, 0)
    return head + struct.pack("<6I", 0, 0, first, stop - 1, 0, 0)


def bext(facts: Facts, title: str, sample_rate: int, channels: int, bits: int) -> bytes:
    """Body of a bext chunk, version 2: description, originator, loudness, coding history; no date.

    The description is the title, which EBU wants in ASCII: accents are dropped, and a title in another script
    is named by where it stands.
    """
    level = facts.level
    values = [_UNKNOWN] * 5
    if level is not None:
        rows = (
            level.integrated_lufs,
            level.range_lu,
            level.peak_dbtp,
            level.momentary_lufs,
            level.short_term_lufs,
        )
        values = [_hundredths(value) for value in rows]
    mode = {1: "mono", 2: "stereo"}.get(channels, "multitrack")
    history = f"A=PCM,F={sample_rate},W={bits},M={mode},T=audiogen\r\n"
    return (
        _text(_in_ascii(title), 256)
        + _text("audiogen", 32)
        + bytes(32 + 10 + 8)  # reference, date and time: left out, so that one recipe is one file
        + struct.pack("<QH", 0, 2)
        + bytes(64)
        + struct.pack("<5h", *values)
        + bytes(180)
        + history.encode("ascii")
    )


def read_tags(file: BinaryIO) -> dict[str, str]:
    """INFO tags of an open RIFF/WAVE file; seeks past the samples, so a long file costs nothing.

    Returns: texts by four-character name; empty where there are none or the file is no RIFF.
    """
    head = file.read(12)
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return {}
    while len(header := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", header)
        if name == b"LIST" and 4 <= size <= _MAX_TAGS:
            body = file.read(size + size % 2)
            if body[:4] == b"INFO":
                return _tags(body[4:size])
        else:
            file.seek(size + size % 2, 1)
    return {}


def chunks(wav: bytes) -> Iterator[tuple[str, bytes]]:
    """(name, body) of every chunk of a WAV file, in order."""
    at = 12
    while at + 8 <= len(wav):
        name, size = struct.unpack_from("<4sI", wav, at)
        yield name.decode("latin-1"), wav[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _chunk(name: str, body: bytes) -> bytes:
    """Name, size and body; bodies begin on even bytes."""
    return name.encode("ascii") + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _tags(body: bytes) -> dict[str, str]:
    tags, at = {}, 0
    while at + 8 <= len(body):
        name, size = struct.unpack_from("<4sI", body, at)
        text = body[at + 8 : at + 8 + size].split(b"\0", 1)[0]
        tags[name.decode("latin-1")] = text.decode("utf-8", "replace")
        at += 8 + size + size % 2
    return tags


def _text(text: str, size: int) -> bytes:
    """ASCII of a fixed size."""
    return text.encode("ascii")[:size].ljust(size, b"\0")


def _in_ascii(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title.translate(_PUNCTUATION))
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    return plain if plain.isascii() else "generated by audiogen; its title is in the INAM tag"


def _hundredths(value: float) -> int:
    """A loudness field; what it cannot hold is unknown."""
    return round(100 * value) if -99.99 <= value <= 99.99 else _UNKNOWN


def _root_note(key: str | None) -> int | None:
    """MIDI number of the tonic within an octave of middle C."""
    if not key:
        return None
    try:
        return 60 + pitch_class(key.split()[0])
    except KeyError:
        return None
