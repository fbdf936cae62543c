"""Do one or two steps give what many gave: textures of a distilled decoder beside those of its teacher.

    audiogen evaluate few-steps --data build/ambience-audio

Held-out windows give the conditions: their sources alone, and their coarse mel besides. Teacher and student
start from the same noise and colour, so their mels can be compared one by one; where the coarse mel is given,
with the window itself too. Three differences, means over bands or rates of

    spectrum     the mean log band, nats
    spread       log of the standard deviation over time; signed as well: below 0 is smoother, blurred
    modulation   log power at 0.4-1.5, 1.5-4, 4-12 and 12-37.5 Hz, over pairs of groups
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch

from audiogen.artifacts import SOURCES, Conditioning, Structure
from audiogen.decoder.flow import FlowDecoder
from audiogen.lab.data.ambience_windows import AmbienceWindows, read_ambience
from audiogen.lab.evaluate.bootstrap import estimate
from audiogen.lab.evaluate.embedding import LEAST_SPREAD, modulation
from audiogen.media.mel import MelSettings, coarse_mel, onset_strength
from audiogen.stage import Sampling, silent

MEL = MelSettings()
RUNS: tuple[tuple[str, int | None, str | None], ...] = (
    ("teacher, midpoint 12", 12, "midpoint"),
    ("teacher, as it ships", None, None),
    *((f"teacher, euler {n}", n, "euler") for n in (12, 8, 2, 1)),
    ("student, 2 steps", 2, "euler"),
    ("student, 1 step", 1, "euler"),
)


@dataclass(frozen=True, eq=False)
class Condition:
    """What is asked, and the held-out window it was asked after, mid log-mel [bands, frames]."""

    structure: Structure
    asked: Conditioning
    real: np.ndarray


def conditions(windows: AmbienceWindows, count: int, seed: int = 0) -> list[Condition]:
    """Half of them without structure, half with the coarse mel and onsets of the window."""
    drawn = np.random.default_rng(seed).permutation(len(windows))[: count // 2]
    seconds = windows.mel.shape[2] / MEL.frame_rate
    out = []
    for led in (False, True):
        for w in drawn:
            mid = windows.mel[w, : MEL.n_bands].astype(np.float32)
            intensity = float(windows.intensity[w])
            asked = Conditioning(
                path="ambience",
                seconds=seconds,
                sources={n: float(x) for n, x in zip(SOURCES, windows.sources[w], strict=True) if x > 0},
                intensity=None if np.isnan(intensity) else intensity,
            )
            whole = torch.from_numpy(mid)
            structure = Structure.empty(seconds)
            if led:
                onsets = onset_strength(whole).numpy()
                structure = Structure(seconds, mel=coarse_mel(whole).numpy(), onsets=onsets)
            out.append(Condition(structure, asked, mid))
    return out


def statistics(mid: np.ndarray) -> dict[str, np.ndarray]:
    """What a mel [bands, frames] is compared by."""
    groups = mid.astype(np.float64).reshape(MEL.n_groups // 2, -1, mid.shape[1]).mean(1)
    return {
        "spectrum": mid.mean(1),
        "spread": np.log(mid.std(1) + LEAST_SPREAD),
        "modulation": modulation(groups, MEL.frame_rate).ravel(),
    }


def differences(made: list[np.ndarray], wanted: list[np.ndarray]) -> dict[str, str]:
    """Mean differences of pairs of mels, with their intervals."""
    rows: dict[str, list[float]] = {}
    for a, b in zip(made, wanted, strict=True):
        mine, theirs = statistics(a), statistics(b)
        for name, value in mine.items():
            rows.setdefault(name, []).append(float(np.abs(value - theirs[name]).mean()))
        rows.setdefault("spread, signed", []).append(float((mine["spread"] - theirs["spread"]).mean()))
    return {name: str(estimate(values, np.mean)) for name, values in rows.items()}


def evaluate(
    teacher: FlowDecoder,
    student: FlowDecoder,
    windows: AmbienceWindows,
    count: int,
    progress: Callable[[str], None] = lambda words: None,
) -> dict[str, Any]:
    """Differences by what decoded: teacher and student in RUNS.

    Returns: per row `teacher` (against its first row, where it walks to the end of its path; all conditions),
        `real` (against the window, where its coarse mel was given) and `seconds` of processor time a piece.
    """
    asked = conditions(windows, count)
    out: dict[str, Any] = {}
    reference: list[np.ndarray] = []
    for label, steps, scheduler in RUNS:
        progress(label)
        stage = teacher if label.startswith("teacher") else student
        began = process_time()
        made = [
            stage(c.structure, c.asked, Sampling(seed=k, steps=steps, scheduler=scheduler), silent).mid
            for k, c in enumerate(asked)
        ]
        row: dict[str, Any] = {"seconds": round((process_time() - began) / len(asked), 3)}
        if reference:
            row["teacher"] = differences(made, reference)
        reference = reference or made
        led = [k for k, c in enumerate(asked) if c.structure.mel is not None]
        row["real"] = differences([made[k] for k in led], [asked[k].real for k in led])
        out[label] = row
    return out


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="audiogen evaluate few-steps",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--teacher", default="ambience-flow", help="weights folder or registered name")
    parser.add_argument("--student", default="ambience-few", help="weights folder or registered name")
    parser.add_argument("-n", type=int, default=32, help="conditions")
    options = parser.parse_args(arguments)
    out = evaluate(
        FlowDecoder.from_pretrained(options.teacher),
        FlowDecoder.from_pretrained(options.student),
        read_ambience(options.data, "test", None),
        options.n,
        lambda words: print(words, file=sys.stderr),
    )
    json.dump(out, sys.stdout, indent=1)
    print()
    return 0
