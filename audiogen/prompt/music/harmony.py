"""Chords named one by one: "C Am F G", "ii-V-I", "和弦走向 4536251". No attribute can hold them."""

from __future__ import annotations

import re

from audiogen.prompt.language.patterns import Found, Pattern

_CHORD = r"(?:[A-G][#b♯♭]?(?:maj|min|dim|aug|sus|add|M|m|°|ø)?\d{0,2}(?:sus\d|add\d)?(?:/[A-G][#b]?)?)"
_ROMAN = r"(?:[b#]?(?:VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)(?:°|maj7|7)?)"
_NEXT = r"\s*(?:[-,|]|->|→|\s)\s*"
_CUE = r"(?:[Cc]hords?(?:\s+progression)?|[Pp]rogression|和弦(?:进行|走向)?|走向)(?:\s*(?:of|[:=是为]))?\s*"


def _chords(match: re.Match[str]) -> Found:
    said = " ".join(match[0].split()).strip(" ,-|")
    return {"remark": f"{said}: chords and notes cannot be asked for one by one, only a key"}


def _letters(match: re.Match[str]) -> Found:
    """ "ABA" and "A B A" name a form, not chords."""
    letters = set(re.findall(r"[A-G]\S*", match[0]))
    return _chords(match) if not letters <= {"A", "B"} else None


CHORDS = [
    Pattern(
        rf"(?:{_CUE})(?<![A-Za-z]){_CHORD}(?:{_NEXT}{_CHORD})+(?![\w'#])",
        _chords,
        any_case=False,
        needs="ord 和弦 ession 走向",
    ),
    Pattern(
        r"(?:chords?(?:\s+progression)?|progression)\s*:?\s*[a-g](?:#|b)?m?7?(?:[\s,-]+[a-g](?:#|b)?m?7?)+(?![\w'#])",
        _chords,
        needs="ord ession",
    ),
    Pattern(
        rf"(?<![\w#♯♭'/]){_CHORD}(?:{_NEXT}{_CHORD}){{2,}}(?![\w'#]|\s*(?:major|minor|maj|min|flat|sharp)\b)",
        _letters,
        any_case=False,
    ),
    Pattern(
        rf"(?<![\w']){_ROMAN}(?:\s*[-,→]\s*{_ROMAN}|\s+{_ROMAN}){{2,}}(?![\w'])", _chords, any_case=False
    ),
    Pattern(
        r"(?:和弦(?:进行|走向)?|走向|\bprogression)\s*:?\s*[1-7](?:[\s-]?[1-7]){2,7}(?!\d)"
        r"|(?<!\d)[1-7](?:[\s-]?[1-7]){2,7}\s*(?:的?(?:和弦|走向)|(?:chord\s+)?progression\b)",
        _chords,
        needs="和弦 走向 progression",
    ),
]
