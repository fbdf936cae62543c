"""Touch and pedal of a part, brought to what was asked: rows [N, 4] and pedal [P, 2] in, the same out.

The model is given the asked articulation and pedal and follows them about half way; the rest is done here,
on what it wrote. Printed scores have no pedal at all: theirs follows bass and harmony.
"""

from __future__ import annotations

import numpy as np

from audiogen.artifacts import Conditioning
from audiogen.structure.score.attributes import CHORD_S, articulation

SHORTEST_S = 0.06  # a staccato note
LONGEST_GAP_S = 1.5  # a rest longer than this is not bridged by a legato
BASS_BELOW = 57
LIFT, PRESS = 1.0, 3.0  # ticks after a change of harmony: dampers come down late and go up later
NO_PEDAL = 0.05  # asked for less than this, the pedal is left alone


def articulate(rows: np.ndarray, wanted: float) -> np.ndarray:
    """Key releases moved so that notes are held `wanted` (0 staccato .. 1 legato) of the way to the next.

    Args:
        rows: [N, 4] pitch, onset s, offset s, velocity, ascending by onset.
    """
    onset, held = rows[:, 1], rows[:, 2] - rows[:, 1]
    measured = articulation(onset, held)
    if measured is None:
        return rows
    following = np.searchsorted(onset, onset + CHORD_S)
    last = following >= len(onset)
    gap = np.where(last, LONGEST_GAP_S, onset[np.minimum(following, len(onset) - 1)] - onset)
    if wanted < measured:
        shorter = np.maximum(np.minimum(held, gap) * wanted / measured, SHORTEST_S)
        held = np.where(last, held, np.minimum(held, shorter))
    else:
        reach = np.minimum(gap, LONGEST_GAP_S)
        more = (wanted - measured) / max(1 - measured, 1e-6)
        held = held + np.where(last, 0.0, np.maximum(reach - held, 0) * more)
    rows = rows.copy()
    rows[:, 2] = onset + held
    return rows


def pedal_for(pedal: np.ndarray, wanted: float, seconds: float) -> np.ndarray:
    """The same changes of the pedal, held longer or shorter so that it is down for `wanted` of the time.

    Args:
        pedal: [P, 2] s, 1 down / 0 up, alternating; wanted: 0 .. 1.
    """
    if wanted < NO_PEDAL or not len(pedal):
        return np.zeros((0, 2))
    downs = pedal[pedal[:, 1] > 0, 0]
    ups = pedal[pedal[:, 1] <= 0, 0]
    ups = np.array([ups[ups > down].min(initial=seconds) for down in downs])
    nexts = np.append(downs[1:], seconds)
    share = float((ups - downs).sum() / seconds)
    if wanted < share:
        ups = downs + (ups - downs) * wanted / share
    else:  # every lift comes later, up to just before the next press
        latest = np.maximum(nexts - 0.08, ups)
        free = float((latest - ups).sum() / seconds)
        ups = ups + (latest - ups) * min(1.0, (wanted - share) / max(free, 1e-6))
    both = np.column_stack([np.append(downs, ups), np.repeat([1.0, 0.0], len(downs))])
    return both[np.argsort(both[:, 0], kind="stable")]


def wants_pedal(asked: Conditioning) -> bool:
    """Scores print no pedal; add one if it is asked for, or if nothing speaks against it."""
    if asked.pedal is not None:
        return asked.pedal >= NO_PEDAL
    detached = asked.articulation is not None and asked.articulation < 0.5
    return not detached and (asked.density is None or asked.density < 8)


def harmony_pedal(rows: np.ndarray, beat: float, bar: float) -> np.ndarray:
    """Pedal of a score: changed on a beat where the bass moves, where tones would clash, and once a bar.

    Args:
        rows: [N, 4] in ticks; beat, bar: their lengths, ticks.
    Returns: [P, 2] ticks, 1 down / 0 up; nothing where there is no bass.
    """
    times = np.unique(rows[np.mod(rows[:, 1], beat) == 0, 1])
    if not len(times):
        return np.zeros((0, 2))
    changes: list[float] = []
    classes: set[int] = set()
    bass = -1
    for time, after in zip(times, np.append(times[1:], np.inf), strict=True):
        inside = (rows[:, 1] >= time) & (rows[:, 1] < after)
        struck = rows[inside, 0].astype(int)
        now = rows[rows[:, 1] == time, 0].astype(int)
        low = int(now.min())
        moved = low < BASS_BELOW and low % 12 != bass
        over = {int(p) % 12 for p in struck}
        if changes and not moved and time - changes[-1] < bar and not clash(classes | over):
            classes |= over
            continue
        if not changes and low >= BASS_BELOW:
            continue  # a melody alone begins without
        changes.append(float(time))
        classes = over
        bass = low % 12 if low < BASS_BELOW else bass
    if len(changes) < 2:
        return np.zeros((0, 2))
    downs = [(time + PRESS, 1.0) for time in changes]
    ups = [(time + LIFT, 0.0) for time in changes[1:]]
    return np.array(sorted(downs + ups))


def clash(classes: set[int]) -> bool:
    """Whether two pitch classes lie a semitone apart."""
    return any((one + 1) % 12 in classes for one in classes)
