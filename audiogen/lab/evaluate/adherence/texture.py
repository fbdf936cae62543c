"""What the piano part looks like: voices, hands, leaps, repeated keys, beside real excerpts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audiogen.artifacts import Notes
from audiogen.lab.evaluate.adherence.held_out import Excerpt
from audiogen.lab.evaluate.adherence.pieces import PLAIN, Made
from audiogen.lab.evaluate.adherence.report import Goal, Section
from audiogen.lab.evaluate.bootstrap import estimate
from audiogen.lab.evaluate.runs import chords

MIDDLE_C = 60
STEP_S = 0.05  # how finely sounding keys are counted
HANDS_S = 2.0  # both hands: keys under and over middle C, 8 semitones apart, within so much time
APART = 8
TWO, STANDS = 2, 95
ECHO_S, ECHO_NEAR_S = (0.4, 5.0), 0.05


def measure(made: Sequence[Made], real: Sequence[Excerpt]) -> list[Section]:
    """Medians of our pieces, and of real excerpts with one value per excerpt, drawn by piece."""
    rows, stands = [], {}
    for name in PLAIN:
        some = [texture(m.notes) for m in made if m.job.setting == name and len(m.notes) > 4]
        stands[name] = [f["still"] for f in some]
        rows.append(_row(name, some))
    for name, metrical in (("real performances", False), ("real scores", True)):
        chosen = [e for e in real if e.piece.metrical == metrical]
        if chosen:
            groups = [e.piece.path for e in chosen]
            some = [texture(e.notes) for e in chosen]
            stands.setdefault("real", []).extend(f["still"] for f in some)
            rows.append(_row(name, some, groups))
    note = (
        "Medians. chord: notes an onset; single: share of onsets with one note; one voice: share of the "
        "sounding time with one key held; both hands: share of 2-second windows with keys on both sides of "
        "middle C, 8 semitones apart; left: share of notes under middle C; leap: mean step of the top line, "
        "semitones; steps: share of its moves that are of one or two; again: top notes that repeat the one "
        "before; still: longest stretch on two pitch classes, s; rest: longest gap between onsets, s; "
        "values: distinct gaps between onsets, as a share of all (sixteenths of an octave); echo: the best "
        "share of notes whose key is struck again after one and the same time of 0.4 to 5 s."
    )
    goals = []
    if "real" in stands:
        limit = float(np.percentile(stands["real"], STANDS))
        for name in PLAIN:
            if stands[name]:
                long = float(np.percentile(stands[name], STANDS))
                claim = f"harmony stands still no longer than in real music, {STANDS}th percentile ({name})"
                goals.append(Goal(claim, long <= limit, f"{long:.3g} s; real {limit:.3g} s"))
    return [Section("Texture", rows, goals, note)]


def texture(notes: Notes) -> dict[str, float]:
    """Figures of one piece; see `measure`."""
    which = chords(notes.onset_s)
    count = np.bincount(which)
    at = np.array([notes.onset_s[which == k][0] for k in range(len(count))])
    top = np.array([notes.pitch[which == k].max() for k in range(len(count))])
    line = np.diff(top)
    gaps = np.diff(at)
    fine = np.unique(np.round(16 * np.log2(gaps)))
    return {
        "density": len(notes) / max(float(notes.onset_s.max() - notes.onset_s.min()), 1.0),
        "chord": float(count.mean()),
        "single": float((count == 1).mean()),
        "one voice": one_voice(notes),
        "both hands": both_hands(notes),
        "left": float((notes.pitch < MIDDLE_C).mean()),
        "range": float(np.percentile(notes.pitch, 95) - np.percentile(notes.pitch, 5)),
        "leap": float(np.abs(line).mean()) if len(line) else np.nan,
        "steps": float((np.abs(line[line != 0]) <= 2).mean()) if line.any() else np.nan,
        "again": float((line == 0).mean()) if len(line) else np.nan,
        "still": still(notes),
        "rest": float(gaps.max()) if len(gaps) else np.nan,
        "values": len(fine) / len(gaps) if len(gaps) else np.nan,
        "echo": echo(notes),
    }


def still(notes: Notes) -> float:
    """The longest stretch in which only two pitch classes are struck, s."""
    longest, first = 0.0, 0
    classes = notes.pitch % 12
    for last in range(len(notes)):
        while len(set(classes[first : last + 1].tolist())) > TWO:
            first += 1
        longest = max(longest, float(notes.onset_s[min(last + 1, len(notes) - 1)] - notes.onset_s[first]))
    return longest


def one_voice(notes: Notes) -> float:
    """Share of the time with a key held in which it is the only one, 0..1."""
    times = np.arange(notes.onset_s.min(), notes.offset_s.max(), STEP_S) + STEP_S / 2
    held = ((notes.onset_s[None] <= times[:, None]) & (notes.offset_s[None] > times[:, None])).sum(1)
    return float((held[held > 0] == 1).mean()) if (held > 0).any() else np.nan


def both_hands(notes: Notes) -> float:
    """Share of windows of `HANDS_S` in which something is struck on both sides of middle C."""
    starts = np.arange(notes.onset_s.min(), notes.onset_s.max() - HANDS_S / 2, HANDS_S)
    windows = [notes.pitch[(notes.onset_s >= s) & (notes.onset_s < s + HANDS_S)] for s in starts]
    struck = [w for w in windows if len(w)]
    two = [w.min() < MIDDLE_C <= w.max() and w.max() - w.min() >= APART for w in struck]
    return float(np.mean(two)) if two else np.nan


def echo(notes: Notes) -> float:
    """How far a pattern returns: over lags of 0.4 to 5 s, the best share of notes struck again, 0..1.

    Only notes that have the lag before them are counted, and at least a third of all.
    """
    count = len(notes)
    one, other = np.nonzero(notes.pitch[:, None] == notes.pitch[None])
    apart = notes.onset_s[other] - notes.onset_s[one]
    apart = apart[(apart > ECHO_S[0] - ECHO_NEAR_S) & (apart < ECHO_S[1] + ECHO_NEAR_S)]
    lags = np.arange(ECHO_S[0], ECHO_S[1], ECHO_NEAR_S / 2)
    ordered = np.sort(apart)
    near = np.searchsorted(ordered, [lags - ECHO_NEAR_S, lags + ECHO_NEAR_S])
    early = np.searchsorted(notes.onset_s, notes.onset_s.max() - lags, side="right")
    return float(((near[1] - near[0]) / np.maximum(early, count / 3)).max())


def _row(name: str, found: Sequence[dict], groups: Sequence[str] | None = None) -> dict:
    row: dict = {"setting": name, "pieces": len(found)}
    names = found[0] if found else {}
    return row | {k: estimate([f[k] for f in found], np.median, groups) for k in names}
