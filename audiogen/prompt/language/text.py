"""Text in normal form, its tokens, and numbers written as words."""

from __future__ import annotations

import re
import unicodedata

BREAK = "\n"  # a token: whatever was negated or stressed ends here
LIST = "、"  # a token: a comma, which ends it too, except in a list of what is not wanted

_LATIN = "a-zà-öø-ÿ"
_TOKEN = re.compile(
    rf"-(?:like|esque|style|ish)(?![{_LATIN}])|w/o(?![{_LATIN}])|w/|[{_LATIN}]+(?:'[a-z]+)?|\d+(?:\.\d+)?"
    r"|[\u3400-\u9fff]|(?<=\s)-+(?=\s)|[,.;:!?()\[\]{}<>|/&+~、。…【】《》「」\n\0]"
    r"|[\u2600-\u27bf\U0001f000-\U0001faff]|[^\W\d_\u3400-\u9fff]+"  # pictures, words in other scripts
)
_COMMAS = frozenset(",、/&+")
_BREAKS = frozenset(".;:!?()[]{}<>|~。…【】《》「」\n\0")
_CJK = re.compile(r"[\u3400-\u9fff]")

_ONES = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS: tuple[str, ...] = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen")
_TEENS += ("seventeen", "eighteen", "nineteen")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2, "〇": 0}
_FRACTIONS = {"½": 0.5, "¼": 0.25, "¾": 0.75}

_unit = "|".join(_ONES)
_below_100 = rf"(?:(?:{'|'.join(_TENS)})(?:[ -](?:{_unit}))?|{'|'.join(_TEENS)}|{_unit})"
_below_1000 = rf"(?:(?:an?|{_unit}) hundred(?: (?:and )?{_below_100})?|{_below_100})"
_SPELLED = re.compile(rf"\b{_below_1000}\b", re.IGNORECASE)
# Nobody gets a sound this long, but who asks for one is told so; "a thousand tears" stay words.
_thousand = rf"(?:an?|\d+|{_below_1000}) thousand(?:,? (?:and )?{_below_1000})?|zero"
_grouped = r"(?<![\d./])(?<!\d,)\d{1,3}(?:(?:,\d{3})+|(?: 000)+)"
_LENGTH_UNIT = r"[ -]*(?:(?:seconds?|secs?|s|minutes?|mins?|hours?)\b|[秒分])"
_LARGE = re.compile(rf"(?:\b(?P<words>{_thousand})|(?P<grouped>{_grouped}))(?={_LENGTH_UNIT})", re.IGNORECASE)
# "7,5 sec", but not "tempo 90,5 s" or "1,000 s"; a full-width comma is none
_DECIMAL_COMMA = re.compile(
    r"(?<=\d),(?=\d{1,2}[ -]*(?:(?:seconds?|secs?|s|minutes?|mins?|hours?|bpm)\b|[秒分]))"
    r"(?<!\d{3},)(?<![/:=@.]\d,)(?<![/:=@.]\d{2},)(?<!tempo \d{2},)(?<!bpm \d{2},)(?<!at \d{2},)"
    r"(?<!速度\d{2},)",
    re.IGNORECASE,
)
_CJK_DIGIT = "〇零一二两三四五六七八九"
# English number words are digits by then, see `with_digits`.
_CJK_DIGITS = f"[{_CJK_DIGIT}十百千万]*"
_CJK_LARGE = rf"(?:(?<![\d.])\d+(?:\.\d+)?[千万]|{_CJK_DIGITS}[千万]{_CJK_DIGITS})(?=\s*(?:秒|分钟|个?小时))"
NUMBER = (
    rf"(?:{_CJK_LARGE}|(?<![a-zA-Z\d./])(?:\d+(?:\.\d+)?|\.\d+)|[{_CJK_DIGIT}十百]+(?:点[{_CJK_DIGIT}]+)?)"
)


def with_digits(text: str) -> str:
    """English number words as digits, padded with spaces to the length that they had."""
    text = _LARGE.sub(lambda m: _large(m).ljust(len(m[0])), text)
    return _SPELLED.sub(lambda m: str(_english(m[0].lower())).ljust(len(m[0])), text)


def _large(match: re.Match[str]) -> str:
    """Digits for "ten thousand", "10,000", "10 000", "zero"."""
    if match["grouped"]:
        return re.sub("[ ,]", "", match["grouped"])
    thousands, _, rest = match["words"].lower().replace(",", "").partition(" thousand")
    if thousands == "zero":
        return "0"
    whole = int(thousands) if thousands.isdigit() else _english(thousands)
    return str(1000 * whole + (_english(rest.strip()) if rest.strip() else 0))


def normal(text: str, variants: dict[int, str]) -> str:
    """One form for full-width signs, quotes, dashes and traditional characters; case is kept."""
    text = _DECIMAL_COMMA.sub(".", text)
    text = re.sub(r"(\d*)\s?([½¼¾])", lambda m: f"{int(m[1] or 0) + _FRACTIONS[m[2]]:g}", text)
    text = unicodedata.normalize("NFKC", text).translate(variants)
    text = re.sub("[\u201c\u201d]", '"', re.sub("[\u2018\u2019\u2032`\u00b4]", "'", text))
    return re.sub("[\u2010-\u2015\u2212]", "-", text)


class Token(str):
    """A lower-case word, number or Chinese character, or BREAK or LIST, with its place in the text."""

    start: int
    end: int


def tokens(text: str) -> list[Token]:
    """The words of a text in normal form; punctuation is BREAK, commas are LIST."""
    found = []
    for match in _TOKEN.finditer(text.lower()):
        word = match[0]
        pause = LIST if word in _COMMAS else BREAK if word in _BREAKS or not word.strip("-") else None
        token = Token(pause or _without_accents(word))
        token.start, token.end = match.span()
        found.append(token)
    return found


def _without_accents(word: str) -> str:
    if word.isascii():
        return word
    return re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFD", word))


def is_cjk(token: str) -> bool:
    return bool(_CJK.match(token))


def number(words: str) -> float:
    """The value of "15", "1.5", "twenty-five", "a hundred and twenty", "一百二十", "1万".

    Raises:
        ValueError: it is no number.
    """
    words = words.strip().lower()
    try:
        return float(words)
    except ValueError:
        return _chinese(words) if is_cjk(words) or words.endswith(("千", "万")) else float(_english(words))


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
    for unit, size in (("万", 10_000), ("千", 1_000)):
        if unit in words:
            before, _, rest = words.partition(unit)
            return (number(before) if before else 1) * size + (_chinese(rest) if rest else 0)
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
