"""Amounts with a unit: seconds, beats per minute, key, metre, notes per second.

`take` reads them out of a text and leaves a gap where each one stood, so that the word lists never
see "15", "minute" or "D minor" apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from audiogen.errors import InvalidRequest
from audiogen.prompt.text import NUMBER, number

TEMPO_RANGE = (20.0, 300.0)
GAP = "\0"

_Found = dict[str, Any] | None
_Reader = Callable[[re.Match[str]], _Found]

_S = r"(?:seconds?|secs?|s(?![a-z'])|秒钟?)"
_MIN = r"(?:minutes?|mins?|分钟|分)"
_AND = r"\s*(?:and\s+|,\s*|零|又)?"
_GAP = r"\s*-?\s*"


def take(text: str) -> tuple[dict[str, Any], str]:
    """Amounts of a normalised text, and the text without them.

    Returns: any of seconds, tempo, density, metre, key, mode; of two for one thing the last counts.
    Raises:
        InvalidRequest: a tempo that no piece has.
    """
    found: dict[str, Any] = {}
    for pattern, read in _PATTERNS:

        def replace(match: re.Match[str], read: _Reader = read) -> str:
            amounts = read(match)
            if amounts is None:
                return match.group()
            found.update(amounts)
            return GAP

        text = pattern.sub(replace, text)
    low, high = TEMPO_RANGE
    if "tempo" in found and not low <= found["tempo"] <= high:
        raise InvalidRequest(f"A tempo lies between {low:g} and {high:g} bpm, not {found['tempo']:g}.")
    return found, text


def _seconds(*groups: tuple[str, float]) -> _Reader:
    """A reader that adds up named groups, each with its length of one unit in seconds."""

    def read(match: re.Match[str]) -> _Found:
        total = sum(number(match[name]) * unit for name, unit in groups if match[name])
        negative = "sign" in match.re.groupindex and match["sign"]
        return {"seconds": -total if negative else total}

    return read


def _constant(seconds: float) -> _Reader:
    return lambda match: {"seconds": seconds}


def _half(match: re.Match[str]) -> _Found:
    return {"seconds": (number(match["n"]) + 0.5) * 60}


def _between(match: re.Match[str]) -> _Found:
    unit = 60 if re.fullmatch(_MIN, match["unit"], re.I) else 1
    return {"seconds": (number(match["a"]) + number(match["b"])) / 2 * unit}


def _tempo(match: re.Match[str]) -> _Found:
    return {"tempo": number(match["n"])}


def _density(match: re.Match[str]) -> _Found:
    return {"density": max(0.2, number(match["n"]))}


def _metre(match: re.Match[str]) -> _Found:
    beats = int(match["a"])
    return {"metre": (beats, int(match["b"]))} if 1 <= beats <= 16 else None


def _metre_of_parts(match: re.Match[str]) -> _Found:
    """四分之三拍 is 3/4."""
    return {"metre": (int(number(match["b"])), int(number(match["a"])))}


def _metre_in_two(match: re.Match[str]) -> _Found:
    """四三拍 and 三四拍 are both said for 3/4; 六八拍 and 八六拍 for 6/8."""
    a, b = int(number(match["a"])), int(number(match["b"]))
    if b in (4, 8):
        return {"metre": (a, b)}
    return {"metre": (b, a)} if a in (2, 4, 8) else None


_MAJOR_NAMES = ("Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#")
_MINOR_NAMES = ("Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#")
_OTHER_NAME = {"D#": "Eb", "G#": "Ab", "A#": "Bb", "E#": "F", "B#": "C", "Fb": "E", "Db": "C#", "Gb": "F#"}
_OTHER_NAME |= {"Cb": "B"}
_SHARP = ("sharp", "#", "♯", "升")
_FLAT = ("flat", "b", "♭", "降")


def _key(match: re.Match[str]) -> _Found:
    groups = match.groupdict()
    letter, mode_word = groups["letter"], (groups.get("mode") or "").lower()
    if letter == "a" and "in" in groups and not groups["in"]:
        return None  # "a minor piano piece" names no key
    sign = (groups.get("sign") or groups.get("before") or "").lower().strip(" -")
    accidental = "#" if sign in _SHARP else "b" if sign in _FLAT else ""
    minor = mode_word in ("minor", "min", "moll", "小调", "m")
    mode = "minor" if minor else "major"
    tonic = letter.upper() + accidental
    if tonic not in (_MINOR_NAMES if minor else _MAJOR_NAMES):
        tonic = _OTHER_NAME[tonic]
    return {"key": f"{tonic} {mode}", "mode": mode}


def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_ACCIDENTAL = r"(?:\s*-?\s*(?P<sign>sharp|flat|#|♯|♭|b(?![a-z])))?"
_NOT_A_NOUN = r"(?!\s+(?:key|mode|mood|scale|feel|tonality|chord))"

_PATTERNS: list[tuple[re.Pattern[str], _Reader]] = [
    # notes per second, before seconds
    (
        _compiled(
            rf"(?P<n>{NUMBER})\s*(?:notes?|onsets?|个?音符?)\s*(?:per|an?|/|每)\s*(?:s|sec|second|秒)\b"
        ),
        _density,
    ),
    (_compiled(rf"每秒钟?\s*(?P<n>{NUMBER})\s*个?音符?"), _density),
    # tempo, before minutes
    (
        _compiled(rf"(?P<n>{NUMBER}){_GAP}(?:bpm|b\.p\.m\.?|beats?\s+(?:per|a)\s+minute|拍每分钟?|拍/分钟?)"),
        _tempo,
    ),
    (
        _compiled(
            rf"(?:\btempo|\bbpm|\bmetronome|速度|每分钟|♩|\bquarter\s*(?=\=))\s*(?:of|is|at|为|是|=|:|约|大约)?\s*"
            rf"(?P<n>{NUMBER})(?!{_GAP}{_S})(?!{_GAP}{_MIN})\s*(?:bpm|拍)?"
        ),
        _tempo,
    ),
    # metre
    (_compiled(r"(?P<a>\d{1,2})\s*/\s*(?P<b>2|4|8|16)(?!\d)\s*(?:time|metre|meter|拍子?)?"), _metre),
    (_compiled(r"(?P<a>[二四八])分之(?P<b>[一二三四五六七八九十]+)拍?子?"), _metre_of_parts),
    (_compiled(r"(?P<a>[二三四六八九])(?P<b>[二三四六八九])拍子?"), _metre_in_two),
    # key
    (
        _compiled(
            r"(?P<in>\bin\s+(?:the\s+key\s+of\s+)?|\bkey\s+of\s+)?\b(?P<letter>[A-G])"
            rf"{_ACCIDENTAL}(?:\s+|-)?(?P<mode>major|minor|maj|min|moll|dur)\b{_NOT_A_NOUN}"
        ),
        _key,
    ),
    (
        _compiled(
            r"(?P<before>[升降#♯♭b])?\s*(?P<letter>[A-G])\s*(?P<sign>[#♯♭b升降])?\s*(?P<mode>大调|小调|调)"
        ),
        _key,
    ),
    (
        re.compile(
            r"\bin\s+(?:the\s+key\s+of\s+)?(?P<letter>[A-G])(?P<sign>#|♯|♭|b|-?sharp|-?flat)?(?P<mode>m)?"
            r"(?![A-Za-z'])"
        ),
        _key,
    ),
    # length
    (
        _compiled(r"\b(?:half\s+(?:a\s+|of\s+a\s+)?minute|(?:a\s+)?half[- ]minute)\b|半分钟|半分多钟"),
        _constant(30),
    ),
    (
        _compiled(r"\b(?:a|one)\s+minute\s+and\s+a\s+half\b|\bone\s+and\s+a\s+half\s+minutes?\b"),
        _constant(90),
    ),
    (_compiled(rf"(?P<n>{NUMBER})\s*分半钟?"), _half),
    (
        _compiled(rf"(?P<m>{NUMBER}){_GAP}{_MIN}{_AND}(?P<s>{NUMBER}){_GAP}{_S}"),
        _seconds(("m", 60), ("s", 1)),
    ),
    (_compiled(r"(?<![\d:])(?P<m>\d{1,2}):(?P<s>\d\d)(?![\d:])"), _seconds(("m", 60), ("s", 1))),
    (
        _compiled(
            rf"(?P<a>{NUMBER})(?:(?<=\d)\s*[-~]\s*(?=\d)|\s*(?:to|or|到|至)\s*)(?P<b>{NUMBER})"
            rf"{_GAP}(?P<unit>{_S}|{_MIN})"
        ),
        _between,
    ),
    (_compiled(rf"(?P<sign>(?<![\w.])-)?\s*(?P<m>{NUMBER}){_GAP}{_MIN}(?![a-z])"), _seconds(("m", 60))),
    (_compiled(r"\ban?\s+minute\b"), _constant(60)),
    (_compiled(rf"(?P<sign>(?<![\w.])-)?\s*(?P<s>{NUMBER}){_GAP}{_S}(?![a-z])"), _seconds(("s", 1))),
]
