"""The whole command in a fresh process: wall time, first word and peak memory of the child."""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

PROMPT = "calm piano, 15 s"
AUDIOGEN = [sys.executable, "-c", "import sys; from audiogen.cli import main; sys.exit(main())"]


class Child(NamedTuple):
    """A command that has run.

    Attributes:
        seconds: from its start to its end; heard_s: until its first word on stderr, or None.
        peak_mb: resident memory at its peak, of that child alone.
    """

    seconds: float
    peak_mb: float
    heard_s: float | None


def run_child(command: list[str]) -> Child:
    """Run a command, its stderr a terminal.

    A child inherits the peak of the process that forks it, and this one may hold torch; so a small
    process stands between, which is this file run as a script.

    Raises:
        RuntimeError: it failed.
    """
    done = subprocess.run([sys.executable, "-S", __file__, *command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-500:]}")
    return Child(*json.loads(done.stdout))


def _stand_between(command: list[str]) -> int:
    terminal, its_end = os.openpty()
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=its_end)
    os.close(its_end)
    said, heard_s = b"", None
    with contextlib.suppress(OSError):  # Linux says so when the other end is closed
        while part := os.read(terminal, 4096):
            heard_s = time.perf_counter() - start if heard_s is None else heard_s
            said += part
    _, status, usage = os.wait4(child.pid, 0)
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes
    print(json.dumps([time.perf_counter() - start, usage.ru_maxrss * unit / 1e6, heard_s]))
    sys.stderr.write(said.decode(errors="replace"))
    return os.waitstatus_to_exitcode(status)


def measure(threads: int, runs: int = 5) -> dict[str, Any]:
    """`audiogen make` of 15 s of piano and its like, and what a process costs before it makes anything."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    rows = []
    with TemporaryDirectory() as folder:
        out = ["--seed", "1", "--force", "-o", str(Path(folder) / "{n}")]
        commands = {
            "audiogen make": ["make", PROMPT, *out[:-1], out[-1] + ".wav"],
            "audiogen make -n 4": ["make", PROMPT, "-n", "4", *out[:-1], out[-1] + ".wav"],
            "audiogen structure": ["structure", PROMPT, *out[:-1], out[-1] + ".mid"],
            "audiogen --help": ["--help"],
        }
        for name, arguments in commands.items():
            found = [run_child([*AUDIOGEN, *arguments]) for _ in range(runs)]
            heard = [each.heard_s for each in found if each.heard_s is not None]
            rows.append(
                {
                    "command": name,
                    "median_s": statistics.median(each.seconds for each in found),
                    "first_s": found[0].seconds,
                    "heard_s": statistics.median(heard) if heard else None,
                    "peak_mb": max(each.peak_mb for each in found),
                    "runs": runs,
                }
            )
    return {"threads": threads, "rows": rows}


if __name__ == "__main__":
    sys.exit(_stand_between(sys.argv[1:]))
