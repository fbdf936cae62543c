"""What is remembered of pictures: a weights folder of arrays and of lists beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from audiogen.errors import MissingModel
from audiogen.registry import checksum, find_weights

T = TypeVar("T")
Read = Callable[[dict[str, np.ndarray], dict[str, Any], dict[str, str]], T]


def remembered(source: str | Path, what: str, read: Read[T]) -> T:
    """Read a weights folder once.

    Args:
        what: it holds, for the message. read: makes it of arrays, lists, and name and sha256 for recipes.
    Raises:
        MissingModel: not there, damaged, or something else.
    """
    folder = find_weights(source)
    try:
        found: T = _read(folder, str(source), read)
    except (OSError, KeyError, ValueError, TypeError) as problem:
        raise MissingModel(f"{folder} holds no {what}: {problem}") from problem
    return found


@lru_cache(maxsize=4)
def _read(folder: Path, name: str, read: Read[T]) -> T:
    from safetensors.numpy import load_file

    file = folder / "model.safetensors"
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    return read(load_file(file), config, {"name": name, "sha256": checksum(file)})
