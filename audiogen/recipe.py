"""Recipe files: a YAML that holds only what differs from the defaults, with at most one `base:`.

base: piano-score.yaml        # beside this file; sections are merged key by key
data: {name: piano-score, welte_red: false}
task: {name: score, window: 384}
stage: {width: 256}
train: {minutes: 50}
seed: 0
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from audiogen.errors import InvalidRequest

SECTIONS = ("base", "data", "task", "stage", "train", "seed")


def read_recipe(path: str | Path) -> dict[str, Any]:
    """The sections of a recipe with its base merged in; `task` and `data` are dicts with a `name`.

    Raises:
        InvalidRequest: unreadable, an unknown section (with the nearest name), a base with a base.
    """
    path = Path(path)
    rows = _read(path)
    if "base" in rows:
        base_path = path.parent / str(rows.pop("base"))
        base = _read(base_path)
        if "base" in base:
            raise InvalidRequest(f"{base_path} has a base itself; a recipe may have at most one.")
        rows = merge(base, rows)
    return rows


def merge(base: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    """`base` with the values of `change`; dicts are merged key by key, all else is replaced."""
    out = dict(base)
    for key, value in change.items():
        both = isinstance(value, dict) and isinstance(out.get(key), dict)
        out[key] = merge(out[key], value) if both else value
    return out


def unknown_name(what: str, name: str, known: Iterable[str]) -> InvalidRequest:
    """The error for a name that is not among `known`, with the nearest one that is."""
    known = list(known)
    near = difflib.get_close_matches(name, known, 1)
    hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(known)}."
    return InvalidRequest(f"{what} {name!r} is not known; {hint}")


def _read(path: Path) -> dict[str, Any]:
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError as problem:
        raise InvalidRequest(f"Cannot read the recipe {path}: {problem.strerror}.") from problem
    except Exception as problem:  # yaml's own, and what its constructors do with odd numbers, dates and bytes
        raise InvalidRequest(f"{path} is no valid YAML: {problem}.") from problem
    if not isinstance(rows, dict):
        raise InvalidRequest(f"{path} must hold sections ({', '.join(SECTIONS)}), not {type(rows).__name__}.")
    for key in rows:
        if key not in SECTIONS:
            raise unknown_name(f"The section of {path.name}", str(key), SECTIONS)
    for key in ("task", "data"):
        if isinstance(rows.get(key), str):
            rows[key] = {"name": rows[key]}
    for key in ("task", "data", "stage", "train"):
        rows[key] = rows.get(key) or {}
        if not isinstance(rows[key], dict):
            raise InvalidRequest(f"`{key}:` in {path.name} must hold settings, not {rows[key]!r}.")
    return rows
