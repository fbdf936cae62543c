"""A piano part as events, and back: the vocabulary of the score model, in numpy.

An event is (type, time shift, pitch, velocity, duration). Two kinds of time: `FREE` counts seconds
(10 ms steps up to 0.4 s, then 3.5 % steps), `METRICAL` counts ticks, 24 to the quarter, so that an
asked tempo holds by construction. Shift and duration codes of the two kinds lie one behind the other.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audiogen.artifacts import PERIODS
from audiogen.media.midi import PIANO_LOW as LOWEST

FREE, METRICAL = 0, 1
NOTE, DOWN, UP, END = 0, 1, 2, 3
TYPE, SHIFT, PITCH, VELOCITY, DURATION = range(5)

TICKS = 24  # per quarter: triplets and 32nds lie on it
PHRASE_BARS = 8  # bars are counted up to this: where phrases begin and close
N_SHIFT, N_PITCH, N_VELOCITY, N_DURATION = 128, 88, 32, 64
FIELDS = (4, 2 * N_SHIFT, N_PITCH, N_VELOCITY, 2 * N_DURATION)

SHIFTS = (
    np.concatenate([np.arange(41) * 0.01, 0.4 * 20 ** (np.arange(1, 88) / 87)]),
    np.concatenate([np.arange(97), 96 + 12 * np.arange(1, 32)]).astype(float),
)
DURATIONS = (
    0.02 * 600 ** (np.arange(64) / 63),
    np.concatenate(
        [
            np.arange(1, 25),
            np.arange(26, 49, 2),
            np.arange(54, 97, 6),
            np.arange(108, 193, 12),
            np.arange(216, 385, 24),
            [480, 576, 768, 960],
        ]
    ).astype(float),
)

# What the model reads besides the fields; 0 always means "unknown" or "does not apply".
REMAINING_S = np.array(
    [0.25, 0.5, 0.75, 1, 1.25, 1.5, 2, 2.5, 3, 3.5, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 25, 30, 45]
)
ATTRIBUTES: dict[str, int] = {
    "kind": 2,
    "tempo": 17,
    "key": 27,
    "metre": 9,
    "density": 17,
    "loudness": 17,
    "register": 13,
    "articulation": 9,
    "pedal": 10,
    "place": 3,
    "texture": 11,
    "period": len(PERIODS) + 1,  # stays the last, so that weights can know more or fewer
}
INPUTS: dict[str, int] = {
    "type": 5,  # the four types, and the start
    "shift": 2 * N_SHIFT + 1,
    "pitch": N_PITCH + 1,
    "velocity": N_VELOCITY + 1,
    "duration": 2 * N_DURATION + 1,
    "remaining": len(REMAINING_S) + 2,
    "beat": TICKS + 1,
    "bar": 13,
    "pedalled": 2,
    "phrase": PHRASE_BARS + 1,
    **ATTRIBUTES,
}
OFFSETS = np.concatenate([[0], np.cumsum(list(INPUTS.values()))[:-1]])
VOCABULARY = sum(INPUTS.values())


def vocabulary(periods: int) -> int:
    """The size of the table of inputs for weights that know so many periods."""
    return VOCABULARY + periods - len(PERIODS)


N_CLOCKED = len(INPUTS) - len(ATTRIBUTES)  # inputs that change from event to event
START = 4
METRES = ((2, 4), (3, 4), (4, 4), (6, 8), (2, 2), (3, 8), (12, 8))


@dataclass(frozen=True, eq=False)
class Events:
    """Events in their own unit of time: seconds (FREE) or ticks (METRICAL).

    Attributes:
        kind: FREE or METRICAL.
        type, pitch, velocity: int64 [N]; pitch and velocity are MIDI numbers, 0 for pedals.
        time, duration: float64 [N]; sorted by time.
        bar_phase: float64 [N], ticks since the bar line; zeros for FREE.
        bar: int64 [N], number of the bar in the piece; zeros for FREE.
        bpm: quarters per minute (60 for FREE); metre: (3, 4)-like.
        end: where the music has rung out, or None where the window does not hold it.
        remaining_end: time of the piece's end, counted as `time`, or None if unknown.
        has_velocity: False where all notes of the source have one velocity.
        place: 1 at the start of a piece, 2 inside it, 0 unknown.
        period: one of `PERIODS`, or None.
    """

    kind: int
    type: np.ndarray
    time: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    duration: np.ndarray
    bar_phase: np.ndarray
    bar: np.ndarray
    bpm: float = 60.0
    metre: tuple[int, int] | None = None
    end: float | None = None
    remaining_end: float | None = None
    has_velocity: bool = True
    place: int = 0
    period: str | None = None

    def __len__(self) -> int:
        return len(self.time)

    @property
    def unit_s(self) -> float:
        """Seconds per unit of time."""
        return 1.0 if self.kind == FREE else 60 / (self.bpm * TICKS)


def nearest(table: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Index of the nearest entry of an ascending table."""
    return np.searchsorted((table[1:] + table[:-1]) / 2, values)


def encode(events: Events) -> tuple[np.ndarray, np.ndarray]:
    """What the model reads and what it must say, without attributes.

    Returns: inputs int64 [N, N_CLOCKED] (the start, then all events but the last), without offsets;
        targets int64 [N, 5], -1 where a field does not apply or is not known. N counts the end.
    """
    count = len(events) + (events.end is not None)
    kind, n = events.kind, len(events)
    targets = np.full((count, 5), -1, np.int64)
    targets[:n, TYPE] = events.type
    shift = np.diff(events.time, prepend=0.0)
    targets[:n, SHIFT] = nearest(SHIFTS[kind], shift) + kind * N_SHIFT
    notes = np.flatnonzero(events.type == NOTE)
    targets[notes, PITCH] = events.pitch[notes] - LOWEST
    if events.has_velocity:
        targets[notes, VELOCITY] = np.clip(events.velocity[notes], 0, 127) // 4
    targets[notes, DURATION] = nearest(DURATIONS[kind], events.duration[notes]) + kind * N_DURATION
    if events.end is not None:
        targets[n] = [END, -1, -1, -1, -1]
    inputs = np.zeros((count, N_CLOCKED), np.int64)
    inputs[0, 0] = START
    inputs[1:, 0] = targets[:-1, TYPE]
    inputs[1:, 1:5] = targets[:-1, 1:] + 1
    time = np.concatenate([[0.0], events.time])[:count]
    phase = np.concatenate([[0.0], events.bar_phase])[:count]
    bar = np.concatenate([events.bar[:1], events.bar])[:count]
    down = np.cumsum((events.type == DOWN).astype(int) - (events.type == UP).astype(int))
    pedalled = np.concatenate([[0], down])[:count]
    rest = None if events.remaining_end is None else (events.remaining_end - time) * events.unit_s
    inputs[:, 5:] = clock(kind, rest, phase, pedalled, bar)
    return inputs, targets


def clock(
    kind: int, remaining_s: np.ndarray | None, phase: np.ndarray, pedalled: np.ndarray, bar: np.ndarray
) -> np.ndarray:
    """Codes of time left, place in the beat and bar, pedal, and bar in the phrase: int64 [N, 5]."""
    out = np.zeros((len(phase), 5), np.int64)
    if remaining_s is not None:
        out[:, 0] = 1 + np.searchsorted(REMAINING_S, remaining_s)
    if kind == METRICAL:
        whole = np.round(phase).astype(int)
        out[:, 1] = 1 + whole % TICKS
        out[:, 2] = 1 + np.minimum(whole // TICKS, 11)
        out[:, 4] = 1 + bar % PHRASE_BARS
    out[:, 3] = np.clip(pedalled, 0, 1)
    return out
