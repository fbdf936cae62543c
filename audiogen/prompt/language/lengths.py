"""Lengths as people write them: 15 s, half a minute, 1:30, 1'30", 一分二十秒, a few seconds, 8 bars."""

from __future__ import annotations

import re

from audiogen.prompt.language.patterns import ABOUT, RANGE, Found, Pattern, Reader, middle
from audiogen.prompt.language.text import NUMBER, number

_S = r"(?:seconds?|secs?|s(?![a-z'])|秒钟?)"
_MIN = r"(?:minutes?|mins?|m(?=\s*\d|\b)|分钟|分(?![音之贝休]))"
_HOUR = r"(?:hours?|hrs?|h(?=\s*\d|\b)|个?小时|个?钟头)"
_AND = r"\s*(?:and\s+|,\s*|零|又)?"
_GAP = r"\s*-?\s*"
_SIGN = r"(?P<sign>(?<![\w.])-(?=\d)|\b(?:minus|negative)\s+|负\s*)?"
_NEXT = rf"(?:{NUMBER}|\d+(?:\.\d+)?)"  # also right after a letter: the 30 of "1min30s"
_UNIT = r"(?P<unit>sec(?:ond)?s?|min(?:ute)?s?|hours?|hrs?|秒钟?|分钟|个?小时|个?钟头)(?![a-z])"
_PARTS = {"half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "tenth": 10}


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
        "remark": f"{' '.join(match[0].split())} is taken as {seconds:g} s",
    }


def _of_unit(unit: str) -> int:
    """Seconds of one unit."""
    small = unit.lower()
    return 3600 if small.startswith("h") or small[-1] in "时头" else 60 if small[0] in "m分" else 1


def _and_a_half(match: re.Match[str]) -> Found:
    """Two and a half minutes, 两分半, a minute and a half."""
    n = match["n"]
    return {"seconds": ((number(n) if n and n not in ("a", "A") else 1) + 0.5) * _of_unit(match["unit"])}


def _part(match: re.Match[str]) -> Found:
    """Half a minute, two thirds of a minute, a quarter of an hour."""
    n = match["n"]
    times = int(n) if n and n.isdigit() else 1
    return {"seconds": round(times / _PARTS[match["part"].lower()] * _of_unit(match["unit"]), 2)}


def _chinese_part(match: re.Match[str]) -> Found:
    """三分之一分钟, 一又四分之三小时."""
    whole = number(match["whole"]) if match["whole"] else 0
    share = number(match["a"]) / number(match["b"])
    return {"seconds": round((whole + share) * _of_unit(match["unit"]), 2)}


def _and_some(match: re.Match[str]) -> Found:
    """二十多秒, 20几秒, 一百多秒: half-way to the next ten or hundred, and said so."""
    low = number(match["n"])
    more = 0 if match["more"] == "来" else 50 if low >= 100 and low % 100 == 0 else 5
    return _vague((low + more) * _of_unit(match["unit"]))(match)


def _and_odd(match: re.Match[str]) -> Found:
    """Twenty-odd seconds."""
    return _vague((number(match["n"]) + 5) * _of_unit(match["unit"]))(match)


def _and_some_of_it(match: re.Match[str]) -> Found:
    """一分多钟: a quarter more."""
    return _vague((number(match["n"]) + 0.25) * 60)(match)


def _decade(match: re.Match[str]) -> Found:
    said = " ".join(match[0].split())
    years = re.search(r"\d+", said)
    hint = f'; for a length say "{years[0]} s"' if years and len(years[0]) == 2 else ""
    return {"remark": f"{said}: taken as a decade, which no attribute can hold{hint}"}


def _one(match: re.Match[str]) -> Found:
    return {"seconds": middle(match) * _of_unit(match["unit"]) * (-1 if match["sign"] else 1)}


def _middle(match: re.Match[str]) -> Found:
    return {"seconds": middle(match)}


def _neighbours(match: re.Match[str]) -> Found:
    """四五十秒 is forty or fifty seconds, 两三分钟 two or three minutes."""
    unit = (10 if match["ten"] else 1) * (60 if match["unit"].startswith("分") else 1)
    return {"seconds": (number(match["a"]) + number(match["b"])) / 2 * unit}


def _fraction(match: re.Match[str]) -> Found:
    """1/2 minute, 1 1/2 minutes, 3/4 of a minute, 1/4 hour."""
    share = number(match["n"] or "0") + int(match["a"]) / int(match["b"])
    return {"seconds": round(share * _of_unit(match["unit"]), 2)}


def _bars(match: re.Match[str]) -> Found:
    return {"bars": middle(match)}


LENGTHS = [
    Pattern(
        r"\b(?:in\s+|of\s+|from\s+)?(?:the\s+)?(?:(?:early|late|mid)[\s-]+)?(?:19|18|20)\d0'?s\b|'\d0s\b"
        r"|\bthe\s+(?:(?:early|late|mid)[\s-]+)?[1-9]0'?s\b|\b(?:early|late|mid)[\s-]+[1-9]0'?s\b"
        r"|\b[1-9]0'?s(?=[\s-]+(?:styled?|era|vibes?|feel|sound|retro|pop|rock|disco|synth|hits?|films?|movies?)\b)"
        r"|\b[789]0'?s(?=\s+(?:piano|music|songs?|tunes?|ballads?|melod|nostalgia)\b)"
        r"|(?:\bthe\s+)?\b(?:twen|thir|for|fif|six|seven|eigh|nine)ties\b"
        r"|(?:上个?世纪|(?:二十|19|20)世纪)?[一二三四五六七八九1-9][十0]年代",
        _decade,
        needs="0s 0's ties 年代",
    ),
    Pattern(
        r"(?P<a>[一两二三四五六七八])(?P<b>[二三四五六七八九])(?P<ten>十)?(?P<unit>秒钟?|分钟)",
        _neighbours,
        needs="秒 分",
    ),
    Pattern(rf"(?:(?P<n>{NUMBER})|\ban?)\s+and\s+a\s+half[\s-]+{_UNIT}", _and_a_half, needs="half"),
    Pattern(
        rf"\b(?P<n>an?|1)[\s-]+{_UNIT}(?:\s+|-)(?:and|&)(?:\s+|-)a(?:\s+|-)half\b",
        _and_a_half,
        needs="half",
    ),
    Pattern(rf"(?P<n>{NUMBER})\s*(?P<unit>分|秒)半钟?", _and_a_half, needs="半"),
    Pattern(rf"(?P<n>{NUMBER})\s*个半(?P<unit>分钟|小时|钟头)", _and_a_half, needs="个半"),
    Pattern(
        rf"(?:\b(?P<n>an?|1)[\s-]+)?\b(?P<part>half|quarter)(?:\s+of)?[\s-]+(?:an?\s+|1\s+)?{_UNIT}",
        _part,
        needs="half quarter",
    ),
    Pattern(
        rf"\b(?P<n>an?|[1-9])[\s-]+(?P<part>{'|'.join(_PARTS)})s?\s+(?:of\s+)?(?:an?\s+|1\s+)?{_UNIT}",
        _part,
        needs="third quarter fourth fifth sixth tenth",
    ),
    Pattern(
        rf"(?:(?P<whole>{NUMBER})又)?(?P<b>[二三四五六七八九十]|\d)分之(?P<a>[一二两三四五六七八九]|\d)的?{_UNIT}",
        _chinese_part,
        needs="分之",
    ),
    Pattern(r"半分[多来]?钟|半分(?![音之])", _constant(30), needs="半分"),
    Pattern(r"半秒钟?", _constant(0.5), needs="半秒"),
    Pattern(r"半个?(?:小时|钟头)", _constant(1800), needs="半"),
    Pattern(r"一刻钟", _constant(900), needs="刻"),
    Pattern(
        rf"(?:(?P<n>{NUMBER})\s+(?:and\s+)?)?(?<![\d/.])(?P<a>[1-3])\s*/\s*(?P<b>[234])(?!\d)\s*-?\s*"
        rf"(?:of\s+)?(?:an?\s+)?{_UNIT}",
        _fraction,
        needs="/",
    ),
    Pattern(
        r"(?P<n>[二三四五六七八九]十|[一二两三四五六七八九]百|\d*0)\s*(?P<more>多|几|来|余)\s*(?P<unit>秒钟?|分钟)",
        _and_some,
        needs="多 几 来 余",
    ),
    Pattern(rf"\b(?P<n>[2-9]0)\s*-?\s*(?:odd|something)[\s-]+{_UNIT}", _and_odd, needs="odd something"),
    Pattern(r"(?P<n>[一二两三四五六七八九]|\d+)分多钟", _and_some_of_it, needs="分多"),
    Pattern(
        rf"(?P<h>{NUMBER}){_GAP}{_HOUR}{_AND}(?P<m>{_NEXT}){_GAP}{_MIN}(?:{_AND}(?P<s>{_NEXT}){_GAP}{_S})?",
        _sum(("h", 3600), ("m", 60), ("s", 1)),
        needs="h 时 头",
    ),
    Pattern(
        rf"(?P<m>{NUMBER}){_GAP}{_MIN}{_AND}(?P<s>{_NEXT}){_GAP}{_S}",
        _sum(("m", 60), ("s", 1)),
        needs="min m 分",
    ),
    Pattern(
        r"(?<![\w.])(?P<m>\d{1,2})\s*m(?:in(?:ute)?s?)?\s*(?P<s>[0-5]\d)(?![\d/.:]|\s*(?!of\b)[a-z%\u3400-\u9fff])",
        _sum(("m", 60), ("s", 1)),
        needs="m",
    ),
    Pattern(
        r"(?<![\d:])(?P<h>\d{1,2}):(?P<m>[0-5]\d):(?P<s>[0-5]\d)(?![\d:])",
        _sum(("h", 3600), ("m", 60), ("s", 1)),
        needs=":",
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
        rf"{_SIGN}{RANGE}\+?{_GAP}(?P<unit>{_HOUR}|{_S}|{_MIN})(?![a-z]|[ -]notes?)",
        _one,
        needs="s m h 秒 分 时 钟",
    ),
    Pattern(r"\ban?[ -]hour(?:-long)?\b|一个?(?:小时|钟头)", _constant(3600), needs="hour 小时 钟头"),
    Pattern(
        r"\ba[ -](?:full\s+|whole\s+)?min(?:ute)?(?:-long)?\b|\bminute-long\b", _constant(60), needs="min"
    ),
    Pattern(r"\ba\s+couple(?:\s+of)?\s+min(?:ute)?s\b|(?<!十)几分钟", _vague(120), needs="couple 几分"),
    Pattern(r"\b(?:a\s+few|several|some)\s+min(?:ute)?s\b", _vague(180), needs="min"),
    Pattern(r"\ba\s+couple(?:\s+of)?\s+seconds\b", _vague(2), needs="couple"),
    Pattern(r"\b(?:a\s+few|several|some)\s+sec(?:ond)?s\b|(?<!十)几秒钟?", _vague(5), needs="sec 几秒"),
    Pattern(r"\ba\s+dozen\s+seconds\b", _constant(12), needs="dozen"),
    Pattern(r"十[几多来]秒钟?", _vague(15), needs="几秒 多秒 来秒"),
    Pattern(r"十[几多来]分钟", _vague(900), needs="几分 多分 来分"),
    Pattern(r"几十秒钟?", _vague(30), needs="几十"),
    Pattern(
        rf"(?:\b(?:length|duration|seconds|secs)|时长|长度)\s*(?:of|is|=|:|为|是)?\s*{ABOUT}{RANGE}",
        _middle,
        needs="length duration sec 时长 长度",
    ),
    Pattern(
        rf"(?:\b(?:bars|measures)|小节数?)\s*[:=]\s*{RANGE}(?!\s*(?:bpm|s\b|秒))",
        _bars,
        needs="bars measures 小节",
    ),
    Pattern(rf"{RANGE}{_GAP}(?:bars?|measures?|小节)(?![a-z])(?:-long)?", _bars, needs="bar measure 小节"),
]
