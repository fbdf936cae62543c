"""The events of a MIDI file as one piano plays them: who plays, what holds a string, how hard it is struck.

Three pedals are honoured: sustain (controller 64) by itself; sostenuto (66) by letting the keys that are
held when it goes down sound until it comes up; the soft pedal (67) as a softer touch. Volume (7) and
expression (11) at the strike become touch as well: General MIDI gives them the same effect on level as
velocity, 40 log10(value / 127) dB each. The loudest channel keeps its velocities, so that the balance of the
voices counts and a fader that stands somewhere for the whole file does not.

Source: MIDI Manufacturers Association, General MIDI 1 and RP-015 (response to reset all controllers).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

import numpy as np

from audiogen.media import smf
from audiogen.media.keys import key_name
from audiogen.media.smf import Event

PIANO_LOW, PIANO_HIGH = 21, 108
DRUM_CHANNEL = 9
_UNPITCHED = range(115, 128)  # General MIDI: woodblocks, drums and sound effects
_SHORTEST_S, _TAPPED_S = 0.01, 0.05  # of any note; of one that is released as it is struck
_HELD_S = 0.5  # at least, of a note that is never released
_SOFT_TOUCH = 0.85  # of the velocity: about 3 dB and a duller tone
_DOWN = 64  # of any pedal: half-pedal counts from the middle


@dataclass
class _Channel:
    """The state of one channel.

    Attributes:
        held: strikes (time s, velocity, gain) by pitch that are not released yet.
        caught: pitches whose dampers the sostenuto pedal holds up, None while it is up; waiting: (pitch,
            strike) of keys that were released meanwhile.
    """

    program: int = 0
    volume: int = 100
    expression: int = 127
    soft: bool = False
    held: dict[int, list[tuple[float, float, float]]] = field(default_factory=lambda: defaultdict(list))
    caught: set[int] | None = None
    waiting: list[tuple[int, tuple[float, float, float]]] = field(default_factory=list)


class Performance:
    """What is gathered while the events of a file go by.

    Attributes:
        rows: pitch, onset s, offset s, velocity, 1.0 where it was never released, gain.
        pedal, tempos, metres, keys: (time s, value) in order. end_s: of the marker `end`, or None.
        struck: notes by channel, 0..15, of the whole file.
    """

    def __init__(self, chosen: Collection[int] = ()) -> None:
        """`chosen`: the channels, 0..15, that the piano plays whatever they are; none: by instrument."""
        self.chosen = frozenset(chosen)
        self.rows: list[tuple[float, float, float, float, float, float]] = []
        self.pedal: list[tuple[float, float]] = []
        self.tempos: list[tuple[float, float]] = []
        self.metres: list[tuple[float, tuple[int, int]]] = []
        self.keys: list[tuple[float, str]] = []
        self.end_s: float | None = None
        self.struck: Counter[int] = Counter()
        self.drums = self.effects = self.off_keyboard = self.bends = self.softer = self.unchosen = 0
        self.others: dict[int, int] = defaultdict(int)
        self.channels: set[int] = set()

    def listen(self, file: smf.MidiFile, song: list[Event]) -> None:
        """One song; a further one begins when the one before is over."""
        begin = max((row[2] for row in self.rows), default=0.0)
        ticks = np.array([e.tick for e in song], np.float64)
        times = (begin + file.seconds(ticks, song)).tolist()
        self.pedal.append((begin, 0.0))
        channels = [_Channel() for _ in range(16)]
        down: set[int] = set()
        last_s = begin  # of a key; a controller that moves minutes later is no music
        for time, (_, status, first, second, body) in zip(times, song, strict=True):
            kind, number = status & 0xF0, status & 0x0F
            channel = channels[number]
            if status == smf.META:
                self._meta(time, first, body)
            elif kind == smf.NOTE_ON and second:
                if self._plays(number, first, channel.program):
                    last_s = time
                    channel.held[first].append((time, self._touch(channel, second), _gain(channel)))
            elif kind in (smf.NOTE_OFF, smf.NOTE_ON):
                if channel.held[first]:
                    last_s = time
                    self._release(channel, first, time)
            elif kind == smf.PROGRAM:
                channel.program = first
            elif kind == smf.BEND:
                self.bends += (first, second) != (0, 64)
            elif kind == smf.CONTROL and (number != DRUM_CHANNEL or number in self.chosen):
                if self._sounds(number) and first in (64, 121):
                    (down.add if first == 64 and second >= _DOWN else down.discard)(number)
                    self.pedal.append((time, float(bool(down))))
                self._control(channel, first, second, time)
        for channel in channels:
            for pitch, strike in channel.waiting:
                self._note(pitch, strike, max(last_s, strike[0]))
            for pitch, strikes in channel.held.items():
                for strike in strikes:
                    self._note(pitch, strike, max(last_s, strike[0] + _HELD_S), hanging=True)

    def notes(self) -> tuple[np.ndarray, int, int]:
        """Rows [N, 5] of pitch, onset s, offset s, velocity, hanging; how many are softer, how many muted."""
        rows = np.array(self.rows, np.float64).reshape(-1, 6)
        gain = rows[:, 5] / max(rows[:, 5].max(initial=0.0), 1e-9)
        heard, softer = gain > 0, (gain > 0) & (gain < 1)
        rows[:, 3] = np.maximum(1.0, np.round(rows[:, 3] * gain))
        return rows[heard, :5], int(softer.sum()), int((~heard).sum())

    def remarks(self, file: smf.MidiFile, doubled: int, softer: int, muted: int) -> Iterable[str]:
        """What was done to the file, in words."""
        strikes = {smf.NOTE_ON | channel for channel in self.channels}
        tracks = sum(any(e.status in strikes for e in track) for track in file.tracks)
        if file.format == 2 and tracks > 1:
            yield f"played the {tracks} patterns of a format 2 file one after the other"
        elif tracks > 1:
            yield f"merged {tracks} tracks"
        elif len(self.channels) > 1:
            yield f"merged {len(self.channels)} channels"
        if self.unchosen:
            yield f"left out {count(self.unchosen, 'note')} of other channels"
        if self.drums:
            yield f"left out {count(self.drums, 'drum note')} (a piano on channel 10? --channel 10 plays it)"
        if self.effects:
            yield f"left out {count(self.effects, 'note')} of unpitched instruments"
        if self.off_keyboard:
            yield f"left out {count(self.off_keyboard, 'note')} off the 88 keys"
        if muted:
            yield f"left out {count(muted, 'note')} at volume or expression 0 (controllers 7 and 11)"
        if self.others:
            names = ", ".join(FAMILIES[f] for f in sorted({program // 8 for program in self.others}))
            yield f"{count(sum(self.others.values()), 'note')} written for other instruments ({names}) " + (
                "played by the piano"
            )
        if softer:
            yield f"{count(softer, 'note')} struck softer by volume or expression (controllers 7 and 11)"
        if self.softer:
            yield f"{count(self.softer, 'note')} struck softer by the soft pedal (controller 67)"
        if doubled:
            yield f"{count(doubled, 'note')} that two voices share struck once"
        if hanging := int(sum(row[4] for row in self.rows)):
            yield f"released {count(hanging, 'note')} that had no end"
        if self.bends:
            yield "ignored pitch bends: a piano has none"

    def _sounds(self, number: int) -> bool:
        return not self.chosen or number in self.chosen

    def _plays(self, number: int, pitch: int, program: int) -> bool:
        """Whether the piano plays this note; counts why not, and whose it was."""
        self.struck[number] += 1
        if not self._sounds(number):
            self.unchosen += 1
        elif not self.chosen and number == DRUM_CHANNEL:
            self.drums += 1
        elif not self.chosen and program in _UNPITCHED:
            self.effects += 1
        elif not PIANO_LOW <= pitch <= PIANO_HIGH:
            self.off_keyboard += 1
        else:
            if program > 7 and number != DRUM_CHANNEL:  # General MIDI counts eight keyboards first
                self.others[program] += 1
            self.channels.add(number)
            return True
        return False

    def _touch(self, channel: _Channel, velocity: int) -> float:
        self.softer += channel.soft
        return velocity * (_SOFT_TOUCH if channel.soft else 1.0)

    def _release(self, channel: _Channel, pitch: int, time: float) -> None:
        """A key comes up; its string goes on where the sostenuto pedal holds the damper."""
        strike = channel.held[pitch].pop(0)
        if channel.caught is not None and pitch in channel.caught:
            channel.waiting.append((pitch, strike))
        else:
            self._note(pitch, strike, time)

    def _control(self, channel: _Channel, controller: int, value: int, time: float) -> None:
        if controller == 7:
            channel.volume = value
        elif controller == 11:
            channel.expression = value
        elif controller == 67:
            channel.soft = value >= _DOWN
        elif controller == 66 and value >= _DOWN:
            if channel.caught is None:
                channel.caught = {pitch for pitch, strikes in channel.held.items() if strikes}
        elif controller == 66:
            self._damp(channel, time)
        elif controller == 121:
            channel.expression, channel.soft = 127, False
            self._damp(channel, time)
        elif controller in (120, 123):
            for pitch, strikes in channel.held.items():
                for strike in strikes:
                    self._note(pitch, strike, time)
            channel.held.clear()
            if controller == 120:
                self._damp(channel, time)

    def _damp(self, channel: _Channel, time: float) -> None:
        """The sostenuto pedal comes up."""
        for pitch, strike in channel.waiting:
            self._note(pitch, strike, time)
        channel.waiting.clear()
        channel.caught = None

    def _note(
        self, pitch: int, strike: tuple[float, float, float], offset: float, hanging: bool = False
    ) -> None:
        onset, velocity, gain = strike
        length = offset - onset
        length = max(length, _SHORTEST_S) if length > 0 else _TAPPED_S
        self.rows.append((pitch, onset, onset + length, velocity, float(hanging), gain))

    def _meta(self, time: float, kind: int, body: bytes) -> None:
        if kind == smf.TEMPO and int.from_bytes(body[:3], "big"):
            self.tempos.append((time, round(60e6 / int.from_bytes(body[:3], "big"), 3)))
        elif kind == smf.METRE and len(body) >= 2 and body[0] and body[1] < 8:
            self.metres.append((time, (body[0], 2 ** body[1])))
        elif kind == smf.KEY and len(body) >= 2 and (key := key_name(body[0], body[1])):
            self.keys.append((time, key))
        elif kind == smf.MARKER and body.strip(b" =\0").lower() == END.encode():
            self.end_s = time


END = "end"  # the marker that says where the sound ends; REAPER writes =END


def count(number: int, noun: str) -> str:
    """ "1 note", "2 notes"."""
    return f"{number} {noun}" + ("s" if number != 1 else "")


def _gain(channel: _Channel) -> float:
    return channel.volume * channel.expression / 127**2


# General MIDI's sixteen families of eight programs
FAMILIES = (
    *("piano", "chromatic percussion", "organ", "guitar", "bass", "strings", "ensemble", "brass"),
    *("reed", "pipe", "synth lead", "synth pad", "synth effects", "ethnic", "percussion", "sound effects"),
)
