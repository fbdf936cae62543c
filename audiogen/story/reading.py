"""Stories from files: lines of text, or JSON of ours or of the published code."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audiogen.errors import InvalidRequest

SUFFIXES = (".txt", ".json")
MOST_BYTES = 1 << 20
Told = tuple[str, tuple[str, ...]]  # identity, frames


def stories_of(words: Sequence[str]) -> list[Told]:
    """The stories of an identity and its frames, any of which may be a file.

    A .txt file alone holds the identity in its first line and a frame in each other; after an identity it
    holds frames only (`#`: a comment). A .json file holds {"identity": ..., "frames": [...]}, the recipe of a
    story, or {"combinations": [{"id_prompt": ..., "frame_prompt_list": [...]}]}, of several.

    Raises:
        InvalidRequest: nothing was given, or a file that cannot be read or is not of this form.
    """
    if not words:
        raise InvalidRequest(
            'Say who the story is about and what is seen: audiogen story "a red fox" "in a meadow".'
        )
    for word in (word for word in words if _is_file(word, ".json")):
        if len(words) > 1:
            raise InvalidRequest(f"{word} holds whole stories; leave out the words beside it.")
        return _of_json(Path(word))
    lines: list[str] = []
    for word in words:
        lines += _lines(Path(word)) if _is_file(word, ".txt") else [word]
    if not lines:
        raise InvalidRequest(
            f"{words[0]} holds no line; the first says who it is about, every other is a frame."
        )
    return [(lines[0], tuple(lines[1:]))]


def _is_file(word: str, suffix: str) -> bool:
    return word.lower().endswith(suffix)


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise InvalidRequest(
                f"{file} has more than {MOST_BYTES >> 20} MB, which is no story; shorten it."
            )
        return file.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise InvalidRequest(f"{file} cannot be read ({problem.strerror}).") from problem
    except UnicodeDecodeError as problem:
        raise InvalidRequest(f"{file} is not UTF-8 text; save it as UTF-8.") from problem


def _lines(file: Path) -> list[str]:
    rows = (line.strip() for line in _text(file).splitlines())
    return [line for line in rows if line and not line.startswith("#")]


def _of_json(file: Path) -> list[Told]:
    try:
        rows = json.loads(_text(file))
    except (ValueError, RecursionError) as problem:
        raise InvalidRequest(f"{file} is no JSON ({problem}).") from problem
    if isinstance(rows, dict) and isinstance(rows.get("story"), dict):
        rows = rows["story"]
    several = rows.get("combinations") if isinstance(rows, dict) else None
    if several is None:
        return [_story(file, rows, "identity", "frames")]
    if not isinstance(several, list) or not several:
        raise InvalidRequest(f'{file}: "combinations" is a list of stories.')
    return [_story(file, row, "id_prompt", "frame_prompt_list") for row in several]


def _story(file: Path, row: Any, identity: str, frames: str) -> Told:
    fits = isinstance(row, dict) and isinstance(row.get(identity), str) and isinstance(row.get(frames), list)
    if not fits or not all(isinstance(frame, str) for frame in row[frames]):
        raise InvalidRequest(
            f'{file}: a story is {{"{identity}": "a red fox", "{frames}": ["in a meadow", ...]}}.'
        )
    return row[identity], tuple(row[frames])
