"""Is an asked key or mode heard as often as the key that a title names is heard in the piece?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audiogen.artifacts import Notes
from audiogen.lab.data.piano_midi import Piece
from audiogen.lab.evaluate.adherence.held_out import Excerpt
from audiogen.lab.evaluate.adherence.pieces import Made
from audiogen.lab.evaluate.adherence.report import Goal, Section
from audiogen.lab.evaluate.bootstrap import share
from audiogen.lab.evaluate.keys import PROFILES, heard_key, same_key, title_key

MAJOR_KEYS = ("C major", "G major", "D major", "F major", "Bb major", "Eb major", "A major")
MINOR_KEYS = ("A minor", "D minor", "E minor", "G minor", "C minor", "B minor", "F# minor")
SETTINGS = {
    "major": ["piano in a major key", *(f"piano in {key}" for key in MAJOR_KEYS)],
    "minor": ["piano in a minor key", *(f"piano in {key}" for key in MINOR_KEYS)],
}
OF_REAL = 0.9  # goal: at least this part of the agreement of real titles


def measure(made: Sequence[Made], real: Sequence[Excerpt], pieces: Sequence[Piece]) -> list[Section]:
    """One section; the last rows are held-out pieces whose title names a key.

    Args:
        real: excerpts of held-out pieces, as long as ours; pieces: the same pieces, whole.
    """
    ours = [m for m in made if m.job.setting in SETTINGS]
    rows = [
        _row(name, [(m.notes, _key(m)) for m in ours if name in (m.job.setting, "both")])
        for name in (*SETTINGS, "both")
    ]
    named = {piece.path: key for piece in pieces if (key := title_key(piece.title))}
    cut = [e for e in real if e.piece.path in named]
    some = {
        "real, opening": [e for e in cut if e.start_s <= e.piece.notes.onset_s.min()],
        "real, anywhere": cut,
    }
    references = [
        _row(name, [(e.notes, named[e.piece.path]) for e in es], [e.piece.path for e in es])
        for name, es in some.items()
        if es
    ]
    if named:
        whole = [(p.notes, named[p.path]) for p in pieces if p.path in named]
        references.append(_row("real, whole", whole))
    note = (
        "Share of pieces in which the estimator finds the asked mode, and tonic and mode. Real: held-out "
        "pieces whose title names one key; their first excerpt as long as ours, excerpts spread over them, "
        "and the whole pieces. The goal is set against the highest of the three."
    )
    shares = tuple(f"{what}, {profile}" for profile in PROFILES for what in ("mode", "key"))
    goals = [_goal(profile, rows[-1], references) for profile in PROFILES]
    return [Section("Mode and key", rows + references, goals, note, shares)]


def _key(made: Made) -> str:
    asked = made.job.asked
    return asked.key or asked.mode or ""


def _row(name: str, pairs: Sequence[tuple[Notes, str]], groups: Sequence[str] | None = None) -> dict:
    row: dict = {"setting": name, "pieces": len(pairs)}
    for profile in PROFILES:
        found = [(heard_key(notes, profile), asked) for notes, asked in pairs]
        modes = [float(heard.split()[-1] == asked.split()[-1]) for heard, asked in found]
        keys = [float(same_key(heard, asked)) if " " in asked else np.nan for heard, asked in found]
        row[f"mode, {profile}"] = share(modes, groups)
        row[f"key, {profile}"] = share(keys, groups)
    return row


def _goal(profile: str, ours: dict, references: Sequence[dict]) -> Goal:
    name = f"asked mode heard {OF_REAL:g} times as often as in real titles ({profile})"
    mine = ours[f"mode, {profile}"].value
    theirs = [(row[f"mode, {profile}"].value, row["setting"]) for row in references]
    if not theirs or np.isnan(mine):
        return Goal(name, None)
    ratios = ", ".join(f"{mine / max(value, 1e-9):.2f} of {where}" for value, where in theirs)
    return Goal(name, bool(mine >= OF_REAL * max(theirs)[0]), f"{mine:.0%}: {ratios}")
