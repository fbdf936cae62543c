"""Names of keys and the two bytes of a MIDI key signature."""

from __future__ import annotations

_MAJOR = ["Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#"]
_MINOR = ["Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#"]
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def key_name(sharps: int, minor: int) -> str | None:
    """Of a key signature's two bytes; None where there is no such key."""
    place = (sharps if sharps < 128 else sharps - 256) + 7
    if not 0 <= place < len(_MAJOR) or minor > 1:
        return None
    return f"{(_MINOR if minor else _MAJOR)[place]} {'minor' if minor else 'major'}"


def key_signature(name: str) -> tuple[int, int] | None:
    """The two bytes: sharps (flats from 255 down), 1 for minor; None where a signature cannot say it."""
    tonic, _, mode = name.partition(" ")
    names = _MINOR if mode == "minor" else _MAJOR
    return ((names.index(tonic) - 7) % 256, int(mode == "minor")) if tonic in names else None


def transposed(name: str, semitones: int) -> str:
    """The key so many semitones higher, spelled with the fewest accidentals."""
    tonic, _, mode = name.partition(" ")
    names = _MINOR if mode == "minor" else _MAJOR
    wanted = (pitch_class(tonic) + semitones) % 12
    fitting = [place for place, each in enumerate(names) if pitch_class(each) == wanted]
    return f"{names[min(fitting, key=lambda place: abs(place - 7))]} {mode}".strip()


def same(one: str, other: str) -> bool:
    """Whether two names are one key, however it is spelled."""
    (a, _, mode), (b, _, other_mode) = one.partition(" "), other.partition(" ")
    return mode == other_mode and pitch_class(a) == pitch_class(b)


def pitch_class(tonic: str) -> int:
    """0 (C) .. 11 of a name such as "F#" or "Bb"; raises KeyError where there is no such note."""
    return (_STEPS[tonic[0]] + tonic.count("#") - tonic[1:].count("b")) % 12
