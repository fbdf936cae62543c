"""The whole command in a fresh process: wall time and peak memory of the child."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

PROMPT = "calm piano, 15 s"


def run_child(command: list[str]) -> tuple[float, float]:
    """Seconds and peak resident memory (MB, ru_maxrss of that child alone) of a command.

    A child inherits the peak of the process that forks it, and this one may hold torch; so a small
    process stands between, which is this file run as a script.

    Raises:
        RuntimeError: it failed.
    """
    done = subprocess.run([sys.executable, "-S", __file__, *command], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}")
    seconds, megabytes = json.loads(done.stdout)
    return seconds, megabytes


def _stand_between(command: list[str]) -> int:
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes
    print(json.dumps([time.perf_counter() - start, usage.ru_maxrss * unit / 1e6]))
    return os.waitstatus_to_exitcode(status)


def measure(threads: int, runs: int = 5) -> dict[str, Any]:
    """`audiogen make` of 15 s of piano, and what a process costs before it makes anything."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    with TemporaryDirectory() as folder:
        target = str(Path(folder) / "piece.wav")
        make = ["make", PROMPT, "--seed", "1", "--force", "-q", "-o", target]
        commands = {"audiogen make": make, "audiogen --help": ["--help"]}
        rows = []
        for name, arguments in commands.items():
            call = [sys.executable, "-c", "import sys; from audiogen.cli import main; sys.exit(main())"]
            found = [run_child([*call, *arguments]) for _ in range(runs)]
            rows.append(
                {
                    "command": name,
                    "median_s": statistics.median(s for s, _ in found),
                    "first_s": found[0][0],
                    "peak_mb": max(m for _, m in found),
                    "runs": runs,
                }
            )
    return {"threads": threads, "rows": rows}


if __name__ == "__main__":
    sys.exit(_stand_between(sys.argv[1:]))
