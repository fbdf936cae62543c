"""Does the model copy? The longest run of notes that a training piece holds, beside held-out pieces.

A run counts with its intervals and rhythm (`audiogen/lab/evaluate/runs.py`), in any key and at any tempo.
Held-out excerpts have the note counts of our pieces, since a longer piece finds a longer match.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from audiogen.artifacts import Notes
from audiogen.errors import InvalidRequest
from audiogen.lab.data.piano_midi import Piece
from audiogen.lab.evaluate.adherence.pieces import PLAIN, Made
from audiogen.lab.evaluate.adherence.report import Goal, Section
from audiogen.lab.evaluate.bootstrap import estimate
from audiogen.lab.evaluate.runs import CHORD_S, longest_matches, repeated, symbols
from audiogen.media import files
from audiogen.structure.score.events import NOTE

EXCERPTS = 6  # of a held-out piece
TOGETHER_TICKS = 0.5
LIMIT = 99  # percentile of the held-out matches


def measure(made: Sequence[Made], pieces: Sequence[Piece], data: Path | None) -> list[Section]:
    """Two sections: memory (with `data`, the prepared training pieces) and repetition within a piece."""
    ours = {
        name: [row(m.notes) for m in made if m.job.setting == name and len(m.notes) > 4] for name in PLAIN
    }
    counts = [len(r) + 1 for rows in ours.values() for r in rows]
    real = {
        "real performances": [row(n) for p in pieces if not p.metrical for n in excerpts(p, counts)],
        "real scores": [row(n) for p in pieces if p.metrical for n in excerpts(p, counts)],
    }
    sections = [_repetition(ours | real)]
    if data is not None:
        sections.insert(0, _memory(ours, real, training(data)))
    return sections


def row(notes: Notes) -> np.ndarray:
    """The symbols of a piece in seconds."""
    return symbols(notes.pitch, notes.onset_s, CHORD_S)


def excerpts(piece: Piece, counts: Sequence[int]) -> list[Notes]:
    """Up to `EXCERPTS` stretches of a piece, each as many notes as some generated piece has."""
    if not counts:
        return []
    rng = np.random.default_rng(len(piece.notes))
    found = []
    for count in rng.choice(counts, EXCERPTS):
        if count <= len(piece.notes):
            begin = int(rng.integers(0, len(piece.notes) - count + 1))
            found.append(Notes.from_rows(piece.notes.rows()[begin : begin + count]))
    return found


def training(data: Path) -> list[np.ndarray]:
    """The symbols of every training piece that `audiogen data` packed (seconds or ticks).

    Raises:
        InvalidRequest: no train.npz in `data`.
    """
    if not (data / "train.npz").is_file():
        raise InvalidRequest(f"No train.npz in {data}; give what `audiogen data` wrote for the score model.")
    packed = files.read_npz(data / "train.npz", most_bytes=1 << 40)
    spans = zip(packed["first"][:-1], packed["first"][1:], packed["kind"], strict=True)
    found = []
    for first, stop, kind in spans:
        notes = packed["type"][first:stop] == NOTE
        near = TOGETHER_TICKS if kind else CHORD_S
        found.append(symbols(packed["pitch"][first:stop][notes], packed["time"][first:stop][notes], near))
    return found


def _memory(ours: dict, real: dict, known: Sequence[np.ndarray]) -> Section:
    names = [name for name, rows in {**ours, **real}.items() for _ in rows]
    lengths = longest_matches([r for rows in (*ours.values(), *real.values()) for r in rows], known)
    by_name = {name: lengths[np.array(names) == name] for name in (*ours, *real)}
    everything = np.concatenate([by_name[name] for name in real])
    by_name["all real"] = everything
    limit = float(np.percentile(everything, LIMIT)) if len(everything) else np.nan
    rows, goals = [], []
    for name, found in by_name.items():
        if len(found):
            rows.append(_row(name, found, limit))
    for name in ours:
        if len(by_name[name]) and len(everything):
            longest = int(by_name[name].max())
            told = f"longest {longest} notes; the percentile is {limit:.3g}"
            goals.append(
                Goal(
                    f"no run longer than the {LIMIT}th percentile of real ones ({name})",
                    longest <= limit,
                    told,
                )
            )
    note = (
        "Notes in the longest run, intervals and rhythm, that the training pieces hold. Held-out pieces "
        "copy nothing; their long runs are scales, trills, tremolos and repeated chords."
    )
    return Section("Memory", rows, goals, note, ("above",))


def _row(name: str, found: np.ndarray, limit: float) -> dict:
    return {
        "setting": name,
        "pieces": len(found),
        "median": estimate(found),
        "90 %": float(np.percentile(found, 90)),
        f"{LIMIT} %": float(np.percentile(found, LIMIT)),
        "longest": int(found.max()),
        "above": float((found > limit).mean()),
    }


def _repetition(rows_of: dict) -> Section:
    rows = [
        {
            "setting": name,
            "pieces": len(some),
            "4 notes": estimate([repeated(r, 3) for r in some]),
            "8 notes": estimate([repeated(r, 7) for r in some]),
        }
        for name, some in rows_of.items()
        if some
    ]
    note = (
        "Medians of the share of runs (intervals and rhythm, in any key) that came before in the same piece."
    )
    return Section("Repetition within a piece", rows, [], note)
