"""Text in normal form, its tokens, and numbers written as words."""

from __future__ import annotations

import re
import unicodedata

BREAK = "\n"  # a token: whatever was negated or stressed ends here

_TOKEN = re.compile(r"[a-zà-öø-ÿ]+(?:'[a-z]+)?|\d+(?:\.\d+)?|[\u3400-\u9fff]|[,.;:!?()\[\]、。…\n\0]")
_PUNCTUATION = frozenset(",.;:!?()[]、。…\n\0")
_CJK = re.compile(r"[\u3400-\u9fff]")

_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS: tuple[str, ...] = (
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
)
_TEENS += ("nineteen",)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}

_unit = "|".join(_ONES)
_below_100 = rf"(?:{'|'.join(_TENS)})(?:[ -](?:{_unit}))?|{'|'.join(_TEENS)}|{_unit}"
NUMBER = (
    rf"(?:(?<![a-zA-Z])(?:\d+(?:\.\d+)?|(?:(?:an?|{_unit})[ ]hundred(?:[ ](?:and[ ])?)?)?(?:{_below_100})"
    rf"|(?:an?|{_unit})[ ]hundred)|[〇零一二两三四五六七八九十百]+(?:点[〇零一二三四五六七八九]+)?)"
)


def normal(text: str, variants: dict[int, str]) -> str:
    """One form for full-width signs, quotes, dashes, and traditional characters; case is kept."""
    text = unicodedata.normalize("NFKC", text).translate(variants)
    return re.sub(r"[\u2010-\u2015\u2212]", "-", re.sub(r"[\u2018\u2019`\u00b4]", "'", text))


def tokens(text: str) -> list[str]:
    """Lower-case words, numbers, single Chinese characters, and BREAK for punctuation."""
    found = _TOKEN.findall(text.lower())
    return [BREAK if token in _PUNCTUATION else token for token in found]


def is_cjk(token: str) -> bool:
    return bool(_CJK.match(token))


def number(words: str) -> float:
    """The value of what `NUMBER` matches: "15", "1.5", "twenty-five", "a hundred and twenty", "一百二十".

    Raises:
        ValueError: it is no number.
    """
    words = words.strip().lower()
    try:
        return float(words)
    except ValueError:
        return _chinese(words) if is_cjk(words) else float(_english(words))


def _english(words: str) -> int:
    total = 0
    for word in re.split(r"[ -]+", words):
        if word in ("a", "an"):
            total += 1
        elif word == "hundred":
            total *= 100
        elif word in _ONES:
            total += 1 + _ONES.index(word)
        elif word in _TEENS:
            total += 10 + _TEENS.index(word)
        elif word in _TENS:
            total += 20 + 10 * _TENS.index(word)
        elif word != "and":
            raise ValueError(f"{word!r} is no number word")
    return total


def _chinese(words: str) -> float:
    whole, _, after = words.partition("点")
    total, digit, seen_unit = 0, 0, 0
    for char in whole:
        if char in ("十", "百"):
            seen_unit = 10 if char == "十" else 100
            total += max(digit, 1) * seen_unit
            digit = 0
        else:
            digit = digit * 10 + _DIGITS[char] if not seen_unit else _DIGITS[char]
            seen_unit = seen_unit if char not in "零〇" else 0
    if seen_unit == 100 and digit:
        digit *= 10  # 一百二 is said for 一百二十
    return float(f"{total + digit}.{''.join(str(_DIGITS[c]) for c in after)}") if after else total + digit
