"""What is left out of something, comes besides it, or is all there is.

birds other than owls, 猫头鹰以外的鸟叫     owls are ruled out
besides rain, also birds, 除了雨声,还有鸟叫   both are asked for
nothing but rain, 除了雨声什么都不要          rain alone
half rain, half birds, 一半雨声一半鸟叫       neither is weaker
"""

from __future__ import annotations

import re
from collections.abc import Iterator

NOT, NOT_AFTER, IGNORED = "not", "not after", "ignored"  # modifiers, see `recognition`
Marks = dict[int, tuple[str, int]]  # where a phrase begins -> its modifier, and where it ends

_SENTENCE = re.compile(r"[^.。;!?\n]*")
_EXCEPT = re.compile(r"除(?:了|去|开)?")
_OUT = re.compile(r"(?:之外|以外)(?:的(?!话))?")
_LISTED_OUT = re.compile(r"[^,]{1,16}?(?P<out>(?:之外|以外|外)(?![面边头地])(?:的(?!话))?)")
_NONE_ELSE = re.compile(
    r"(?:什么|别的|其他|其它|一切|任何)?(?:声音|东西|乐器)?都(?:不要|不需要|不用|没有|别|无|不)(?:有)?"
    r"|(?:不要|没有|别有|别|不需要|无)(?:任何|有)?(?:别的|其他|其它)(?:的)?(?:声音|东西|乐器)?"
)
_ALSO = re.compile(r"(?:还|也|又|另外|同时|再|并且)(?!不|没|别|无)")

_BESIDES = re.compile(
    r"\b(?:(?:apart|aside) from|other than|except(?:ing)?(?: for)?|save for|with the exception of"
    r"|bar(?:ring)?(?= )|besides|in addition to|on top of)\b",
    re.IGNORECASE,
)
_ALWAYS_BOTH = re.compile(r"besides|in addition to|on top of", re.IGNORECASE)
_OFTEN_BOTH = re.compile(r"(?:apart|aside) from", re.IGNORECASE)
_NO_THING = (
    r"(?:nothing|(?:no|without)(?: any)?(?: other)? (?:sounds?|noises?|instruments?|things?|music)"
    r"|without anything|not anything)(?: else)?(?: at all)?"
)
_NO_OTHER = re.compile(rf"\b{_NO_THING} (?:but|than|save)\b", re.IGNORECASE)
_NO_THING_BEFORE = re.compile(rf"\b{_NO_THING},? *$", re.IGNORECASE)
_TOO = re.compile(
    r"\b(?:also|too|as well|there (?:is|are|should|must)|add(?:ed|itionally)?|plus)\b", re.IGNORECASE
)
_ALL_BUT = re.compile(
    r"\b(?:everything|(?:all|every|any)(?: the)?(?: kinds? of)?"
    r" (?:birds?|animals?|sounds?|instruments?|things?)) (?P<but>but)\b"
    r"(?! (?:not?|with|without|in|at|also)\b)",
    re.IGNORECASE,
)
_HALVES = re.compile(
    r"\b(half)\b(?! (?:an?|the|as|of|hour|minute|second|note|pedal|time|tempo|speed)\b)[^.;!?\n]{2,40}?"
    r"\b(half)\b(?! (?:an?|the|as|of|hour|minute|second|note|pedal|time|tempo|speed)\b)"
    r"|(一半)(?!时间)[^。;!?\n]{1,16}?(一半)(?!时间)",
    re.IGNORECASE,
)


def exceptions(text: str) -> Marks:
    """The phrases in a normalised text that say so."""
    halves = {
        match.start(k): (IGNORED, match.end(k))
        for match in _HALVES.finditer(text)
        for k in range(1, 5)
        if match[k]
    }
    return halves | dict(_chinese(text)) | dict(_english(text))


def _chinese(text: str) -> Iterator[tuple[int, tuple[str, int]]]:
    seen = set()
    for match in _EXCEPT.finditer(text):
        rest = _rest(text, match.end())
        listed = _LISTED_OUT.match(rest)
        if match[0] == "除" and listed is None:
            continue  # 除夕
        begin, end = (listed.start("out"), listed.end()) if listed else (0, 0)
        seen.add(match.end() + begin)
        group, others = _taken(rest[end:])
        yield match.start(), (group, match.end())
        if listed:
            yield match.end() + begin, (IGNORED, match.end() + end)
        for start, stop in others:
            yield match.end() + end + start, (IGNORED, match.end() + end + stop)
    for match in _OUT.finditer(text):
        if match.start() in seen:
            continue
        group, others = _taken("" if match[0].endswith("的") else _rest(text, match.end()))
        yield match.start(), (NOT_AFTER if group == NOT else group, match.end())
        for start, stop in others:
            yield match.end() + start, (IGNORED, match.end() + stop)


def _taken(after: str) -> tuple[str, list[tuple[int, int]]]:
    """How an exception is meant that is followed by `after`, and which part of that says so."""
    none_else = _NONE_ELSE.search(after)
    if none_else:
        return IGNORED, [none_else.span()]
    return (IGNORED if _ALSO.search(after) else NOT), []


def _english(text: str) -> Iterator[tuple[int, tuple[str, int]]]:
    for match in _NO_OTHER.finditer(text):
        yield match.start(), (IGNORED, match.end())
    for match in _ALL_BUT.finditer(text):
        yield match.start("but"), (NOT, match.end("but"))
    for match in _BESIDES.finditer(text):
        only = _NO_THING_BEFORE.search(text, 0, match.start())
        both = _ALWAYS_BOTH.fullmatch(match[0]) or (
            _OFTEN_BOTH.fullmatch(match[0]) and _TOO.search(_rest(text, match.end()))
        )
        if only:
            yield only.start(), (IGNORED, match.end())
        else:
            yield match.start(), (IGNORED if both else NOT, match.end())


def _rest(text: str, start: int) -> str:
    """What follows in the same sentence."""
    found = _SENTENCE.match(text, start)
    return found[0] if found else ""
