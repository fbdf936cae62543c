"""The musician's word for a value: 34 is pp, 62 bpm is slow. The values are those of meanings.yaml."""

from __future__ import annotations

from audiogen.prompt.language.lexicon import lexicon
from audiogen.prompt.music.attributes import NUMBERS

_TERMS = {
    "tempo": (
        *("grave", "largo", "lento", "adagio", "andante", "moderate", "allegretto", "allegro", "vivace"),
        *("presto", "prestissimo"),
    ),
    "loudness": ("ppp", "pp", "p", "mp", "mf", "f", "ff", "fff"),
    "density": ("very few notes", "sparse", "simple", "flowing", "sixteenth notes", "dense", "virtuosic"),
    "register": (
        "very low",
        "low",
        "below middle C",
        "middle register",
        "above middle C",
        "high",
        "very high",
    ),
    "articulation": ("staccato", "detached", "portato", "tenuto", "legato"),
    "texture": ("single line", "two voices", "three voices", "octaves", "chords", "full chords"),
}
_CALLED = {"moderate": "moderato", "simple": "few notes", "sixteenth notes": "many notes"}
_PITCHES = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")


def term(attribute: str, value: float) -> str | None:
    """The nearest term, or None for an attribute that has none."""
    if attribute not in _TERMS:
        return None
    number, meanings = NUMBERS[attribute], lexicon().phrases.values()
    values = {m.name: m.asks[attribute] for m in meanings if m.name in _TERMS[attribute]}
    nearest = min(values, key=lambda name: abs(number.away(value, values[name])))
    return _CALLED.get(nearest, nearest)


def pitch_name(pitch: float) -> str:
    """Of the nearest MIDI pitch; middle C is C4."""
    number = round(pitch)
    return f"{_PITCHES[number % 12]}{number // 12 - 1}"
