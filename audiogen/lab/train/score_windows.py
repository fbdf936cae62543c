"""Training windows of the score model: balanced excerpts, augmented, with their attributes, packed.

A row holds several windows one behind the other, each seeing only itself, so that calm passages of
forty events and dense ones of two hundred share a batch without padding.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiogen.artifacts import PERIODS
from audiogen.media import files
from audiogen.structure.score.attributes import codes, measure
from audiogen.structure.score.events import (
    ATTRIBUTES,
    FREE,
    METRICAL,
    NOTE,
    OFFSETS,
    TICKS,
    Events,
    encode,
)

HOP_S = 5.0  # candidate windows begin this far apart
BALANCE = 0.7  # 0 leaves densities and loudnesses as they are, 1 makes all equally frequent
KIND = list(ATTRIBUTES).index("kind")


@dataclass(frozen=True)
class WindowSettings:
    """How windows are drawn.

    Attributes:
        context: events of a row.
        shortest_s, longest_s: lengths of windows.
        metrical_share: share of windows from scores.
        ending_share: share of windows that hold the end of a piece; beginning_share likewise.
        transpose: semitones up or down; stretch: time factor of performances, up or down.
        attribute_dropout: chance of each attribute to be unknown; all_dropout: of all at once.
    """

    context: int = 256
    shortest_s: float = 6.0
    longest_s: float = 40.0
    metrical_share: float = 0.4
    ending_share: float = 0.25
    beginning_share: float = 0.1
    transpose: int = 6
    stretch: float = 1.18
    attribute_dropout: float = 0.25
    all_dropout: float = 0.08


class ScoreCorpus:
    """The packed corpus of one split, and where its windows begin."""

    def __init__(self, file: Path, settings: WindowSettings) -> None:
        self.settings = settings
        self.arrays = files.read_npz(file, most_bytes=1 << 40)
        self.first = self.arrays["first"]
        self.kind = self.arrays["kind"].astype(int)
        self.starts: dict[int, np.ndarray] = {}
        self.weights: dict[int, np.ndarray] = {}
        for kind in (FREE, METRICAL):
            self._find_windows(kind)

    def draw(
        self, rng: np.random.Generator, augment: bool = True, room: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """One window: inputs int64 [N, K] with offsets, targets int64 [N, 5]; N at most `room`."""
        room = room or self.settings.context
        s = self.settings
        while True:
            kind = METRICAL if rng.random() < s.metrical_share and len(self.starts[METRICAL]) else FREE
            if not len(self.starts[kind]):
                kind = 1 - kind
            seconds = float(np.exp(rng.uniform(np.log(s.shortest_s), np.log(s.longest_s))))
            events = self._excerpt(kind, seconds, rng, augment, room)
            if events is not None and (events.type == NOTE).sum() >= 4:
                return self._finish(events, rng, augment)

    def row(self, rng: np.random.Generator, augment: bool = True) -> dict[str, np.ndarray]:
        """Windows packed to `context` events: inputs, targets, positions and window number (-1: empty)."""
        size = self.settings.context
        inputs = np.zeros((size, len(OFFSETS)), np.int64)
        targets = np.full((size, 5), -1, np.int64)
        positions, owner = np.zeros(size, np.int64), np.full(size, -1, np.int64)
        at = number = 0
        while size - at > 24:
            given, wanted = self.draw(rng, augment, size - at)
            n = len(given)
            inputs[at : at + n], targets[at : at + n] = given, wanted
            positions[at : at + n], owner[at : at + n] = np.arange(n), number
            at, number = at + n, number + 1
        return {"inputs": inputs, "targets": targets, "positions": positions, "owner": owner}

    def _excerpt(
        self, kind: int, seconds: float, rng: np.random.Generator, augment: bool, room: int
    ) -> Events | None:
        s, draw = self.settings, rng.random()
        if draw < s.ending_share + s.beginning_share:
            pieces = np.flatnonzero(self.kind == kind)
            piece = int(rng.choice(pieces))
        ending = draw < s.ending_share
        stretch = s.stretch ** rng.uniform(-1, 1) if augment else 1.0
        if not ending and draw >= s.ending_share + s.beginning_share:
            chosen = rng.choice(len(self.starts[kind]), p=self.weights[kind])
            piece, start = self.starts[kind][chosen]
            piece = int(piece)
        events = slice(self.first[piece], self.first[piece + 1])
        time = self.arrays["time"][events]
        end = float(self.arrays["end"][piece])
        unit = 1.0 if kind == FREE else TICKS * float(self.arrays["bpm"][events][0]) / 60
        length = seconds * unit / stretch
        if ending:  # a dense one begins later, so that its end fits
            start = max(0.0, end - length, float(time[max(0, len(time) + 2 - room)]))
        elif draw < s.ending_share + s.beginning_share:
            start = 0.0
        elif augment:
            start += rng.uniform(0, HOP_S * unit)
        if kind == METRICAL:
            start = self._bar_line(events, time, start)
        return self._cut(
            piece, start, length if not ending else end - start, end, stretch, rng, augment, room
        )

    def _cut(
        self,
        piece: int,
        start: float,
        length: float,
        end: float,
        stretch: float,
        rng: np.random.Generator,
        augment: bool,
        room: int,
    ) -> Events | None:
        a, base = self.arrays, int(self.first[piece])
        time = a["time"][base : self.first[piece + 1]]
        low, high = (int(i) for i in np.searchsorted(time, [start - 1e-4, start + length]))
        high = min(high, low + room - 1)
        part = slice(base + low, base + high)
        if high - low < 4:
            return None
        kind = int(self.kind[piece])
        holds_end = high == len(time) and end <= start + length + 1e-3
        if kind == METRICAL:
            bpm, stretch = float(a["bpm"][part][0]) / stretch, 1.0
        else:
            bpm = 60.0
        pitch = a["pitch"][part].astype(np.int64)
        notes = a["type"][part] == NOTE
        if augment and notes.any():
            wanted = int(rng.integers(-self.settings.transpose, self.settings.transpose + 1))
            steps = np.clip(wanted, 21 - pitch[notes].min(), 108 - pitch[notes].max())
            pitch = np.where(notes, pitch + steps, 0)
        velocity = a["velocity"][part].astype(float)
        if augment:
            velocity = np.clip(velocity + rng.normal(0, 5), 1, 127)
        metre = tuple(int(v) for v in a["metre"][piece])
        return Events(
            kind=kind,
            type=a["type"][part].astype(np.int64),
            time=np.maximum(a["time"][part].astype(float) - start, 0) * stretch,
            pitch=pitch,
            velocity=velocity,
            duration=a["duration"][part].astype(float) * stretch,
            bar_phase=a["bar_phase"][part].astype(float),
            bar=a["bar"][part].astype(np.int64),
            bpm=bpm,
            metre=metre if metre[0] else None,  # type: ignore[arg-type]
            end=(end - start) * stretch if holds_end else None,
            remaining_end=(end - start) * stretch,
            has_velocity=not a["fixed"][piece],
            place=1 if low == 0 else 2,
            period=PERIODS[number - 1] if (number := int(a["period"][piece])) else None,
        )

    def _finish(
        self, events: Events, rng: np.random.Generator, augment: bool
    ) -> tuple[np.ndarray, np.ndarray]:
        span = events.end if events.end is not None else float(events.time[-1])
        known = codes(measure(events, max(span * events.unit_s, 0.5)))
        if augment:
            keep = rng.random(len(known)) >= self.settings.attribute_dropout
            if rng.random() < self.settings.all_dropout:
                keep[:] = False
            keep[KIND] = True
            known = np.where(keep, known, 0)
        inputs, targets = encode(events)
        if augment and rng.random() < 0.1:
            inputs[:, 5] = 0  # the time left is not always told
        whole = np.concatenate([inputs, np.broadcast_to(known, (len(inputs), len(known)))], 1)
        return whole + OFFSETS, targets

    def _bar_line(self, events: slice, time: np.ndarray, start: float) -> float:
        """The bar line at or before the first event from `start` on."""
        at = min(int(np.searchsorted(time, start)), len(time) - 1)
        return float(time[at] - self.arrays["bar_phase"][events][at])

    def _find_windows(self, kind: int) -> None:
        """Candidate starts of a kind, weighted to flatten density and loudness."""
        found, cells = [], []
        a = self.arrays
        for piece in np.flatnonzero(self.kind == kind):
            part = slice(self.first[piece], self.first[piece + 1])
            notes = a["type"][part] == NOTE
            time, velocity = a["time"][part][notes], a["velocity"][part][notes]
            unit = 1.0 if kind == FREE else TICKS * float(a["bpm"][part][0]) / 60
            for start in np.arange(0, max(1.0, time[-1] - 8 * unit), HOP_S * unit):
                low, high = np.searchsorted(time, [start, start + 12 * unit])
                if high - low < 4:
                    continue
                found.append((float(piece), float(start)))
                dense = int(np.clip(np.log2((high - low) / 12) * 2, -2, 9))
                loud = -1 if a["fixed"][piece] else int(velocity[low:high].mean() // 12)
                cells.append((dense, loud))
        self.starts[kind] = np.array(found).reshape(-1, 2)
        if found:
            _, inverse, counts = np.unique(np.array(cells), axis=0, return_inverse=True, return_counts=True)
            weights = counts[inverse.reshape(-1)] ** -BALANCE
            self.weights[kind] = weights / weights.sum()
