"""What may come next in a piano part, and what is made likelier: the plan, the rules and the steering.

The grammar forbids what no pianist can play and no piece needs: time past the end, a key struck twice
at once, the pedal pressed twice. Steering adds to the logits where the music drifts from what was asked:
density, size of chords, beats, key, and the tonic chord at the end. Neither adds an event of its own.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from audiogen.structure.score.attributes import TEMPLATES, key_fits, key_index
from audiogen.structure.score.events import (
    DOWN,
    END,
    LOWEST,
    METRICAL,
    N_PITCH,
    NOTE,
    SHIFTS,
    TICKS,
    UP,
    nearest,
)
from audiogen.structure.score.script import Script, Span

GUIDANCE = 1.25  # on the attributes; a second view in the same pass costs little
LAST_ONSET_S = 1.2  # before the end; in real endings 1.1 to 1.7 s ring out
RING_S = 4.0  # the end may come when the last onset is at most this far from it
RESTRIKE_S = 0.06  # a key cannot be struck again sooner
LONGEST_REST_S = 3.0
FIRST_S = 0.3  # the first note comes at most this late
PEDALS_IN_A_ROW = 3
KEYS_AT_ONCE = 12  # within RESTRIKE_S
STEER, STEER_S, MOST = 2.0, 2.0, 1.5  # how hard, over how many seconds, and at most, a density is held
PULSE, PULSE_PRIOR, MISSED = 8.0, 2.0, 0.06  # how hard beats are kept, and what share may be empty
EVEN, EVEN_PULL = 14, 0.5  # equal steps in a row, after which another becomes likelier: runs that never end
CHORDS = 2.0  # how hard an asked size of chords is held
BEAT_CHORDS = 0.8  # for a second note on a beat, against one between beats
NOTES_A_BEAT = 1.5  # where fewer are asked for, beats may stay empty
LATELY, OFTEN, TIRED = 24, 4, 0.35  # a key struck more than 4 times in 24 notes loses 0.35 nats each
AGAIN = 0.6  # and the top note of the latest chord this much: melodies repeat one note in twenty
STILL, FILLED, STALE = 1.0, 0.3, 0.35  # more for every time that it came again; and for every note by which
# a pitch class fills more than this share of the latest: harmony moves on
CLEAR, PULL, STRONGEST = 0.12, 4.0, 0.8  # lead of the asked key over its rivals, and the pull towards it
KEY_PRIOR, KEY_FADE = 8.0, 0.985  # notes' worth of the key before the first note; memory of about 65 notes
CLOSING_S, CLOSING = 3.0, 0.35
FINAL_S = 1.0  # so long before the last possible onset every chord is the tonic's
HOME = 5.0  # how hard; nine real pieces in ten end in the tonic triad
CHORD_S = 0.05  # notes closer than this to the first of a chord belong to it


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
    """What may come next, given what was written.

    Args:
        moving: harmony and melody are kept from standing still, see `tired`.
    """

    def __init__(self, plan: Plan, moving: bool = True) -> None:
        self.plan, self.moving = plan, moving
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
        self.top, self.again = 0, 0  # of the chord before the latest, and how often it came again
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

        The model is given the asked density but drifts, mostly upwards, as its own notes become its past.
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
        """What to take from the logits of the pitches, [88]: keeps the model out of loops on one key.

        Left alone, one piece of 15 s in thirty stays for ten seconds on two pitch classes, or strikes one
        chord over and over; of real excerpts one in thirty for six to seven (97th percentiles).
        """
        lately = np.array(self.lately, int)
        count = np.bincount(lately - LOWEST, minlength=N_PITCH)
        tired = TIRED * np.maximum(count - OFTEN, 0)
        if self.moving:
            filled = np.bincount(lately % 12, minlength=12) - FILLED * max(len(lately), LATELY // 2)
            tired += STALE * np.maximum(filled, 0)[(np.arange(N_PITCH) + LOWEST) % 12]
        if self.chord and self.now_s - self.chord_s > CHORD_S:
            top = max(self.chord)
            still = STILL * (self.again + 1) if self.moving and top == self.top else 0.0
            tired[top - LOWEST] += AGAIN + still
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
            top = max(self.chord, default=0)
            self.again = self.again + 1 if top == self.top else 0
            self.top = top
            self.chord, self.chord_s = [], self.now_s
            self.onsets += 1
        self.chord.append(pitch)
        self.sounded *= KEY_FADE
        self.sounded[pitch % 12] += 1

    def pedal_to(self, down: bool) -> None:
        self.pedal, self.pedals = down, self.pedals + 1
