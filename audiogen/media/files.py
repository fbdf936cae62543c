"""Atomic file writing: a temporary name beside the target, then a rename; nothing is half written."""

from __future__ import annotations

import io
import os
import tempfile
from pathlib import Path

import numpy as np

from audiogen.errors import AudiogenError, InvalidRequest, WouldOverwrite


def check_target(path: Path, force: bool) -> None:
    """Raise before the work starts if `path` cannot or must not be written.

    Raises:
        WouldOverwrite: it exists and `force` is False.
        InvalidRequest: its folder is missing or read-only, or it is a folder.
    """
    folder = path.parent
    if path.is_dir():
        raise InvalidRequest(f"{path} is a folder; give a file name.")
    if not folder.is_dir():
        raise InvalidRequest(f"The folder {folder} does not exist; make it first or choose another.")
    if not os.access(folder, os.W_OK):
        raise InvalidRequest(f"The folder {folder} is not writable; choose another with -o.")
    if path.exists() and not force:
        raise WouldOverwrite(f"{path} exists; use --force to replace it or -o for another name.")


def write_atomic(path: Path, data: bytes, force: bool = False) -> None:
    """Write `data` to `path` all at once; the temporary file is removed on any failure."""
    path = Path(path)
    check_target(path, force)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as problem:
        raise AudiogenError(f"Could not write {path}: {problem.strerror}.") from problem
    finally:
        Path(temporary).unlink(missing_ok=True)


def write_npz(path: Path, arrays: dict[str, np.ndarray], force: bool = False) -> None:
    """Compressed .npz, written atomically."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    write_atomic(path, buffer.getvalue(), force)


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
        raise InvalidRequest(f"{path} is no readable .npz file ({problem}).") from problem


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
