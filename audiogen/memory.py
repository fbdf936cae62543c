"""Memory: what is free goes back to the system, and a long sound lies in a file while it is worked on.

Left alone glibc maps large arrays by themselves only until the first of them is freed, and keeps what lies
between smaller ones. Two calls of glibc, which elsewhere do nothing, change that.
"""

from __future__ import annotations

import ctypes
import math
import mmap
import os
import tempfile
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np

_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3  # of <malloc.h>
_LARGE, _KEPT = 4 << 20, 32 << 20  # bytes: spectra of a block are 10 to 20 MB, what one thread works on is 2
FILED = 16 << 20  # bytes, from which on values lie in a file: 45 s of stereo
_held: weakref.WeakSet[mmap.mmap] = weakref.WeakSet()


def map_large_arrays() -> None:
    """Let each large array have its own memory from here on, for a process that makes one thing and ends."""
    _call("mallopt", _MMAP_THRESHOLD, _LARGE)
    _call("mallopt", _TRIM_THRESHOLD, _KEPT)


def give_back() -> None:
    """Give back what is free now."""
    _call("malloc_trim", 0)


def zeros(*shape: int) -> np.ndarray:
    """float32 zeros; where they are many, in a nameless file of the folder for temporary ones.

    Where that has no room, in memory.
    """
    size = 4 * math.prod(shape)
    if size >= FILED:
        try:
            with tempfile.TemporaryFile() as file:
                _reserve(file.fileno(), size)
                held = mmap.mmap(file.fileno(), size)
            _held.add(held)
            return np.frombuffer(held, np.float32).reshape(shape)
        except OSError:
            pass
    return np.zeros(shape, np.float32)


def passes(samples: np.ndarray, block: int) -> Iterator[int]:
    """The beginnings of blocks along [channels, length]; what lies in files leaves memory after each."""
    for start in range(0, samples.shape[-1], block):
        yield start
        leave()


def leave() -> None:
    """What lies in files need not stay in memory; it is read again where it is looked at."""
    for held in list(_held) if hasattr(mmap, "MADV_DONTNEED") else []:
        held.madvise(mmap.MADV_DONTNEED)  # of a shared map: nothing that was written is lost


def _reserve(file: int, size: int) -> None:
    """A disk that is full says so now, not in the middle of an assignment."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
    else:
        os.truncate(file, size)


def _call(name: str, *arguments: int) -> None:
    try:
        function: Any = getattr(ctypes.CDLL(None), name)
    except (AttributeError, OSError, TypeError):  # another library of C, or Windows
        return
    function(*arguments)
