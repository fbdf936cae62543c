"""A part of a piece is written anew, or more of it: what lies before and behind stays, note by note.

    Structure with a gap -> Structure without

What stays is replayed through the network as in a variation (`variation.py`), so that what is new goes on
from it and leads to what follows. Where nothing follows, the piece closes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from audiogen.artifacts import Conditioning, Notes, Structure
from audiogen.conditions import FIRST_PERIODS
from audiogen.errors import InvalidRequest
from audiogen.networks.score_transformer import ScoreTransformer
from audiogen.stage import Sampling
from audiogen.structure.score.events import FREE
from audiogen.structure.score.grammar import LONGEST_REST_S
from audiogen.structure.score.performance import finish, no_overlap
from audiogen.structure.score.script import Span
from audiogen.structure.score.touch import harmony_pedal
from audiogen.structure.score.variation import (
    Piece,
    attributes,
    between,
    changes,
    given,
    pedal_within,
    performed,
    planned,
    read,
    without_collisions,
)

DAMPED_S = 0.12  # so long before what follows everything new is let go: it cannot ring into what stays


def fill(
    network: ScoreTransformer,
    base: Structure,
    span_s: tuple[float, float],
    asked: Conditioning,
    sampling: Sampling,
    tell: Callable[[float], None],
    periods: tuple[str, ...] = FIRST_PERIODS,
) -> Structure:
    """Write what is missing between the two times of `span_s`.

    Args:
        base: its notes stay; none begins in the span.
        asked: attributes for what is new; those that it leaves open are measured in what stays.
        tell: called with the seconds written so far.
    Raises:
        InvalidRequest: `base` holds no notes.
    """
    if base.notes is None or not len(base.notes):
        raise InvalidRequest(
            "No note lies outside the part that is made anew, so there is nothing to go on from."
        )
    start_s, stop_s = span_s
    rng = np.random.default_rng(sampling.seed_for("variation"))
    piece = read(base.notes, base.seconds)
    stays_s = max(1.0, base.seconds - (stop_s - start_s))
    known = attributes(replace(piece, seconds=stays_s), asked)
    spans = around(piece, start_s, stop_s)
    plan = planned(piece, known, spans, periods)
    fresh, moved = between(network, plan, sampling, tell)
    inside = (fresh[:, 1] * piece.unit_s >= start_s) & (fresh[:, 1] * piece.unit_s < stop_s - DAMPED_S)
    fresh = fresh[inside]
    closes = len(spans) == 0 or spans[-1].start * piece.unit_s < stop_s - 1e-6
    new = without_collisions(performed(fresh, piece, plan, rng), piece.notes.rows())
    if not closes:
        new[:, 2] = np.minimum(new[:, 2], stop_s - DAMPED_S)
        new = new[new[:, 2] > new[:, 1]]
    pedal = pedalled(piece, fresh, moved, span_s, closes, plan.beat, plan.bar)
    rows = no_overlap(np.concatenate([piece.notes.rows(), new]))
    if closes:
        rows, pedal = finish(rows, pedal, piece.seconds)
    notes = piece.notes
    out = Notes.from_rows(rows, pedal, tempo=notes.tempo, metre=notes.metre, key=notes.key)
    return Structure(piece.seconds, out)


def around(piece: Piece, start_s: float, stop_s: float) -> list[Span]:
    """What lies before and behind, as events for the writer."""
    unit, onset_s = piece.unit_s, piece.notes.onset_s
    first, count = int(np.searchsorted(onset_s, start_s - 1e-6)), len(onset_s)
    spans = []
    if first:
        events = given(piece, slice(0, first), 0.0, start_s / unit)
        # the writer does not wait for longer after the last of them
        stop = min(start_s / unit, events[-1].time + 0.9 * LONGEST_REST_S / unit)
        spans.append(Span(0.0, max(stop, events[-1].time + 1e-3), tuple(events)))
    if first < count:
        after = stop_s / unit
        events = given(piece, slice(first, count), after, piece.seconds / unit)
        spans.append(Span(min(after, events[0].time), piece.seconds / unit, tuple(events)))
    return spans


def pedalled(
    piece: Piece,
    fresh: np.ndarray,
    moved: np.ndarray,
    span_s: tuple[float, float],
    closes: bool,
    beat: float,
    bar: float,
) -> np.ndarray:
    """The pedal of what stays, and in the span that of the writer, or of the harmony on a grid: [P, 2]."""
    pedal, unit = piece.notes.pedal, piece.unit_s
    if not len(pedal):
        return pedal
    start_s, stop_s = span_s
    if piece.kind != FREE:
        moved = harmony_pedal(fresh, beat, bar) if len(fresh) else moved
    inside = moved * np.array([unit, 1.0])
    end_s = stop_s if closes else stop_s - DAMPED_S
    inside = inside[(inside[:, 0] > start_s) & (inside[:, 0] < end_s)]
    parts = [pedal_within(pedal, 0.0, start_s), inside]
    if piece.kind != FREE:
        parts.append(np.array([[start_s, 0.0]]))
    if not closes:
        parts += [np.array([[end_s, 0.0]]), pedal[pedal[:, 0] >= stop_s - 1e-9]]
    return changes(np.concatenate(parts))
