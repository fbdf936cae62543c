"""Excerpts of pieces that training never saw: what a measured figure is put beside.

They come from the raw MIDI corpus (`audiogen.lab.data.piano_midi`), splits valid and test.
"""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiogen.artifacts import Notes
from audiogen.errors import InvalidRequest
from audiogen.lab.data.piano_midi import Piece, read_corpus

SPLITS = ("valid", "test")
LEAST_NOTES = 12  # in an excerpt


@dataclass(frozen=True, eq=False)
class Excerpt:
    """A window of a piece; times count from its start. `beat`: beats a minute where the score says it."""

    piece: Piece
    notes: Notes
    start_s: float
    beat: float | None = None


def corpus(source: Path) -> Path:
    """The folder `piano-midi`, given itself or the folder that holds it."""
    for folder in (source / "piano-midi", source):
        if (folder / "manifest.csv").is_file():
            return folder
    raise InvalidRequest(f"No piano-midi/manifest.csv under {source}; give the folder that holds piano-midi.")


def pieces(source: Path, splits: Sequence[str] = SPLITS) -> list[Piece]:
    """Every held-out piece, of the Welte red rolls too where they are there."""
    folder = corpus(source)
    return list(read_corpus(folder, tuple(splits), welte_red=(folder / "welte-red").is_dir()))


def excerpts(piece: Piece, seconds: float, count: int) -> list[Excerpt]:
    """At most `count` windows, evenly spread from the first note to the last; sparse ones are left out."""
    first, last = float(piece.notes.onset_s.min()), float(piece.notes.onset_s.max())
    room = last - first - seconds
    if room < 0:
        return []
    starts = first + np.linspace(0, room, count) if room > seconds else np.array([first])
    cut = [(float(s), piece.notes.window(float(s), float(s) + seconds)) for s in starts]
    return [Excerpt(piece, notes, s) for s, notes in cut if len(notes) >= LEAST_NOTES]


def in_time(source: Path, held_out: Sequence[Piece], seconds: float, count: int) -> list[Excerpt]:
    """Windows of scores in which neither tempo nor metre changes, with their beat.

    The beat is the quarter, or the dotted quarter in 3/8, 6/8, 9/8 and 12/8.
    """
    clocks = _clocks(corpus(source), {piece.path for piece in held_out if piece.metrical})
    found = []
    for piece in held_out:
        if not piece.metrical:
            continue
        for excerpt in excerpts(piece, seconds, count):
            beats = clocks[piece.path].beats(excerpt.start_s, excerpt.start_s + seconds)
            if len(beats) == 1:
                found.append(Excerpt(piece, excerpt.notes, excerpt.start_s, beats.pop()))
    return found


@dataclass(frozen=True)
class _Clock:
    """Tempo and metre changes of a score: (s, quarters a minute) and (s, numerator, denominator)."""

    tempi: list[tuple[float, float]]
    metres: list[tuple[float, int, int]]

    def beats(self, start_s: float, stop_s: float) -> set[float]:
        """Beats a minute that occur in a window."""
        return {
            round(quarters / 1.5 if bottom == 8 and top % 3 == 0 else quarters, 2)
            for _, quarters in _inside(self.tempi, start_s, stop_s)
            for _, top, bottom in _inside(self.metres, start_s, stop_s)
        }


def _inside(changes: list, start_s: float, stop_s: float) -> list:
    """The change in force at the start, and those inside."""
    before = [c for c in changes if c[0] <= start_s + 1e-3] or changes[:1]
    return before[-1:] + [c for c in changes if start_s + 1e-3 < c[0] < stop_s - 1e-3]


def _clocks(folder: Path, paths: set[str]) -> dict[str, _Clock]:
    from symusic import Score

    with open(folder / "manifest.csv", encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["path"] in paths]
    found = {}
    for row in rows:
        with zipfile.ZipFile(folder / row["archive"]) as packed:
            score = Score.from_midi(packed.read(row["path"])).to("second")
        tempi = sorted((t.time, t.qpm) for t in score.tempos) or [(0.0, 120.0)]
        metres = sorted((m.time, m.numerator, m.denominator) for m in score.time_signatures)
        found[row["path"]] = _Clock(tempi, metres or [(0.0, 4, 4)])
    return found
