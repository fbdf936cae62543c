"""Slips of the pen: "alegro" is read as "allegro", and the user is told.

Only the words of the section `spelling` of the lists are recognised in this way: a dictionary of all of
English would be needed to know that "bottle" is no "battle".
"""

from __future__ import annotations

import re

from audiogen.prompt.language.lexicon import Lexicon

_WORD = re.compile(r"(?<![\w'#-])[a-z]{4,}(?![\w'#])", re.IGNORECASE | re.ASCII)
_LONG = 8  # a word of so many letters may hold two slips
# Right as they are, and read by the patterns of amounts, not by the lists.
_AMOUNTS = re.compile(
    r"maggiore|minore?|majeur|mineur|mayor|menor|(?:six|seven|eigh|nine)(?:teen|ty)|.*(?:hundred|thousand)s?"
)


def mended(text: str, known: Lexicon) -> tuple[str, list[str]]:
    """A normalised text with its slips mended, and a remark on each."""
    remarks: list[str] = []

    def read(match: re.Match[str]) -> str:
        word = match[0].lower()
        if _AMOUNTS.fullmatch(word) or word in known.spelling:
            return match[0]
        if word in known.vocabulary or known.match([word], 0):
            return match[0]
        meant = _nearest(word, known.spelling)
        if meant is None:
            return match[0]
        remarks.append(f"{match[0]}: read as {meant}")
        return meant

    return _WORD.sub(read, text), remarks


def _nearest(word: str, right: tuple[str, ...]) -> str | None:
    """The first of the nearest words, or None where all are too far; the first letter is always right."""
    near = [
        (steps, each)
        for each in right
        if each[0] == word[0]
        and abs(len(each) - len(word)) <= 2
        and (steps := _slips(word, each)) <= (2 if min(len(each), len(word)) >= _LONG else 1)
    ]
    return min(near, key=lambda pair: pair[0])[1] if near else None


def _slips(a: str, b: str) -> int:
    """Letters added, left out, changed, or swapped with their neighbour (optimal string alignment)."""
    before: list[int] = []
    last = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        row = [i]
        for j, y in enumerate(b, start=1):
            steps = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                steps = min(steps, before[j - 2] + 1)
            row.append(steps)
        before, last = last, row
    return last[-1]
