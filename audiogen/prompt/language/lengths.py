"""Lengths as people write them: 15 s, half a minute, 1:30, 1'30", 一分二十秒, a few seconds, 8 bars."""

from __future__ import annotations

import re

from audiogen.prompt.language.patterns import ABOUT, RANGE, Found, Pattern, Reader, middle
from audiogen.prompt.language.text import NUMBER, number

_S = r"(?:seconds?|secs?|s(?![a-z'])|秒钟?)"
_MIN = r"(?:minutes?|mins?|m(?=\s*\d|\b)|分钟|分(?![音之贝休]))"
_HOUR = r"(?:hours?|hrs?|h\b|个?小时|个?钟头)"
_AND = r"\s*(?:and\s+|,\s*|零|又)?"
_GAP = r"\s*-?\s*"
_SIGN = r"(?P<sign>(?<![\w.])-(?=\d)|\b(?:minus|negative)\s+|负\s*)?"


def _sum(*groups: tuple[str, float]) -> Reader:
    """A reader that adds up named groups, each with its length of one unit in seconds."""

    def read(match: re.Match[str]) -> Found:
        return {"seconds": sum(number(match[name]) * unit for name, unit in groups if match[name])}

    return read


def _constant(seconds: float) -> Reader:
    return lambda match: {"seconds": seconds}


def _vague(seconds: float) -> Reader:
    return lambda match: {
        "seconds": seconds,
        "remark": f"{match.group().strip()} is taken as {seconds:g} s",
    }


def _half(match: re.Match[str]) -> Found:
    return {"seconds": (number(match["n"]) + 0.5) * 60}


def _one(match: re.Match[str]) -> Found:
    unit = match["unit"].lower()
    seconds = 3600 if re.fullmatch(_HOUR, unit) else 60 if re.fullmatch(_MIN, unit) else 1
    return {"seconds": middle(match) * seconds * (-1 if match["sign"] else 1)}


def _middle(match: re.Match[str]) -> Found:
    return {"seconds": middle(match)}


def _neighbours(match: re.Match[str]) -> Found:
    """四五十秒 is forty or fifty seconds, 两三分钟 two or three minutes."""
    unit = (10 if match["ten"] else 1) * (60 if match["unit"].startswith("分") else 1)
    return {"seconds": (number(match["a"]) + number(match["b"])) / 2 * unit}


def _fraction(match: re.Match[str]) -> Found:
    """1/2 minute, 1 1/2 minutes, 3/4 of a minute, 1/4 hour."""
    unit = 3600 if match["unit"].lower().startswith("h") else 60
    return {"seconds": (number(match["n"] or "0") + int(match["a"]) / int(match["b"])) * unit}


def _half_second(match: re.Match[str]) -> Found:
    return {"seconds": number(match["n"] or match["n2"]) + 0.5}


def _bars(match: re.Match[str]) -> Found:
    return {"bars": middle(match)}


LENGTHS = [
    Pattern(
        r"(?P<a>[一两二三四五六七八])(?P<b>[二三四五六七八九])(?P<ten>十)?(?P<unit>秒钟?|分钟)",
        _neighbours,
        needs="秒 分",
    ),
    Pattern(
        r"\b(?:half\s+(?:a\s+|of\s+a\s+)?minute|(?:a\s+|1\s+)?half[- ]minute)\b|半分多?钟",
        _constant(30),
        needs="half 半分",
    ),
    Pattern(
        r"\b(?:a\s+)?quarter(?:\s+of)?\s+(?:a\s+)?minute\b|\b(?:an?\s+)?quarter[- ]minute\b|四分之一分钟",
        _constant(15),
        needs="quarter 四分之一",
    ),
    Pattern(
        r"\b3\s*-?\s*quarters?\s+of\s+a\s+minute\b|四分之三分钟", _constant(45), needs="quarter 四分之三"
    ),
    Pattern(r"\b(?:half\s+an\s+hour|half[- ]hour)\b|半个?小时|半个钟头", _constant(1800), needs="hour 半"),
    Pattern(r"一刻钟|\b(?:a\s+)?quarter\s+of\s+an\s+hour\b", _constant(900), needs="hour 刻"),
    Pattern(
        r"\b(?:a|1)\s+minute\s+and\s+a\s+half\b|\ba\s+minute[- ]and[- ]a[- ]half\b",
        _constant(90),
        needs="half",
    ),
    Pattern(rf"(?P<n>{NUMBER})\s+and\s+a\s+half\s+minutes?\b", _half, needs="half"),
    Pattern(rf"(?P<n>{NUMBER})\s*(?:分半钟?|个?半分钟)", _half, needs="半"),
    Pattern(
        rf"(?:(?P<n>{NUMBER})\s+(?:and\s+)?)?(?<![\d/.])(?P<a>[1-3])\s*/\s*(?P<b>[234])(?!\d)\s*-?\s*(?:of\s+)?(?:an?\s+)?"
        r"(?P<unit>min(?:ute)?s?|hours?)\b",
        _fraction,
        needs="/",
    ),
    Pattern(
        rf"(?P<n>{NUMBER})\s*秒半钟?|(?P<n2>{NUMBER})\s+and\s+a\s+half\s+sec(?:ond)?s?\b",
        _half_second,
        needs="半 half",
    ),
    Pattern(
        rf"(?P<m>{NUMBER}){_GAP}{_MIN}{_AND}(?P<s>{NUMBER}){_GAP}{_S}",
        _sum(("m", 60), ("s", 1)),
        needs="min m 分",
    ),
    Pattern(
        rf"\ba\s+minute\s+(?:and\s+)?(?P<s>{NUMBER}){_GAP}{_S}",
        lambda m: {"seconds": 60 + number(m["s"])},
        needs="minute",
    ),
    Pattern(
        r"(?P<m>\d{1,2}|[一二两三四五六七八九十]{1,2})分(?P<s>\d{1,2}|[一二三四五六七八九十]{1,3})(?!\d|分|拍|个)",
        _sum(("m", 60), ("s", 1)),
        needs="分",
    ),
    Pattern(
        r"(?<![\d:])(?P<m>\d{1,2}):(?P<s>[0-5]\d)(?![\d:])(?:\s*(?:min(?:utes?)?|long)\b)?",
        _sum(("m", 60), ("s", 1)),
        needs=":",
    ),
    Pattern(r"(?<!\d)(?P<m>\d{1,2})'\s*(?P<s>[0-5]?\d)(?:\"|''|”|″)", _sum(("m", 60), ("s", 1)), needs="'"),
    Pattern(r"(?<![\d\"'])(?P<s>\d{1,3})(?:\"|''|″)", _sum(("s", 1)), needs="\" '' ″"),
    Pattern(
        rf"(?P<a>{NUMBER}){_GAP}{_S}\s*(?:-|~|to|or|到|至)\s*(?P<b>{NUMBER}){_GAP}{_S}", _middle, needs="s 秒"
    ),
    Pattern(
        rf"{_SIGN}{RANGE}{_GAP}(?P<unit>{_HOUR}|{_S}|{_MIN})(?![a-z]|[ -]notes?)",
        _one,
        needs="s m h 秒 分 时 钟",
    ),
    Pattern(r"\ban?[ -]hour(?:-long)?\b|一个?(?:小时|钟头)", _constant(3600), needs="hour 小时 钟头"),
    Pattern(
        r"\ba[ -](?:full\s+|whole\s+)?min(?:ute)?(?:-long)?\b|\bminute-long\b", _constant(60), needs="min"
    ),
    Pattern(r"\ba\s+couple(?:\s+of)?\s+minutes\b|几分钟", _vague(120), needs="couple 几分"),
    Pattern(r"\ba\s+couple(?:\s+of)?\s+seconds\b", _vague(2), needs="couple"),
    Pattern(r"\b(?:a\s+few|several|some)\s+seconds\b|(?<!十)几秒钟?", _vague(5), needs="second 几秒"),
    Pattern(r"\ba\s+dozen\s+seconds\b", _constant(12), needs="dozen"),
    Pattern(r"十几秒钟?|十多秒钟?", _vague(15), needs="几秒 多秒"),
    Pattern(r"几十秒钟?", _vague(30), needs="几十"),
    Pattern(
        r"(?P<a>[二三四五六]十)(?:多|来|几)秒钟?|(?P<b>\d+)(?:多|来)秒钟?",
        lambda m: {"seconds": number(m["a"] or m["b"])},
        needs="多 来 几",
    ),
    Pattern(
        rf"(?:\b(?:length|duration|seconds|secs)|时长|长度)\s*(?:of|is|=|:|为|是)?\s*{ABOUT}{RANGE}",
        _middle,
        needs="length duration sec 时长 长度",
    ),
    Pattern(rf"{RANGE}{_GAP}(?:bars?|measures?|小节)(?![a-z])(?:-long)?", _bars, needs="bar measure 小节"),
]
