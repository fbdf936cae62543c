"""What is happening, on stderr: the stage, how far it is, and the time left.

On a terminal one line that rewrites itself; elsewhere one plain line per stage. It starts before torch
is imported, because that import is the longest silence of a short run.
"""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, TextIO

from audiogen.cli.interrupt import Interrupt
from audiogen.cli.terminal import clean

if TYPE_CHECKING:
    import numpy as np

    from audiogen.media.live import Live

ERASE = "\r\x1b[K"  # the line on a terminal
_WIDTH = 24
_TICK_S = 0.25


def first_word(quiet: bool) -> None:
    """On a terminal something is seen at once, while what is needed to understand the words is imported.

    The line is taken away by the next thing that is said.
    """
    if not quiet and sys.stderr.isatty():
        sys.stderr.write("reading what is asked ...")
        sys.stderr.flush()


class Reporter:
    """Shows progress until it is closed, and cancels after Ctrl-C; call it as `progress(stage, step, total)`.

    Args:
        quiet: show nothing.
        stream: stderr unless another is given.
    """

    def __init__(self, quiet: bool = False, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.quiet = quiet
        self.interrupt = Interrupt()
        self.live = not quiet and self.stream.isatty()
        self.listener: Live | None = None
        self._job, self._take = "", ""
        self.stage, self.step, self.total = "", 0, 0
        self.since = time.monotonic()
        self._announced: set[tuple[str, str]] = set()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._ticker: threading.Thread | None = None

    def hear(self, samples: np.ndarray, rate: int) -> None:
        """Sound that is settled, but for its level, while the rest is made."""
        if self.listener is not None:
            self.listener(samples, rate)

    def __enter__(self) -> Reporter:
        self.interrupt.__enter__()
        if self.live:
            self._ticker = threading.Thread(target=self._tick, daemon=True)
            self._ticker.start()
        return self

    def __exit__(self, *problem: object) -> None:
        self.interrupt.__exit__(*problem)
        self._closed.set()
        if self.listener is not None:
            self.listener.close(wait=problem[0] is None)
        if self._ticker is not None:
            self._ticker.join()
        self.clear()

    def __call__(self, stage: str, step: int, total: int) -> bool:
        """False after Ctrl-C, which cancels."""
        with self._lock:
            if stage != self.stage or step < self.step:
                self.since = time.monotonic()
            self.stage, self.step, self.total = stage, step, total
        self._announce()
        return not self.interrupt.came

    def begin(self, stage: str) -> None:
        """A stage that cannot say how far it is."""
        self(stage, 0, 0)

    @property
    def label(self) -> str:
        """Stands before the stage."""
        return self._job + self._take

    def job(self, number: int, total: int) -> None:
        """What follows belongs to job `number` of `total`."""
        self._job, self._take = f"job {number} of {total}: ", ""

    def take(self, number: int, total: int) -> None:
        """What follows belongs to take `number` of `total`."""
        self._take = f"take {number} of {total}: " if total > 1 else ""

    def say(self, message: str) -> None:
        """A line that stays."""
        if not self.quiet:
            self.clear()
            print(clean(message), file=self.stream, flush=True)

    def line(self) -> str:
        """The line as it is now."""
        elapsed = time.monotonic() - self.since
        if not self.total:
            return f"{self.label}{self.stage}  {elapsed:.0f} s"
        share = min(1.0, self.step / self.total)
        bar = ("#" * round(share * _WIDTH)).ljust(_WIDTH, ".")
        left = f"  {elapsed * (1 - share) / share:.0f} s left" if 0 < share < 1 else ""
        return f"{self.label}{self.stage:<10}[{bar}] {share:4.0%}{left}"

    def _announce(self) -> None:
        """The plain form: each stage once."""
        if self.live or self.quiet or (self.label, self.stage) in self._announced:
            return
        self._announced.add((self.label, self.stage))
        print(f"{self.label}{self.stage} ...", file=self.stream, flush=True)

    def _tick(self) -> None:
        while not self._closed.wait(_TICK_S):
            if self.stage:
                with self._lock:
                    self.stream.write(f"{ERASE}{self.line()}")
                    self.stream.flush()

    def clear(self) -> None:
        """Take the moving line away."""
        if self.live:
            with self._lock:
                self.stream.write(ERASE)
                self.stream.flush()
