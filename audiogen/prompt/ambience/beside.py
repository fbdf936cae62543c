"""Sounds of nature beside the piano: which words ask for the sound itself, and which are a mood.

"Piano with rain", "piano, rain", "雨中的钢琴", "piano by the sea", "the sound of waves": the sound itself.
"Thunderstorm piano", "piano like rain", "a storm of notes", "a forest scene": a mood.
"""

from __future__ import annotations

from collections.abc import Sequence

from audiogen.prompt.ambience.sounds import ANDS
from audiogen.prompt.language.recognition import Recognised
from audiogen.prompt.language.text import LIST

_PLACES = frozenset(
    (
        *(
            "in",
            "by",
            "at",
            "near",
            "beside",
            "under",
            "during",
            "amid",
            "amidst",
            "among",
            "through",
            "against",
        ),
        *("on", "along", "around", "outside", "while", "to", "behind", "+", "在", "于", "傍", "听"),
    )
)
_BETWEEN = frozenset(
    (
        "the",
        "a",
        "an",
        "my",
        "our",
        "its",
        "it",
        "it's",
        "is",
        "there",
        "are",
        "着",
        "了",
        "有",
        "的",
        "些",
        "后",
        "来",
        "然",
        "再",
        "after",
        "that",
    )
)
_AFTER = frozenset("中里边旁下畔前声鸣音")
_SOUNDING = ("sound", "song", "singing", "chirp", "crow", "crackl", "rumbl", "声", "鸣", "叫", "啼", "听")
_SOUNDS = frozenset(("sound", "sounds", "noise"))


def beside_the_piano(
    recognised: Sequence[Recognised], tokens: Sequence[str], compared: bool = False
) -> tuple[list[Recognised], list[Recognised]]:
    """The words that ask for a sound beside the piano, and those that name the piano.

    Args:
        compared: a sound was compared with the piano, so that it is one.
    """
    pianos = [h for h in recognised if _names_piano(h)]
    sounds = [h for h in recognised if h.meaning.group == "nature" and h.meaning.sources and not h.alike]
    real = [h for h in sounds if _sounds(h) or not _is_figure(h, tokens, pianos)]
    asked = compared or any(h.strength > -0.5 and _is_beside(h, recognised, tokens, pianos) for h in real)
    return (real if asked and pianos else []), pianos


def _names_piano(word: Recognised) -> bool:
    musical = word.meaning.name in ("piano", "music", "track") or word.meaning.group in ("form", "manner")
    return musical and word.strength > 0


def _sounds(word: Recognised) -> bool:
    """Its word says that it is a sound, or a place where one plays: birdsong, 雨声, 雨中."""
    return any(part in word.word.lower() for part in _SOUNDING) or word.word[-1] in _AFTER


def _is_figure(word: Recognised, tokens: Sequence[str], pianos: Sequence[Recognised]) -> bool:
    """ "Thunderstorm piano", "a storm of notes"."""
    end = word.end
    if tokens[end : end + 1] == ["of"]:
        return True
    end += tokens[end : end + 1] == ["的"]
    return any(piano.start == end for piano in pianos)


def _is_beside(
    word: Recognised, recognised: Sequence[Recognised], tokens: Sequence[str], pianos: Sequence[Recognised]
) -> bool:
    """Something says that it sounds there: "with", "in the", a comma, "sound of", 中."""
    if _sounds(word) or any(token in _AFTER for token in tokens[word.end : word.end + 1]):
        return True
    others = {k for h in recognised if h not in pianos for k in range(h.start, h.end)}
    k = word.start - 1
    while k >= 0 and (k in others or tokens[k] in _BETWEEN):
        if any(h.meaning.name == "background" and h.start <= k < h.end for h in recognised):
            return True
        k -= 1
    if k >= 0 and (tokens[k] in ANDS or tokens[k] in _PLACES or tokens[k] == LIST):
        return True
    if k >= 1 and tokens[k] == "of" and tokens[k - 1] in _SOUNDS:
        return True
    k = word.end
    if any(h.start == k and h.meaning.name in ("background", "distant") for h in recognised):
        return True
    if tokens[k : k + 1] and (tokens[k] in ANDS or tokens[k] == LIST):
        k += 1
        while k < len(tokens) and (k in others or tokens[k] in _BETWEEN):
            k += 1
        return any(piano.start == k for piano in pianos)
    return False
