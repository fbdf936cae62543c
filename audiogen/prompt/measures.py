"""Amounts with a unit: seconds, beats per minute, key, metre, notes per second, ...

`take` reads them out of a text and leaves a gap where each one stood, so that the word lists never
see "15", "minute" or "D minor" apart. What counts as an amount: keys.py, tempi.py, lengths.py.
"""

from __future__ import annotations

import re
from typing import Any

from audiogen.prompt.language import formats, lengths
from audiogen.prompt.language.patterns import AFTER, BEFORE, Amount, Pattern
from audiogen.prompt.language.text import with_digits
from audiogen.prompt.music import harmony, keys, tempi

GAP = "\0"
CATALOGUE = Pattern(
    r"\bop(?:us)?\.?\s*\d+(?:[,\s]*(?:no\.?|nr\.?|#)\s*\d+)?|\b(?:no|nr)\.\s*\d+|\b(?:bwv|kv|hob)\.?\s*\d+|第\d+号",
    lambda m: {"remark": f"{m[0]} names an existing piece; audiogen writes new ones"},
)
PATTERNS = (CATALOGUE, *harmony.CHORDS, *formats.FORMATS, *tempi.DENSITY, *tempi.TEMPO, *tempi.METRE)
PATTERNS += (*keys.KEYS, *lengths.LENGTHS)  # in this order: the first that matches has the words
_NEGATED = re.compile(
    r"(?:\b(?:not|no|isn't|don't|without|instead of|rather than)|不要|不是|别|而非)"
    r"\s*(?:in|at|of|with|the|a|key|tempo|用)*\s*$",
    re.IGNORECASE | re.ASCII,
)


def take(text: str) -> tuple[list[Amount], str]:
    """Amounts of a normalised text in the order of the text, and the text without them.

    Raises:
        InvalidRequest: a metre that no piece has.
    """
    found: list[Amount] = []
    left = with_digits(text)  # as long as `text`, so that places in one are places in the other
    small = left.lower()
    for pattern in PATTERNS:
        for match in pattern.matches(left, small):
            asks = pattern.read(match)
            if asks is None:
                continue
            start, end = _with_surroundings(left, text, *match.span())
            if GAP in left[start:end]:
                continue
            found.append(_amount(asks, text, start, end))
            left = left[:start] + GAP * (end - start) + left[end:]
    rest = "".join(GAP if now == GAP else before for now, before in zip(left, text, strict=True))
    return sorted(found, key=lambda amount: amount.start), rest


def _with_surroundings(left: str, text: str, start: int, end: int) -> tuple[int, int]:
    """The span with the rest of a spelled number, and with "about" before or "or so" after it."""
    while end < len(left) and left[end] == " " != text[end]:
        end += 1
    before, after = BEFORE.search(left[:start]), AFTER.match(left, end)
    return before.start() if before else start, after.end() if after else end


def _amount(asks: dict[str, Any], text: str, start: int, end: int) -> Amount:
    said = text[start:end].strip(" ,.;:-\0")
    if _NEGATED.search(text[:start]):
        return Amount({}, said, start, f"{said}: a negated amount asks for nothing else, so it is left out")
    asks = dict(asks)
    return Amount(asks, said, start, asks.pop("remark", ""))
