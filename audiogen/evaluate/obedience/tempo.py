"""Is an asked tempo heard, and is the beat as clear as in real scores?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audiogen.artifacts import Notes
from audiogen.evaluate.beat import ESTIMATORS, clearness, judge, tempi
from audiogen.evaluate.bootstrap import Estimate, estimate, share
from audiogen.evaluate.obedience.held_out import Excerpt
from audiogen.evaluate.obedience.pieces import Made
from audiogen.evaluate.obedience.report import Goal, Section

ASKED = (60, 90, 120, 150)
SETTINGS = {f"{bpm} bpm": [f"piano at {bpm} bpm"] for bpm in ASKED}
ENOUGH = 0.8  # of the pieces, by each of the estimators that the goal names
JUDGES = ("librosa tempo", "librosa beats", "comb")
CLEAR = ("pulse", "on beat", "filled")


def measure(made: Sequence[Made], real: Sequence[Excerpt], seconds: float) -> list[Section]:
    """Two sections: tempo and beat; the last row of each is real scores at their own tempo."""
    by_tempo = {bpm: [m.notes for m in made if m.job.setting == f"{bpm} bpm"] for bpm in ASKED}
    heard = [_heard(f"{bpm} bpm", notes, [bpm] * len(notes), seconds) for bpm, notes in by_tempo.items()]
    clear = [_clear(f"{bpm} bpm", notes, seconds) for bpm, notes in by_tempo.items()]
    ours = _clear("all", [n for notes in by_tempo.values() for n in notes], seconds)
    goals = [_tempo_goal(row, bpm) for row, bpm in zip(heard, ASKED, strict=True)]
    theirs = None
    if real:
        groups = [excerpt.piece.path for excerpt in real]
        notes = [excerpt.notes for excerpt in real]
        heard.append(_heard("real scores", notes, [e.beat or 0 for e in real], seconds, groups))
        theirs = _clear("real scores", notes, seconds, groups)
        clear += [ours, theirs]
    for name in CLEAR[:2]:
        goals.append(_clear_goal(name, ours[name], theirs[name] if theirs else None))
    note = (
        "Share of pieces whose heard tempo is the asked one within 8 %, or its half or double (octave). "
        "Over all estimators: strict is the tempo itself, metre a triple or dotted relation. Real scores: "
        "held-out Mutopia titles at their own tempo."
    )
    shares = (*ESTIMATORS, "strict", "metre")
    return [
        Section("Tempo", heard, goals[: len(ASKED)], note, shares),
        Section("Beat", clear, goals[len(ASKED) :], "Medians; see `audiogen/evaluate/beat.py`."),
    ]


def _heard(
    name: str,
    pieces: Sequence[Notes],
    asked: Sequence[float],
    seconds: float,
    groups: Sequence[str] | None = None,
) -> dict:
    found = [tempi(notes, seconds) for notes in pieces]
    judged = {e: [judge(t[e], bpm) for t, bpm in zip(found, asked, strict=True)] for e in ESTIMATORS}
    row: dict = {"setting": name, "pieces": len(pieces)}
    for estimator, verdicts in judged.items():
        row[estimator] = share([v in ("strict", "octave") for v in verdicts], groups)
    every = [v for estimator in JUDGES for v in judged[estimator]]
    row["strict"] = float(np.mean([v == "strict" for v in every])) if every else np.nan
    row["metre"] = float(np.mean([v == "metre" for v in every])) if every else np.nan
    return row


def _clear(name: str, pieces: Sequence[Notes], seconds: float, groups: Sequence[str] | None = None) -> dict:
    found = [clearness(notes, seconds) for notes in pieces]
    row: dict = {"setting": name, "pieces": len(pieces)}
    return row | {k: estimate([f[k] for f in found], np.median, groups) for k in CLEAR}


def _tempo_goal(row: dict, bpm: int) -> Goal:
    worst = min((row[e].value for e in JUDGES), default=np.nan)
    passed = None if np.isnan(worst) else bool(worst >= ENOUGH)
    return Goal(
        f"{bpm} bpm within 8 % in 80 % of pieces, by each of {', '.join(JUDGES)}",
        passed,
        ", ".join(f"{row[e].value:.0%}" for e in JUDGES),
    )


def _clear_goal(name: str, ours: Estimate, theirs: Estimate | None) -> Goal:
    passed = None if theirs is None else bool(ours.value >= theirs.low)
    return Goal(
        f"beat as clear as in real scores ({name})", passed, f"{ours}; real {theirs}" if theirs else str(ours)
    )
