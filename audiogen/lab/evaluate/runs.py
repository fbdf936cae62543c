"""Notes as a row of symbols that a transposition or another tempo does not change; and what repeats.

A symbol per note: the interval from the note before, and the rhythm. Onsets within 35 ms are one chord,
read from the bottom. A note in a chord has the rhythm "together"; the first note of a chord has the ratio
of the two latest gaps between chords in half-octave steps (equal, 3:2, 2:1, 3:1, ...), coarse enough
for a player's deviations, so that performances and scores can be compared.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

CHORD_S = 0.035
STEPS = 6  # a ratio beyond 2 ** (STEPS / 2) is the widest there is
TOGETHER, UNKNOWN = 2 * STEPS + 1, 2 * STEPS + 2  # behind the ratios; unknown: only one gap so far
_RHYTHMS = 2 * STEPS + 3
_FACTOR = 0x9E3779B97F4A7C15  # odd, so that powers of it never vanish


def chords(onset: np.ndarray, near: float = CHORD_S) -> np.ndarray:
    """The chord that each note belongs to, ascending int [N]; onsets ascending, in the unit of `near`."""
    which = np.zeros(len(onset), np.int64)
    start = -np.inf
    chord = -1
    for i, time in enumerate(onset.tolist()):
        if time - start > near:
            start, chord = time, chord + 1
        which[i] = chord
    return which


def symbols(pitch: np.ndarray, onset: np.ndarray, near: float = CHORD_S) -> np.ndarray:
    """A symbol per note but the first, int64 [N - 1], N > 0; see the module's text.

    Args:
        pitch: MIDI numbers [N]; onset: ascending times [N]; near: what counts as together, same unit.
    """
    which = chords(onset, near)
    order = np.lexsort((pitch, which))
    pitch, onset = pitch[order].astype(np.int64), onset[order]
    first = np.flatnonzero(np.diff(which, prepend=-1))
    gaps = np.maximum(np.diff(onset[first], prepend=np.nan), 1e-9)
    with np.errstate(invalid="ignore"):
        ratio = np.round(2 * np.log2(gaps[1:] / gaps[:-1]))
    ratio = np.where(np.isnan(ratio), UNKNOWN, np.clip(ratio, -STEPS, STEPS) + STEPS)
    rhythm = np.full(len(pitch), TOGETHER)
    rhythm[first[1:]] = ratio.astype(np.int64)
    return (np.diff(pitch) + 128) * _RHYTHMS + rhythm[1:]


def hashes(row: np.ndarray, length: int) -> np.ndarray:
    """A hash of every `length` symbols in succession, uint64 [N - length + 1] (or none)."""
    count = len(row) - length + 1
    if count <= 0:
        return np.zeros(0, np.uint64)
    found = np.zeros(count, np.uint64)
    spread = _scatter(row.astype(np.uint64))
    with np.errstate(over="ignore"):
        for k in range(length):
            found = found * np.uint64(_FACTOR) + spread[k : k + count]
    return found


def _scatter(values: np.ndarray) -> np.ndarray:
    """splitmix64: neighbouring symbols far apart."""
    with np.errstate(over="ignore"):
        values = (values + np.uint64(1)) * np.uint64(_FACTOR)
        values = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        values = (values ^ (values >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return values ^ (values >> np.uint64(31))


def longest_matches(asked: Sequence[np.ndarray], known: Sequence[np.ndarray]) -> np.ndarray:
    """Notes in the longest run of each row of symbols that any known row holds, int [len(asked)].

    A run of k symbols is k + 1 notes; 0 where not even one symbol is known. Runs never cross from one
    row into the next.
    """
    longest = np.zeros(len(asked), np.int64)
    rows = dict(enumerate(asked))
    joined, room = _joined(known)
    rolling = np.zeros(len(joined), np.uint64)
    at = {i: np.arange(len(row)) for i, row in rows.items()}  # where a match of this length may begin
    spread = {i: _scatter(row.astype(np.uint64)) for i, row in rows.items()}
    value = {i: np.zeros(len(row), np.uint64) for i, row in rows.items()}
    alive = np.arange(len(joined))
    length = 0
    scattered = _scatter(joined.astype(np.uint64))
    while at:
        length += 1
        alive = alive[room[alive] >= length]
        with np.errstate(over="ignore"):
            rolling[alive] = rolling[alive] * np.uint64(_FACTOR) + scattered[alive + length - 1]
            for i in list(at):
                begins = at[i][at[i] + length <= len(rows[i])]
                value[i][begins] = value[i][begins] * np.uint64(_FACTOR) + spread[i][begins + length - 1]
                at[i] = begins
        wanted = np.unique(np.concatenate([value[i][at[i]] for i in at]))
        place = np.minimum(np.searchsorted(wanted, rolling[alive]), len(wanted) - 1)
        there = wanted[place] == rolling[alive] if len(wanted) else np.zeros(len(alive), bool)
        alive = alive[there]
        held = np.zeros(len(wanted), bool)
        held[place[there]] = True
        for i in list(at):
            at[i] = at[i][held[np.searchsorted(wanted, value[i][at[i]])]]
            if len(at[i]):
                longest[i] = length + 1
            else:
                del at[i]
    return longest


def _joined(rows: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """All rows one behind the other, and at each symbol how many are left in its row, itself included."""
    if not rows:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    return np.concatenate(rows), np.concatenate([np.arange(len(row), 0, -1) for row in rows])


def repeated(row: np.ndarray, length: int = 3) -> float:
    """Share of runs of `length` symbols (length + 1 notes) that came before in the same row, 0..1."""
    found = hashes(row, length)
    return float(1 - len(np.unique(found)) / len(found)) if len(found) else float("nan")
