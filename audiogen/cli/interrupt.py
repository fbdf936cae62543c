"""Ctrl-C that is neither lost nor comes at a bad moment.

Python raises KeyboardInterrupt wherever it happens to be. While torch is imported that can be inside
C++ code, which then aborts the process; inside a weak reference's callback (matplotlib has many) it is
printed and forgotten, and the run goes on. So it is held back in the first case, and remembered in
all, for the progress callback to cancel the work.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """Handles SIGINT between `__enter__` and `__exit__`, unless somebody else already does.

    Attributes:
        came: Ctrl-C was pressed.
    """

    def __init__(self) -> None:
        self.came = False
        self._holding = 0
        self._waiting = False
        self._installed = False

    def __enter__(self) -> Interrupt:
        ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if ours and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, self._handle)
            self._installed = True
        return self

    def __exit__(self, *problem: object) -> None:
        if self._installed:
            signal.signal(signal.SIGINT, signal.default_int_handler)
            self._installed = False

    @contextmanager
    def held(self) -> Iterator[None]:
        """What runs in here is finished first, unless Ctrl-C is pressed twice.

        Raises:
            KeyboardInterrupt: afterwards, if Ctrl-C was pressed meanwhile.
        """
        self._holding += 1
        try:
            yield
        finally:
            self._holding -= 1
        if self._waiting and not self._holding:
            self._waiting = False
            raise KeyboardInterrupt

    def _handle(self, number: int, frame: FrameType | None) -> None:
        again, self.came = self.came, True
        if again or not self._holding:
            raise KeyboardInterrupt
        self._waiting = True
