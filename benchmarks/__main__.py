"""`python -m benchmarks`: measure everything, write RESULTS.json and RESULTS.md."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path

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

    say("machine and its matrix peak")
    results = {"machine": machine.describe(), "threads": given.threads}
    results["peaks"] = machine.matrix_peaks(given.threads)
    say("a fresh process")
    results["process"] = process.measure(given.threads, max(1, given.runs // 2))
    say("stages")
    results["stages"] = stages.measure(given.threads, results["peaks"], given.runs)
    say("limits and workers")
    results["limits"] = limits.measure(given.threads)
    results["workers"] = limits.workers(given.threads)
    say("lengths")
    results["scaling"] = scaling.measure(given.threads)
    say("pictures")
    results["pictures"] = pictures.measure(given.threads, results["peaks"], max(1, given.runs // 2))
    if given.musicgen_steps:
        say("MusicGen-small, random weights (minutes)")
        results["musicgen"] = musicgen.measure_apart(given.threads, given.musicgen_steps)
    if not given.no_pretrained:
        say("switches of pretrained models, random weights (many minutes)")
        results["pretrained"] = pretrained.measure_apart(given.threads)
    (given.out / "RESULTS.json").write_text(json.dumps(results, indent=1) + "\n")
    (given.out / "RESULTS.md").write_text(page(results))
    scaling.plot(results["scaling"], given.out / "scaling.png")
    say(f"wrote {given.out / 'RESULTS.md'}")


def say(words: str) -> None:
    """Progress on stderr."""
    print(f"{time.strftime('%H:%M:%S')} {words}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
