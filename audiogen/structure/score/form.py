"""Form: after four bars (or two, in a short piece) the opening comes again; its first gesture without metre.

The model writes well from one bar to the next and forgets how it began. So a passage returns where a
phrase begins, as in a period or a song: the first bars after four, the third phrase new, the opening
again after sixteen. What follows a returning passage is written anew.
"""

from __future__ import annotations

import numpy as np

from audiogen.structure.score.script import Span

RETURNS = 0.8  # share of pieces in which passages return
LEAST_BARS = 4  # of a piece with a returning passage
CLOSE_BARS = 1.5  # before the end nothing returns: it closes with something of its own
# Of pieces without metre: the share in which the first gesture returns, how long it is, and after what time.
RETURNS_FREELY, LEAST_S = 0.5, 10.0
GESTURE_S, AFTER_S, APART_S, CLOSE_S = (1.4, 2.4), (5.5, 8.0), (6.0, 10.0), 4.0
# Of every sixteen bars, in phrases: (bar where a passage returns, bar where it first came, bars).
PERIOD = ((4, 0, 2), (12, 8, 2), (16, 0, 3))
SHORT = ((2, 0, 1),)


def returning(bar: float, end: float, rng: np.random.Generator) -> list[Span]:
    """The passages that return in a piece.

    Args:
        bar: length of a bar; end: of the piece, both in ticks; rng: decides whether.
    """
    bars = end / bar
    if rng.random() >= RETURNS or bars < LEAST_BARS:
        return []
    plan = SHORT if bars < 7 else _repeated(bars)
    return [
        Span(at * bar, (at + length) * bar, copy_of=first * bar)
        for at, first, length in plan
        if at + length <= bars - CLOSE_BARS
    ]


def returning_freely(seconds: float, rng: np.random.Generator) -> list[Span]:
    """The passages that return in a piece without metre: its first gesture, now and then.

    So figures of four notes come again about as often as in real performances (mean share 0.10 of 64
    pieces, real excerpts 0.14; without 0.07).
    """
    if rng.random() >= RETURNS_FREELY or seconds < LEAST_S:
        return []
    length, at = rng.uniform(*GESTURE_S), rng.uniform(*AFTER_S)
    found = []
    while at + length <= seconds - CLOSE_S:
        found.append(Span(at, at + length, copy_of=0.0))
        at += length + rng.uniform(*APART_S)
    return found


def _repeated(bars: float) -> list[tuple[int, int, int]]:
    """`PERIOD`, again and again: the opening returns after every sixteen bars."""
    cycle = 16
    return [
        (at + turn, 0 if first == 0 and at == cycle else first + turn, length)
        for turn in range(0, int(bars) + 1, cycle)
        for at, first, length in PERIOD
    ]
