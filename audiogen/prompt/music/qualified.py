"""Words that say something of another word: "a long reverb", "faster than walking pace"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from audiogen.prompt.language.recognition import Recognised
from audiogen.prompt.language.text import BREAK, LIST
from audiogen.prompt.music.attributes import NUMBERS

# What can be long or short beside the piece itself.
_LASTING: tuple[str, ...] = (
    "pedal",
    "half pedal",
    "crescendo",
    "diminuendo",
    "accelerando",
    "ritardando",
    "sections",
    "harmony",
)
_LASTING += ("chords", "runs", "syncopation")
_NOT_COMPARED = ("rather", "other")  # "fast rather than slow"


def qualified(
    recognised: Sequence[Recognised], tokens: Sequence[str], neutral: dict[str, float]
) -> list[Recognised]:
    """The words, less those that were said of another word, which are taken together with it."""
    return _beyond(_lasting(recognised, tokens), tokens, neutral)


def _lasting(recognised: Sequence[Recognised], tokens: Sequence[str]) -> list[Recognised]:
    """ "Long reverb" is no long piece."""
    found = list(recognised)
    for word in reversed(recognised):
        if word.meaning.group != "length":
            continue
        end = word.end + (list(tokens[word.end : word.end + 1]) == ["的"])
        thing = next((each for each in found if each.start == end), None)
        if thing is not None and thing.meaning.name in _LASTING:
            between = "" if "的" in tokens[word.end : end] or not word.said.isascii() else " "
            found[found.index(thing)] = replace(
                thing, said=f"{word.said}{between}{thing.said}", start=word.start
            )
            found.remove(word)
    return found


def _beyond(
    recognised: Sequence[Recognised], tokens: Sequence[str], neutral: dict[str, float]
) -> list[Recognised]:
    """ "Faster than andante", "louder than mf": half as far beyond it as the word alone is from neutral."""
    found = list(recognised)
    for at in (k for k, token in enumerate(tokens) if token == "than" and tokens[k - 1] not in _NOT_COMPARED):
        degree = next((w for w in found if w.end == at and w.strength > 0), None)
        end = min((k for k in range(at, len(tokens)) if tokens[k] in (BREAK, LIST)), default=len(tokens))
        base = next((w for w in found if at < w.start < end), None)
        if degree is None or base is None or base.strength <= 0:
            continue
        name = next((n for n in degree.meaning.asks if n in neutral and n in base.meaning.asks), None)
        if name is None or next(iter(base.meaning.asks)) != name:
            continue
        number = NUMBERS[name]
        away = number.away(float(degree.meaning.asks[name]), neutral[name]) / 2
        value = float(base.meaning.asks[name])
        value = value * math.exp(away) if number.ratio else value + away
        value = round(min(max(value, number.low), number.high), number.digits)
        meaning = replace(base.meaning, asks={**base.meaning.asks, name: value})
        said = f"{degree.said} than {base.said}"
        found[found.index(base)] = replace(base, meaning=meaning, said=said)
        found.remove(degree)
    return found
