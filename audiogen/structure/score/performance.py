"""From written events to a playable part in seconds: humanised metrical time, dynamics, and the end.

A metrical part comes off a grid with printed dynamics. A player's small freedoms are added: onsets off
by some milliseconds, melody over accompaniment, a phrase arch, accents of the bar, and a pedal.
"""

from __future__ import annotations

import numpy as np

from audiogen.artifacts import Conditioning
from audiogen.structure.score.attributes import GROWN, growth, over
from audiogen.structure.score.events import FREE, TICKS
from audiogen.structure.score.grammar import Plan
from audiogen.structure.score.touch import articulate, harmony_pedal, pedal_for, wants_pedal
from audiogen.structure.score.writer import Written

DAMPED_S = 0.3  # before the end everything is released, so that the room can die away
GAP_S = 0.02  # a key is up this long before it is struck again
CONTRAST = 18.0  # printed dynamics differ from their middle by at most this
# Onsets, s: standard deviations of a slow drift and of each note by itself, and how early the melody comes.
# With twice as much the autocorrelation of the onsets falls below that of real scores.
DRIFT_S, PUSH_S, EARLY_S = 0.002, 0.001, 0.003
LEVEL_SHIFT = 40.0  # an asked loudness moves all velocities by at most this


def perform(
    written: Written,
    plan: Plan,
    asked: Conditioning,
    level: float,
    rng: np.random.Generator,
    circular: bool = False,
) -> tuple[np.ndarray, np.ndarray]:
    """Notes [N, 4] (pitch, onset s, offset s, velocity) and pedal [P, 2] within `plan.seconds`.

    Args:
        asked: articulation and pedal are brought to what it says.
        level: mean velocity to come near to.
        circular: of a loop, in which loudness that grows falls back by its end.
    """
    rows = written.notes.copy()
    pedal = written.pedal.copy()
    rows[:, 2] = rows[:, 1] + rows[:, 2] * np.exp(rng.normal(0, 0.03, len(rows)))
    if plan.kind == FREE:
        rows[:, 3] += rng.uniform(-1.5, 1.5, len(rows))
    else:
        if not len(pedal) and wants_pedal(asked):
            pedal = harmony_pedal(rows, plan.beat, plan.bar)
        rows[:, 3] = printed(rows[:, 3], level)
        rows[:, 3] += accents(rows[:, 1], plan)
        rows, pedal = humanise(rows, pedal, plan.unit_s, rng)
    if asked.growth is not None:
        rows[:, 3] = grown(rows[:, 1], rows[:, 3], asked.growth, asked.seconds, circular)
    rows = loudness(rows, level)
    if asked.articulation is not None:
        rows = articulate(rows[np.argsort(rows[:, 1], kind="stable")], asked.articulation)
    if asked.pedal is not None:
        pedal = pedal_for(pedal, asked.pedal, plan.seconds)
    return finish(no_overlap(rows), pedal, plan.seconds)


def printed(velocity: np.ndarray, level: float) -> np.ndarray:
    """Dynamics of a score around `level`: half of them lack any, so only the contrasts are kept."""
    if not len(velocity):
        return velocity
    return level + np.clip(velocity - np.median(velocity), -CONTRAST, CONTRAST)


def accents(time: np.ndarray, plan: Plan) -> np.ndarray:
    """Louder by place in the bar: its first beat, the beats, their halves, what lies between, [N].

    Without them an even stream of sixteenths has no beat at all.
    """
    louder = np.full(len(time), -4.0)
    for length, amount in ((plan.beat / 2, 0.0), (plan.beat, 4.5), (plan.bar, 8.0)):
        louder[np.mod(time, length) == 0] = amount
    return louder


def humanise(
    rows: np.ndarray, pedal: np.ndarray, unit_s: float, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Ticks -> seconds with a player's small deviations; velocities get melody, phrase and touch."""
    if not len(rows):
        return rows, pedal
    rows = rows.copy()
    onsets, which = np.unique(rows[:, 1], return_inverse=True)
    drift = np.convolve(rng.normal(0, DRIFT_S, len(onsets) + 4), np.ones(5) / 5**0.5, "valid")
    push = drift[which] + rng.normal(0, PUSH_S, len(rows))
    top = np.zeros(len(onsets))
    np.maximum.at(top, which, rows[:, 0])
    melody = rows[:, 0] >= top[which]
    push -= np.where(melody, EARLY_S, 0)
    push = np.clip(push, -0.45 * unit_s, 0.45 * unit_s)  # quantised to the grid, the score comes back
    phrase = 4 * np.sin(2 * np.pi * (rows[:, 1] / (16 * TICKS)) + rng.uniform(0, 6.28))
    rows[:, 3] += phrase + np.where(melody, 5, -4) + rng.normal(0, 2.5, len(rows))
    length = (rows[:, 2] - rows[:, 1]) * unit_s
    rows[:, 1] = np.maximum(rows[:, 1] * unit_s + push, 0)
    rows[:, 2] = rows[:, 1] + np.maximum(length * rng.uniform(0.9, 1.0, len(rows)), 0.04)
    return rows, pedal * np.array([unit_s, 1.0])


def grown(
    onset: np.ndarray, velocity: np.ndarray, wanted: float, seconds: float, circular: bool
) -> np.ndarray:
    """Velocities [N] that grow over the piece, or fade, as is wanted: what they do by themselves goes out."""
    course = over(onset, seconds)
    if circular:
        course = 1 - 2 * np.abs(course)
    return velocity + GROWN * (wanted - growth(course, velocity)) * course


def loudness(rows: np.ndarray, level: float) -> np.ndarray:
    """All velocities moved so that their mean is `level` (by at most LEVEL_SHIFT); 1..127."""
    rows = rows.copy()
    if len(rows):
        rows[:, 3] += np.clip(level - rows[:, 3].mean(), -LEVEL_SHIFT, LEVEL_SHIFT)
    rows[:, 3] = np.clip(rows[:, 3], 1, 127)
    return rows


def no_overlap(rows: np.ndarray) -> np.ndarray:
    """A key still held when it is struck again is released just before."""
    rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
    same = rows[1:, 0] == rows[:-1, 0]
    latest = np.where(same, rows[1:, 1] - GAP_S, np.inf)
    rows[:-1, 2] = np.minimum(rows[:-1, 2], latest)
    keep = rows[:, 2] > rows[:, 1]
    return rows[keep]


def finish(rows: np.ndarray, pedal: np.ndarray, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """The last chord rings until shortly before the end; then everything is released."""
    stop = seconds - DAMPED_S
    rows = rows[rows[:, 1] < stop - 0.05].copy()
    if len(rows):
        last = rows[:, 1] >= rows[:, 1].max() - 0.05
        rows[last, 2] = np.maximum(rows[last, 2], stop)
    rows[:, 2] = np.minimum(rows[:, 2], stop)
    pedal = pedal[pedal[:, 0] < stop]
    pedal = pedal[np.concatenate([[True], np.diff(pedal[:, 1]) != 0])] if len(pedal) else pedal
    if len(pedal) and pedal[-1, 1]:
        pedal = np.concatenate([pedal, [[stop, 0.0]]])
    return rows, pedal
