"""What the patterns of amounts share: their type, and numbers with "about", "between ... and ..."."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from audiogen.prompt.language.text import NUMBER, number

Found = dict[str, Any] | None
Reader = Callable[[re.Match[str]], Found]


class Amount(NamedTuple):
    """What one amount asks for.

    Attributes:
        asks: attribute -> value; also "bars", a length that needs a tempo, and
            "quarters", a tempo in quarter notes a minute.
        said: as written.
        start: where it stands in the text.
        remark: what the user should know about it, or "".
    """

    asks: dict[str, Any]
    said: str
    start: int
    remark: str = ""


@dataclass(frozen=True)
class Pattern:
    """One way to write an amount.

    Attributes:
        source: regular expression.
        read: what a match asks for, or None: it is no amount after all.
        needs: one of these stands in the text, in small letters, or nothing can match; "": always try.
            Most prompts hold two or three amounts, and compiling is what costs time.
        any_case: capital and small letters are the same.
    """

    source: str
    read: Reader
    needs: str = ""
    any_case: bool = True

    @cached_property
    def regex(self) -> re.Pattern[str]:
        return re.compile(self.source, re.ASCII | (re.IGNORECASE if self.any_case else 0))

    def matches(self, text: str, small: str) -> list[re.Match[str]]:
        """Every match in `text`; `small` is the same in small letters."""
        if self.needs and not any(need in small for need in self.needs.split()):
            return []
        return list(self.regex.finditer(text))


# Said before or after an amount, without changing it; taken away together with it.
_NEAR = (
    r"about|around|(?:don't|do\s+not|not)\s+(?:exceed|go\s+over)|approx(?:\.|imately)?|roughly|circa|ca\.?|almost"
    r"|nearly|exactly|precisely|at\s+least|at\s+most|up\s+to|(?:no\s+|not\s+)?(?:less|more|longer|shorter|faster|slower)"
    r"\s+than|under|over|within|max(?:imum)?(?:\s+of)?|min(?:imum)?(?:\s+of)?|only|just|say|maybe"
    r"|somewhere\s+(?:around|near)|in\s+the\s+(?:region|neighbou?rhood|range)\s+of|like"
)
_NEAR_CJK = (
    "不要超过|别超过|不能超过|不要短于|大约|大概|差不多|将近|接近|不到|不超过|超过|至少|最多|至多|不少于|控制在"
    "|约莫|约|大致|就|只要"
)
BEFORE = re.compile(rf"(?:(?:\b(?:{_NEAR})\s+|(?:{_NEAR_CJK})\s*))+$", re.IGNORECASE | re.ASCII)
AFTER = re.compile(
    r"(?:\s*(?:or\s+so\b|max(?:imum)?\b|tops\b|at\s+most\b|or\s+(?:less|more)\b|in\s+(?:length|duration)\b|in\s+total\b"
    r"|long\b|左右|上下|以内|之内|以上|以下|之间|的样子|那么长|长度?|的?速度))+",
    re.IGNORECASE | re.ASCII,
)
ABOUT = r"(?:(?:about|around|roughly|approx\.?|approximately|ca\.|to|at|大约|大概|约|在|是|为)\s*)*"
# One number or a range; groups a, and b or c. "And" joins two numbers only after "between".
_TO = r"-|~|to|or|到|至|或|\.\."
RANGE = (
    rf"(?:(?P<between>\bbetween|\bfrom|在|介于|从)\s*)?(?P<a>{NUMBER})"
    rf"(?(between)(?:\s*(?:{_TO}|and|和)\s*(?P<b>{NUMBER}))?|(?:\s*(?:{_TO})\s*(?P<c>{NUMBER}))?)(?!\.?\d)(?:\s*-?ish\b)?"
)


def middle(match: re.Match[str]) -> float:
    """The number of `RANGE`, or the middle of the two."""
    groups = match.groupdict()
    values = [number(groups[name]) for name in "abc" if groups.get(name)]
    return round(sum(values) / len(values), 2)
