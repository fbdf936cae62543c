"""Writes a piece event by event: the sampling loop, under the rules and the steering of `score_grammar`."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from audiogen.networks.score_transformer import ScoreTransformer
from audiogen.stage import Sampling
from audiogen.structure.score.events import (
    DOWN,
    DURATION,
    DURATIONS,
    END,
    LOWEST,
    METRICAL,
    N_CLOCKED,
    N_DURATION,
    N_SHIFT,
    NOTE,
    OFFSETS,
    PITCH,
    SHIFT,
    SHIFTS,
    START,
    TYPE,
    VELOCITY,
    clock,
    nearest,
)
from audiogen.structure.score.grammar import RING_S, Grammar, Plan
from audiogen.structure.score.reader import NativeReader, Reader, TorchReader
from audiogen.structure.score.script import Timed

OVER = 0.25  # if less of the shift's probability than this lies before the end, the piece is over
STEADY = 0.75  # temperature of metrical rhythm, times that of everything: a beat as clear as in scores
KEEP = 0.6  # share of the context that stays when it is full


@dataclass(frozen=True, eq=False)
class Written:
    """What came out, in the plan's unit of time.

    Attributes:
        notes: float64 [N, 4]: pitch, onset, duration, velocity (centre of its code).
        pedal: float64 [P, 2]: time, 1 down / 0 up.
    """

    notes: np.ndarray
    pedal: np.ndarray


class Writer:
    """The sampling loop over one piece."""

    def __init__(
        self, network: ScoreTransformer, plan: Plan, generator: torch.Generator, sampling: Sampling
    ) -> None:
        self.plan, self.generator = plan, generator
        self.grammar = Grammar(plan, sampling.melodies > 1)
        self.context = network.config.context
        self.views = plan.views + OFFSETS[N_CLOCKED:]  # [B, attributes]
        kind = TorchReader if sampling.arithmetic == 1 else NativeReader
        self.reader: Reader = kind(
            network, len(self.views), plan.guidance, sampling.temperature, sampling.top_p
        )
        self.history: list[np.ndarray] = []
        self.written: list[Timed] = []

    def write(self, tell: Callable[[float], None]) -> Written:
        """Events until the end; `tell` is called with the seconds written so far."""
        state = self._read(np.full(5, -1), first=True)
        while True:
            event = self._given_event() if self.grammar.script.waiting else self._event(state)
            if event[TYPE] == END:
                break
            self.written.append(Timed(self.grammar.time, event))
            tell(self.grammar.now_s)
            state = self._read(event)
        return self._as_written()

    def _as_written(self) -> Written:
        notes, pedal = [], []
        for event in self.written:
            code = event.codes
            if code[TYPE] == NOTE:
                duration = DURATIONS[self.plan.kind][code[DURATION] - self.plan.kind * N_DURATION]
                notes.append((code[PITCH] + LOWEST, event.time, duration, code[VELOCITY] * 4 + 1.5))
            else:
                pedal.append((event.time, float(code[TYPE] == DOWN)))
        return Written(np.array(notes, float).reshape(-1, 4), np.array(pedal, float).reshape(-1, 2))

    def _given_event(self) -> np.ndarray:
        """The next event of the span that was begun; the grammar is told: int64 [5]."""
        g, kind = self.grammar, self.plan.kind
        given = g.script.waiting.pop(0)
        event = given.codes.copy()
        shift = max(given.time - g.time, 0.0)
        event[SHIFT] = nearest(SHIFTS[kind], np.array(shift)) + kind * N_SHIFT
        g.move(shift)
        if event[TYPE] == NOTE:
            g.note(int(event[PITCH]) + LOWEST)
        else:
            g.pedal_to(event[TYPE] == DOWN)
        return event

    def _event(self, state: Any) -> np.ndarray:
        """Sample the fields of one event and tell the grammar: int64 [5], -1 where none.

        Where it would lie in a given span or behind it, the first event of the span comes instead.
        """
        g, kind = self.grammar, self.plan.kind
        reader, uniform = self.reader, torch.rand(5, generator=self.generator).numpy()
        event = np.full(5, -1, np.int64)
        event[TYPE] = self._choose(reader.logits(TYPE, state), uniform[0], g.types())
        if event[TYPE] == END:
            return event
        whole, state = state, reader.given(TYPE, event[TYPE], state)
        logits = reader.logits(SHIFT, state)[kind * N_SHIFT : (kind + 1) * N_SHIFT]
        logits = logits / np.float32(STEADY if kind == METRICAL else 1.0) + g.steering()
        if self._is_over(logits):
            if g.types()[END]:
                event[TYPE] = END
                return event
            g.must_close = True
        event[SHIFT] = self._choose(logits, uniform[1], g.shifts(int(event[TYPE]))) + kind * N_SHIFT
        shift = SHIFTS[kind][event[SHIFT] - kind * N_SHIFT]
        if g.script.begins(g.time + shift):
            g.script.begin(self.written)
            return self._given_event() if g.script.waiting else self._event(whole)
        g.move(shift)
        if event[TYPE] != NOTE:
            g.pedal_to(event[TYPE] == DOWN)
            return event
        state = reader.given(SHIFT, event[SHIFT], state)
        logits = reader.logits(PITCH, state) + (g.tonality() + g.home() - g.tired())
        event[PITCH] = self._choose(logits, uniform[2], g.pitches())
        g.note(int(event[PITCH]) + LOWEST)
        state = reader.given(PITCH, event[PITCH], state)
        event[VELOCITY] = self._choose(reader.logits(VELOCITY, state), uniform[3])
        state = reader.given(VELOCITY, event[VELOCITY], state)
        logits = reader.logits(DURATION, state)[kind * N_DURATION : (kind + 1) * N_DURATION]
        event[DURATION] = self._choose(logits, uniform[4]) + kind * N_DURATION
        return event

    def _is_over(self, logits: np.ndarray) -> bool:
        """Whether the model would go on only after the end."""
        g = self.grammar
        if g.script.ahead or self.plan.seconds - g.last_onset_s > RING_S or not g.notes:
            return False
        before = g.now_s + g.shifts_s <= self.plan.latest_onset_s
        return float(self.reader.shares(logits)[before].sum()) < OVER

    def _choose(self, logits: np.ndarray, uniform: float, allowed: np.ndarray | None = None) -> int:
        if allowed is not None:
            logits = np.where(allowed, logits, np.float32(-np.inf))
        return self.reader.choose(logits, uniform)

    def _read(self, event: np.ndarray, first: bool = False) -> Any:
        """The network reads an event (or the start): its state before the next one."""
        self._remember(event, first)
        rows = self.history[-1:]
        if self.reader.full:
            rows = self._begin_again()
        return self._pass(rows)

    def _remember(self, event: np.ndarray, first: bool = False) -> None:
        """Adds what the network is to read of an event to the history."""
        g, plan = self.grammar, self.plan
        code = np.zeros(N_CLOCKED, np.int64)
        code[0] = START if first else event[TYPE]
        if not first:
            code[1:5] = event[1:] + 1
        rest = np.array([plan.seconds - g.now_s])
        bar, phase = int(g.time // plan.bar), np.array([g.time % plan.bar])
        code[5:] = clock(plan.kind, rest, phase, np.array([g.pedal]), np.array([1 + bar]))[0]
        self.history.append(code + OFFSETS[:N_CLOCKED])

    def _pass(self, rows: list[np.ndarray]) -> Any:
        """The network reads rows of the history: its state after the last."""
        told = np.broadcast_to(self.views[:, None], (len(self.views), len(rows), self.views.shape[1]))
        same = np.broadcast_to(np.stack(rows), (len(self.views), len(rows), N_CLOCKED))
        return self.reader.read(np.concatenate([same, told], 2))

    def _begin_again(self) -> list[np.ndarray]:
        """The context is full: the latest events become a new window, read at once."""
        keep = int(KEEP * self.context)
        rows = self.history[-keep:]
        start = rows[0].copy()
        start[:5] = OFFSETS[:5]
        start[0] += START
        start[5] = rows[0][5]
        self.history = [start, *rows[1:]]
        self.reader.begin()
        return self.history


_lock = threading.Lock()
_inside, _before = 0, 1  # calls within `one_thread`, and the threads from before the first


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread inside: steps this small only wait for each other on more.

    The number is one of the whole process: of several that are inside at once the last one sets it back.
    """
    global _inside, _before
    with _lock:
        if not _inside:
            _before = torch.get_num_threads()
        _inside += 1
        torch.set_num_threads(1)
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                torch.set_num_threads(_before)
