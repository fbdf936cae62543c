"""Seconds and memory by length: each length is a command in a fresh process; a table and a plot."""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from benchmarks.process import AUDIOGEN, run_child

LENGTHS_S = (15.0, 75.0, 300.0)
MIDI_S = 600.0  # what `decode` takes at most
PROMPTS = {"piano": "calm piano", "ambience": "rain"}


def measure(
    threads: int, lengths: tuple[float, ...] = LENGTHS_S, midi_s: float = MIDI_S
) -> list[dict[str, Any]]:
    """Rows (what, sound_s, seconds, peak_mb)."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    rows = []
    with TemporaryDirectory() as folder:

        def row(what: str, sound_s: float, arguments: list[str]) -> None:
            out = ["-q", "--seed", "1", "--force", "-o", str(Path(folder) / "sound.wav")]
            child = run_child([*AUDIOGEN, *arguments, *out])
            rows.append(
                {"what": what, "sound_s": sound_s, "seconds": child.seconds, "peak_mb": child.peak_mb}
            )

        for what, prompt in PROMPTS.items():
            for seconds in lengths:
                row(what, seconds, ["make", prompt, "--seconds", f"{seconds:g}"])
        notes = Path(folder) / "notes.mid"
        _midi(notes, midi_s)
        row("MIDI", midi_s, ["decode", str(notes)])
    return rows


def _midi(file: Path, seconds: float) -> None:
    """Five notes a second up and down the keys."""
    from audiogen.artifacts import Notes, Structure

    onsets = np.arange(0, seconds - 2, 0.2)
    keys = 60 + 18 * np.sin(onsets)
    rows = np.stack([keys.round(), onsets, onsets + 0.4, np.full(len(onsets), 64.0)], 1)
    Structure(seconds, Notes.from_rows(rows)).save(file)


def plot(rows: list[dict[str, Any]], file: Path) -> None:
    """Seconds and memory against the length of the sound."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3.2), layout="constrained")
    for axes, name, label in zip(
        figure.subplots(1, 2), ("seconds", "peak_mb"), ("s of a fresh process", "MB at the peak"), strict=True
    ):
        for what in dict.fromkeys(row["what"] for row in rows):
            own = [row for row in rows if row["what"] == what]
            axes.plot([row["sound_s"] for row in own], [row[name] for row in own], "o-", label=what)
        axes.set(xlabel="s of sound", ylabel=label, xlim=(0, None), ylim=(0, None))
    axes.legend(frameon=False)
    figure.savefig(file, dpi=110)
