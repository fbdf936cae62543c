"""Variation: most of a piece stays as it is, and some passages are written anew to fit it.

    Structure with notes -> Structure with notes

The piece is cut into short passages (half bars or bars, or what lies between the longest waits of about
1.5 s of free music). Some are drawn, together the asked share of the notes, beginning and ending last.
The writer then goes through the whole piece: what stays is replayed through the network (`score_script`),
so that what is new goes on from it; what is drawn is sampled. Notes that stay keep their very onset,
pitch and velocity; a key held over into new music is let go where that strikes it again.

Works on any notes: the attributes that nobody asked for are measured in the piece itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from audiogen.artifacts import Conditioning, Notes, Structure, quarters_per_beat
from audiogen.conditions import FIRST_PERIODS
from audiogen.errors import InvalidRequest
from audiogen.networks.score_transformer import ScoreTransformer
from audiogen.stage import Sampling
from audiogen.structure.score.attributes import KEYS, articulation, codes, key_fits, key_index, measure
from audiogen.structure.score.attributes import asked as asked_attributes
from audiogen.structure.score.events import (
    DOWN,
    DURATION,
    DURATIONS,
    FREE,
    LOWEST,
    METRICAL,
    N_DURATION,
    NOTE,
    PITCH,
    TICKS,
    TYPE,
    UP,
    VELOCITY,
    Events,
    nearest,
)
from audiogen.structure.score.grammar import GUIDANCE, LONGEST_REST_S, RESTRIKE_S, Plan
from audiogen.structure.score.performance import (
    DAMPED_S,
    accents,
    finish,
    humanise,
    loudness,
    no_overlap,
    printed,
)
from audiogen.structure.score.script import Span, Timed
from audiogen.structure.score.touch import articulate
from audiogen.structure.score.writer import Writer, one_thread

PASSAGE_S = 1.5  # of free music; about the length of a half bar
LONGEST_RUN = 3  # passages written anew in a row, unless more are needed
TRIES, EXACT = 64, 0.02  # draws of passages, and how near to the asked share one must come to be taken
CHORD_S = 0.05
ON_GRID_S = 0.015  # this near to a point of the grid is on it
GRID = np.unique(np.concatenate([np.arange(0, TICKS, 6), np.arange(0, TICKS, 8)]))  # 16ths and triplets
CLEARLY_ON = 0.5  # share of onsets on the grid, above what chance puts there, that makes music metrical
RIGID_S = 0.002  # music this near to its grid was never played by hand
RING_OVER_S = 0.4  # a new note may sound this long into what stays
KEY_CLOSE = 0.15  # the key that a file names is believed if it fits nearly as well as the best


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece as the writer counts it.

    Attributes:
        notes: as given, sorted by onset; seconds: length.
        kind: FREE or METRICAL; bpm: quarters a minute (60 for FREE); metre.
        time: float64 [N], onsets in seconds, or whole ticks.
        passage: int64 [N], number of the passage of every note, ascending from 0.
        rigid: the onsets lie exactly on the grid.
    """

    notes: Notes
    seconds: float
    kind: int
    bpm: float
    metre: tuple[int, int]
    time: np.ndarray
    passage: np.ndarray
    rigid: bool = False

    @property
    def unit_s(self) -> float:
        return 60 / (self.bpm * TICKS) if self.kind == METRICAL else 1.0

    @property
    def bar(self) -> float:
        """Ticks in a bar."""
        return 4 * TICKS * self.metre[0] / self.metre[1]


def vary(
    network: ScoreTransformer,
    base: Structure,
    asked: Conditioning,
    sampling: Sampling,
    tell: Callable[[float], None],
    metrical: bool | None = None,
    periods: tuple[str, ...] = FIRST_PERIODS,
) -> Structure:
    """Write `sampling.variation` of the notes of `base` anew.

    Args:
        asked: attributes for what is new; those that it leaves open are measured in `base`.
        sampling: its variation, its seeds, temperature and top_p.
        tell: called with the seconds written so far.
        metrical: whether `base` lies on the grid of its tempo; None: by its notes.
        periods: that the network can be asked for, in its order.
    Returns: notes and pedal of the same length; nothing but the notes is taken over from `base`.
    Raises:
        InvalidRequest: `base` holds no notes.
    """
    if base.notes is None or not len(base.notes):
        raise InvalidRequest("A variation needs notes, and this piece holds none.")
    seed = sampling.seed_for("variation")
    rng = np.random.default_rng(seed)
    piece = read(base.notes, base.seconds, metrical)
    anew = choose(np.bincount(piece.passage), sampling.variation, rng)
    if not anew.any():
        return Structure(base.seconds, base.notes)
    plan = planned(piece, attributes(piece, asked), kept_spans(piece, anew), periods)
    fresh, moved = between(network, plan, sampling, tell)
    return joined(piece, anew, plan, fresh, moved, rng)


def planned(piece: Piece, known: dict[str, Any], spans: list[Span], periods: tuple[str, ...]) -> Plan:
    """What the writer is to write: the piece with the attributes `known`, but what lies in `spans`."""
    return Plan(
        seconds=piece.seconds,
        kind=piece.kind,
        bpm=piece.bpm,
        bar=piece.bar,
        attributes=codes(known, periods),
        guidance=GUIDANCE,
        beat=TICKS * quarters_per_beat(piece.metre),
        density=known["density"],
        key=known["key"],
        spans=tuple(spans),
    )


def between(
    network: ScoreTransformer, plan: Plan, sampling: Sampling, tell: Callable[[float], None]
) -> tuple[np.ndarray, np.ndarray]:
    """What is written between the spans of a plan, in its unit: notes [N, 4] and pedal [P, 2]."""
    spans = list(plan.spans)
    with one_thread(), torch.inference_mode():
        generator = torch.Generator().manual_seed(sampling.seed_for("variation"))
        writer = Rewriter(network, plan, generator, sampling)
        written = writer.write(tell)
    fresh = ~_inside(written.notes[:, 1], spans)
    return written.notes[fresh], written.pedal[~_inside(written.pedal[:, 0], spans)]


class Rewriter(Writer):
    """A writer that reads a given passage at once, and of a long one only what its context can hold."""

    behind = False  # the network has not read all of the history

    def _read(self, event: np.ndarray, first: bool = False) -> Any:
        if self.grammar.script.waiting:  # a given event follows, whatever the network says
            self._remember(event, first)
            self.behind = True
            return None
        if not self.behind:
            return super()._read(event, first)
        self._remember(event, first)
        self.behind = False
        return self._pass(self._begin_again())


def read(notes: Notes, seconds: float, metrical: bool | None = None) -> Piece:
    """The piece in the writer's time, cut into passages; `metrical` as in `vary`."""
    metre = notes.metre or (4, 4)
    bpm = notes.tempo or 60.0
    ticks, off_s = on_grid(notes.onset_s, bpm)
    if metrical is None:
        metrical = is_metrical(off_s, bpm)
    if notes.tempo is None or not metrical:
        return Piece(notes, seconds, FREE, 60.0, metre, notes.onset_s, free_passages(notes.onset_s))
    bar = 4 * TICKS * metre[0] / metre[1]
    while bar * 60 / (bpm * TICKS) > 1.5 * PASSAGE_S and bar % 24 == 0:
        bar /= 2
    number = np.unique(np.floor(ticks / bar), return_inverse=True)[1]
    rigid = float(np.median(off_s)) < RIGID_S
    return Piece(notes, seconds, METRICAL, bpm, metre, ticks, number, rigid)


def on_grid(onset_s: np.ndarray, bpm: float) -> tuple[np.ndarray, np.ndarray]:
    """Onsets in whole ticks, and how far each lies from the nearest 16th or triplet, s: two [N].

    An onset near a 16th or triplet is taken to be one; any other gets the nearest tick.
    """
    unit_s = 60 / (bpm * TICKS)
    exact = onset_s / unit_s
    beat = np.floor(exact / TICKS)[:, None] * TICKS
    points = beat + np.append(GRID, TICKS)
    off = np.abs(exact[:, None] - points)
    best = points[np.arange(len(exact)), off.argmin(1)]
    off_s = off.min(1) * unit_s
    return np.where(off_s <= ON_GRID_S, best, np.round(exact)), off_s


def is_metrical(off_s: np.ndarray, bpm: float) -> bool:
    """Whether far more onsets lie on the grid of a tempo than chance would put there."""
    chance = min(0.9, len(GRID) * 2 * ON_GRID_S * bpm / 60)
    return float((off_s <= ON_GRID_S).mean()) > chance + CLEARLY_ON * (1 - chance)


def free_passages(onset_s: np.ndarray) -> np.ndarray:
    """Number of the passage of every onset (ascending, s), int64 [N].

    Each cut lies before the longest wait within half a passage of where it would ideally be.
    """
    length = onset_s[-1] - onset_s[0]
    count = max(1, round(length / PASSAGE_S))
    wait = np.diff(onset_s, prepend=onset_s[0])
    cuts = []
    for k in range(1, count):
        ideal = onset_s[0] + length * k / count
        near = np.flatnonzero((np.abs(onset_s - ideal) <= length / count / 2) & (wait > CHORD_S))
        if len(near):
            cuts.append(int(near[wait[near].argmax()]))
    return (
        np.searchsorted(np.unique(cuts), np.arange(len(onset_s)), side="right")
        if cuts
        else 0 * wait.astype(int)
    )


def choose(count: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Which passages are written anew: bool [passages], about `share` of all notes.

    Args:
        count: notes in every passage; share: 0 .. 1.
    """
    total, wanted = count.sum(), share * count.sum()
    anew = np.zeros(len(count), bool)
    if share <= 0:
        return anew
    inner = np.arange(1, len(count) - 1) if len(count) > 2 else np.arange(len(count))
    if count[inner].sum() <= wanted:
        anew[inner] = True
        for outer in (0, len(count) - 1):  # the ending is the last to go
            if wanted - count[anew].sum() >= count[outer] / 2:
                anew[outer] = True
        return anew
    best = None
    for _ in range(TRIES):
        drawn = _draw(count, inner, wanted, rng)
        if best is None or abs(count[drawn].sum() - wanted) < abs(count[best].sum() - wanted):
            best = drawn
        if abs(count[best].sum() - wanted) <= EXACT * total:
            break
    assert best is not None
    return best


def _draw(count: np.ndarray, inner: np.ndarray, wanted: float, rng: np.random.Generator) -> np.ndarray:
    """One draw of runs of passages until there are enough notes, the last run cut where that is nearest."""
    anew = np.zeros(len(count), bool)
    while count[anew].sum() < wanted:
        start = int(rng.choice(inner[~anew[inner]]))
        for passage in range(start, min(start + int(rng.integers(1, LONGEST_RUN + 1)), inner[-1] + 1)):
            over = count[anew].sum() + count[passage] - wanted
            if anew.any() and over > count[passage] / 2:
                return anew
            anew[passage] = True
            if over >= 0:
                return anew
    return anew


def kept_spans(piece: Piece, anew: np.ndarray) -> list[Span]:
    """Every run of passages that stay, with its events for the writer."""
    first = np.searchsorted(piece.passage, np.arange(len(anew)))  # first note of every passage
    begins = piece.time[first]
    end = piece.seconds / piece.unit_s
    spans = []
    edges = np.flatnonzero(np.diff(np.concatenate([[True], anew, [True]]).astype(int)))
    for start, stop in zip(edges[::2], edges[1::2], strict=True):
        a = 0.0 if start == 0 else float(begins[start])
        b = end if stop == len(anew) else float(begins[stop])
        notes = slice(first[start], len(piece.time) if stop == len(anew) else first[stop])
        events = given(piece, notes, a, b)
        if stop < len(anew):  # the writer does not wait for longer
            b = min(b, events[-1].time + 0.9 * LONGEST_REST_S / piece.unit_s)
        spans.append(Span(a, b, tuple(events)))
    return spans


def given(piece: Piece, which: slice, start: float, stop: float) -> list[Timed]:
    """Notes of the piece and, in free music, its pedal from `start` to `stop`, as events."""
    notes, kind = piece.notes, piece.kind
    held = (notes.offset_s[which] - notes.onset_s[which]) / piece.unit_s
    duration = nearest(DURATIONS[kind], held) + kind * N_DURATION
    velocity = np.clip(notes.velocity[which], 0, 127).astype(int) // 4
    rows = []
    for time, pitch, speed, length in zip(
        piece.time[which], notes.pitch[which], velocity, duration, strict=True
    ):
        code = np.full(5, -1, np.int64)
        code[[TYPE, PITCH, VELOCITY, DURATION]] = NOTE, pitch - LOWEST, speed, length
        rows.append((float(time), 1, int(pitch), code))
    if kind == FREE and len(notes.pedal):
        for time, down in pedal_within(notes.pedal, start, stop):
            code = np.full(5, -1, np.int64)
            code[TYPE] = DOWN if down else UP
            rows.append((float(time), 2 if down else 0, 0, code))
    rows.sort(key=lambda row: row[:3])
    return [Timed(time, code) for time, _, _, code in rows]


def pedal_within(pedal: np.ndarray, start: float, stop: float) -> np.ndarray:
    """Pedal events in [start, stop), with the state that holds at `start` said first: [P, 2]."""
    before = pedal[pedal[:, 0] <= start]
    inside = pedal[(pedal[:, 0] > start) & (pedal[:, 0] < stop)]
    state = float(before[-1, 1]) if len(before) else 0.0
    return np.concatenate([[[start, state]], inside]) if state or start > 0 else inside


def attributes(piece: Piece, asked: Conditioning) -> dict[str, Any]:
    """What the network is told: as asked, else as the piece has it."""
    notes, unit = piece.notes, piece.unit_s
    moves = notes.pedal if piece.kind == FREE else notes.pedal[:0]
    kinds = np.concatenate([np.full(len(notes), NOTE), np.where(moves[:, 1] > 0, DOWN, UP)])
    times = np.concatenate([piece.time, moves[:, 0] / unit])
    order = np.argsort(times, kind="stable")
    blank = np.zeros(len(moves))

    def column(values: np.ndarray) -> np.ndarray:
        return np.concatenate([values, blank])[order]

    events = Events(
        kind=piece.kind,
        type=kinds[order],
        time=times[order],
        pitch=column(notes.pitch).astype(np.int64),
        velocity=column(notes.velocity).astype(np.int64),
        duration=column((notes.offset_s - notes.onset_s) / unit),
        bar_phase=np.zeros(len(times)),
        bar=np.zeros(len(times), np.int64),
        bpm=piece.bpm,
        metre=piece.metre,
        has_velocity=len(np.unique(notes.velocity)) > 1,
        place=1,
    )
    known = measure(events, piece.seconds)
    known["key"] = key_of(notes)
    wanted = asked_attributes(asked)
    for name in ("tempo", "metre"):  # of what stays
        wanted.pop(name, None)
    if wanted.get("key") and " " not in str(wanted["key"]):
        wanted.pop("key")
    return known | {name: value for name, value in wanted.items() if value is not None}


def key_of(notes: Notes) -> str | None:
    """The key that the notes name, if they sound like it, else the one that they sound like."""
    held = np.clip(notes.offset_s - notes.onset_s, 0.05, 1.0)
    fits = key_fits(np.bincount(notes.pitch % 12, weights=held, minlength=12))
    if notes.key and " " in notes.key and fits[key_index(notes.key)] >= fits.max() - KEY_CLOSE:
        return notes.key
    return KEYS[int(fits.argmax())] if fits.max() > 0 else None


def joined(
    piece: Piece,
    anew: np.ndarray,
    plan: Plan,
    fresh: np.ndarray,
    moved: np.ndarray,
    rng: np.random.Generator,
) -> Structure:
    """What stays and what is new, as one playable piece.

    Args:
        fresh: new notes [N, 4] (pitch, time, duration, velocity), in the plan's unit; moved: new pedal
            events [P, 2], used in free music.
    """
    notes = piece.notes
    stays = ~anew[piece.passage]
    kept = notes.rows()[stays]
    new = performed(fresh, piece, plan, rng)
    new = without_collisions(new, kept)
    pedal = notes.pedal
    if piece.kind == FREE and len(pedal):
        stay = [pedal_within(pedal, span.start, span.stop) for span in plan.spans]
        pedal = changes(np.concatenate([*stay, moved]))
    rows = no_overlap(np.concatenate([kept, new]))
    if anew[-1]:
        rows, pedal = finish(rows, pedal, piece.seconds)
    out = Notes.from_rows(rows, pedal, tempo=notes.tempo, metre=notes.metre, key=notes.key)
    return Structure(piece.seconds, out)


def performed(fresh: np.ndarray, piece: Piece, plan: Plan, rng: np.random.Generator) -> np.ndarray:
    """New notes in seconds, played like the piece around them: [N, 4] (pitch, onset, offset, velocity)."""
    if not len(fresh):
        return np.zeros((0, 4))
    rows = fresh.copy()
    rows[:, 2] = rows[:, 1] + rows[:, 2] * np.exp(rng.normal(0, 0.03, len(rows)))
    level = float(piece.notes.velocity.mean())
    if piece.kind == FREE:
        rows[:, 3] += rng.uniform(-1.5, 1.5, len(rows))
    else:
        rows[:, 3] = printed(rows[:, 3], level) + accents(rows[:, 1], plan)
        played, _ = humanise(rows, np.zeros((0, 2)), piece.unit_s, rng)
        if piece.rigid:
            played[:, 1:3] += (rows[:, 1] * piece.unit_s - played[:, 1])[:, None]
        rows = played
    rows = articulate(rows[np.argsort(rows[:, 1], kind="stable")], touch(piece.notes))
    rows = loudness(rows, level)
    if len(np.unique(piece.notes.velocity)) == 1:
        rows[:, 3] = level
    resumes = np.array([span.start * piece.unit_s for span in plan.spans if span.start > 0] + [np.inf])
    latest = resumes[np.searchsorted(resumes, rows[:, 1], side="right")] + RING_OVER_S
    rows[:, 2] = np.minimum(rows[:, 2], np.minimum(latest, piece.seconds - DAMPED_S))
    return rows[rows[:, 2] > rows[:, 1]]


def touch(notes: Notes) -> float:
    """How the keys of a piece are held, 0 (staccato) .. 1 (legato)."""
    found = articulation(notes.onset_s, notes.offset_s - notes.onset_s)
    return 1.0 if found is None else found


def without_collisions(new: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """New notes, but none that strikes a key within 60 ms of a note that stays."""
    same = new[:, None, 0] == kept[None, :, 0]
    near = np.abs(new[:, None, 1] - kept[None, :, 1]) < RESTRIKE_S
    return new[~(same & near).any(1)]


def changes(pedal: np.ndarray) -> np.ndarray:
    """Pedal events in order, only those that change it; up at first."""
    pedal = pedal[np.argsort(pedal[:, 0], kind="stable")]
    before = np.concatenate([[0.0], pedal[:-1, 1]])
    return pedal[pedal[:, 1] != before]


def _inside(time: np.ndarray, spans: list[Span]) -> np.ndarray:
    """Whether times lie in what is given, bool [N]."""
    found = np.zeros(len(time), bool)
    for span in spans:
        found |= (time >= span.start - 1e-6) & (time < span.stop - 1e-6)
    return found
