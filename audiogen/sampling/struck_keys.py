"""Notes as strikes of recorded keys: which recording, how loud, when struck, when damped.

The sounds that WaveNet is trained on are mixed by these rules, and so is what it is told of them
(`audiogen.sampling.modal_source`); therefore they stand in one place. WaveNet's times lie on a grid of 10 ms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from audiogen.media.midi import PIANO_KEYS, PIANO_LOW

if TYPE_CHECKING:
    from audiogen.artifacts import Notes

GRID_S = 0.01
NO_DAMPER_ABOVE = 88  # strings above E6 have no dampers
RESTRIKE_S = 0.08  # time constant of a string that is struck again
UNDAMPED_S = 30.0
SOFTER_DB = 0.4  # per velocity below the softest recording
LOUDER_DB = 0.15  # per velocity above the loudest


@dataclass(frozen=True, eq=False)
class Strikes:
    """One row per note, by onset.

    Attributes:
        key: int64 [N], layer * 88 + (pitch - 21), the recording.
        onset, stop: int64 [N], samples; may be negative. Damping begins at `stop`.
        gain: float64 [N], of the recording; decay: float64 [N], time constant of damping, samples.
        pitch, velocity: float64 [N].
    """

    key: np.ndarray
    onset: np.ndarray
    stop: np.ndarray
    gain: np.ndarray
    decay: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray


def on_grid(notes: Notes) -> np.ndarray:
    """Rows [N, 4] of (pitch, onset s, damped s, velocity) on the grid; the pedal is heard."""
    return on_the_grid(sounding(notes))


def sounding(notes: Notes) -> np.ndarray:
    """Rows [N, 4] of (pitch, onset s, damped s, velocity) as they are; the pedal is heard."""
    rows = notes.rows()
    rows[:, 2] = notes.damped_s()
    return rows


def on_the_grid(rows: np.ndarray) -> np.ndarray:
    """Rows [N, 4] by onset, on the grid; a string is damped when it is struck again, the highest never."""
    return as_damped(rows, lambda s: np.round(s / GRID_S) * GRID_S)


def as_damped(rows: np.ndarray, placed: Callable[[np.ndarray], np.ndarray] = np.asarray) -> np.ndarray:
    """Rows [N, 4] by onset; a string is damped when it is struck again, the highest never.

    Args:
        placed: moves times, s, to where they may lie.
    """
    rows = rows[np.lexsort((rows[:, 0], rows[:, 1]))]
    rows[:, 2] = np.where(rows[:, 0] > NO_DAMPER_ABOVE, np.inf, rows[:, 2])
    rows[:, 1] = placed(rows[:, 1])
    rows[:, 2] = placed(np.minimum(rows[:, 2], rows[:, 1] + UNDAMPED_S))
    last: dict[int, int] = {}
    for i, pitch in enumerate(rows[:, 0]):
        if int(pitch) in last:
            before = last[int(pitch)]
            rows[before, 2] = min(rows[before, 2], rows[i, 1])
        last[int(pitch)] = i
    rows[:, 2] = np.maximum(rows[:, 2], rows[:, 1] + GRID_S)
    return rows


def strikes(rows: np.ndarray, levels_db: np.ndarray, velocities: np.ndarray, sample_rate: int) -> Strikes:
    """Rows [N, 4] as strikes of the recordings.

    Args:
        rows: as `on_grid` gives them.
        levels_db: [88, L], of every key in every layer; velocities: [L], rising, of the layers.
    """
    rows = rows[np.argsort(rows[:, 1], kind="stable")]
    pitch, velocity = rows[:, 0].astype(np.int64), rows[:, 3]
    layer = np.abs(velocity[:, None] - velocities).argmin(1)
    levels = levels_db[pitch - PIANO_LOW]
    wanted = np.array(
        [np.interp(v, velocities, row) for v, row in zip(velocity, levels, strict=True)] or np.zeros(0)
    )
    wanted = wanted - SOFTER_DB * np.maximum(velocities[0] - velocity, 0)
    wanted = wanted + LOUDER_DB * np.maximum(velocity - velocities[-1], 0)
    again = np.isin(np.round(rows[:, 2] / GRID_S) * 128 + pitch, np.round(rows[:, 1] / GRID_S) * 128 + pitch)
    decay_s = np.where(again, RESTRIKE_S, damping_s(pitch))
    return Strikes(
        key=layer * PIANO_KEYS + pitch - PIANO_LOW,
        onset=np.round(rows[:, 1] * sample_rate).astype(np.int64),
        stop=np.round(rows[:, 2] * sample_rate).astype(np.int64),
        gain=10 ** ((wanted - levels[np.arange(len(layer)), layer]) / 20),
        decay=decay_s * sample_rate,
        pitch=pitch.astype(float),
        velocity=velocity.astype(float),
    )


def damping_s(pitch: np.ndarray | int) -> np.ndarray:
    """Time constant of the damper of a key, s: bass strings take longer."""
    return np.asarray(np.interp(pitch, [21, 60, 88], [0.16, 0.07, 0.04]))
