"""RIFF chunks of a WAV file: read them, write LIST/INFO tags, leave others out.

libsndfile drops an INFO comment beyond about two kilobytes and stamps the time of day into float
files (`PEAK`), so the tags of a WAV are written here and that chunk is removed: the same samples and
recipe are the same bytes.

Source: Microsoft, Multimedia Programming Interface and Data Specifications 1.0 (1991), chapter 2.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

_MAX_TAGS = 64 << 20  # a LIST chunk beyond this is damage, not a recipe


def with_tags(wav: bytes, tags: dict[str, str]) -> bytes:
    """The WAV file with these INFO tags after its samples and without its old LIST and PEAK chunks.

    Args:
        wav: a whole RIFF/WAVE file.
        tags: four-character names (ICMT, INAM, ISFT, ...) and texts; written as UTF-8.
    """
    kept = [(name, wav[at : at + size]) for name, at, size in _walk(wav)]
    parts = [_chunk(name, body) for name, body in kept if name not in (b"LIST", b"PEAK")]
    if tags:
        rows = (_chunk(name.encode("ascii"), text.encode() + b"\0") for name, text in tags.items())
        parts.append(_chunk(b"LIST", b"INFO" + b"".join(rows)))
    body = b"WAVE" + b"".join(parts)
    return b"RIFF" + struct.pack("<I", len(body)) + body


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


def chunk_names(wav: bytes) -> list[str]:
    """Names of the chunks of a WAV file, in order."""
    return [name.decode("latin-1") for name, _, _ in _walk(wav)]


def _walk(wav: bytes) -> Iterator[tuple[bytes, int, int]]:
    """(name, where the body starts, its size) of every chunk."""
    at = 12
    while at + 8 <= len(wav):
        name, size = struct.unpack_from("<4sI", wav, at)
        yield name, at + 8, min(size, len(wav) - at - 8)
        at += 8 + size + size % 2


def _chunk(name: bytes, body: bytes) -> bytes:
    """Name, size and body; bodies begin on even bytes."""
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _tags(body: bytes) -> dict[str, str]:
    tags, at = {}, 0
    while at + 8 <= len(body):
        name, size = struct.unpack_from("<4sI", body, at)
        text = body[at + 8 : at + 8 + size].split(b"\0", 1)[0]
        tags[name.decode("latin-1")] = text.decode("utf-8", "replace")
        at += 8 + size + size % 2
    return tags
