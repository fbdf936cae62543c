"""Attributes of a piano part: measured in a window for training, or asked for by a prompt; and codes.

Every attribute has the unit of `Conditioning`; None is unknown. The same buckets serve both, so that
what was measured in training is what can be asked for.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from audiogen.artifacts import PERIODS, Conditioning
from audiogen.structure.score.events import ATTRIBUTES, DOWN, FREE, METRES, NOTE, Events

TONICS = ("C", "C#", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
SAME = {
    "Db": "C#",
    "D#": "Eb",
    "Gb": "F#",
    "G#": "Ab",
    "A#": "Bb",
    "Cb": "B",
    "Fb": "E",
    "E#": "F",
    "B#": "C",
}
MAJOR = np.array([6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88])
MINOR = np.array([6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17])
CHORD_S = 0.035  # notes closer than this are one chord
GROWN = 28.0  # a crescendo begins so far below the middle and ends so far above: from pp to ff


def measure(events: Events, seconds: float) -> dict[str, Any]:
    """Attributes of a window.

    Args:
        events: the window; seconds: its length.
    Returns: a value for every name in `ATTRIBUTES`; None where unknown (loudness without velocities,
        pedal and tempo where the source has none).
    """
    notes = events.type == NOTE
    pitch, unit = events.pitch[notes], events.unit_s
    held = events.duration[notes] * unit
    known: dict[str, Any] = dict.fromkeys(ATTRIBUTES)
    known |= {"kind": events.kind, "place": events.place}
    if len(pitch) < 4:
        return known
    onset = events.time[notes] * unit
    known["density"] = len(pitch) / seconds
    known["register"] = float(pitch.mean())
    known["articulation"] = articulation(onset, held)
    known["key"] = estimate_key(pitch, np.minimum(held, 1.0))
    if events.has_velocity:
        known["loudness"] = float(events.velocity[notes].mean())
    known["texture"] = texture(onset)
    known["period"] = events.period
    if events.kind == FREE:
        known["pedal"] = pedal_share(events, seconds)
    else:
        known |= {"tempo": events.bpm, "metre": events.metre}
    return known


def texture(onset_s: np.ndarray) -> float:
    """Notes struck together on average, 1 (a single voice) or more; `onset_s` ascending, not empty."""
    return len(onset_s) / (1 + int((np.diff(onset_s) > CHORD_S).sum()))


def articulation(onset_s: np.ndarray, held_s: np.ndarray) -> float | None:
    """How far the keys are held towards the next onset, 0 (staccato) .. 1 (legato)."""
    following = np.searchsorted(onset_s, onset_s + CHORD_S)
    inner = following < len(onset_s)
    if inner.sum() < 3:
        return None
    gap = onset_s[following[inner]] - onset_s[inner]
    return float(np.clip(held_s[inner] / np.clip(gap, 0.02, 1.5), 0, 1).mean())


def growth(course: np.ndarray, velocity: np.ndarray) -> float:
    """How the velocities grow along a course of -1 .. 1, by least squares: 1 is from pp to ff."""
    own = course - course.mean()
    return float(own @ velocity / max(float(own @ own), 1e-9)) / GROWN


def over(onset_s: np.ndarray, seconds: float) -> np.ndarray:
    """The course of a piece: -1 at its beginning .. 1 at its end."""
    return 2 * np.clip(onset_s / seconds, 0, 1) - 1


def pedal_share(events: Events, seconds: float) -> float:
    """Share of the window with the sustain pedal down."""
    pedals = events.type != NOTE
    times = np.concatenate([events.time[pedals] * events.unit_s, [seconds]])
    down = events.type[pedals] == DOWN
    return float(np.clip(np.diff(times)[down].sum() / seconds, 0, 1))


KEYS = tuple(f"{tonic} {mode}" for mode in ("major", "minor") for tonic in TONICS)
TEMPLATES = np.array([np.roll(mode, tonic) for mode in (MAJOR, MINOR) for tonic in range(12)])


def key_fits(profile: np.ndarray) -> np.ndarray:
    """Correlation of a pitch-class profile [12] with that of every key of `KEYS`, [24]."""
    if profile.std() < 1e-9:
        return np.zeros(len(KEYS))
    return np.asarray(np.corrcoef(profile, TEMPLATES)[0, 1:])


def key_index(name: str) -> int:
    """Index of "D minor" in `KEYS`.

    Raises:
        ValueError: no such key.
    """
    tonic, _, mode = name.rpartition(" ")
    return KEYS.index(f"{SAME.get(tonic, tonic)} {mode}")


def estimate_key(pitch: np.ndarray, weight: np.ndarray, least: float = 0.55) -> str | None:
    """Krumhansl-Kessler key of weighted pitches, "D minor"-like; None where no key fits."""
    profile = np.bincount(pitch % 12, weights=weight, minlength=12)
    if profile.std() < 1e-9:
        return None
    fit = key_fits(profile)
    best = int(fit.argmax())
    return KEYS[best] if fit[best] >= least else None


def asked(conditioning: Conditioning) -> dict[str, Any]:
    """The attributes that a prompt asks for; None where it does not."""
    known: dict[str, Any] = dict.fromkeys(ATTRIBUTES)
    for name in (
        "tempo",
        "metre",
        "density",
        "loudness",
        "register",
        "articulation",
        "pedal",
        "texture",
        "period",
    ):
        known[name] = getattr(conditioning, name)
    known["key"] = conditioning.key or conditioning.mode
    return known


def codes(known: dict[str, Any], periods: tuple[str, ...] = PERIODS) -> np.ndarray:
    """Attribute codes in the order of `ATTRIBUTES`, int64 [12]; 0 is unknown (kind has no unknown).

    Args:
        periods: that the weights know.
    """
    return np.array([_code(name, known.get(name), periods) for name in ATTRIBUTES], np.int64)


def _code(name: str, value: Any, periods: tuple[str, ...]) -> int:
    if value is None:
        return 0
    if name in ("kind", "place"):
        return int(value)
    if name == "key":
        return _key_code(str(value))
    if name == "period":
        return 1 + periods.index(value) if value in periods else 0
    if name == "metre":
        return 1 + METRES.index(tuple(value)) if tuple(value) in METRES else 8
    steps = {
        "tempo": lambda v: np.log2(max(v, 1.0) / 40) * 6,
        "density": lambda v: (np.log2(max(v, 0.01)) + 1) * 2.5,
        "loudness": lambda v: (v - 4) / 8,
        "register": lambda v: (v - 36) / 4,
        "articulation": lambda v: v * 7,
        "pedal": lambda v: v * 8,
        "texture": lambda v: (v - 1) * 4,
    }
    return 1 + int(np.clip(np.round(steps[name](value)), 0, ATTRIBUTES[name] - 2))


def _key_code(name: str) -> int:
    """ "D minor" -> 1..24, "major" -> 25, "minor" -> 26, anything else 0."""
    tonic, _, mode = name.rpartition(" ")
    if mode not in ("major", "minor"):
        return 0
    tonic = SAME.get(tonic, tonic)
    if tonic not in TONICS:
        return 26 if mode == "minor" else 25
    return 1 + TONICS.index(tonic) + 12 * (mode == "minor")
