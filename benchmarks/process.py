"""The whole command in a fresh process: wall time and peak memory of the child."""

from __future__ import annotations

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

    Raises:
        RuntimeError: it failed.
    """
    start = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024  # macOS counts bytes
    return time.perf_counter() - start, usage.ru_maxrss * unit / 1e6


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
