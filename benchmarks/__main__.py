"""`python -m benchmarks`: measure everything, write RESULTS.json and RESULTS.md."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent


def main() -> None:
    """Run all benchmarks on an explicit number of threads."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Measure speed and memory.")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--runs", type=int, default=7, help="warm runs of every stage")
    parser.add_argument("--musicgen-steps", type=int, default=200, help="0 leaves MusicGen out")
    parser.add_argument("--no-pretrained", action="store_true", help="leaves their switches out")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of RESULTS.md and RESULTS.json")
    given = parser.parse_args()
    from benchmarks import limits, machine, musicgen, pictures, pretrained, process, scaling, stages
    from benchmarks.page import page

    threads, runs, few = given.threads, given.runs, max(1, given.runs // 2)
    say("machine and its matrix peak")
    results: dict[str, Any] = {"machine": machine.describe(), "threads": threads}
    results["peaks"] = peaks = machine.matrix_peaks(threads)
    say("a fresh process")
    results["process"] = process.measure(threads, few)
    say("stages")
    results["stages"] = stages.measure(threads, peaks, runs)
    rest: dict[str, Callable[[], Any]] = {
        "limits": lambda: limits.measure(threads),
        "workers": lambda: limits.workers(threads),
        "scaling": lambda: scaling.measure(threads),
        "pictures": lambda: pictures.measure(threads, peaks, few),
    }
    if given.musicgen_steps:
        rest["musicgen"] = lambda: musicgen.measure_apart(threads, given.musicgen_steps)
    if not given.no_pretrained:
        rest["pretrained"] = lambda: pretrained.measure_apart(threads)
    failed = []
    for name, measure in rest.items():
        say(name)
        try:
            results[name] = measure()
        except Exception as problem:  # what was measured is worth keeping
            failed.append(f"{name}: {problem}")
    (given.out / "RESULTS.json").write_text(json.dumps(results, indent=1) + "\n")
    (given.out / "RESULTS.md").write_text(page(results))
    if "scaling" in results:
        scaling.plot(results["scaling"], given.out / "scaling.png")
    say(f"wrote {given.out / 'RESULTS.md'}")
    if failed:
        sys.exit("not measured: " + "; ".join(failed))


def say(words: str) -> None:
    """Progress on stderr."""
    print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
