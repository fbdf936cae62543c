"""The piano MIDI corpus: archives and manifests -> Notes, by split; and excerpts made for rendering.

Rolls (Welte) carry velocities 30..90, which are spread to a piano's 20..115. Pieces with one or two
velocities get a drawn, phrase-like dynamic, since a decoder must hear every velocity.
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiogen.artifacts import Notes
from audiogen.errors import InvalidRequest
from audiogen.lab.data.manifests import existing, read_manifest
from audiogen.media.midi import read_midi

COLUMNS = ("archive", "path", "split", "kind", "composer", "title", "composition", "licence", "velocities")

WELTE = (30.0, 90.0)
SPREAD = (20.0, 115.0)


@dataclass(frozen=True, eq=False)
class Piece:
    """One file of the corpus with its manifest row."""

    path: str
    split: str
    kind: str
    composer: str
    title: str
    composition: str
    licence: str
    fixed_velocity: bool
    metrical: bool
    notes: Notes


def read_corpus(source: Path, splits: tuple[str, ...], welte_red: bool = True) -> Iterator[Piece]:
    """Every readable piece of the asked splits under `source` (the folder `piano-midi`).

    Raises:
        InvalidRequest: a manifest or an archive is not there or damaged.
    """
    manifests = [source / "manifest.csv"]
    if welte_red:
        manifests.append(source / "welte-red" / "piano-rolls-welte-red.csv")
    for manifest in manifests:
        rows = [row for row in read_manifest(manifest, COLUMNS) if row["split"] in splits]
        for archive in sorted({row["archive"] for row in rows}):
            try:
                with zipfile.ZipFile(existing(manifest.parent / archive)) as pack:
                    files = [(row, pack.read(row["path"])) for row in rows if row["archive"] == archive]
            except (OSError, KeyError, zipfile.BadZipFile) as problem:
                raise InvalidRequest(f"Cannot read {manifest.parent / archive} ({problem}).") from problem
            for row, raw in files:
                yield _piece(row, raw)


def _piece(row: dict[str, str], raw: bytes) -> Piece:
    data = read_midi(raw)
    notes = data.notes.copy()
    roll = "roll" in row["path"] or row["kind"].startswith("roll")
    fixed = int(row["velocities"]) <= 2
    if roll and not fixed:
        notes[:, 3] = np.interp(notes[:, 3], WELTE, SPREAD)
    return Piece(
        path=row["path"],
        split=row["split"],
        kind=row["kind"],
        composer=row["composer"],
        title=row["title"],
        composition=row["composition"],
        licence=row["licence"],
        fixed_velocity=fixed,
        metrical=row["kind"] == "score",
        notes=Notes.from_rows(notes, data.pedal, tempo=data.tempo, metre=data.metre, key=data.key),
    )


def phrase_velocities(notes: Notes, rng: np.random.Generator) -> Notes:
    """Drawn dynamics for a piece that has none: a slow curve, melody louder, small deviations."""
    if not len(notes):
        return notes
    centre = rng.uniform(35, 95)
    knots = np.arange(0, notes.onset_s.max() + 6, 3.0)
    curve = np.interp(notes.onset_s, knots, rng.normal(centre, 9, len(knots)))
    lift = np.clip((notes.pitch - 60) * 0.25, -6, 8)
    velocity = curve + lift + rng.normal(0, 4, len(notes))
    rows = notes.rows()
    rows[:, 3] = np.clip(velocity, 8, 124)
    return Notes.from_rows(rows, notes.pedal, tempo=notes.tempo, metre=notes.metre, key=notes.key)


def random_notes(seconds: float, before_s: float, rng: np.random.Generator) -> Notes:
    """Notes that no composer wrote: every key, velocity, length and density, so nothing is unseen."""
    density = np.exp(rng.uniform(np.log(0.7), np.log(18)))
    span = seconds + before_s
    count = max(1, rng.poisson(density * span))
    centre, spread = rng.uniform(21, 109), rng.uniform(4, 30)
    pitch = np.clip(np.round(rng.normal(centre, spread, count)), 21, 108)
    wild = rng.random(count) < 0.3
    pitch[wild] = rng.integers(21, 109, wild.sum())
    onset = rng.uniform(-before_s, seconds, count)
    chords = rng.random(count) < rng.uniform(0, 0.6)
    onset[chords] = np.round(onset[chords] * 4) / 4 + rng.normal(0, 0.008, chords.sum())
    length = np.exp(rng.uniform(np.log(0.05), np.log(4), count))
    velocity = np.clip(rng.normal(rng.uniform(20, 110), rng.uniform(2, 22), count), 5, 127)
    rows = np.stack([pitch, onset, onset + length, velocity], 1)
    pedal = np.zeros((0, 2))
    if rng.random() < 0.5:
        times = np.sort(rng.uniform(-before_s, seconds, 2 * rng.integers(1, 12)))
        pedal = np.stack([times, np.arange(len(times)) % 2 == 0], 1).astype(float)
    return Notes.from_rows(_no_overlap(rows), pedal)


def _no_overlap(rows: np.ndarray) -> np.ndarray:
    """Cut a note that is still held when its key is struck again; drop double strikes within 30 ms."""
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    keep = np.ones(len(rows), bool)
    last = 0
    for i in range(1, len(rows)):
        if rows[i, 0] == rows[last, 0]:
            if rows[i, 1] - rows[last, 1] < 0.03:
                keep[i] = False
                continue
            rows[last, 2] = min(rows[last, 2], rows[i, 1] - 0.005)
        last = i
    return rows[keep]
