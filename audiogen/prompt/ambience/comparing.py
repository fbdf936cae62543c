"""One sound louder than another, or as loud: "rain louder than birds", 雨声比鸟声大, 雨声和钢琴一样响.

Of two sounds of nature the softer one gets a smaller share. Beside the piano the level of sounds is fixed,
which the user is told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from audiogen.prompt.language.lexicon import EQUAL, Meaning
from audiogen.prompt.language.recognition import Recognised
from audiogen.prompt.language.text import BREAK, LIST

SOFTER = Meaning("softer", "amount", ambience={"share": 0.45})
_THAN = ("than", "比")
_MIDDLE = 0.5  # of the intensities


@dataclass(frozen=True)
class _Pair:
    """`first` louder (or not) than `second`; by: the word that says so, if it is a word of its own."""

    first: Recognised
    second: Recognised
    louder: bool
    by: Recognised | None


def compared(recognised: Sequence[Recognised], tokens: Sequence[str]) -> tuple[list[Recognised], list[str]]:
    """The words with every comparison of two sounds turned into shares, and remarks on the rest."""
    words, remarks = _equal(recognised, tokens)
    for at in (k for k in range(len(tokens)) if _compares(tokens, k)):
        pair = _pair(at, words, tokens)
        if pair is None:
            continue
        if pair.by is not None:
            words.remove(pair.by)
        if tokens[at] == "as" and pair.first.meaning.sources and pair.second.meaning.sources:
            continue  # equal, as they are where nothing is said
        for each in (pair.first, pair.second):  # "more rain than birds" is plain rain, beside fewer birds
            words[words.index(each)] = replace(each, strength=1.0, said=each.word)
        if pair.first.meaning.sources and pair.second.meaning.sources:
            softer = pair.second if pair.louder else pair.first
            words.append(Recognised(softer.word, SOFTER, softer.word, start=softer.start, end=softer.start))
        else:
            remarks.append(_beside(pair.first, pair.second))
    return sorted(words, key=lambda word: word.start), remarks


def _beside(first: Recognised, second: Recognised) -> str:
    return (
        f"{first.word} and {second.word}: how loud sounds of nature are beside the piano cannot be asked for"
    )


def _equal(recognised: Sequence[Recognised], tokens: Sequence[str]) -> tuple[list[Recognised], list[str]]:
    """The words with every "equally loud" of two sounds taken out: equal they are where nothing is said."""
    words, remarks = [w for w in recognised if w.meaning.group != EQUAL], []
    for equal in (w for w in recognised if w.meaning.group == EQUAL):
        start = max((k for k in range(equal.start) if tokens[k] == BREAK), default=-1)
        end = min((k for k in range(equal.end, len(tokens)) if tokens[k] == BREAK), default=len(tokens))
        sounds = [w for w in words if start < w.start < end and _sounds(w) and w.strength > 0]
        before = [w for w in sounds if w.end <= equal.start]
        pair = before[-2:] if len(before) > 1 else sounds[:2]
        if len(pair) < 2:
            if before and before[-1].end == equal.start:  # "a tune, 和钢琴一样"
                words[words.index(before[-1])] = replace(before[-1], alike=True)
            continue
        for each in pair:
            words[words.index(each)] = replace(each, alike=False)
        degree = next((w for w in words if w.start == equal.end and _level(w) is not None), None)
        if degree is not None and not _sounds(degree):
            words.remove(degree)
        if not all(each.meaning.sources for each in pair):
            remarks.append(_beside(*pair))
    return words, remarks


def _pair(at: int, words: Sequence[Recognised], tokens: Sequence[str]) -> _Pair | None:
    """What is compared around the "than" at `at`."""
    start = max((k for k in range(at) if tokens[k] in (BREAK, LIST)), default=-1)
    end = min((k for k in range(at, len(tokens)) if tokens[k] in (BREAK, LIST)), default=len(tokens))
    before = [w for w in words if start < w.start and w.end <= at]
    after = [w for w in words if at < w.start < end]
    first = next((w for w in reversed(before) if _sounds(w)), None)
    second = next((w for w in after if _sounds(w)), None)
    if first is None or second is None or not (first.meaning.sources or second.meaning.sources):
        return None
    degrees = [
        w for w in (after if tokens[at] == "比" else before) if _level(w) is not None and not _sounds(w)
    ]
    if degrees:
        level = _level(degrees[-1]) or 0.0
        louder = (level > _MIDDLE) == (degrees[-1].strength > 0)
        return _Pair(first, second, louder, degrees[-1])
    return _Pair(first, second, first.strength > 1, None) if first.strength != 1 else None


def _compares(tokens: Sequence[str], at: int) -> bool:
    """ "Than", 比, and the second as of "as loud as"; not "rather than"."""
    if tokens[at] == "as":
        return at > 1 and tokens[at - 2] == "as"
    return tokens[at] in _THAN and tokens[at - 1 : at] not in (["rather"], ["other"])


def _sounds(word: Recognised) -> bool:
    return bool(word.meaning.sources) or word.meaning.name in ("piano", "music", "track")


def _level(word: Recognised) -> float | None:
    return (word.meaning.ambience or {}).get("intensity")
