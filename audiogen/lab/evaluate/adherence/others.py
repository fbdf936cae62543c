"""Everything else that a prompt can ask for, asked and measured; and what a piece costs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audiogen.artifacts import Notes
from audiogen.lab.evaluate.adherence.pieces import Made
from audiogen.lab.evaluate.adherence.report import Section
from audiogen.lab.evaluate.bootstrap import estimate
from audiogen.structure.score.attributes import articulation, growth, over

PROMPTS = (
    "piano",
    "calm piano",
    "stormy piano",
    "happy piano",
    "sad piano",
    "piano, staccato",
    "piano, legato",
    "piano, with pedal",
    "piano, dry",
    "piano, crescendo",
    "piano, diminuendo",
    "waltz for piano at 160 bpm",
    "march for piano at 110 bpm",
)
SETTINGS = {f"other: {prompt}": [prompt] for prompt in PROMPTS}
NAMED = ("density", "loudness", "register", "articulation", "pedal", "growth")


def measure(made: Sequence[Made], seconds: float) -> list[Section]:
    """A row per prompt: asked value -> median with its interval."""
    rows = []
    for setting in SETTINGS:
        ours = [m for m in made if m.job.setting == setting]
        found = [attributes(m.notes, seconds) for m in ours if len(m.notes)]
        row: dict = {"prompt": setting.partition(": ")[2], "pieces": len(ours)}
        for name in NAMED:
            asked = getattr(ours[0].job.asked, name) if ours else None
            measured = estimate([f[name] for f in found])
            row[name] = f"{asked:g} -> {measured}" if asked is not None else str(measured)
        rows.append(row | {"seconds": estimate([m.took_s for m in ours])})
    note = (
        "Asked -> median. density: notes/s; loudness: mean velocity; register: mean pitch; articulation: 0 "
        "staccato .. 1 legato; pedal: share of the time down; growth: of the "
        "velocity, 1 from pp to ff; seconds: computing time of a piece."
    )
    return [Section("Other words", rows, [], note)]


def attributes(notes: Notes, seconds: float) -> dict[str, float]:
    """The attributes of `Conditioning` as a finished piece has them, NaN where it has none."""
    spans = np.diff(np.append(notes.pedal[:, 0], seconds)) if len(notes.pedal) else np.zeros(0)
    held = articulation(notes.onset_s, notes.offset_s - notes.onset_s)
    return {
        "density": len(notes) / seconds,
        "loudness": float(notes.velocity.mean()),
        "register": float(notes.pitch.mean()),
        "articulation": np.nan if held is None else held,
        "growth": growth(over(notes.onset_s, seconds), notes.velocity),
        "pedal": float(spans[notes.pedal[:, 1] > 0].sum() / seconds) if len(spans) else 0.0,
    }
