"""Plain values, as JSON and YAML hold them, become frozen dataclasses; every value is checked by its type."""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import types
import typing
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.errors import InvalidRequest

_SHOWN = 60  # characters of a value in a message


def from_rows(cls: type, rows: dict[str, Any], where: str = "") -> Any:
    """A dataclass from plain values; lists become tuples, and objects dataclasses, where its fields are.

    Args:
        where: what the rows are, for messages; default: the name of the class.
    Raises:
        InvalidRequest: an unknown name (with the nearest one), a missing one, or a value of another type.
    """
    return cls(**values_of(cls, rows, where))


def values_of(cls: type, rows: Any, where: str = "") -> dict[str, Any]:
    """The checked values for the fields of a dataclass; see `from_rows`."""
    where = where or cls.__name__
    if not isinstance(rows, dict):
        raise InvalidRequest(f"{where} must be an object, not {shown(rows)}.")
    hints = _hints(cls)
    fields = {field.name: field for field in dataclasses.fields(cls)}
    for key in rows:
        if key not in fields:
            near = difflib.get_close_matches(str(key), fields, 1)
            hint = f"; did you mean {near[0]!r}?" if near else "."
            raise InvalidRequest(f"{where} has no setting {shown(key)}{hint}")
    for name, field in fields.items():
        open_ = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if open_ and name not in rows:
            raise InvalidRequest(f"{where} lacks {name}.")
    return {key: fitted(hints[key], value, f"{where}: {key}") for key, value in rows.items()}


def settle(record: Any) -> None:
    """Check every field of a frozen dataclass by its type, from its `__post_init__`.

    numpy's numbers become Python's, 2.0 becomes 2 where a whole number is meant, and a text a path.

    Raises:
        InvalidRequest: a value of another type; all of them are named.
    """
    problems = []
    for name, kind in _hints(type(record)).items():
        value = getattr(record, name)
        try:
            plain = fitted(kind, value.item() if isinstance(value, np.generic) else value, name)
        except InvalidRequest as problem:
            problems.append(str(problem).rstrip("."))
            continue
        if plain is not value:
            object.__setattr__(record, name, plain)
    if problems:
        raise InvalidRequest("; ".join(problems) + ".")


def _hints(cls: type) -> dict[str, Any]:
    if cls not in _known:
        _known[cls] = typing.get_type_hints(cls)
    return _known[cls]


_known: dict[type, dict[str, Any]] = {}


def fitted(kind: Any, value: Any, name: str) -> Any:
    """A value as a type wants it.

    Args:
        kind: any annotation of classes, unions, tuples, lists, dicts and dataclasses.
        name: of the value, for messages.
    Raises:
        InvalidRequest: it is of another type, or NaN or infinity.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if isinstance(value, float) and not math.isfinite(value) and float in (kind, *arguments):
        raise InvalidRequest(f"{name} must be a finite number, not {value}.")
    if origin in (typing.Union, types.UnionType):
        return _one_of(arguments, kind, value, name)
    if origin in (tuple, list) and isinstance(value, list | tuple):
        return _sequence(origin, arguments, kind, value, name)
    if origin is dict and isinstance(value, dict):
        key, each = arguments
        return {fitted(key, k, name): fitted(each, v, f"{name}: {k}") for k, v in value.items()}
    if dataclasses.is_dataclass(kind) and isinstance(value, dict):
        return from_rows(typing.cast(type, kind), value, name)
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        if abs(value) <= _LARGEST:  # NaN is not
            return value
    elif kind is int and isinstance(value, int | float) and not isinstance(value, bool):
        if isinstance(value, int) or value.is_integer():
            return int(value)
    elif kind is Path and isinstance(value, str | Path):
        return Path(value)
    elif kind is bool or isinstance(kind, type) and issubclass(kind, str | types.NoneType):
        if isinstance(value, kind):
            return value
    elif kind not in (int, float) and isinstance(kind, type) and origin is None and isinstance(value, kind):
        return value
    raise _wrong(kind, value, name)


_LARGEST = 1e300  # numbers beyond mean nothing here, and float() of a whole one may fail


def shown(value: Any) -> str:
    """A value for a message: short, on one line, ASCII where it is a control character."""
    try:
        text = json.dumps(value, ensure_ascii=False)
    except (TypeError, ValueError, RecursionError):
        text = type(value).__name__
    text = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text[: 2 * _SHOWN])
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def _one_of(kinds: tuple[Any, ...], kind: Any, value: Any, name: str) -> Any:
    for each in kinds:
        try:
            return fitted(each, value, name)
        except InvalidRequest:
            continue
    raise _wrong(kind, value, name)


def _sequence(origin: type, kinds: tuple[Any, ...], kind: Any, value: Any, name: str) -> Any:
    if origin is list or kinds[-1:] == (...,):
        kinds = (kinds[0],) * len(value)
    if len(kinds) != len(value):
        raise _wrong(kind, value, name)
    return origin(fitted(each, part, name) for each, part in zip(kinds, value, strict=True))


_WORDS = {float: "a number", int: "a whole number", str: "a text", bool: "true or false", type(None): "null"}


def _wrong(kind: Any, value: Any, name: str) -> InvalidRequest:
    """A value of another type; who gives an object of Python is told the classes, not JSON's word for all."""
    words = _words(kind, dataclasses.is_dataclass(value))
    return InvalidRequest(f"{name} must be {words}, not {shown(value)}.")


def _words(kind: Any, classes: bool = False) -> str:
    """A type in words, each once; dataclasses by their names if `classes`."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if classes and dataclasses.is_dataclass(kind):
        return getattr(kind, "__name__", str(kind))
    if origin in (typing.Union, types.UnionType):
        return " or ".join(dict.fromkeys(_words(each, classes) for each in arguments))
    if origin in (tuple, list):
        endless = origin is list or arguments[-1:] == (...,)
        each = _words(arguments[0]) if endless else ", ".join(map(_words, arguments))
        return f"a list of {each}" if endless else f"a list [{each}]"
    if origin is dict or dataclasses.is_dataclass(kind):
        return "an object"
    return _WORDS.get(kind, getattr(kind, "__name__", str(kind)))
