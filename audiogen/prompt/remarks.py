"""What a user should know about how the words were taken."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from audiogen.prompt.language.patterns import Amount
from audiogen.prompt.language.recognition import Recognised
from audiogen.prompt.refusals import is_unknown_sound, known_sounds, names_as_said
from audiogen.prompt.weighing import grows, plainly

_LEARNED_FROM = "not in the music it learned from (European art music, ragtime and rolls, 1600 to 1950)"
_NO_CHANGE = ("path", "refused", "limit")
_ONE_VALUE = "one {} holds for the whole piece"


def remarks_about(recognised: list[Recognised], unknown: list[str], amounts: list[Amount]) -> Iterator[str]:
    """One line for every word or amount that is not taken as it stands."""
    yield from (amount.remark for amount in amounts if amount.remark)
    for number in (word for word in unknown if word[0].isdigit()):
        tempo = f"{number} bpm or " if len(number) in (2, 3) else ""
        yield f"{number}: of what? Say {tempo}{number} s, or leave it out"
    absent = [h.word for h in recognised if h.meaning.group == "absent" and h.strength > 0]
    if absent:
        words = ", ".join(dict.fromkeys(absent))
        yield f"{words}: {_LEARNED_FROM}"
    for word in recognised:
        if word.strength > 0:
            yield from _about(word)


def _about(word: Recognised) -> Iterator[str]:
    meaning = word.meaning
    if meaning.remark:
        yield f"{word.said}: {meaning.remark}"
    elif word.changing and meaning.asks and meaning.group not in _NO_CHANGE and not grows(meaning):
        name = next(iter(meaning.asks))
        yield f"{word.said}: {_ONE_VALUE.format(name)}, so a change of it is left out"
    elif meaning.group == "refused" and word.alike:
        yield (
            f"{word.word}: the piano imitates it as far as a piano can"
            if meaning.compared
            else (f"{word.word}: it stays a piano")
        )
    elif meaning.group == "nature" and word.alike:
        yield f"{word.word}: taken as a mood; there will be no sound of it beside the piano"
    elif meaning.group == "manner":
        yield (
            f"{word.said}: an approximation; no attribute stands for it, the nearest are "
            f"{', '.join(plainly(name, value) for name, value in meaning.asks.items())}"
        )


def remarks_on_sounds(
    text: str,
    recognised: Sequence[Recognised],
    left: Sequence[Recognised],
    strange: Sequence[Recognised],
    amounts: Sequence[Amount],
) -> Iterator[str]:
    """One line for each kind of word that a prompt for sounds of nature cannot use.

    Args:
        text: the prompt. recognised: all that was understood in it.
        left: words that its scene was not made of.
        strange: those of them that name something audiogen cannot make.
    """
    yield from (amount.remark for amount in amounts if amount.remark)
    noises = [h for h in strange if is_unknown_sound(h)]
    if noises:
        yield f"{names_as_said(noises)}: left out; the sounds that audiogen knows are {known_sounds(text)}"
    changing = [h for h in left if h.changing and h.meaning.ambience is not None]
    yield from (
        f"{h.said}: {_ONE_VALUE.format('intensity')}, so a change of it is left out" for h in changing
    )
    yield from (f"{h.said}: say --loop for a seamless loop" for h in left if h.meaning.name == "loop")
    yield from (
        f"{h.said}: {h.meaning.remark}"
        for h in recognised
        if h.meaning.sources and h.meaning.remark and h.strength > 0
    )
    music = [
        h.said for h in left if h.meaning.ambience is None and h not in strange and h.meaning.name != "loop"
    ]
    music += [a.said for a in amounts if a.asks and "seconds" not in a.asks]
    if music:
        words = ", ".join(dict.fromkeys(music))
        yield f"{words}: left out; sounds of nature have weights and an intensity, the rest is the piano's"
