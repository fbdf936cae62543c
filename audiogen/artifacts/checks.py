"""What every artifact is held to when it is made, whoever makes it: shapes, finite numbers, a length."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.media import files


def check_array(what: str, array: Any, *shape: int | str) -> None:
    """Raise InvalidRequest unless `array` holds finite numbers in this shape.

    Args:
        what: for the message, with a capital and its verb: "A coarse mel is".
        shape: a size for every axis, or its name where any size will do.
    """
    axes = ", ".join(map(str, shape))
    if not isinstance(array, np.ndarray) or array.dtype.kind not in "iuf":
        kind = f"{array.dtype} " if isinstance(array, np.ndarray) else ""
        raise InvalidRequest(f"{what} a numpy array of numbers [{axes}], not a {kind}{type(array).__name__}.")
    wanted = [size if isinstance(size, int) else have for size, have in zip(shape, array.shape, strict=False)]
    if array.ndim != len(shape) or list(array.shape) != wanted:
        raise InvalidRequest(f"{what} [{axes}]; this one has shape {list(array.shape)}.")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise InvalidRequest(f"{what} finite numbers; this one holds NaN or infinity.")


def check_seconds(seconds: Any) -> None:
    """Raise InvalidRequest unless this can be a length, s."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float | np.number) or not seconds > 0:
        raise InvalidRequest(f"A length is a number of seconds above 0, not {str(seconds)[:40]}.")
    if not math.isfinite(seconds):
        raise InvalidRequest(f"A length is finite, not {seconds}.")


def check_metre(metre: Any) -> None:
    """Raise InvalidRequest unless this is a metre such as (3, 4), or None."""
    if metre is None:
        return
    whole = isinstance(metre, tuple | list) and len(metre) == 2 and all(type(part) is int for part in metre)
    if not whole or not 1 <= metre[0] <= 255 or metre[1] not in (1, 2, 4, 8, 16, 32, 64):
        raise InvalidRequest(f"A metre is beats and their unit, such as (3, 4), not {str(metre)[:40]}.")


def check_tempo(tempo: Any) -> None:
    """Raise InvalidRequest unless this is a tempo, quarters a minute, or None."""
    number = isinstance(tempo, int | float | np.number) and not isinstance(tempo, bool)
    if tempo is not None and not (number and 0 < tempo < math.inf):
        raise InvalidRequest(f"A tempo is a number of beats a minute, not {str(tempo)[:40]}.")


def one_number(arrays: Mapping[str, np.ndarray], name: str, path: Path | str) -> float:
    """A single number of an .npz.

    Raises:
        InvalidRequest: it holds something else.
    """
    array = arrays[name]
    if array.dtype.kind not in "iuf" or array.size != 1:
        raise InvalidRequest(
            f"{path} is damaged: `{name}` is {array.dtype} {list(array.shape)}, not a number."
        )
    return float(array.reshape(()))


def json_object(arrays: Mapping[str, np.ndarray], name: str, path: Path | str) -> dict[str, Any]:
    """The JSON object that an .npz holds as text.

    Raises:
        InvalidRequest: it holds something else.
    """
    row = files.json_object(str(arrays[name]))
    if row is None:
        raise InvalidRequest(f"{path} is damaged: `{name}` is no JSON object; make it again.")
    return row
