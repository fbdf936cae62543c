"""The final prompts of a pretrained model: the sentence, and words of a style and of quality.

The lists are `words.yaml` and `chinese.yaml` beside this file, and one of the user's own: that of
AUDIOGEN_WORDS, else ~/.config/audiogen/words.yaml.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from audiogen.errors import InvalidRequest
from audiogen.hub.translating import translated

OWN_LIST = "AUDIOGEN_WORDS"
KEYS = ("prompt", "negative")
PARTS = ("styles", "quality", "also", "chinese")
LISTS = ("also", "chinese")  # whose entries are words; those of the others have words for both prompts
SHIPPED = ("words.yaml", "chinese.yaml")


def final(
    prompt: str, style: str | None, quality: str | None, negative: str, material: str
) -> tuple[str, str]:
    """Prompt and negative prompt as a model is handed them.

    Args:
        style: one of the lists; None: as the sentence is. quality: "good": its words are added; None: none.
        negative: what the user does not want.
        material: "picture" or "sound".
    Raises:
        InvalidRequest: no such style or quality, or a list of the user's that cannot be read.
    """
    added = [] if style is None else [_style(style)]
    if quality not in (None, "good", "off"):
        raise InvalidRequest(f"--quality is good or off, not {quality!r}.")
    added += [_lists()["quality"][material]] if quality == "good" else []
    return (
        _joined(prompt, (word for row in added for word in row["prompt"])),
        _joined(negative, (word for row in added for word in row["negative"])),
    )


def in_english(text: str, words: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """A text with its Chinese words in English, and those that no list holds; see `translating`.

    Args:
        text: in simplified characters.
        words: Chinese -> English, below the lists.
    Raises:
        InvalidRequest: see `final`.
    """
    listed = {word: name for name, chinese in _lists()["chinese"].items() for word in chinese}
    return translated(text, {**words, **listed})


def styles() -> list[str]:
    """The styles of the lists."""
    return list(_lists()["styles"])


def _style(name: str) -> dict[str, list[str]]:
    lists = _lists()
    asked = name.strip().lower()
    for own, others in lists["also"].items():
        if asked in others and own in lists["styles"]:
            asked = own
    if asked not in lists["styles"]:
        near = difflib.get_close_matches(asked, lists["styles"], 1)
        hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(lists['styles'])}."
        raise InvalidRequest(f"No style {name!r} for pretrained models; {hint}")
    found: dict[str, list[str]] = lists["styles"][asked]
    return found


def _joined(text: str, words: Iterable[str]) -> str:
    """The text and the words that it does not hold already."""
    parts = [text.strip().rstrip(",")] if text.strip() else []
    for word in words:
        if word.lower() not in text.lower() and word not in parts:
            parts.append(word)
    return ", ".join(parts) if len(parts) > 1 or not text.strip() else text


def own_list() -> Path:
    """Where the user's own list is looked for."""
    named = os.environ.get(OWN_LIST)
    return Path(named) if named else Path.home() / ".config" / "audiogen" / "words.yaml"


def _lists() -> dict[str, Any]:
    file = own_list()
    try:
        changed = file.stat().st_mtime_ns
    except OSError:
        if os.environ.get(OWN_LIST):
            raise InvalidRequest(f"{OWN_LIST} names {file}, which is not there.") from None
        changed = 0
    return _read(file if changed else None, changed)


@lru_cache(maxsize=2)
def _read(own: Path | None, changed: int) -> dict[str, Any]:
    """The lists, those of the user on top."""
    files = [Path(__file__).with_name(name) for name in SHIPPED] + ([] if own is None else [own])
    lists: dict[str, Any] = {part: {} for part in PARTS}
    for file in files:
        for part, rows in _parsed(file).items():
            lists[part] |= rows
    return lists


def _parsed(file: Path) -> dict[str, Any]:
    """A file of lists, checked.

    Raises:
        InvalidRequest: no YAML, or not of this form.
    """
    import yaml

    try:
        rows = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise InvalidRequest(
            f"The word list {file} cannot be read ({' '.join(str(problem).split())})."
        ) from problem
    if not isinstance(rows, dict) or not set(rows) <= set(PARTS):
        raise InvalidRequest(f"The word list {file} holds other parts than {', '.join(PARTS)}.")
    parsed: dict[str, Any] = {part: {} for part in PARTS}
    for part in PARTS:
        for name, row in _rows(file, rows.get(part)).items():
            value = row if part in LISTS else {key: _rows(file, row).get(key, []) for key in KEYS}
            for words in [value] if part in LISTS else value.values():
                if not (isinstance(words, list) and all(isinstance(word, str) for word in words)):
                    raise InvalidRequest(
                        f"The word list {file}: {part}, {name}: {words!r} is no list of words."
                    )
            parsed[part][str(name)] = value
    return parsed


def _rows(file: Path, value: Any) -> dict[str, Any]:
    if not isinstance(value or {}, dict):
        raise InvalidRequest(f"The word list {file}: {value!r} stands where names with words should.")
    found: dict[str, Any] = {} if value is None else value
    return found
