"""Atomic file writing: a temporary name beside the target, then a rename; nothing is half written."""

from __future__ import annotations

import errno
import io
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from audiogen.errors import AudiogenError, InvalidRequest, WouldOverwrite

LONGEST_NAME = 255  # bytes, of the usual file systems
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
        raise InvalidRequest(f"The folder {folder} is not writable; choose another with -o.")
    if os.path.exists(path) and not force:
        raise WouldOverwrite(f"{path} exists; use --force to replace it or -o for another name.")


def check_name(path: Path) -> None:
    """Raise InvalidRequest if no file can have this name."""
    if any(ord(character) < 32 for character in str(path)):
        raise InvalidRequest(f"The name {str(path)!r} holds a control character; choose another.")
    longest = max((len(os.fsencode(part)) for part in path.parts), default=0)
    if longest > LONGEST_NAME:
        raise InvalidRequest(f"A file name has at most {LONGEST_NAME} bytes, not {longest}; shorten it.")


def write_atomic(path: Path, data: bytes, force: bool = False) -> None:
    """Write `data` to `path` all at once; the temporary file is removed on any failure."""
    write_together({Path(path): data}, force)


def write_together(contents: Mapping[Path, bytes], force: bool = False) -> None:
    """Write files that belong together: all of them are complete before the first gets its name.

    They get their names in the order given; if anything fails before, none of them appears.

    Raises:
        WouldOverwrite, InvalidRequest: see `check_target`.
        AudiogenError: the disk is full, or another error of the file system.
    """
    for path in contents:
        check_target(path, force)
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


def _write_temporary(path: Path, data: bytes) -> Path:
    """A finished file beside `path`, under another name; nothing stays if writing fails."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
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


def read_npz(path: Path) -> dict[str, np.ndarray]:
    """All arrays of an .npz; pickled objects are refused.

    Raises:
        InvalidRequest: missing or no .npz.
    """
    try:
        with np.load(path, allow_pickle=False) as data:
            return {name: data[name] for name in data.files}
    except FileNotFoundError as problem:
        raise InvalidRequest(f"{path} does not exist.") from problem
    except Exception as problem:
        # numpy advises to unpickle whatever it does not know, which nobody should do with a stranger's file
        why = "not an archive of plain arrays" if "pickle" in str(problem) else problem
        raise InvalidRequest(f"{path} is no readable .npz file ({why}).") from problem


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
