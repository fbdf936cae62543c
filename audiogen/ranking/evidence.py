"""What can be known of a take, each thing found once and only if a check asks for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from audiogen.artifacts import Notes
from audiogen.request import Take

Ear = Callable[[np.ndarray], np.ndarray]  # audio float32 [2, T] at 44.1 kHz -> rows (pitch, onset s)

RATE = 44_100
WINDOW_S, MARGIN_S = 60.0, 1.0  # long sounds are heard in windows with a margin on both sides


@dataclass(eq=False)
class Evidence:
    """A take and its witnesses.

    Attributes:
        take: what is judged.
        ear: the transcriber, or None: nothing can be heard.
    """

    take: Take
    ear: Ear | None = None

    @property
    def seconds(self) -> float:
        return self.take.conditioning.seconds

    @property
    def played(self) -> Notes | None:
        """The notes of the structure, or None where it has none."""
        structure = self.take.structure
        notes = None if structure is None else structure.notes
        return notes if notes is not None and len(notes) else None

    @cached_property
    def heard(self) -> np.ndarray | None:
        """Rows (pitch, onset s) that the ear hears in the sound, float64 [N, 2]; None without either."""
        wave = self.take.waveform
        if wave is None or self.ear is None:
            return None
        samples = wave.samples
        if wave.sample_rate != RATE:
            import soxr

            samples = soxr.resample(samples.T, wave.sample_rate, RATE).T
        return in_windows(self.ear, np.asarray(samples, np.float32))

    @cached_property
    def notes(self) -> Notes | None:
        """The notes as played, else as heard (velocity and key release are then guesses), else None."""
        if self.played is not None:
            return self.played
        if self.heard is None or not len(self.heard):
            return None
        pitch, onset = self.heard.T
        rows = np.stack([pitch, onset, onset + 0.3, np.full(len(pitch), 64.0)], 1)
        return Notes.from_rows(rows)


def in_windows(ear: Ear, samples: np.ndarray) -> np.ndarray:
    """What `ear` hears in a sound of any length, in bounded memory: rows (pitch, onset s), [N, 2]."""
    total = samples.shape[1] / RATE
    found = []
    start = 0.0
    while start < total:
        stop = start + WINDOW_S
        first = max(0.0, start - MARGIN_S)
        part = samples[:, round(first * RATE) : round((stop + MARGIN_S) * RATE)]
        rows = ear(np.ascontiguousarray(part)) + np.array([0.0, first])
        found.append(rows[(rows[:, 1] >= start) & (rows[:, 1] < stop)])
        start = stop
    return np.concatenate(found) if found else np.zeros((0, 2))
