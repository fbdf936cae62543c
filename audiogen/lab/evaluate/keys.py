"""Keys: heard in the notes by two independent profiles, and read from titles ("Nocturne, fis-moll").

Sources: Krumhansl & Kessler 1982 (the profile that the score model was trained with); Albrecht &
Shanahan, Music Perception 31 (2013), measured on scores, as the judge that training never saw.
"""

from __future__ import annotations

import re

import numpy as np

from audiogen.artifacts import Notes
from audiogen.structure.score.attributes import MAJOR, MINOR, SAME, TONICS

PROFILES = {
    "Krumhansl": (MAJOR, MINOR),
    "Albrecht": (
        np.array([0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081]),
        np.array([0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052]),
    ),
}
_ENGLISH = re.compile(r"\b([A-G])[ -]?(sharp|flat|[#♯b♭])?[ -](major|minor|majeur|mineur)\b", re.IGNORECASE)
_GERMAN = re.compile(r"\b([A-H])(is|es|s)?[ -](dur|moll)\b", re.IGNORECASE)
# another movement than the first is often in another key than the one in the title
_LATER = re.compile(
    r"\b(2nd|3rd|4th|II+|IV|second|third|fourth|2\.|3\.)[a-z]*\.?[ ,]*(movement|part|satz|teil|und)?\b"
    r".*(movement|part|satz|teil)|(movement|parts?|satz|teil)[: ]+(2|3|4|II|III|IV)\b|\bmov [2-9]\b",
    re.IGNORECASE,
)


def heard_key(notes: Notes, profile: str) -> str:
    """The key that fits best, "D minor"; every note counts by how long its key is held, at most 1 s."""
    held = np.minimum(notes.offset_s - notes.onset_s, 1.0)
    weights = np.bincount(notes.pitch % 12, weights=held, minlength=12)
    return best_key(weights, profile)


def best_key(weights: np.ndarray, profile: str) -> str:
    """The key whose profile correlates best with how much each of the 12 pitch classes sounds, [12]."""
    templates = [np.roll(mode, tonic) for mode in PROFILES[profile] for tonic in range(12)]
    fit = np.array([_correlation(weights, template) for template in templates])
    best = int(fit.argmax())
    return f"{TONICS[best % 12]} {'minor' if best >= 12 else 'major'}"


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    a, b = a - a.mean(), b - b.mean()
    return float(a @ b / np.sqrt(max((a @ a) * (b @ b), 1e-18)))


def same_key(one: str, other: str) -> bool:
    """Whether two names are the same tonic and mode ("Db major" is "C# major")."""
    return _plain(one) == _plain(other)


def _plain(name: str) -> tuple[str, str]:
    tonic, _, mode = name.rpartition(" ")
    return SAME.get(tonic, tonic), mode


def title_key(title: str) -> str | None:
    """The key that a title names, "F# major"; None where it names none, several, or a later movement."""
    found = {_english(*groups) for groups in _ENGLISH.findall(title)}
    found |= {_german(*groups) for groups in _GERMAN.findall(title)}
    if len(found) != 1 or _LATER.search(title):
        return None
    return found.pop()


def _english(letter: str, sign: str, mode: str) -> str:
    sign = {"sharp": "#", "flat": "b", "♯": "#", "♭": "b"}.get(sign.lower(), sign)
    return _name(letter.upper() + sign, mode)


def _german(letter: str, sign: str, mode: str) -> str:
    letter = letter.upper()
    if letter in "HB":
        return _name("B" if letter == "H" else "Bb", mode)
    return _name(letter + {"is": "#", "es": "b", "s": "b", "": ""}[sign.lower()], mode)


def _name(tonic: str, mode: str) -> str:
    tonic = SAME.get(tonic, tonic)
    return f"{tonic} {'minor' if mode.lower() in ('minor', 'mineur', 'moll') else 'major'}"
