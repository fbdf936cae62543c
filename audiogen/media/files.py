"""Atomic file writing: a temporary name beside the target, then a rename; nothing is half written."""

from __future__ import annotations

import base64
import errno
import io
import json
import math
import os
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.errors import AudiogenError, InvalidRequest, WouldOverwrite

LONGEST_NAME = 255  # bytes, of the usual file systems
MOST_ARRAYS = 64  # in an .npz
MOST_BYTES = 128 << 20  # of its arrays, unpacked; ten minutes of stereo mel have 50 MB
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def check_target(path: Path, force: bool) -> None:
    """Raise before the work starts if `path` cannot or must not be written.

    Raises:
        WouldOverwrite: it exists and `force` is False.
        InvalidRequest: its folder is missing or read-only, it is a folder, or no file can have its name.
    """
    folder = path.parent
    check_name(path)
    if os.path.isdir(path):
        raise InvalidRequest(f"{path} is a folder; give a file name.")
    if not os.path.isdir(folder):
        raise InvalidRequest(f"The folder {folder} does not exist; make it first or choose another.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise InvalidRequest(f"The folder {folder} is not writable; choose another.")
    if os.path.lexists(path) and not force:  # a link to nothing is somebody's, too
        raise WouldOverwrite(f"{path} exists; use --force to replace it, or take another name.")


def check_name(path: Path) -> None:
    """Raise InvalidRequest if no file can have this name."""
    if any(ord(character) < 32 for character in str(path)):
        raise InvalidRequest(f"The name {str(path)!r} holds a control character; choose another.")
    try:
        longest = max((len(os.fsencode(part)) for part in path.parts), default=0)
    except UnicodeEncodeError as problem:
        raise InvalidRequest(f"The name {ascii(str(path))} is no text; choose another.") from problem
    if longest > LONGEST_NAME:
        raise InvalidRequest(f"A file name has at most {LONGEST_NAME} bytes, not {longest}; shorten it.")


def by_number(name: str | Path) -> list[tuple[int, str]]:
    """What to sort names by, such that 2 comes before 10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", str(name))]


Data = bytes | Iterable[bytes]  # of a file: all of it, or part by part


def write_atomic(path: Path, data: Data, force: bool = False) -> None:
    """Write `data` to `path` all at once; the temporary file is removed on any failure."""
    write_together({Path(path): data}, force)


def write_together(contents: Mapping[Path, Data], force: bool = False) -> None:
    """Write files that belong together: all of them are complete before the first gets its name.

    They get their names in the order given; if anything fails before, none of them appears.

    Raises:
        WouldOverwrite, InvalidRequest: see `check_target`.
        AudiogenError: the disk is full, or another error of the file system.
    """
    for path in contents:
        check_target(path, force)
    # What a link points to is written, not the link.
    contents = {Path(os.path.realpath(p)) if p.is_symlink() else p: raw for p, raw in contents.items()}
    waiting: list[tuple[Path, Path]] = []
    path = Path()
    try:
        for path, data in contents.items():
            waiting.append((_write_temporary(path, data), path))
        for temporary, path in waiting:
            os.replace(temporary, path)
    except OSError as problem:
        hint = "; make room or choose another folder with -o" if problem.errno in _FULL else ""
        raise AudiogenError(f"Could not write {path}: {problem.strerror}{hint}.") from problem
    finally:
        for temporary, _ in waiting:
            temporary.unlink(missing_ok=True)


def _write_temporary(path: Path, data: Data) -> Path:
    """A finished file beside `path`, under another name; nothing stays if writing fails."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            for part in [data] if isinstance(data, bytes) else data:
                file.write(part)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, 0o666 & ~_umask())
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return Path(name)


def npz_bytes(arrays: dict[str, np.ndarray]) -> bytes:
    """A compressed .npz file in memory."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return buffer.getvalue()


def write_npz(path: Path, arrays: dict[str, np.ndarray], force: bool = False) -> None:
    """Compressed .npz, written atomically."""
    write_atomic(path, npz_bytes(arrays), force)


def read_npz(path: Path, most_bytes: int = MOST_BYTES) -> dict[str, np.ndarray]:
    """All arrays of an .npz, numbers and texts; pickled objects are refused.

    Args:
        most_bytes: of all arrays together, unpacked; nothing is unpacked where there are more.
    Raises:
        InvalidRequest: missing, no .npz, or larger than that.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MOST_ARRAYS:
                raise ValueError(f"{len(members)} arrays, and at most {MOST_ARRAYS} are read")
            total = sum(member.file_size for member in members)
            if total > most_bytes:
                raise ValueError(
                    f"{total >> 20} MB unpacked, and at most {most_bytes >> 20} MB are read; make it shorter"
                )
            return {member.filename.removesuffix(".npy"): _array(archive, member) for member in members}
    except FileNotFoundError as problem:
        raise InvalidRequest(f"{path} does not exist.") from problem
    except Exception as problem:  # zipfile, zlib and numpy raise a dozen kinds for a damaged file
        raise InvalidRequest(f"{path} is no readable .npz file ({problem}).") from problem


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> np.ndarray:
    """One array of an .npz.

    Raises:
        ValueError: of another kind than numbers or text, or its header does not fit its size.
    """
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError("an unusual compression")  # LZMA takes gigabytes if its header says so
    raw = io.BytesIO(archive.read(member))
    try:
        version = np.lib.format.read_magic(raw)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        shape, fortran, dtype = read_header(raw)
    except (ValueError, KeyError, TypeError, SyntaxError, RecursionError, MemoryError) as problem:
        raise ValueError("not an archive of plain arrays") from problem
    body = raw.getbuffer()[raw.tell() :]
    count = math.prod(shape)
    if dtype.kind not in "biufU" or min(shape, default=0) < 0 or count * dtype.itemsize != len(body):
        raise ValueError("not an archive of plain arrays")
    flat = np.frombuffer(body, dtype, count).copy() if count else np.zeros(0, dtype)
    return flat.reshape(shape, order="F" if fortran else "C")


def unzipped(packed: Any, most_bytes: int) -> bytes:
    """What base64 text of zlib holds, if it is no more than `most_bytes`.

    Raises:
        ValueError: it is damaged, no text, or holds more; nothing beyond `most_bytes` was unpacked.
    """
    if not isinstance(packed, str):
        raise ValueError("no text")
    unpacking = zlib.decompressobj()
    try:
        raw = unpacking.decompress(base64.b64decode(packed), most_bytes + 1)
    except zlib.error as problem:
        raise ValueError(str(problem)) from problem
    if len(raw) > most_bytes:
        raise ValueError(f"more than {most_bytes >> 20} MB" if most_bytes >> 20 else "too much")
    if not unpacking.eof:
        raise ValueError("it is cut short")
    return raw


def json_object(text: str | bytes) -> dict[str, Any] | None:
    """The JSON object in a text; None where it is something else, whatever it is."""
    try:
        row = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return row if isinstance(row, dict) else None


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
