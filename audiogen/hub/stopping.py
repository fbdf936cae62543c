"""Ctrl-C in a download: it ends with the piece that is coming in.

The hub's own library lets its threads finish every file that they have begun, which may be gigabytes. Its
bars are told of every piece, so there they are stopped; what was fetched of a file it then takes away itself.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

PIECE = 1 << 20  # bytes


@contextmanager
def stoppable() -> Iterator[None]:
    """SIGINT reaches the threads that download, in the main thread and where Python handles it.

    Raises:
        KeyboardInterrupt: it came.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    from huggingface_hub import constants
    from huggingface_hub.utils import tqdm

    came, piece = threading.Event(), constants.DOWNLOAD_CHUNK_SIZE
    bars: Any = tqdm

    def handle(number: int, frame: FrameType | None) -> None:
        came.set()
        before(number, frame)

    def update(bar: Any, n: float | None = 1) -> Any:
        if came.is_set():
            raise KeyboardInterrupt
        return super(bars, bar).update(n)

    signal.signal(signal.SIGINT, handle)
    bars.update, constants.DOWNLOAD_CHUNK_SIZE = update, min(piece, PIECE)
    try:
        yield
    finally:
        del bars.update
        constants.DOWNLOAD_CHUNK_SIZE = piece
        signal.signal(signal.SIGINT, before)
