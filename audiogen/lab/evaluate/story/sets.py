"""A benchmark of stories: {superclass: [{subject, style, concept_token, settings}]}, in YAML.

The identity of a set is "style subject", its frames are its settings, as in ConsiStory+ (arXiv 2501.13554).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audiogen.errors import InvalidRequest

MOST_BYTES = 4 << 20
LONG = 8  # words of a frame from which its prompt counts as long


@dataclass(frozen=True)
class StorySet:
    """One story of a benchmark.

    Attributes:
        group: its superclass. style, subject: as given. frames: its settings.
    """

    group: str
    style: str
    subject: str
    frames: tuple[str, ...]

    @property
    def identity(self) -> str:
        return f"{self.style} {self.subject}".strip()

    @property
    def length(self) -> str:
        """ "short" or "long", by the words of its frames on average."""
        return (
            "long" if sum(len(frame.split()) for frame in self.frames) >= LONG * len(self.frames) else "short"
        )


def read_sets(file: Path) -> list[StorySet]:
    """The stories of a benchmark.

    Raises:
        InvalidRequest: unreadable, or not of this form; the message names the set.
    """
    import yaml

    try:
        if file.stat().st_size > MOST_BYTES:
            raise InvalidRequest(
                f"{file} has more than {MOST_BYTES >> 20} MB, which is no benchmark of stories."
            )
        rows = yaml.safe_load(file.read_text(encoding="utf-8"))
    except OSError as problem:
        raise InvalidRequest(f"{file} cannot be read ({problem.strerror}).") from problem
    except (UnicodeDecodeError, yaml.YAMLError, RecursionError) as problem:
        raise InvalidRequest(f"{file} is no YAML ({' '.join(str(problem).split())[:120]}).") from problem
    if not isinstance(rows, dict) or not rows:
        raise InvalidRequest(f"{file} holds no groups of stories: {{group: [{{subject, style, settings}}]}}.")
    return [
        _set(file, str(group), number, row)
        for group, sets in rows.items()
        for number, row in _each(file, group, sets)
    ]


def _each(file: Path, group: Any, sets: Any) -> list[tuple[int, Any]]:
    if not isinstance(sets, list):
        raise InvalidRequest(f"{file}: {group} is no list of stories.")
    return list(enumerate(sets, 1))


def _set(file: Path, group: str, number: int, row: Any) -> StorySet:
    where = f"{file}: story {number} of {group}"
    if not isinstance(row, dict) or not isinstance(row.get("subject"), str):
        raise InvalidRequest(f"{where} lacks its subject.")
    frames = row.get("settings")
    if not isinstance(frames, list) or len(frames) < 2 or not all(isinstance(frame, str) for frame in frames):
        raise InvalidRequest(f"{where} needs settings, a list of two frames or more.")
    style = row.get("style") or ""
    if not isinstance(style, str):
        raise InvalidRequest(f"{where}: its style is no text.")
    return StorySet(group, style, row["subject"], tuple(frames))
