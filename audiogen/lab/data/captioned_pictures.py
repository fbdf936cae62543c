"""A folder of pictures with captions, in the forms that `datasets` and the trainers of LoRAs read.

Either `metadata.jsonl` or `metadata.csv` with the columns `file_name` and `text`, or `NAME.txt` beside each
picture.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.media import png

SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff")
COLUMNS = ("text", "caption", "prompt")  # any of them is the caption
MOST = 10_000  # pictures; what their encoders make of them is held in memory
LONGEST = 20_000  # bytes of a caption's file
_NAMED = 3  # files that a message names


@dataclass(frozen=True)
class Captioned:
    """One picture: its file, and what is seen on it."""

    file: Path
    caption: str


def read_captions(folder: Path) -> list[Captioned]:
    """All pictures of a folder with their captions, by name.

    Raises:
        InvalidRequest: no such folder, no pictures or too many; one without a caption, or one that is listed
            and not there.
    """
    if not folder.is_dir():
        raise InvalidRequest(f"There is no folder {folder}; give one with pictures and captions with --data.")
    for name, read in (("metadata.jsonl", _json_rows), ("metadata.csv", _csv_rows)):
        if (folder / name).is_file():
            rows = _listed(folder, name, read(folder / name))
            break
    else:
        files = (file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES)
        rows = [Captioned(file, _beside(file)) for file in sorted(files)]
    if not rows or len(rows) > MOST:
        found = f"{len(rows)} pictures, and at most {MOST} are read" if rows else "no pictures"
        raise InvalidRequest(f"{folder} holds {found}; --data is a folder of pictures with captions.")
    _refuse(
        (row.file for row in rows if not row.caption),
        "without a caption; write NAME.txt beside each, or list them in metadata.jsonl",
    )
    return rows


def check_pictures(rows: list[Captioned], told: Callable[[int], Any]) -> None:
    """Open every picture before the work begins; `told` hears after each, from 1.

    Raises:
        InvalidRequest: some of them cannot be read.
    """
    broken = []
    for number, row in enumerate(rows, 1):
        try:
            png.opened(row.file).close()
        except InvalidRequest:
            broken.append(row.file)
        told(number)
    _refuse(broken, "that cannot be read; repair them or take them out")


def square(file: Path, size: int) -> tuple[np.ndarray, tuple[int, int, int, int]]:
    """A picture's middle as a square, transparency on white.

    Returns: float32 [3, size, size] in -1 .. 1; and of the picture before: height, width, and where the
        square begins after its shorter side was brought to `size`, from the top and from the left.
    Raises:
        InvalidRequest: not readable.
    """
    from PIL import Image

    pixels = png.over(png.read(file)[0], paper=1.0)
    height, width = pixels.shape[1:]
    scale = size / min(height, width)
    high, wide = max(size, round(height * scale)), max(size, round(width * scale))
    image = Image.fromarray(np.round(255 * np.clip(pixels, 0, 1)).astype(np.uint8).transpose(1, 2, 0))
    top, left = (high - size) // 2, (wide - size) // 2
    image = image.resize((wide, high), Image.Resampling.LANCZOS).crop((left, top, left + size, top + size))
    levels = np.asarray(image, np.float32).transpose(2, 0, 1)
    return np.ascontiguousarray(levels / 127.5 - 1), (height, width, top, left)


def _beside(file: Path) -> str:
    text = file.with_suffix(".txt")
    return _text(text)[:LONGEST].strip() if text.is_file() else ""


def _listed(folder: Path, name: str, rows: Iterable[Any]) -> list[Captioned]:
    found = []
    for number, row in enumerate(rows, 1):
        file = row.get("file_name") if isinstance(row, dict) else None
        caption = next((row[each] for each in COLUMNS if row.get(each)), None) if file else None
        if not isinstance(file, str) or not isinstance(caption, str | None):
            raise InvalidRequest(
                f"Entry {number} of {folder / name} has no file_name and text; each needs both, as texts."
            )
        found.append(Captioned(folder / file, (caption or "").strip()))
    _refuse(
        (row.file for row in found if not row.file.is_file()), f"that {name} lists and that are not there"
    )
    return found


def _json_rows(file: Path) -> list[Any]:
    try:
        return [json.loads(line) for line in _text(file).splitlines() if line.strip()]
    except (ValueError, RecursionError) as problem:
        raise InvalidRequest(f"{file} must hold one JSON object a line ({problem}).") from problem


def _csv_rows(file: Path) -> list[Any]:
    try:
        return list(csv.DictReader(_text(file).splitlines()))
    except csv.Error as problem:
        raise InvalidRequest(f"{file} is no CSV ({problem}).") from problem


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise InvalidRequest(f"{file} cannot be read as UTF-8 text ({problem}).") from problem


def _refuse(files: Iterable[Path], why: str) -> None:
    """Raise InvalidRequest if there are any."""
    names = [file.name for file in files]
    if names:
        shown = ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
        raise InvalidRequest(f"{len(names)} picture{'s' if len(names) > 1 else ''} {why}: {shown}.")
