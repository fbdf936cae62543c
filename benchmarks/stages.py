"""Seconds of every stage of the piano, warm, and how much of the matrix peak the networks reach."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch.utils.flop_counter import FlopCounterMode

from audiogen.artifacts import Conditioning, Structure
from audiogen.errors import MissingModel
from audiogen.media.finish import finish
from audiogen.prompt import parse
from audiogen.registry import load_stage
from audiogen.stage import Sampling, silent

PROMPT = "calm piano, 15 s"
SECONDS = 15.0
DENSITY = 10.0  # notes a second, as the speed budget says
WARM_UP, RUNS = 2, 7


def timed(what: Callable[[], Any], runs: int = RUNS, warm_up: int = WARM_UP) -> dict[str, float]:
    """Median, least and number of runs of `what`, seconds."""
    for _ in range(warm_up):
        what()
    seconds = []
    for _ in range(runs):
        start = time.perf_counter()
        what()
        seconds.append(time.perf_counter() - start)
    return {"median_s": statistics.median(seconds), "least_s": min(seconds), "runs": runs}


def flops(what: Callable[[], Any]) -> float:
    """Floating-point operations of the matrix products, convolutions and attentions in `what`."""
    with FlopCounterMode(display=False) as counter:
        what()
    return float(counter.get_total_flops())


def measure(threads: int, peaks: list[dict[str, Any]], runs: int = RUNS) -> dict[str, Any]:
    """Every stage alone, and all in a row, on `threads` threads."""
    torch.set_num_threads(threads)
    wanted = Conditioning(seconds=SECONDS, density=DENSITY)
    sampling = Sampling(seed=1)
    rows: list[dict[str, Any]] = []

    def row(name: str, what: Callable[[], Any], **more: Any) -> None:
        rows.append({"stage": name, **timed(what, runs), **more})

    row("prompt", lambda: parse(PROMPT))
    score, flow, vocoder = (load_stage(name) for name in ("score", "flow", "vocoder"))
    structure = score(wanted, wanted, sampling, silent)
    row("structure score", lambda: score(wanted, wanted, sampling, silent), notes=len(structure.notes))
    try:
        mel_stage = load_stage("mel")
        row("structure mel", lambda: mel_stage(wanted, wanted, sampling, silent))
    except MissingModel as problem:
        rows.append({"stage": "structure mel", "missing": str(problem)})
    mel = flow(structure, wanted, sampling, silent)
    wave = vocoder(mel, wanted, sampling, silent)
    networks = (
        ("decoder flow", flow, lambda: flow(structure, wanted, sampling, silent)),
        ("renderer vocoder", vocoder, lambda: vocoder(mel, wanted, sampling, silent)),
    )
    for name, stage, call in networks:
        dtype = str(stage.dtype).removeprefix("torch.")
        row(name, call, flop=flops(call), dtype=dtype)
        peak = max(p["gflops"] for p in peaks if p["dtype"] == dtype and p["threads"] == threads)
        rows[-1]["efficiency"] = rows[-1]["flop"] / rows[-1]["median_s"] / (peak * 1e9)
    row("finish", lambda: finish(wave.samples, wave.sample_rate, SECONDS, -20.0))
    with TemporaryDirectory() as folder:
        target = Path(folder) / "piece.wav"
        row("write WAV", lambda: wave.save(target, force=True))

    def everything() -> None:
        known = parse(PROMPT)
        notes: Structure = score(known, wanted, sampling, silent)
        sound = vocoder(flow(notes, known, sampling, silent), known, sampling, silent)
        finish(sound.samples, sound.sample_rate, SECONDS, -20.0)

    row("prompt to samples, calm prompt", everything)
    dense = sum(r["median_s"] for r in rows if r["stage"] in _CHAIN)
    return {"threads": threads, "seconds": SECONDS, "density": DENSITY, "rows": rows, "chain_s": dense}


_CHAIN = ("prompt", "structure score", "decoder flow", "renderer vocoder", "finish")
