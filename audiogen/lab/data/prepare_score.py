"""Packs the piano MIDI corpus for the score model: one .npz of event arrays, by split.

Performances keep their seconds. Scores are read in ticks (24 to the quarter) with their bar lines, so
that the model learns metrical time; their printed dynamics, which LilyPond writes as velocities of
62 (pp) to 117 (ff), are spread as in `Conditioning.loudness`.
"""

from __future__ import annotations

import csv
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tqdm import tqdm

from audiogen.artifacts import PERIODS
from audiogen.lab.data.piano_credits import write_credits
from audiogen.lab.data.piano_midi import Piece, read_corpus
from audiogen.media import files
from audiogen.structure.score.events import DOWN, NOTE, TICKS, UP

LILYPOND = (40.0, 62.0, 70.0, 78.0, 88.0, 101.0, 117.0, 127.0)
SPREAD = (20.0, 35.0, 48.0, 56.0, 66.0, 82.0, 102.0, 115.0)
RING_S = (1.0, 3.5)  # after its last onset a piece rings at least and at most this long
AFTER_S = 0.3  # and this is left after the last damping
UNTOLD_BPM = 60.0  # what LilyPond writes where the score names no tempo
TYPICAL_BPM = 90.0  # at this such scores are as dense as those that name one (notes/s, medians)
CLEARLY = 1.25  # bar lines are moved where the accents are this much stronger
# Beginnings of composers' names as the manifests write them ("Bach, Johann Sebastian", "BachJS").
COMPOSERS: dict[str, tuple[str, ...]] = {
    "classical": (
        "bachcpe",
        "beethoven",
        "mozart",
        "haydn",
        "clementi",
        "kuhlau",
        "wanhal",
        "pleyel",
        "benda",
        "andrej",
        "muellerae",
        "dussek",
        "diabelli",
        "yaniewicz",
    ),
    "baroque": (
        "bach",
        "handel",
        "scarlatti",
        "froberger",
        "jkuhnau",
        "fischer",
        "couperin",
        "purcell",
        "rameau",
    ),
    "impressionist": ("debussy", "ravel", "satie", "scriabin", "stanchinsky", "respighi"),
    "ragtime": ("joplin", "turpin", "hunterc", "browncj", "scottj", "lamb"),
    "romantic": (
        "chopin",
        "schumann",
        "schubert",
        "mendelssohn",
        "brahms",
        "liszt",
        "tchaikovsky",
        "grieg",
        "raff",
        "rubinstein",
        "saintsaens",
        "saintsans",
        "rachmaninoff",
        "chaminade",
        "reger",
        "sinding",
        "schtt",
        "thalberg",
        "paderewski",
        "mussorgsky",
        "gottschalk",
        "macdowell",
        "leschetizky",
        "schulhoff",
        "dvo",
        "bruch",
        "burgmuller",
        "czerny",
        "weber",
        "henselt",
        "alkan",
        "heller",
        "glazunov",
        "wagner",
        "strauss",
        "gounod",
        "massenet",
        "bizet",
        "delibes",
        "sgambati",
        "grnfeld",
        "niemann",
        "albert",
        "ascher",
        "poldini",
        "lange",
        "pejacsevich",
        "busoni",
        "waldteufel",
        "offenbach",
    ),
}


@dataclass(frozen=True)
class PianoScoreData:
    """Settings of `audiogen data` for the score model.

    Attributes:
        welte_red: use the Welte red rolls (MIT), the largest expressive set.
        least_notes: shorter pieces are left out.
    """

    welte_red: bool = True
    least_notes: int = 24


def prepare(source: Path, out: Path, settings: PianoScoreData) -> None:
    """Write `out/train.npz` and `out/valid.npz` from `source/piano-midi`.

    Arrays of a split: per event `type`, `pitch`, `velocity` uint8, `time`, `duration` float32 (seconds,
    or ticks), `bar_phase` uint16 (ticks since the bar line), `bar` uint16 (its number), `bpm` float32;
    per piece `first` int64 [P + 1], `kind`, `fixed` uint8, `end` float32 (time when it has rung out),
    `metre` uint8 [P, 2], `period` uint8 (0 unknown, else 1 + the index in `PERIODS`).
    """
    out.mkdir(parents=True, exist_ok=True)
    write_credits(out / "credits.csv", source)
    corpus = source / "piano-midi"
    scores = _raw_scores(corpus)
    for split in ("train", "valid"):
        pieces = tqdm(read_corpus(corpus, (split,), settings.welte_red), desc=split, unit="piece")
        rows = [
            (metrical_rows(piece, scores[piece.path]) if piece.metrical else free_rows(piece))
            | {"period": np.array(period_code(piece.composer), np.uint8)}
            for piece in pieces
            if len(piece.notes) >= settings.least_notes
        ]
        files.write_npz(out / f"{split}.npz", pack(rows), force=True)


def pack(rows: list[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """One array per name; `first` says where each piece begins."""
    counts = [len(row["type"]) for row in rows]
    per_event = ("type", "pitch", "velocity", "time", "duration", "bar_phase", "bar", "bpm")
    per_piece = ("kind", "fixed", "end", "metre", "period")
    arrays = {name: np.concatenate([row[name] for row in rows]) for name in per_event}
    arrays |= {name: np.stack([row[name] for row in rows]) for name in per_piece}
    return arrays | {"first": np.concatenate([[0], np.cumsum(counts)])}


def free_rows(piece: Piece) -> dict[str, np.ndarray]:
    """Events of a performance, in seconds."""
    notes = piece.notes
    rows = _sorted_events(notes.rows(), notes.pedal)
    last = float(notes.onset_s.max())
    end = float(np.clip(notes.end_s(), last + RING_S[0], last + RING_S[1])) + AFTER_S
    return _columns(rows, piece.fixed_velocity, 0, end, None)


def metrical_rows(piece: Piece, raw: bytes) -> dict[str, np.ndarray]:
    """Events of a score, in ticks, with place in the bar and local tempo."""
    from symusic import Score

    score = Score.from_midi(raw)
    scale = TICKS / score.ticks_per_quarter
    notes = np.array(
        [(n.pitch, n.time, n.time + n.duration, n.velocity) for t in score.tracks for n in t.notes], float
    )
    notes[:, 1:3] *= scale
    notes[:, 3] = np.interp(notes[:, 3], LILYPOND, SPREAD)
    notes = notes[(notes[:, 0] >= 21) & (notes[:, 0] <= 108) & (notes[:, 2] > notes[:, 1])]
    rows = _sorted_events(_without_doubles(notes), np.zeros((0, 2)))
    tempo = sorted((t.time * scale, t.qpm) for t in score.tempos) or [(0.0, UNTOLD_BPM)]
    metre = sorted((t.time * scale, t.numerator, t.denominator) for t in score.time_signatures)
    metre = metre or [(0.0, 4, 4)]
    time = rows[:, 1]
    bpm = np.array(tempo)[_latest(np.array([t for t, _ in tempo]), time), 1]
    if bpm[0] == UNTOLD_BPM:
        bpm = bpm * (TYPICAL_BPM / UNTOLD_BPM)
    phase, bar = bars(rows, np.array(metre, float))
    last = time.max()
    second = bpm[-1] * TICKS / 60
    end = float(np.clip(rows[:, 2].max(), last + second, last + RING_S[1] * second) + AFTER_S * second)
    out = _columns(rows, piece.fixed_velocity, 1, end, metre[0][1:])
    where = {"bar_phase": np.round(phase).astype(np.uint16), "bar": bar.astype(np.uint16)}
    return out | where | {"bpm": bpm.astype(np.float32)}


def bars(rows: np.ndarray, metre: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ticks since the bar line, and number of the bar, of every event: two [N].

    LilyPond writes an upbeat as if it were the first beat, so that all bar lines of such a piece lie
    wrong. Bar lines are therefore moved to where the long and low notes are struck, if that is clear.

    Args:
        rows: [N, 5] of `_sorted_events`, in ticks; metre: [M, 3] ticks, numerator, denominator.
    """
    time = rows[:, 1]
    latest = _latest(metre[:, 0], time)
    lengths = 4 * TICKS * metre[:, 1] / metre[:, 2]
    first = lengths[latest[0]]
    candidates = np.arange(0, first, TICKS / 2)
    inside = latest == latest[0]
    weight = np.minimum((rows[:, 2] - time) / TICKS, 4) * (1 + np.clip((60 - rows[:, 0]) / 12, 0, 2))
    off = np.abs((time[None] - metre[latest[0], 0] - candidates[:, None] + 1) % first - 1) < 1
    accent = (off & inside) @ weight
    best = int(accent.argmax())
    upbeat = candidates[best] if accent[best] > CLEARLY * accent[0] else 0.0
    starts = metre[:, 0] + upbeat
    phase = np.mod(time - starts[latest], lengths[latest])
    before = np.concatenate([[0.0], np.cumsum(np.ceil(np.diff(metre[:, 0]) / lengths[:-1]))])
    number = before[latest] + np.floor((time - starts[latest]) / lengths[latest]) + 1
    return phase, np.maximum(number, 0)


def period_code(composer: str) -> int:
    """1 + index in `PERIODS`, or 0 where the name does not tell."""
    key = re.sub(r"[^a-z]", "", composer.lower())
    for period, names in COMPOSERS.items():
        if any(key.startswith(name) for name in names):
            return 1 + PERIODS.index(period)
    return 0


def _sorted_events(notes: np.ndarray, pedal: np.ndarray) -> np.ndarray:
    """[N, 5]: pitch, time, offset, velocity, type; at one time pedal up, then notes, then pedal down."""
    played = np.column_stack([notes, np.full(len(notes), NOTE)])
    moved = np.zeros((len(pedal), 5))
    if len(pedal):
        moved[:, 1] = moved[:, 2] = pedal[:, 0]
        moved[:, 4] = np.where(pedal[:, 1] > 0, DOWN, UP)
    rows = np.concatenate([played, moved])
    order = np.array([1, 2, 0])[rows[:, 4].astype(int)]
    return rows[np.lexsort((rows[:, 0], order, rows[:, 1]))]


def _columns(
    rows: np.ndarray, fixed: bool, kind: int, end: float, metre: tuple[int, int] | None
) -> dict[str, np.ndarray]:
    return {
        "type": rows[:, 4].astype(np.uint8),
        "pitch": rows[:, 0].astype(np.uint8),
        "velocity": np.clip(np.round(rows[:, 3]), 0, 127).astype(np.uint8),
        "time": rows[:, 1].astype(np.float32),
        "duration": (rows[:, 2] - rows[:, 1]).astype(np.float32),
        "bar_phase": np.zeros(len(rows), np.uint16),
        "bar": np.zeros(len(rows), np.uint16),
        "bpm": np.full(len(rows), 60, np.float32),
        "kind": np.array(kind, np.uint8),
        "fixed": np.array(fixed, np.uint8),
        "end": np.array(end, np.float32),
        "metre": np.array(metre or (0, 0), np.uint8),
    }


def _without_doubles(notes: np.ndarray) -> np.ndarray:
    """Two voices on one key at one time become one note, the longer."""
    notes = notes[np.lexsort((-notes[:, 2], notes[:, 0], np.round(notes[:, 1])))]
    again = (np.diff(np.round(notes[:, 1]), prepend=-1) == 0) & (np.diff(notes[:, 0], prepend=-1) == 0)
    return notes[~again]


def _latest(starts: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Index of the last start at or before each time (the first where there is none)."""
    return np.maximum(np.searchsorted(starts, time + 1e-6, side="right") - 1, 0)


def _raw_scores(corpus: Path) -> dict[str, bytes]:
    """Path -> MIDI bytes of every score in the main manifest."""
    with open(corpus / "manifest.csv", encoding="utf-8", newline="") as file:
        scores = [(row["archive"], row["path"]) for row in csv.DictReader(file) if row["kind"] == "score"]
    raw: dict[str, bytes] = {}
    for archive in sorted({archive for archive, _ in scores}):
        with zipfile.ZipFile(corpus / archive) as packed:
            raw |= {path: packed.read(path) for name, path in scores if name == archive}
    return raw
