"""Is an asked key or mode heard as often as the key that a title names is heard in the piece?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audiogen.artifacts import Notes
from audiogen.evaluate.bootstrap import share
from audiogen.evaluate.keys import PROFILES, heard_key, same_key, title_key
from audiogen.evaluate.obedience.held_out import Excerpt
from audiogen.evaluate.obedience.pieces import Made
from audiogen.evaluate.obedience.report import Goal, Section

MAJOR_KEYS = ("C major", "G major", "D major", "F major", "Bb major", "Eb major", "A major")
MINOR_KEYS = ("A minor", "D minor", "E minor", "G minor", "C minor", "B minor", "F# minor")
SETTINGS = {
    "major": ["piano in a major key", *(f"piano in {key}" for key in MAJOR_KEYS)],
    "minor": ["piano in a minor key", *(f"piano in {key}" for key in MINOR_KEYS)],
}
OF_REAL = 0.9  # goal: at least this part of the agreement of real titles


def measure(made: Sequence[Made], real: Sequence[Excerpt]) -> list[Section]:
    """One section; the last rows are excerpts of held-out pieces whose title names a key."""
    rows = []
    for mode in SETTINGS:
        ours = [m for m in made if m.job.setting == mode]
        rows.append(_row(mode, [m.notes for m in ours], [_key(m) for m in ours]))
    every = [m for m in made if m.job.setting in SETTINGS]
    both = _row("both", [m.notes for m in every], [_key(m) for m in every])
    rows.append(both)
    named = [(excerpt, key) for excerpt in real if (key := title_key(excerpt.piece.title))]
    goals = []
    for name, first in (("real titles", False), ("real titles, opening", True)):
        some = [(e, k) for e, k in named if not first or e.start_s < 1 + e.piece.notes.onset_s.min()]
        if some:
            groups = [e.piece.path for e, _ in some]
            rows.append(_row(name, [e.notes for e, _ in some], [k for _, k in some], groups))
    for profile in PROFILES:
        goals.append(_goal(profile, both, rows[-2] if named else None))
    note = (
        "Share of pieces in which the estimator finds the asked mode, and tonic and mode; real: excerpts of "
        "the same length, spread over held-out pieces whose title names one key, and their opening alone."
    )
    shares = tuple(f"{what}, {profile}" for profile in PROFILES for what in ("mode", "key"))
    return [Section("Mode and key", rows, goals, note, shares)]


def _key(made: Made) -> str:
    asked = made.job.asked
    return asked.key or asked.mode or ""


def _row(
    name: str, pieces: Sequence[Notes], asked: Sequence[str], groups: Sequence[str] | None = None
) -> dict:
    row: dict = {"setting": name, "pieces": len(pieces)}
    for profile in PROFILES:
        heard = [heard_key(notes, profile) for notes in pieces]
        pairs = list(zip(heard, asked, strict=True))
        modes = [h.split()[-1] == a.split()[-1] for h, a in pairs]
        keys = [float(same_key(h, a)) if " " in a else np.nan for h, a in pairs]
        row[f"mode, {profile}"] = share(modes, groups)
        row[f"key, {profile}"] = share(keys, groups)
    return row


def _goal(profile: str, ours: dict, real: dict | None) -> Goal:
    mine = ours[f"mode, {profile}"].value
    if real is None or np.isnan(mine):
        return Goal(f"asked mode heard 0.9 times as often as in real titles ({profile})", None)
    theirs = real[f"mode, {profile}"].value
    return Goal(
        f"asked mode heard 0.9 times as often as in real titles ({profile})",
        bool(mine >= OF_REAL * theirs),
        f"{mine:.0%} against {theirs:.0%}: {mine / max(theirs, 1e-9):.2f}",
    )
