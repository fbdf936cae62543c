"""How pieces end, beside how real ones end."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audiogen.artifacts import Notes
from audiogen.lab.data.piano_midi import Piece
from audiogen.lab.evaluate.adherence.pieces import PLAIN, Made
from audiogen.lab.evaluate.adherence.report import Goal, Section
from audiogen.lab.evaluate.bootstrap import Estimate, estimate, share
from audiogen.lab.evaluate.keys import heard_key
from audiogen.lab.evaluate.runs import chords
from audiogen.structure.score.attributes import TONICS

FINAL_S = 0.12  # a final chord may be spread by so much
RING_S = 3.5  # a pedal that never comes up rings for so long, as in training
NUMBERS = ("ring", "key held", "chord notes", "lowest", "last gap", "slowing", "velocity drop")
SHARES = ("tonic bass", "in tonic triad", "from dominant")
OF_REAL = 0.9


def measure(made: Sequence[Made], pieces: Sequence[Piece], seconds: float) -> list[Section]:
    """Medians and shares; real rows are the last `seconds` of held-out pieces."""
    rows = []
    for name in PLAIN:
        ends = [ending(m.notes) for m in made if m.job.setting == name and len(m.notes)]
        rows.append(_row(name, ends))
    real = {
        "real performances": [p for p in pieces if not p.metrical],
        "real scores": [p for p in pieces if p.metrical],
    }
    for name, some in real.items():
        if some:
            ends = [ending(last(p.notes, seconds), p.fixed_velocity) for p in some]
            rows.append(_row(name, ends))
    note = (
        "Medians. ring: last onset to the last damping, s; key held: mean of the final chord, s; lowest: "
        "its lowest pitch; last gap: last gap between chords over their median gap; slowing: the same for "
        "the last five; velocity drop: final chord below the mean. Shares: its bass is the tonic, all of "
        "it lies in the tonic triad, the bass before is the dominant (tonic as heard by Albrecht's profile)."
    )
    pairs = (("nothing asked", "real performances"), ("asked tempo", "real scores"))
    by_name = {row["setting"]: row for row in rows}
    goals = [
        goal
        for ours, theirs in pairs
        if theirs in by_name
        for goal in _goals(ours, by_name[ours], by_name[theirs])
    ]
    return [Section("Endings", rows, goals, note, SHARES)]


def last(notes: Notes, seconds: float) -> Notes:
    """What a piece plays in its last `seconds`, up to the end of its ring."""
    onset = float(notes.onset_s.max())
    end = min(notes.end_s(), onset + RING_S)
    begin = min(end - seconds, onset - seconds / 2)  # a long ring leaves some music
    return notes.window(max(begin, 0.0), end + 1.0)


def ending(notes: Notes, fixed_velocity: bool = False) -> dict[str, float]:
    """Figures of one ending; see `measure`. NaN where a figure has no meaning."""
    final = notes.onset_s >= notes.onset_s.max() - FINAL_S
    end = min(notes.end_s(), float(notes.onset_s.max()) + RING_S)
    bass = int(notes.pitch[final].min())
    tonic = TONICS.index(heard_key(notes, "Albrecht").split()[0])
    which = chords(notes.onset_s, FINAL_S)
    at = np.array([notes.onset_s[which == k][0] for k in range(which.max() + 1)])
    gaps = np.diff(at)
    usual = float(np.median(gaps)) if len(gaps) > 5 else np.nan
    before = notes.pitch[~final & (notes.pitch <= max(bass + 12, 55))]
    above = (notes.pitch[final] - tonic) % 12
    drop = notes.velocity.mean() - notes.velocity[final].mean()
    return {
        "ring": end - float(notes.onset_s.max()),
        "key held": float((np.minimum(notes.offset_s, end) - notes.onset_s)[final].mean()),
        "chord notes": float(final.sum()),
        "lowest": float(bass),
        "last gap": float(gaps[-1]) / usual if len(gaps) else np.nan,
        "slowing": float(np.median(gaps[-5:])) / usual if len(gaps) else np.nan,
        "velocity drop": np.nan if fixed_velocity else float(drop),
        "tonic bass": float(bass % 12 == tonic),
        "in tonic triad": float(set(above.tolist()) <= {0, 3, 4, 7}),
        "from dominant": float((before[-1] - tonic) % 12 == 7) if len(before) else 0.0,
    }


def _row(name: str, ends: Sequence[dict[str, float]]) -> dict:
    row: dict = {"setting": name, "pieces": len(ends)}
    row |= {k: estimate([e[k] for e in ends]) for k in NUMBERS}
    return row | {k: share([e[k] for e in ends]) for k in SHARES}


def _goals(name: str, ours: dict, theirs: dict) -> list[Goal]:
    """As often on the tonic as real pieces, by 0.9, and ringing neither shorter nor longer by half."""
    goals = []
    for what in SHARES[:2]:
        a, b = ours[what], theirs[what]
        told = f"{a.percent()}; real {b.percent()}"
        goals.append(Goal(f"ends {what} 0.9 times as often as real ones ({name})", _at_least(a, b), told))
    a, b = ours["ring"], theirs["ring"]
    passed = None if np.isnan(a.value) else bool(b.value / 1.5 <= a.value <= b.value * 1.5)
    return [
        *goals,
        Goal(f"rings as long as real ones, within 1.5 times ({name})", passed, f"{a} s; real {b} s"),
    ]


def _at_least(ours: Estimate, theirs: Estimate) -> bool | None:
    return None if np.isnan(ours.value) else bool(ours.value >= OF_REAL * theirs.value)
