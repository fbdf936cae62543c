"""Ogg pages: libsndfile draws the serial number of a stream at random; here it is made one number.

Source: RFC 3533, section 6 (page header and its CRC).
"""

from __future__ import annotations

import struct
import zlib

_SERIAL_AT, _CRC_AT, _HEADER = 14, 22, 27
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def with_serial(data: bytes, serial: int = 1) -> bytes:
    """The same Ogg file with this serial number in every page.

    Raises:
        ValueError: not a whole number of pages.
    """
    out = bytearray(data)
    at = 0
    while at < len(out):
        if out[at : at + 4] != b"OggS" or at + _HEADER > len(out):
            raise ValueError(f"no Ogg page at byte {at}")
        segments = out[at + 26]
        stop = at + _HEADER + segments + sum(out[at + _HEADER : at + _HEADER + segments])
        struct.pack_into("<I", out, at + _SERIAL_AT, serial)
        struct.pack_into("<I", out, at + _CRC_AT, 0)
        struct.pack_into("<I", out, at + _CRC_AT, page_crc(bytes(out[at:stop])))
        at = stop
    return bytes(out)


def page_crc(page: bytes) -> int:
    """CRC-32 of polynomial 04C11DB7, most significant bit first, from 0; the page's own field is 0.

    zlib's has the same polynomial, least significant bit first and inverted at both ends.
    """
    mirrored = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
