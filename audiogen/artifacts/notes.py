"""A piano part in seconds."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from audiogen.artifacts.checks import check_array, check_metre, check_tempo
from audiogen.errors import InvalidRequest

LOWEST, HIGHEST = 21, 108  # keys of a piano, MIDI numbers


@dataclass(frozen=True, eq=False)
class Notes:
    """A piano part in seconds.

    Attributes:
        pitch: int64 [N], MIDI 21..108.
        onset_s, offset_s: float64 [N]; offset > onset; sorted by onset. Key release, not damping.
        velocity: float64 [N], 1..127.
        pedal: float64 [P, 2]: time s and 1.0 down / 0.0 up, in order.
        tempo, metre, key: where known (BPM, (3, 4), "D minor").
    Raises:
        InvalidRequest: no piano can play this.
    """

    pitch: np.ndarray
    onset_s: np.ndarray
    offset_s: np.ndarray
    velocity: np.ndarray
    pedal: np.ndarray = field(default_factory=lambda: np.zeros((0, 2)))
    tempo: float | None = None
    metre: tuple[int, int] | None = None
    key: str | None = None

    def __post_init__(self) -> None:
        check_array("Pitches are", self.pitch, "notes")
        for name in ("onset_s", "offset_s", "velocity"):
            check_array(f"{name} is", getattr(self, name), len(self.pitch))
        check_array("Pedal is rows of (time s, down)", self.pedal, "changes", 2)
        check_tempo(self.tempo)
        check_metre(self.metre)
        if self.key is not None and not isinstance(self.key, str):
            raise InvalidRequest(f'A key is a name such as "D minor", not {str(self.key)[:40]}.')
        wrong = (self.pitch < LOWEST) | (self.pitch > HIGHEST) | (self.offset_s <= self.onset_s)
        wrong |= (self.velocity < 1) | (self.velocity > 127)
        if wrong.any():
            raise InvalidRequest(
                f"{wrong.sum()} notes cannot be played; pitch is {LOWEST}..{HIGHEST}, velocity 1..127, and a "
                f"note ends after it begins. The first: {self.rows()[wrong][0].tolist()}."
            )

    def __len__(self) -> int:
        return len(self.pitch)

    @classmethod
    def from_rows(cls, rows: np.ndarray, pedal: np.ndarray | None = None, **known: Any) -> Notes:
        """From [N, 4] rows of (pitch, onset s, offset s, velocity), in any order.

        Raises:
            InvalidRequest: they are not rows of four finite numbers, or no piano can play them.
        """
        rows = np.asarray(rows)
        rows = rows.reshape(-1, 4) if not rows.size else rows
        check_array("Notes are rows of (pitch, onset s, offset s, velocity)", rows, "notes", 4)
        rows = rows.astype(np.float64)
        rows = rows[np.lexsort((rows[:, 0], rows[:, 1]))]
        return cls(
            rows[:, 0].astype(np.int64),
            rows[:, 1].copy(),
            rows[:, 2].copy(),
            rows[:, 3].copy(),
            np.zeros((0, 2)) if pedal is None or not np.size(pedal) else np.asarray(pedal),
            **known,
        )

    def rows(self) -> np.ndarray:
        """[N, 4] rows of (pitch, onset s, offset s, velocity)."""
        return np.stack([self.pitch, self.onset_s, self.offset_s, self.velocity], 1).astype(float)

    def damped_s(self) -> np.ndarray:
        """When each string is damped, s, [N]: key released and pedal up (inf: never)."""
        damped = self.offset_s.copy()
        downs, ups = _pedal_spans(self.pedal)
        for down, up in zip(downs, ups, strict=True):
            held = (damped >= down) & (damped < up)
            damped[held] = up
        return damped

    def end_s(self) -> float:
        """When the last string is damped, s (its key release where the pedal never comes up)."""
        damped = self.damped_s()
        return float(np.where(np.isfinite(damped), damped, self.offset_s).max(initial=0.0))

    def window(self, start_s: float, stop_s: float, before_s: float = 0.0) -> Notes:
        """Notes with onset in [start - before, stop), times counted from `start_s`."""
        keep = (self.onset_s >= start_s - before_s) & (self.onset_s < stop_s)
        rows = self.rows()[keep]
        rows[:, 1:3] -= start_s
        earlier = self.pedal[self.pedal[:, 0] < start_s - before_s]
        inside = self.pedal[(self.pedal[:, 0] >= start_s - before_s) & (self.pedal[:, 0] < stop_s)].copy()
        if len(earlier) and earlier[-1, 1]:
            inside = np.concatenate([[[start_s - before_s, 1.0]], inside])
        inside[:, 0] -= start_s
        return Notes.from_rows(rows, inside, tempo=self.tempo, metre=self.metre, key=self.key)


def _pedal_spans(pedal: np.ndarray) -> tuple[list[float], list[float]]:
    downs: list[float] = []
    ups: list[float] = []
    for time, down in pedal:
        if down and len(downs) == len(ups):
            downs.append(float(time))
        elif not down and len(downs) > len(ups):
            ups.append(float(time))
    if len(downs) > len(ups):
        ups.append(float("inf"))
    return downs, ups
