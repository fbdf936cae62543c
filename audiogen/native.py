"""Loops as machine code: numba, with what this house allows it; and rows shared out among threads."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numba

FAST_MATH = {"contract", "reassoc", "nsz"}  # sums in any order; NaN and infinity stay what they are
ROWS = 64  # of a share: what is read again is then still in a core's own cache


def native(function: Callable[..., Any], fastmath: bool | set[str] = FAST_MATH) -> Any:
    """The function as machine code, kept where numba finds a writable cache folder, else made anew."""
    try:
        return numba.njit(cache=True, fastmath=fastmath, nogil=True)(function)
    except RuntimeError:
        return numba.njit(fastmath=fastmath, nogil=True)(function)


def exact(function: Callable[..., Any]) -> Any:
    """The same with every sum in its order, as numpy does it."""
    return native(function, fastmath=False)


def share(work: Callable[[int, int], None], rows: int, threads: int) -> None:
    """Call work(first, stop) for every ROWS of `rows`; the result does not depend on the number of threads.

    `work` spends its time outside the interpreter.
    """
    spans = [(first, min(first + ROWS, rows)) for first in range(0, rows, ROWS)]
    if threads == 1 or len(spans) == 1:
        for span in spans:
            work(*span)
        return
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(lambda span: work(*span), spans))
