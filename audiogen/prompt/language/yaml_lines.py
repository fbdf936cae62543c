"""YAML whose words know their line, so that a mistake in a word list can be pointed at."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from audiogen.errors import AudiogenError

_BASE = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # every scalar is text, also yes, no and on
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


class Text(str):
    """A scalar of a YAML file that remembers where it stands."""

    file: str
    line: int

    @property
    def place(self) -> str:
        return f"{self.file} line {self.line}"


def _text(node: yaml.ScalarNode, file: str) -> Text:
    text = Text(node.value)
    text.file, text.line = file, node.start_mark.line + 1
    return text


def read(file: Path, problems: list[str], numbers: bool = False) -> dict[Text, Any]:
    """A mapping; scalars as `Text`, or with `numbers` those that are numbers as such.

    A key that occurs twice is a problem (YAML itself would drop the first without a word).

    Raises:
        AudiogenError: not YAML, or no mapping.
    """
    try:
        node = yaml.compose(file.read_text(encoding="utf-8"), Loader=_BASE)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{file.name} line {mark.line + 1}" if mark else file.name
        what = getattr(error, "problem", None) or error
        raise AudiogenError(
            f"{where}: this is not YAML ({what}); check brackets, commas and colons."
        ) from None
    except (UnicodeDecodeError, RecursionError) as error:
        raise AudiogenError(f"{file.name}: this is not YAML ({type(error).__name__}).") from None
    if not isinstance(node, yaml.MappingNode):
        raise AudiogenError(f"{file.name}: this must begin with names followed by colons.")
    plain: dict[Text, Any] = _plain(node, file.name, problems, numbers)
    return plain


def _plain(node: Any, file: str, problems: list[str], numbers: bool) -> Any:
    if isinstance(node, yaml.ScalarNode):
        return _text(node, file)
    if isinstance(node, yaml.SequenceNode):
        return [_plain(child, file, problems, numbers) for child in node.value]
    found: dict[Text, Any] = {}
    for key_node, value_node in node.value:
        key = _text(key_node, file)
        if key in found:
            problems.append(f"{key.place}: {str(key)!r} stands here a second time")
        value = _plain(value_node, file, problems, numbers)
        found[key] = _number(value) if numbers else value
    return found


def _number(value: Any) -> Any:
    """12 and [3, 4] as numbers; words stay words."""
    if isinstance(value, Text) and _NUMBER.fullmatch(value):
        return float(value) if "." in value else int(value)
    if isinstance(value, list) and value and all(isinstance(v, Text) and v.isdigit() for v in value):
        return [int(v) for v in value]
    return value


def named(rows: Any, where: Text, problems: list[str]) -> dict[Text, Any]:
    """Names followed by colons; what is none is a problem, and nothing."""
    if isinstance(rows, dict):
        return rows
    problems.append(f"{where.place}: below {str(where)!r} stand names followed by colons")
    return {}


def texts(rows: Any, name: str, problems: list[str]) -> list[Text]:
    """One line of words, or a list of them; what is none is a problem, and left out."""
    found = []
    for row in rows if isinstance(rows, list) else [rows]:
        if isinstance(row, Text):
            found.append(row)
            continue
        first = next(iter(row), None)
        place = f"{first.place}: " if isinstance(first, Text) else ""
        problems.append(f"{place}a colon or a list in a list ({name}); words are parted by commas")
    return found
