"""The process that works: one job at a time, apart from the server, so that a crash takes nothing else along.

torch and the networks live here only; the page is there before they are loaded.
"""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from audiogen.errors import AudiogenError, Cancelled
from audiogen.studio.ask import Ask

PATIENCE_S = 8.0  # after which a cancelled job that does not listen is ended with its process
Event = tuple[str, Any]
Tell = Callable[[str, Any], None]


def run(
    row: dict[str, Any],
    places: dict[str, str],
    folder: str,
    loaded: Any,
    cancelled: Callable[[], bool],
    tell: Tell,
) -> Event:
    """One job; returns how it ended: ("done" | "cancelled" | "failed", words)."""
    from audiogen.rows import from_rows
    from audiogen.studio.work import perform

    def progress(stage: str, step: int, total: int) -> bool:
        tell("progress", (stage, step, total))
        return not cancelled()

    try:
        ask: Ask = from_rows(Ask, row, "job")
        perform(ask, lambda name: Path(places[name]), Path(folder), progress, tell, loaded)
        return "done", ""
    except Cancelled:
        return "cancelled", ""
    except AudiogenError as problem:
        return "failed", str(problem)
    except MemoryError:
        return "failed", "Out of memory; ask for fewer seconds."
    except Exception as problem:  # whatever it is, the server goes on and says it in one line
        return "failed", f"The work broke off ({type(problem).__name__}); try other settings."


def _serve(pipe: Any, flag: Any) -> None:
    """The loop of the process."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the server hears Ctrl-C and ends this process
    loaded: dict[Any, Any] = {}
    while True:
        try:
            row, places, folder = pipe.recv()
        except EOFError:
            return
        pipe.send(run(row, places, folder, loaded, flag.is_set, lambda name, value: pipe.send((name, value))))


class Isolated:
    """Runs jobs in a process of its own, started with the first."""

    def __init__(self) -> None:
        self._context = multiprocessing.get_context("spawn")
        self._process: Any = None

    def __call__(
        self,
        row: dict[str, Any],
        places: dict[str, str],
        folder: str,
        cancel: threading.Event,
        tell: Tell,
    ) -> Event:
        if self._process is None or not self._process.is_alive():
            self._start()
        self._flag.clear()
        self._pipe.send((row, places, folder))
        waited = 0.0
        while True:
            if cancel.is_set():
                self._flag.set()
                waited += 0.1
                if waited > PATIENCE_S:
                    self.close()
                    return "cancelled", ""
            try:
                if not self._pipe.poll(0.1):
                    if not self._process.is_alive():
                        raise EOFError
                    continue
                name, value = self._pipe.recv()
            except (EOFError, OSError):
                self.close()
                return "failed", "The work broke off, perhaps for lack of memory; the studio goes on."
            if name in ("done", "cancelled", "failed"):
                return name, value
            tell(name, value)

    def _start(self) -> None:
        self._pipe, child = self._context.Pipe()
        self._flag = self._context.Event()
        self._process = self._context.Process(target=_serve, args=(child, self._flag), daemon=True)
        self._process.start()
        child.close()

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.join()
            self._process = None


class Inside:
    """Runs jobs in this process: for programs that have the networks already, and for tests."""

    def __init__(self) -> None:
        self.loaded: dict[Any, Any] = {}

    def __call__(
        self, row: dict[str, Any], places: dict[str, str], folder: str, cancel: threading.Event, tell: Tell
    ) -> Event:
        return run(row, places, folder, self.loaded, cancel.is_set, tell)

    def close(self) -> None:
        self.loaded.clear()
