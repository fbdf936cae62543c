"""Writes a piece event by event: the grammar of a piano part, the clock, and the sampling loop.

The grammar forbids what no pianist can play and no piece needs: time past the end, a key struck twice
at once, the pedal pressed twice. It never adds an event of its own.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from audiogen.networks.score_transformer import KVCache, ScoreTransformer
from audiogen.sampling.autoregressive import choose
from audiogen.structure.score_attributes import TEMPLATES, key_fits, key_index
from audiogen.structure.score_events import (
    DOWN,
    DURATION,
    DURATIONS,
    END,
    LOWEST,
    METRICAL,
    N_CLOCKED,
    N_DURATION,
    N_PITCH,
    N_SHIFT,
    NOTE,
    OFFSETS,
    PITCH,
    SHIFT,
    SHIFTS,
    START,
    TICKS,
    TYPE,
    UP,
    VELOCITY,
    clock,
    nearest,
)
from audiogen.structure.score_script import Script, Span, Timed

LAST_ONSET_S = 1.2  # before the end; in real endings 1.1 to 1.7 s ring out
RING_S = 4.0  # the end may come when the last onset is at most this far from it
RESTRIKE_S = 0.06  # a key cannot be struck again sooner
LONGEST_REST_S = 3.0
FIRST_S = 0.3  # the first note comes at most this late
PEDALS_IN_A_ROW = 3
KEYS_AT_ONCE = 12  # within RESTRIKE_S
OVER = 0.25  # if less of the shift's probability than this lies before the end, the piece is over
STEER, STEER_S, MOST = 2.0, 2.0, 1.5  # how hard, over how many seconds, and at most, a density is held
PULSE, PULSE_PRIOR, MISSED = 8.0, 2.0, 0.06  # how hard beats are kept, and what share may be empty
EVEN, EVEN_PULL = 14, 0.5  # equal steps in a row, after which another becomes likelier: runs that never end
CHORDS = 2.0  # how hard an asked size of chords is held
BEAT_CHORDS = 0.8  # for a second note on a beat, against one between beats
STEADY = (
    0.75  # temperature of metrical rhythm, beside that of everything: the beat becomes as clear as in scores
)
NOTES_A_BEAT = 1.5  # where fewer are asked for, beats may stay empty
LATELY, OFTEN, TIRED = 24, 4, 0.35  # a key struck more than 4 times in 24 notes loses 0.35 nats each
AGAIN = 0.6  # and the top note of the latest chord this much: melodies repeat one note in twenty
CLEAR, PULL, STRONGEST = 0.12, 4.0, 0.8  # lead of the asked key over its rivals, and the pull towards it
KEY_PRIOR, KEY_FADE = 8.0, 0.985  # notes' worth of the key before the first note; memory of about 65 notes
CLOSING_S, CLOSING = 3.0, 0.35
FINAL_S = 1.0  # so long before the last possible onset every chord is the tonic's
HOME = 5.0  # how hard; nine real pieces in ten end in the tonic triad
CHORD_S = 0.05  # notes closer than this to the first of a chord belong to it
KEEP = 0.6  # share of the context that stays when it is full


@dataclass(frozen=True)
class Plan:
    """What is fixed before the first event.

    Attributes:
        seconds: length of the piece.
        kind: FREE or METRICAL; bpm: quarters a minute (60 for FREE).
        bar, beat: ticks in a bar and in a beat; attributes: codes, int64 [12].
        guidance: classifier-free guidance on the attributes, 1 is off.
        density: asked notes a second, which the writer holds by steering, or None.
        texture: asked notes a chord, likewise.
        key: "D minor"-like, which the writer holds by steering, or None.
        spans: passages that are given, not written.
    """

    seconds: float
    kind: int
    bpm: float
    bar: float
    attributes: np.ndarray
    guidance: float = 1.0
    beat: float = TICKS
    density: float | None = None
    texture: float | None = None
    key: str | None = None
    spans: tuple[Span, ...] = ()

    @property
    def latest_onset_s(self) -> float:
        """Nothing is struck later than this."""
        return self.seconds - min(LAST_ONSET_S, 0.3 * self.seconds)

    @property
    def views(self) -> np.ndarray:
        """What the network is told: the attributes, and with guidance also nothing but the kind: [B, 12]."""
        if self.guidance == 1.0:
            return self.attributes[None]
        return np.stack([self.attributes, np.where(np.arange(len(self.attributes)) == 0, self.kind, 0)])

    @property
    def unit_s(self) -> float:
        """Seconds per unit of time (a second, or a tick)."""
        return 60 / (self.bpm * TICKS) if self.kind == METRICAL else 1.0


class Grammar:
    """What may come next, given what was written."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.script = Script(plan.spans)
        self.time = 0.0  # in the plan's unit
        self.last_onset_s = 0.0
        self.struck_s: dict[int, float] = {}
        self.lately: deque[int] = deque(maxlen=LATELY)
        self.pedal = False
        self.pedals = 0
        self.notes = 0
        self.shifts_s = SHIFTS[plan.kind] * plan.unit_s
        self.beats: set[int] = set()  # that have a note
        self.key = None if plan.key is None else key_index(plan.key)
        self.sounded = np.zeros(12)  # how often each pitch class was struck, fading
        self.chord: list[int] = []  # the latest
        self.chord_s = -1.0
        self.onsets = 0
        self.must_close = False
        self.step, self.even = 0, 0  # the latest shift's code, and how often it came again

    @property
    def now_s(self) -> float:
        return self.time * self.plan.unit_s

    def types(self) -> np.ndarray:
        """Allowed types, bool [4]; only the end when nothing else fits."""
        allowed = np.zeros(4, bool)
        allowed[NOTE] = self.shifts(NOTE).any()
        moving = self.pedals < PEDALS_IN_A_ROW and bool(self.shifts(DOWN).any())
        allowed[DOWN] = moving and not self.pedal
        allowed[UP] = moving and self.pedal
        near = self.plan.seconds - self.last_onset_s <= RING_S
        closed = self.closed or not allowed[NOTE]
        allowed[END] = self.notes > 0 and near and closed and not self.script.ahead
        if not allowed.any():
            allowed[END] = True
        return allowed

    def shifts(self, kind: int) -> np.ndarray:
        """Allowed shift codes before an event of type `kind`, bool [128]."""
        longest = LONGEST_REST_S if self.notes else FIRST_S
        at = self.now_s + self.shifts_s
        allowed = (self.shifts_s <= longest) & (at <= self.plan.latest_onset_s)
        wait_s = self.script.not_before * self.plan.unit_s - self.now_s
        if wait_s > 0:
            allowed &= self.shifts_s >= wait_s - 1e-6
        if kind == NOTE:
            recent = sum(self.now_s - struck < RESTRIKE_S for struck in self.struck_s.values())
            if recent >= KEYS_AT_ONCE:
                allowed &= self.shifts_s >= RESTRIKE_S
        return allowed

    def steering(self) -> np.ndarray:
        """What to add to the logits of the shifts, [128]."""
        return (self._density() + self._pulse() + self._chords()).astype(np.float32)

    def _chords(self) -> np.ndarray:
        """For or against one more note in the chord, so that chords are on average as large as asked."""
        wanted = self.plan.texture
        if wanted is None or not self.notes:
            return np.zeros(len(self.shifts_s))
        much = np.log((self.notes + 4 * wanted) / (wanted * (self.onsets + 4)))
        pull = -float(np.clip(CHORDS * much, -1.5, 1.5)) - max(0.0, len(self.chord) + 1 - 2 * wanted)
        at_once = self.now_s - self.chord_s + self.shifts_s <= CHORD_S
        return np.where(at_once, pull, 0.0)

    def _density(self) -> np.ndarray:
        """Longer shifts where there were too many notes, shorter ones where there were too few.

        The model hears the asked density but drifts, mostly upwards, as its own notes become its past.
        """
        wanted = self.plan.density
        if wanted is None or self.now_s == 0:
            return np.zeros(len(self.shifts_s))
        much = np.log((self.notes + wanted * STEER_S) / (wanted * (self.now_s + STEER_S)))
        tilt = float(np.clip(STEER * much, -MOST, MOST))
        apart = np.maximum(self.shifts_s, CHORD_S)  # more notes, not larger chords
        return np.asarray(tilt * np.log((apart + 0.02) / 0.1))

    def _pulse(self) -> np.ndarray:
        """Against passing over the next beat, where too many were left empty; for chords on beats.

        In scores half of all passages have a note on every beat; the model alone loses one in eight. And
        a run of even notes has a beat only if more sounds on it than in between, and must end some time.
        """
        plan = self.plan
        beat_s = plan.beat * plan.unit_s
        thin = plan.density is not None and plan.density * beat_s < NOTES_A_BEAT
        if plan.kind != METRICAL or thin or not self.notes:
            return np.zeros(len(self.shifts_s))
        now = int(self.time // plan.beat)
        missed = PULSE_PRIOR + now + 1 - len(self.beats)
        pull = PULSE * float(np.clip(missed / (PULSE_PRIOR + now + 1) - MISSED, 0, 0.5))
        over = self.time + SHIFTS[plan.kind] > (now + 1) * plan.beat
        tilt = np.where(over, -pull, 0.0)
        if self.even > EVEN:
            tilt[self.step] -= min(EVEN_PULL * (self.even - EVEN), 12.0)
        on_beat = self.time % plan.beat == 0
        if not on_beat:
            tilt[0] -= BEAT_CHORDS
        elif len(self.chord) == 1:
            tilt[0] += BEAT_CHORDS
        return tilt

    def pitches(self) -> np.ndarray:
        """Allowed pitches, bool [88]."""
        allowed = np.ones(N_PITCH, bool)
        for pitch, struck in self.struck_s.items():
            if self.now_s - struck < RESTRIKE_S:
                allowed[pitch - LOWEST] = False
        return allowed

    @property
    def closed(self) -> bool:
        """Whether the piece may end here: on the tonic triad over the tonic, where it has a key."""
        if self.key is None:
            return True
        steps = [(pitch - self.key) % 12 for pitch in sorted(self.chord)]
        return bool(steps) and steps[0] == 0 and set(steps) <= self._triad

    @property
    def _triad(self) -> set[int]:
        return {0, 3 if self.key is not None and self.key >= 12 else 4, 7}

    def home(self) -> np.ndarray:
        """What to add to the logits of the pitches, [88], where the piece closes: the tonic chord."""
        begin = self.plan.latest_onset_s - min(FINAL_S, 0.1 * self.plan.seconds)
        if self.key is None or not (self.must_close or self.now_s >= begin):
            return np.zeros(N_PITCH, np.float32)
        pitch = np.arange(N_PITCH) + LOWEST
        step = (pitch - self.key) % 12
        same = bool(self.chord) and self.now_s - self.chord_s <= CHORD_S
        under = pitch < (min(self.chord) if same else 128)  # would be the bass
        fits = np.where(under, step == 0, np.isin(step, list(self._triad)))
        return np.where(fits, HOME, 0.0).astype(np.float32)

    def tonality(self) -> np.ndarray:
        """What to add to the logits of the pitches, [88]: pulls back to the asked key where it gets lost.

        Nothing while the key fits clearly best; near the end a little always, so that it closes there.
        """
        if self.key is None:
            return np.zeros(N_PITCH, np.float32)
        fits = key_fits(self.sounded + KEY_PRIOR * TEMPLATES[self.key] / TEMPLATES[self.key].sum())
        rival = float(np.delete(fits, self.key).max())
        pull = float(np.clip(PULL * (CLEAR + rival - fits[self.key]), 0, STRONGEST))
        if self.plan.seconds - self.now_s < CLOSING_S:
            pull = max(pull, CLOSING)
        template = TEMPLATES[self.key]
        degree = (template - template.mean()) / template.std()
        return (pull * degree[(np.arange(N_PITCH) + LOWEST) % 12]).astype(np.float32)

    def tired(self) -> np.ndarray:
        """What to take from the logits of the pitches, [88]: keeps the model out of loops on one key."""
        count = np.bincount(np.array(self.lately, int) - LOWEST, minlength=N_PITCH)
        tired = TIRED * np.maximum(count - OFTEN, 0)
        if self.chord and self.now_s - self.chord_s > CHORD_S:
            tired[max(self.chord) - LOWEST] += AGAIN
        return tired.astype(np.float32)

    def move(self, shift: float) -> None:
        """Time passes, in the plan's unit."""
        if shift > 0:
            step = int(nearest(SHIFTS[self.plan.kind], np.array(shift)))
            self.even = self.even + 1 if step == self.step else 0
            self.step = step
        self.time += shift

    def note(self, pitch: int) -> None:
        self.struck_s[pitch] = self.last_onset_s = self.now_s
        self.pedals, self.notes = 0, self.notes + 1
        if self.time % self.plan.beat == 0:
            self.beats.add(int(self.time // self.plan.beat))
        self.lately.append(pitch)
        if not self.chord or self.now_s - self.chord_s > CHORD_S:
            self.chord, self.chord_s = [], self.now_s
            self.onsets += 1
        self.chord.append(pitch)
        self.sounded *= KEY_FADE
        self.sounded[pitch % 12] += 1

    def pedal_to(self, down: bool) -> None:
        self.pedal, self.pedals = down, self.pedals + 1


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
        self,
        network: ScoreTransformer,
        plan: Plan,
        generator: torch.Generator,
        temperature: float,
        top_p: float,
    ) -> None:
        self.network, self.plan, self.generator = network, plan, generator
        self.temperature, self.top_p = temperature, top_p
        self.grammar = Grammar(plan)
        self.views = plan.views + OFFSETS[N_CLOCKED:]  # [B, attributes]
        self.cache = KVCache(network.config, len(self.views))
        self.history: list[np.ndarray] = []
        self.written: list[Timed] = []

    def write(self, tell: Callable[[float], None]) -> Written:
        """Events until the end; `tell` is called with the seconds written so far."""
        hidden = self._read(np.full(5, -1), first=True)
        while True:
            event = self._given_event() if self.grammar.script.waiting else self._event(hidden)
            if event[TYPE] == END:
                break
            self.written.append(Timed(self.grammar.time, event))
            tell(self.grammar.now_s)
            hidden = self._read(event)
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

    def _event(self, hidden: Tensor) -> np.ndarray:
        """Sample the fields of one event and tell the grammar: int64 [5], -1 where none.

        Where it would lie in a given span or behind it, the first event of the span comes instead.
        """
        g, kind = self.grammar, self.plan.kind
        uniform = torch.rand(5, generator=self.generator)
        event = np.full(5, -1, np.int64)
        event[TYPE] = self._choose(self._logits(TYPE, hidden), uniform[0], g.types())
        if event[TYPE] == END:
            return event
        whole, hidden = hidden, self._given(TYPE, event, hidden)
        logits = self._logits(SHIFT, hidden)[kind * N_SHIFT : (kind + 1) * N_SHIFT]
        logits = logits / (STEADY if kind == METRICAL else 1.0) + torch.from_numpy(g.steering())
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
        hidden = self._given(SHIFT, event, hidden)
        logits = self._logits(PITCH, hidden) + torch.from_numpy(g.tonality() + g.home() - g.tired())
        event[PITCH] = self._choose(logits, uniform[2], g.pitches())
        g.note(int(event[PITCH]) + LOWEST)
        hidden = self._given(PITCH, event, hidden)
        event[VELOCITY] = self._choose(self._logits(VELOCITY, hidden), uniform[3])
        hidden = self._given(VELOCITY, event, hidden)
        logits = self._logits(DURATION, hidden)[kind * N_DURATION : (kind + 1) * N_DURATION]
        event[DURATION] = self._choose(logits, uniform[4]) + kind * N_DURATION
        return event

    def _is_over(self, logits: Tensor) -> bool:
        """Whether the model would go on only after the end."""
        g = self.grammar
        if g.script.ahead or self.plan.seconds - g.last_onset_s > RING_S or not g.notes:
            return False
        before = g.now_s + g.shifts_s <= self.plan.latest_onset_s
        share = (logits / self.temperature).softmax(-1)[torch.from_numpy(before)].sum()
        return float(share) < OVER

    def _choose(self, logits: Tensor, uniform: Tensor, allowed: np.ndarray | None = None) -> int:
        if allowed is not None:
            logits = logits.masked_fill(torch.from_numpy(~allowed), -torch.inf)
        return int(choose(logits, uniform, self.temperature, self.top_p))

    def _logits(self, field: int, hidden: Tensor) -> Tensor:
        """hidden [B, D] -> logits [size], guided where there are two views."""
        logits = self.network.logits(field, hidden)
        return logits[0] if len(logits) == 1 else torch.lerp(logits[1], logits[0], self.plan.guidance)

    def _given(self, field: int, event: np.ndarray, hidden: Tensor) -> Tensor:
        return self.network.given(field, torch.tensor(event[field]), hidden)

    def _read(self, event: np.ndarray, first: bool = False) -> Tensor:
        """The network reads an event (or the start): hidden [B, D] for the next one."""
        self._remember(event, first)
        rows = self.history[-1:]
        if self.cache.length == self.network.config.context:
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

    def _pass(self, rows: list[np.ndarray]) -> Tensor:
        """The network reads rows of the history: hidden [B, D] after the last."""
        told = np.broadcast_to(self.views[:, None], (len(self.views), len(rows), self.views.shape[1]))
        same = np.broadcast_to(np.stack(rows), (len(self.views), len(rows), N_CLOCKED))
        return self.network.step(torch.from_numpy(np.concatenate([same, told], 2)), self.cache)[:, -1]

    def _begin_again(self) -> list[np.ndarray]:
        """The context is full: the latest events become a new window, read at once."""
        keep = int(KEEP * self.network.config.context)
        rows = self.history[-keep:]
        start = rows[0].copy()
        start[:5] = OFFSETS[:5]
        start[0] += START
        start[5] = rows[0][5]
        self.history = [start, *rows[1:]]
        self.cache = KVCache(self.network.config, len(self.views))
        return self.history


@contextmanager
def one_thread() -> Iterator[None]:
    """One thread inside: steps this small only wait for each other on more."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
