"""Judges the score stage: does it do what was asked, does it end, does it copy?

    python -m audiogen.evaluate.score [--weights piano-score] [-n 8] [--data DIR]

Asked against measured, the median over n seeds of 15-second pieces. With the folder that `audiogen
data` made, also how many of its 12-note interval runs lie in the training pieces, beside the same
figure for held-out pieces (which copy nothing) and how long the longest copied run is.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.artifacts import Conditioning, Notes
from audiogen.media import files
from audiogen.stage import Sampling, silent
from audiogen.structure.score import ScoreStage
from audiogen.structure.score_attributes import estimate_key
from audiogen.structure.score_events import NOTE, TICKS

PROMPTS: dict[str, Conditioning] = {
    "nothing asked": Conditioning(),
    "density 2": Conditioning(density=2.0),
    "density 5": Conditioning(density=5.0),
    "density 12": Conditioning(density=12.0),
    "loudness 35 (pp)": Conditioning(loudness=35.0),
    "loudness 64 (mf)": Conditioning(loudness=64.0),
    "loudness 100 (ff)": Conditioning(loudness=100.0),
    "register 48": Conditioning(register=48.0),
    "register 72": Conditioning(register=72.0),
    "pedal 0.1": Conditioning(pedal=0.1),
    "pedal 0.8": Conditioning(pedal=0.8),
    "staccato 0.2": Conditioning(articulation=0.2),
    "D minor": Conditioning(key="D minor", mode="minor"),
    "Ab major": Conditioning(key="Ab major", mode="major"),
    "tempo 72, 3/4": Conditioning(tempo=72.0, metre=(3, 4)),
    "tempo 132": Conditioning(tempo=132.0),
    "calm": Conditioning(density=3.0, loudness=44.0, articulation=0.85, pedal=0.7),
    "stormy": Conditioning(density=17.0, loudness=98.0, mode="minor", pedal=0.6),
}
RUN = 12  # notes; shorter runs of intervals are common property (scales, broken chords)


def measure(notes: Notes, seconds: float) -> dict[str, float]:
    """Attributes of a finished piece, in the units of `Conditioning`; `end`: last onset before the end, s."""
    spans = np.diff(np.append(notes.pedal[:, 0], seconds)) if len(notes.pedal) else np.zeros(0)
    pedal = float(spans[notes.pedal[:, 1] > 0].sum() / seconds) if len(spans) else 0.0
    onset = np.unique(np.round(notes.onset_s, 2))
    return {
        "density": len(notes) / seconds,
        "loudness": float(notes.velocity.mean()),
        "register": float(notes.pitch.mean()),
        "pedal": pedal,
        "end": seconds - float(notes.onset_s.max()),
        "rest": float(np.diff(onset, prepend=0.0).max()),
    }


def key_hit(notes: Notes, asked: Conditioning) -> bool:
    """Whether the estimated key is the asked one (or, with only a mode asked, has it)."""
    held = np.minimum(notes.offset_s - notes.onset_s, 1.0)
    found = estimate_key(notes.pitch, held, least=-1.0) or ""
    return found == asked.key if asked.key else found.endswith(str(asked.mode))


def off_grid_s(notes: Notes) -> float:
    """Median distance of onsets from the 24-per-quarter grid of an asked tempo, s."""
    step = 60 / (notes.tempo or 120.0) / TICKS
    return float(np.median(np.abs(notes.onset_s / step - np.round(notes.onset_s / step))) * step)


def adherence(stage: ScoreStage, pieces: int, seconds: float = 15.0) -> list[dict[str, Any]]:
    """A row per prompt: medians over `pieces` seeds, share of keys met, seconds of computing."""
    rows = []
    for name, prompt in PROMPTS.items():
        asked = Conditioning.from_dict(prompt.to_dict() | {"seconds": seconds})
        made, before = [], time.perf_counter()
        for seed in range(pieces):
            notes = stage(asked, asked, Sampling(seed=seed), silent).notes
            assert notes is not None
            made.append(notes)
        spent = (time.perf_counter() - before) / pieces
        values = [measure(notes, seconds) for notes in made]
        row: dict[str, Any] = {"prompt": name}
        row |= {k: round(float(np.median([v[k] for v in values])), 2) for k in values[0]}
        row["key"] = f"{np.mean([key_hit(n, asked) for n in made]):.0%}" if asked.key or asked.mode else ""
        row["off grid ms"] = round(1000 * np.median([off_grid_s(n) for n in made]), 1) if asked.tempo else ""
        rows.append(row | {"seconds": round(spent, 2)})
    return rows


def training_runs(file: Path, run: int = RUN) -> set[int]:
    """Hashes of every run of `run` notes in a packed split, as intervals (transposed pieces are equal)."""
    data = files.read_npz(file)
    found: set[int] = set()
    for first, stop in zip(data["first"][:-1], data["first"][1:], strict=True):
        notes = data["type"][first:stop] == NOTE
        found.update(run_hashes(data["pitch"][first:stop][notes], run))
    return found


def run_hashes(pitch: np.ndarray, run: int = RUN) -> np.ndarray:
    """A hash of the intervals of every `run` notes in onset order, uint64 [N - run + 1]."""
    step = np.diff(pitch.astype(np.int64)).astype(np.uint64)
    if len(step) < run - 1:
        return np.zeros(0, np.uint64)
    windows = np.lib.stride_tricks.sliding_window_view(step, run - 1)
    with np.errstate(over="ignore"):
        powers = np.uint64(1_000_003) ** np.arange(run - 1, dtype=np.uint64)
        return ((windows + np.uint64(131)) * powers).sum(1, dtype=np.uint64)


def copied(pitches: Iterable[np.ndarray], known: set[int]) -> tuple[float, int]:
    """Share of `RUN`-note runs that training holds, and the longest copied run in notes."""
    hits, total, longest = 0, 0, 0
    for pitch in pitches:
        found = [int(h) in known for h in run_hashes(pitch)]
        hits, total = hits + sum(found), total + len(found)
        length = 0
        for hit in found:
            length = length + 1 if hit else 0
            longest = max(longest, length + RUN - 1 if length else 0)
    return hits / max(total, 1), longest


def held_out_pitches(file: Path, pieces: int, notes: int = 150) -> list[np.ndarray]:
    """The middle `notes` notes of `pieces` held-out pieces."""
    data = files.read_npz(file)
    out = []
    for index in np.linspace(0, len(data["kind"]) - 1, pieces).astype(int):
        part = slice(data["first"][index], data["first"][index + 1])
        pitch = data["pitch"][part][data["type"][part] == NOTE]
        out.append(pitch[len(pitch) // 2 :][:notes])
    return out


def table(rows: list[dict[str, Any]]) -> str:
    """Rows as Markdown."""
    head = list(rows[0])
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join(lines + ["| " + " | ".join(str(row[k]) for k in head) + " |" for row in rows])


def main(arguments: list[str] | None = None) -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(prog="python -m audiogen.evaluate.score", description=__doc__)
    parser.add_argument("--weights", default="piano-score")
    parser.add_argument("-n", type=int, default=8)
    parser.add_argument("--data", type=Path)
    given = parser.parse_args(arguments)
    stage = ScoreStage.from_pretrained(given.weights)
    print(table(adherence(stage, given.n)))
    if given.data:
        known = training_runs(given.data / "train.npz")
        asked = Conditioning()
        made = [stage(asked, asked, Sampling(seed=seed), silent).notes for seed in range(3 * given.n)]
        ours = copied([notes.pitch for notes in made if notes is not None], known)
        theirs = copied(held_out_pitches(given.data / "valid.npz", 3 * given.n), known)
        print(f"\nruns of {RUN} notes found in training: {ours[0]:.2%}, longest {ours[1]} notes")
        print(f"the same for held-out pieces: {theirs[0]:.2%}, longest {theirs[1]} notes")


if __name__ == "__main__":
    main()
