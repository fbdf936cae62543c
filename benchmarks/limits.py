"""How near the stages are to their limits, and what more workers bring; ratios taken by turns in one run."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch

from audiogen.artifacts import Conditioning
from audiogen.registry import load_stage
from audiogen.sampling.phase import fast_griffin_lim
from audiogen.stage import Sampling, silent
from benchmarks.process import AUDIOGEN, run_child

ROUNDS = 7
FRAMES, N_FFT, HOP, ITERATIONS = 1125, 4096, 588, 8
JOBS, SECONDS = 24, 5.0


def by_turns(*calls: Callable[[], Any], rounds: int = ROUNDS) -> list[float]:
    """The least seconds of each, called one after the other, `rounds` times."""
    least = [float("inf")] * len(calls)
    for _ in range(rounds):
        for k, call in enumerate(calls):
            start = time.perf_counter()
            call()
            least[k] = min(least[k], time.perf_counter() - start)
    return least


def measure(threads: int) -> list[dict[str, Any]]:
    """Rows (what, seconds, limit, limit_s)."""
    torch.set_num_threads(threads)
    return [_score(), _phase(threads)]


def _score() -> dict[str, Any]:
    """A score with everything around it, per step, against reading the network's weights once."""
    from audiogen.sampling import transformer_step as native
    from audiogen.structure.score import reader

    stage = load_stage("score")
    weights = native.weights_of(stage.network, reader.ScoreWeights)
    arrays = [*weights.trunk, weights.fade, *(array for head in weights.heads for array in head)]
    wanted, steps = Conditioning(seconds=15.0, density=10.0), [0]
    read = reader.NativeReader.read

    def counted(self: Any, rows: np.ndarray) -> Any:
        steps[0] += 1
        return read(self, rows)

    reader.NativeReader.read = counted  # type: ignore[method-assign]
    stage(wanted, wanted, Sampling(seed=1), silent)
    reader.NativeReader.read = read  # type: ignore[method-assign]
    took, once, old = by_turns(
        lambda: stage(wanted, wanted, Sampling(seed=1), silent),
        lambda: [array.view(np.uint8).max() for array in arrays],
        lambda: stage(wanted, wanted, Sampling(seed=1, arithmetic=1), silent),
        rounds=3,
    )
    return {
        "what": f"score, a step of {steps[0]}",
        "seconds": took / steps[0],
        "limit": "its weights read once",
        "limit_s": once,
        "before": old / steps[0],
    }


def _phase(threads: int) -> dict[str, Any]:
    """Refinement of phases against the transforms in it."""
    magnitude = torch.rand(N_FFT // 2 + 1, FRAMES)
    phase = torch.rand_like(magnitude)
    spectrum = torch.polar(magnitude, phase).T.contiguous()
    frames = torch.rand(FRAMES, N_FFT)

    def transforms() -> None:
        for _ in range(ITERATIONS):
            torch.fft.irfft(spectrum, n=N_FFT)
            torch.fft.rfft(frames)

    took, once = by_turns(lambda: fast_griffin_lim(magnitude, phase, HOP, ITERATIONS), transforms)
    return {
        "what": f"phase of 15 s, {ITERATIONS} refinements",
        "seconds": took,
        "limit": "its transforms by torch",
        "limit_s": once,
    }


def workers(most: int, jobs: int = JOBS) -> list[dict[str, Any]]:
    """Jobs a second by one worker on one thread, by one on `most` threads, and by `most` workers.

    The first job of each worker, and with it start and loading, is left out: of 100,000 it is nothing.
    """
    lines = [{"prompt": "calm piano", "seconds": SECONDS, "seed": number} for number in range(jobs)]
    rows = []
    with TemporaryDirectory() as folder:

        def run(count: int, number: int, threads: int) -> float:
            listed = Path(folder) / f"{count}.jsonl"
            listed.write_text("".join(json.dumps(line) + "\n" for line in lines[:count]))
            out = ["-o", str(Path(folder) / f"{number}-{threads}-{count}-{{job}}.wav")]
            os.environ["OMP_NUM_THREADS"] = str(threads)
            return run_child([*AUDIOGEN, "make", str(listed), *out, "-q", "--workers", str(number)]).seconds

        for number, threads in dict.fromkeys([(1, 1), (1, most), (most, most)]):
            first = run(number, number, threads)  # of each worker
            rest = run(jobs, number, threads) - first
            rows.append({"workers": number, "threads": threads, "jobs": jobs, "rate": (jobs - number) / rest})
    return rows
