"""Loops as machine code: numba, with what this house allows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba

FAST_MATH = {"contract", "reassoc", "nsz"}  # sums in any order; NaN and infinity stay what they are


def native(function: Callable[..., Any]) -> Any:
    """The function as machine code, kept where numba finds a writable cache folder, else made anew."""
    try:
        return numba.njit(cache=True, fastmath=FAST_MATH, nogil=True)(function)
    except RuntimeError:
        return numba.njit(fastmath=FAST_MATH, nogil=True)(function)
