"""Memory that is free goes back to the system: two calls of glibc, which elsewhere do nothing.

Left alone glibc maps large arrays by themselves only until the first of them is freed, and keeps what lies
between smaller ones.
"""

from __future__ import annotations

import ctypes
from typing import Any

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of <malloc.h>
_LARGE, _KEPT = 4 << 20, 32 << 20  # bytes: spectra of a block are 10 to 20 MB, what one thread works on is 2


def map_large_arrays() -> None:
    """Let each large array have its own memory from here on, for a process that makes one thing and ends."""
    _call("mallopt", _MMAP_THRESHOLD, _LARGE)
    _call("mallopt", _TRIM_THRESHOLD, _KEPT)


def give_back() -> None:
    """Give back what is free now."""
    _call("malloc_trim", 0)


def _call(name: str, *arguments: int) -> None:
    try:
        function: Any = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):  # another library of C, or Windows
        return
    function(*arguments)
