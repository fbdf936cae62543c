"""ID3v2.3 tags of an MP3: title and comment; libsndfile writes UTF-8 there and calls it Latin-1.

Source: ID3 tag version 2.3.0 (id3.org), sections 3.1, 3.3, 4.2.1 and 4.11.
"""

from __future__ import annotations

import struct

_LATIN_1, _UTF_16 = b"\0", b"\1"


def with_tags(mp3: bytes, title: str = "", comment: str = "") -> bytes:
    """The MP3 with its title (any characters) and comment (ASCII) before the first frame."""
    frames = b""
    if title:
        frames += _frame("TIT2", _UTF_16 + title.encode("utf-16"))
    if comment:
        frames += _frame("TSSE", _LATIN_1 + b"audiogen")
        frames += _frame("COMM", _LATIN_1 + b"XXX" + b"\0" + comment.encode("ascii"))
    return b"ID3\3\0\0" + _synchsafe(len(frames)) + frames + mp3 if frames else mp3


def _frame(name: str, body: bytes) -> bytes:
    return name.encode("ascii") + struct.pack(">IH", len(body), 0) + body


def _synchsafe(size: int) -> bytes:
    """28 bits in four bytes, the highest bit of each left 0, so that no player takes it for a frame."""
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
