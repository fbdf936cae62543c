"""The answers file: JSON lines, each on the disk before the next trial is shown.

A line is never rewritten. A line that a crash or a full disk cut short is counted when the file is read, and
the next answer begins on a line of its own.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from audiogen.errors import AudiogenError, InvalidRequest
from audiogen.listen.kinds import KINDS
from audiogen.listen.trials import Row
from audiogen.media.files import check_target

_TEXTS = ("kind", "trial", "item", "rater", "question")
_LARGEST = 1e9  # NaN, infinity and more than this are damage


@dataclass
class Reading:
    """What a file holds.

    Attributes:
        rows: answers that can be reported on, as they were given.
        damaged: lines that are no answer.
        unknown: answers of a kind that this version does not know.
        sealed: answers given in a page of its own (`--static`), as the page wrote them.
    """

    rows: list[Row] = field(default_factory=list)
    damaged: int = 0
    unknown: int = 0
    sealed: list[Row] = field(default_factory=list)


def read_answers(path: Path) -> Reading:
    """All answers of a file; damaged lines are counted, not fatal.

    Raises:
        InvalidRequest: the file cannot be read.
    """
    try:
        lines = Path(path).read_bytes().split(b"\n")
    except FileNotFoundError as problem:
        raise InvalidRequest(f"{path} does not exist; `audiogen listen A/ B/` makes one.") from problem
    except OSError as problem:
        raise InvalidRequest(f"{path} cannot be read ({problem.strerror}).") from problem
    reading = Reading()
    for line in lines:
        if not line.strip():
            continue
        row = _parse(line)
        if row is None:
            reading.damaged += 1
        elif "sealed" in row:
            reading.sealed.append(row)
        elif row["kind"] not in KINDS:
            reading.unknown += 1
        elif not is_valid(row):
            reading.damaged += 1
        else:
            reading.rows.append(row)
    return reading


def open_answers(path: Path) -> Reading:
    """What an answers file already holds; an empty reading where there is none yet.

    Raises:
        InvalidRequest: it could not be appended to, or is no answers file.
    """
    check_target(path, force=True)
    try:
        if not path.exists():
            with TemporaryFile(dir=path.parent):  # what the system says of rights is not always so
                return Reading()
        with open(path, "ab"):
            pass
    except OSError as problem:
        raise InvalidRequest(
            f"{path} cannot be written ({problem.strerror}); choose another with --answers."
        ) from problem
    reading = read_answers(path)
    if reading.damaged and not reading.rows and not reading.unknown:
        raise InvalidRequest(f"{path} is no answers file; choose another with --answers.")
    return reading


def append(path: Path, row: Row) -> None:
    """One more line, on the disk when this returns.

    Raises:
        AudiogenError: it could not be written; the file is as it was.
    """
    line = json.dumps(row, ensure_ascii=False, allow_nan=False).encode() + b"\n"
    try:
        with open(path, "ab+", buffering=0) as file:
            _lock(file.fileno())
            size = file.seek(0, os.SEEK_END)
            if size:
                file.seek(-1, os.SEEK_END)
                line = line if file.read(1) == b"\n" else b"\n" + line
            try:
                written = file.write(line)
                if written != len(line):
                    raise OSError(None, "the disk took only a part")
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)
                raise
    except OSError as problem:
        raise AudiogenError(f"The answer could not be written to {path}: {problem.strerror}.") from problem


def is_valid(row: Row) -> bool:
    """Whether a row can be reported on; its kind is known."""
    return KINDS[row["kind"]].is_valid(row)


def _lock(file: int) -> None:
    """Until it is closed, for another sitting that appends to the same file; Windows locks while writing."""
    try:
        import fcntl
    except ImportError:
        return
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError:  # a file system without locks: a single short write is whole there as well
        return


def _parse(line: bytes) -> Row | None:
    """The row of a line, or None; what is common to all kinds is checked here."""
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        return None
    if not isinstance(row, dict):
        return None
    if "sealed" in row:
        return row
    if "sounds" in row:  # what stimuli were called when all of them were sounds
        row["stimuli"] = row.pop("sounds")
    if not all(isinstance(row.get(name), str) for name in _TEXTS):
        return None
    stimuli = row.get("stimuli")
    good = isinstance(stimuli, list) and stimuli and all(map(_is_stimulus, stimuli))
    named = row.get("systems", [])
    good = good and isinstance(named, list) and all(isinstance(name, str) for name in named)
    if not good or not isinstance(row.get("answer"), str | dict | list | int):
        return None
    row.setdefault("comment", "")
    plain = all(_is_number(row.get(name, 0)) for name in ("switches", "of", "seconds"))
    return (
        row if plain and isinstance(row["comment"], str) and isinstance(row.get("check", ""), str) else None
    )


def _is_stimulus(value: Any) -> bool:
    return (
        isinstance(value, dict)
        and all(isinstance(value.get(name), str) for name in ("system", "sha256"))
        and isinstance(value.get("label", ""), str)
        and all(_is_number(value.get(name, 0)) for name in ("gain_db", "listened_s"))
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _LARGEST
