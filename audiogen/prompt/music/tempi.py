"""Amounts of pace and metre: beats per minute, 3/4, notes per second; and a level as a MIDI velocity."""

from __future__ import annotations

import re

from audiogen.errors import InvalidRequest
from audiogen.prompt.language.patterns import ABOUT, RANGE, Found, Pattern, middle
from audiogen.prompt.language.text import NUMBER, number
from audiogen.prompt.music.attributes import KNOWN_METRES, is_metre

_S = r"(?:s|sec|seconds?|秒钟?)(?![a-z])"
_BPM = (
    r"(?:b\.?p\.?m(?![a-z])\.?|beats?\s*(?:per|a|/|each)\s*min(?:ute)?\b"
    r"|拍\s*(?:每|/|一)\s*(?:分钟|分(?!钟))(?!\s*[\d一二两三四五六七八九十百]))"  # not 四四拍 每分钟60拍
)
_NOTE_VALUES = {  # in quarters; the last ones are the signs ♩ ♪ and those of half, whole and sixteenth
    "whole": 4.0,
    "semibreve": 4.0,
    "half": 2.0,
    "minim": 2.0,
    "quarter": 1.0,
    "crotchet": 1.0,
    "eighth": 0.5,
    "quaver": 0.5,
    "sixteenth": 0.25,
    "semiquaver": 0.25,
    "全": 4.0,
    "二分": 2.0,
    "四分": 1.0,
    "八分": 0.5,
    "十六分": 0.25,
    "1/2": 2.0,
    "1/4": 1.0,
    "1/8": 0.5,
    "♩": 1.0,
    "♪": 0.5,
    "\U0001d157\U0001d165": 2.0,
    "\U0001d158\U0001d165": 1.0,
    "\U0001d158\U0001d165\U0001d16e": 0.5,
    "\U0001d158\U0001d165\U0001d16f": 0.25,
}


def _tempo(match: re.Match[str]) -> Found:
    return {"tempo": middle(match)}


def _tempo_of_note(match: re.Match[str]) -> Found:
    """ "Dotted half = 60": 180 quarters a minute."""
    dotted = 1.5 if match["dotted"] or match["dot"] else 1.0
    return {"quarters": middle(match) * dotted * _NOTE_VALUES[match["value"].lower()]}


def _tempo_before_unit(match: re.Match[str]) -> Found:
    """ "Op. 2 BPM 90": the number after it, where the one before is none."""
    return None if middle(match) < 20 and _NUMBER_FOLLOWS.match(match.string, match.end()) else _tempo(match)


def _bare_tempo(match: re.Match[str]) -> Found:
    """ "March at 104": a tempo only where it can be one."""
    return {"tempo": middle(match)} if 30 <= middle(match) <= 250 else None


def _density(match: re.Match[str]) -> Found:
    return {"density": min(max(middle(match), 0.5), 30)}


def _every(match: re.Match[str]) -> Found:
    """ "One note every two seconds"."""
    return {"density": max(number(match["n"] or "1") / max(number(match["t"] or "1"), 0.1), 0.5)}


def _velocity(match: re.Match[str]) -> Found:
    value = number(match["a"])
    return {"loudness": min(max(value, 10), 120)} if 1 <= value <= 127 else None


def _metre(match: re.Match[str]) -> Found:
    return metre(int(number(match["a"])), int(number(match["b"])))


def _metre_or_none(match: re.Match[str]) -> Found:
    """A bare "9/11" is no metre and not an error either."""
    pair = (int(match["a"]), int(match["b"]))
    return metre(*pair) if is_metre(pair) else None


def _metre_in_two(match: re.Match[str]) -> Found:
    """四三拍 and 三四拍 are both said for 3/4; 六八拍 and 八六拍 for 6/8."""
    a, b = int(number(match["a"])), int(number(match["b"]))
    if b in (4, 8):
        return metre(a, b)
    return metre(b, a) if a in (2, 4, 8) else None


def _beats(match: re.Match[str]) -> Found:
    """ "In 3", 三拍子, "three beats to a bar"."""
    beats = int(number(match["a"]))
    return metre(beats, 8 if beats in (6, 9, 12) else 4)


def metre(beats: int, unit: int) -> Found:
    """A metre as asked, with a remark where the model has hardly seen it.

    Raises:
        InvalidRequest: no piece has it.
    """
    known = ", ".join(f"{a}/{b}" for a, b in KNOWN_METRES)
    if not is_metre((beats, unit)):
        raise InvalidRequest(
            f"{beats}/{unit} is no metre that audiogen can write; it knows {known}, and takes 1 to 16 beats "
            "over 2, 4, 8 or 16."
        )
    said = {"metre": (beats, unit)}
    if (beats, unit) in KNOWN_METRES:
        return said
    return said | {
        "remark": f"{beats}/{unit} is rare in the music it learned from ({known}): expect it loosely"
    }


_CLAUSE_END = r"(?=\s*(?:$|[,.;:!?()\0\n]|\b(?:for|with|and|please)\b))"
_NAMES = "|".join(map(re.escape, sorted(_NOTE_VALUES, key=len, reverse=True)))
_NOTE = (
    rf"(?<![\w/])(?:(?P<dotted>dotted[\s-]+|附点)?(?P<value>{_NAMES})(?:(?:[\s-]*notes?|s|音符)(?![a-z]))?\s*"
    r"(?P<dot>\.|附点)?)"
)
_OF_ANOTHER = rf"(?!\s*-?\s*(?:{_S}|min|分|bars?|measures?|小节|notes?|[/:]\s*\d))"  # "BPM 8 bars", "bpm 4/4"
_NUMBER_FOLLOWS = re.compile(rf"\s*[:=]?\s*\d{{2,3}}(?![\d.]){_OF_ANOTHER}", re.IGNORECASE)

DENSITY = [
    Pattern(
        rf"{RANGE}\s*(?:notes?|onsets?|个?音符?)\s*(?:per|an?|each|every|/|每)\s*{_S}",
        _density,
        needs="note onset 音",
    ),
    Pattern(
        rf"(?:(?P<n>{NUMBER})\s*|\ban?\s+)(?:notes?|chords?)\s+every\s+(?:(?P<t>{NUMBER})\s*)?{_S}",
        _every,
        needs="every",
    ),
    Pattern(rf"每隔?(?P<t>{NUMBER})秒钟?(?P<n>{NUMBER})?个?音符?", _every, needs="每"),
    Pattern(rf"每秒钟?\s*(?:大约|大概|约)?\s*{RANGE}\s*个?音符?", _density, needs="每秒"),
    Pattern(
        rf"\b(?:midi\s+)?velocity\s*(?:of|=|:|about|around)?\s*(?P<a>{NUMBER})", _velocity, needs="velocity"
    ),
]
TEMPO = [
    Pattern(
        rf"{_NOTE}\s*(?:=|:|equals?|is|at|等于|为一拍[,\s]*每分钟|为|是)\s*{ABOUT}{RANGE}(?:\s*(?:{_BPM}|拍))?",
        _tempo_of_note,
        needs="= : equal is at 为 是 等于",
    ),
    Pattern(
        rf"{RANGE}\s+(?:to\s+(?:the|a)\s+)?{_NOTE}(?:\s*(?:per|a|/)\s*min(?:ute)?)(?![a-z])",
        _tempo_of_note,
        needs="min",
    ),
    Pattern(rf"{RANGE}\s+to\s+(?:the|a)\s+{_NOTE}", _tempo_of_note, needs="to"),
    Pattern(rf"{RANGE}\s*-?\s*{_BPM}", _tempo_before_unit, needs="b 拍"),
    Pattern(
        rf"(?:\btempo|\bmetronome(?:\s+mark(?:ing)?)?|\bm\.?m\.?|\bspeed|{_BPM}|速度|拍速|每分钟拍数|每分钟|一分钟"
        r"|节拍器?|节奏)(?:\s*\(\s*bpm\s*\))?"
        rf"(?:\s*(?:of|is|at|set\s+to|should\s+be|为|是|=|:|-|在|大概|用))*\s*{ABOUT}{RANGE}{_OF_ANOTHER}\s*(?:{_BPM})?",
        _tempo,
        needs="tempo bpm b.p.m min metronome m speed 速度 分钟 拍 节奏",
    ),
    Pattern(rf"\bbpm(?P<a>\d{{2,3}})(?![\d.]){_OF_ANOTHER}", _tempo, needs="bpm"),
    Pattern(rf"{RANGE}\s*(?:to\s+the|per|a|/)\s*min(?:ute)?\b", _bare_tempo, needs="min"),
    Pattern(
        r"(?P<a>\d{2,3}|[一二两三四五六七八九]?[十百][一二三四五六七八九十]*)拍(?![子号])", _tempo, needs="拍"
    ),
    Pattern(r"(?P<a>\d{2,3})(?:左右|上下)?的?(?:速度|tempo\b)", _tempo, needs="速度 tempo"),
    Pattern(rf"(?:\bat\s|@)\s*(?P<a>\d{{2,3}}){_CLAUSE_END}", _bare_tempo, needs="at @"),
]
METRE = [
    Pattern(
        r"(?:\b(?:time\s+signature|metre|meter)\s*(?:of|is|=|:)?\s*|拍号\s*[::为是]?\s*|\bin\s+)"
        r"(?P<a>\d{1,3})\s*/\s*(?P<b>\d{1,3})(?![\d/])(?:[ -]*(?:time|metre|meter|拍子?))?",
        _metre,
        needs="/",
    ),
    Pattern(
        r"(?<![\d/.])(?P<a>\d{1,3})\s*/\s*(?P<b>\d{1,3})(?![\d/])[ -]*(?:time|metre|meter|拍子?)",
        _metre,
        needs="/",
    ),
    Pattern(
        r"(?<![\d/.])(?P<a>\d{1,2})\s*/\s*(?P<b>\d{1,2})(?![\d/]|\s*(?:of\s|an?\s|min|sec|hour))",
        _metre_or_none,
        needs="/",
    ),
    Pattern(
        r"(?<![\d/.])(?P<a>\d{1,2})\s*(?:-|over|\s)\s*(?P<b>2|4|8|16)\s*-?\s*(?:time|metre|meter)\b",
        _metre,
        needs="time metre meter",
    ),
    Pattern(
        r"(?P<b>[二四八])分之(?P<a>[一二三四五六七八九十]+)(?!个?(?:秒|分|小时|钟头))拍?子?",
        _metre,
        needs="分之",
    ),
    Pattern(r"(?P<a>[二三四六八九])(?P<b>[二三四六八九])拍子?", _metre_in_two, needs="拍"),
    Pattern(
        r"(?:每小节|一小节)?(?<![\d分之合])(?P<a>十二|九|[二两三四五六]|(?<!\d)\d)拍子?(?:一小节|每小节)?",
        _beats,
        needs="拍",
    ),
    Pattern(
        r"(?P<a>[2-6])\s+beats?\s+(?:to\s+the|to\s+a|per|in\s+a|a|in\s+each)\s+(?:bar|measure)\b",
        _beats,
        needs="bar measure",
    ),
    Pattern(rf"\b(?:felt\s+)?in\s+(?P<a>[2-6]){_CLAUSE_END}", _beats, needs="in"),
]
