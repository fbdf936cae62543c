"""What was asked for, in typed attributes."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from audiogen.artifacts.checks import check_metre
from audiogen.errors import InvalidRequest
from audiogen.kinds import KINDS, kinds
from audiogen.rows import from_rows, shown

PERIODS = ("baroque", "classical", "romantic", "impressionist", "ragtime")
SOURCES = ("rain", "birds", "waves", "fire", "thunder", "wind", "crickets", "water", "rooster")
BEHIND = {"wind", "thunder"}  # sources that are heard behind another
STYLES = ("watercolor", "oil", "pencil", "ink")
PICTURES = tuple(name for name, kind in KINDS.items() if kind.is_picture)  # what is seen, not heard
MODES = ("major", "minor")
LOOKS = ("flat", "3d", "shaded", "blob", "outline", "solid", "pixel")
_WORDED = ("wording", "negative")

_KEY = re.compile(r"[A-G](#|b)? (major|minor)")
_RANGES: dict[str, tuple[float, float]] = {
    "seconds": (-1e9, 1e9),
    "tempo": (1, 1000),
    "density": (0, 100),
    "loudness": (1, 127),
    "register": (21, 108),
    "articulation": (0, 1),
    "pedal": (0, 1),
    "texture": (0, 20),
    "growth": (-1, 1),
    "intensity": (0, 1),
    "size": (1, 4096),
}  # of what a file says; a prompt's own limits are narrower


def mainly(source: str, sources: Collection[str]) -> bool:
    """Whether a sound that holds these is of that source, with at most wind or thunder behind it."""
    return source in sources and BEHIND.issuperset({*sources} - {source})


@dataclass(frozen=True)
class Conditioning:
    """What the prompt asked for, as typed attributes; None means "not asked".

    Attributes:
        prompt: the words as given.
        path: the kind of work by its name: "piano", "ambience", "digit", "picture" or an added one.
        seconds: length asked for, s.
        tempo: beats per minute; a beat is `quarters_per_beat` of the metre.
        key: "D minor"-like name; mode: "major" or "minor", also set without a key.
        metre: (3, 4)-like pair.
        density: note onsets per second.
        loudness: mean MIDI velocity of the notes, 1..127 (pp about 35, mf 64, ff 100).
        register: mean pitch, MIDI number (middle C is 60).
        articulation: 0 (staccato) .. 1 (legato).
        pedal: share of time with the sustain pedal down, 0..1.
        texture: notes struck together on average, 1 (a single voice) .. 4 (full chords).
        growth: of the loudness over the piece: -1 (diminuendo, ff to pp) .. 1 (crescendo, pp to ff).
        period: "baroque", "classical", "romantic", "impressionist" or "ragtime" (`PERIODS`).
        mood: mood words that were understood, in English.
        sources: weight 0..1 per sound of nature (`SOURCES`), the main one 1. With path "piano" they
            sound beside it.
        intensity: of the main sound, 0 (light, distant, sparse) .. 1 (heavy, close, dense).
        subject: of a picture; path "digit": "0".."9"; path "picture": a canonical English name, "cat".
        style: how it is painted (`STYLES`). look: of an illustration (`LOOKS`).
        details: other understood words of a picture, "big eyes", "smiling".
        count: how many of the subject are seen; None: one.
        background: what is behind the subject: names of places, hours and colours; (): bare paper.
        size: of the picture, pixels to a side; None: the largest.
        unknown: words of the prompt that were not understood.
        remarks: what was heard otherwise than it was said, in words for the user.
        wording: what a model with free text is handed where that is not `prompt` itself: words of a style or
            of quality have been added. negative: what it is told to keep away from.
    """

    prompt: str = ""
    path: str = "piano"
    seconds: float = 15.0
    tempo: float | None = None
    key: str | None = None
    mode: str | None = None
    metre: tuple[int, int] | None = None
    density: float | None = None
    loudness: float | None = None
    register: float | None = None
    articulation: float | None = None
    pedal: float | None = None
    texture: float | None = None
    growth: float | None = None
    period: str | None = None
    mood: tuple[str, ...] = ()
    sources: dict[str, float] = field(default_factory=dict)
    intensity: float | None = None
    subject: str | None = None
    style: str | None = None
    look: str | None = None
    details: tuple[str, ...] = ()
    count: int | None = None
    background: tuple[str, ...] = ()
    size: int | None = None
    unknown: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    wording: str = ""
    negative: str = ""

    @property
    def is_picture(self) -> bool:
        """Whether it is seen, not heard."""
        kind = KINDS.get(self.path) or kinds().get(self.path)
        return kind is not None and kind.is_picture

    def to_dict(self) -> dict[str, Any]:
        """Only what is set, ready for JSON; a picture has no length."""
        rows = dataclasses.asdict(self)
        if self.is_picture:
            del rows["seconds"]
        return {k: v for k, v in rows.items() if v not in (None, (), {}, []) and (k not in _WORDED or v)}

    @classmethod
    def from_dict(cls, rows: dict[str, Any]) -> Conditioning:
        """The inverse of `to_dict`.

        Raises:
            InvalidRequest: an unknown name, or a value that no prompt asks for.
        """
        known: Conditioning = from_rows(cls, rows, "conditioning")
        problems = [
            f"{name} must be {low:g} .. {high:g}, not {value:g}"
            for name, (low, high) in _RANGES.items()
            if (value := getattr(known, name)) is not None and not low <= value <= high
        ]
        choices = {"mode": MODES, "period": PERIODS}  # a stranger's kind of work has styles of its own
        for name, named in choices.items():
            value = getattr(known, name)
            if value not in (None, *named):
                problems.append(f"{name} must be one of {', '.join(named)}, not {shown(value)}")
        for source, weight in known.sources.items():
            if not 0 <= weight <= 1:
                problems.append(f"the weight of {shown(source)} must be 0 .. 1, not {weight:g}")
        if known.key is not None and not _KEY.fullmatch(known.key):
            problems.append(f'key must be such as "D minor", not {shown(known.key)}')
        if problems:
            raise InvalidRequest(f"conditioning: {'; '.join(problems)}.")
        check_metre(known.metre)
        return known


def quarters_per_beat(metre: tuple[int, int]) -> float:
    """What "90 bpm" counts: quarters, in compound time (6/8, 9/8, 12/8) dotted quarters."""
    return 1.5 if metre[1] == 8 and metre[0] % 3 == 0 and metre[0] > 3 else 1.0
