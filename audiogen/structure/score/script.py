"""Passages of a piece that are given to the writer instead of being sampled.

A span is replayed event by event through the network, so that what is written after it goes on from it:
a passage of the piece itself that returns, or the part of a given piece that a variation keeps. Times
are in the plan's unit (seconds, or ticks).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

NEAR = 1e-6


@dataclass(frozen=True, eq=False)
class Timed:
    """An event and when it comes.

    Attributes:
        time: in the plan's unit; codes: int64 [5], the fields of `score_events`, the shift not used.
    """

    time: float
    codes: np.ndarray


@dataclass(frozen=True, eq=False)
class Span:
    """What sounds from `start` until `stop`: given events, or what the piece had from `copy_of` on.

    Attributes:
        start, stop: in the plan's unit; nothing else is written in between.
        events: in order, inside the span; None where `copy_of` says which.
        copy_of: where the passage that returns began, earlier in the piece.
    """

    start: float
    stop: float
    events: tuple[Timed, ...] | None = None
    copy_of: float | None = None

    def within(self, written: Sequence[Timed]) -> list[Timed]:
        """The events of the span, given what was written before it."""
        if self.copy_of is None:
            return list(self.events or ())
        later, length = self.start - self.copy_of, self.stop - self.start
        return [
            Timed(event.time + later, event.codes)
            for event in written
            if self.copy_of - NEAR <= event.time < self.copy_of + length - NEAR
        ]


class Script:
    """The spans of a piece, in order, as the writer comes to them."""

    def __init__(self, spans: Sequence[Span]) -> None:
        self.spans = sorted(spans, key=lambda span: span.start)
        self.waiting: list[Timed] = []
        self.not_before = 0.0  # nothing of the writer's own sooner than this

    @property
    def ahead(self) -> bool:
        """Whether anything given is still to come."""
        return bool(self.spans or self.waiting)

    def begins(self, time: float) -> bool:
        """Whether an event at `time` would lie in or behind the next span."""
        return bool(self.spans) and time >= self.spans[0].start - NEAR

    def begin(self, written: Sequence[Timed]) -> None:
        """Take up the next span."""
        span = self.spans.pop(0)
        self.waiting = span.within(written)
        self.not_before = span.stop
