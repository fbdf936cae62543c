"""Is an asked tempo heard, and is the beat as clear as in real scores?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audiogen.lab.evaluate.adherence.held_out import Excerpt
from audiogen.lab.evaluate.adherence.pieces import Made
from audiogen.lab.evaluate.adherence.report import Goal, Section
from audiogen.lab.evaluate.beat import CLEARNESS, ESTIMATORS, hear, judge
from audiogen.lab.evaluate.bootstrap import Estimate, estimate, share

ASKED = (60, 90, 120, 150)
SETTINGS = {f"{bpm} bpm": [f"piano at {bpm} bpm"] for bpm in ASKED}
ENOUGH = 0.8  # of the pieces, by each of the estimators that the goal names
JUDGES = ("librosa tempo", "librosa beats", "comb")
CLEAR = ("pulse", "on beat")  # filled is near 1 for anything that a tracker has tracked


def measure(made: Sequence[Made], real: Sequence[Excerpt], seconds: float) -> list[Section]:
    """Two sections, tempo and beat, with real scores at their own tempo last."""
    heard, clear, every = [], [], []
    for name, bpm in zip(SETTINGS, ASKED, strict=True):
        found = [hear(m.notes, seconds) for m in made if m.job.setting == name]
        every += found
        heard.append(_heard(name, found, [bpm] * len(found)))
        clear.append(_clear(name, found))
    ours = _clear("all", every)
    theirs = None
    if real:
        groups = [excerpt.piece.path for excerpt in real]
        found = [hear(excerpt.notes, seconds) for excerpt in real]
        heard.append(_heard("real scores", found, [e.beat or 0 for e in real], groups))
        theirs = _clear("real scores", found, groups)
        clear += [ours, theirs]
    note = (
        "Share of pieces whose heard tempo is the asked one within 8 %, or its half or double. Over the "
        "first three estimators: strict is the tempo itself, metre a triple or dotted relation. Real "
        "scores: held-out Mutopia titles at their own tempo."
    )
    shares = (*ESTIMATORS, "strict", "metre")
    obeyed = [_tempo_goal(row, bpm) for row, bpm in zip(heard, ASKED, strict=False)]
    as_clear = [_clear_goal(name, ours[name], theirs[name] if theirs else None) for name in CLEAR]
    words = (
        "Medians. pulse: highest peak of the autocorrelation of the onsets; on beat: share of their strength "
        "within 50 ms of the tracked beats; filled: share of these beats that have an onset."
    )
    return [Section("Tempo", heard, obeyed, note, shares), Section("Beat", clear, as_clear, words)]


def _heard(
    name: str, found: Sequence[dict], asked: Sequence[float], groups: Sequence[str] | None = None
) -> dict:
    row: dict = {"setting": name, "pieces": len(found)}
    every = []
    for estimator in ESTIMATORS:
        verdicts = [judge(f[estimator], bpm) for f, bpm in zip(found, asked, strict=True)]
        row[estimator] = share([v in ("strict", "octave") for v in verdicts], groups)
        every += verdicts if estimator in JUDGES else []
    return row | {k: float(np.mean([v == k for v in every])) for k in ("strict", "metre") if every}


def _clear(name: str, found: Sequence[dict], groups: Sequence[str] | None = None) -> dict:
    row: dict = {"setting": name, "pieces": len(found)}
    return row | {k: estimate([f[k] for f in found], np.median, groups) for k in CLEARNESS}


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
