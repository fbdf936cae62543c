"""What a user should know about how the words were taken."""

from __future__ import annotations

from collections.abc import Iterator

from audiogen.prompt.listening import Heard
from audiogen.prompt.measures import Amount
from audiogen.prompt.weighing import plainly

_LEARNED_FROM = "not in the music it learned from (European art music, ragtime and rolls, 1600 to 1950)"
_ONE_VALUE = "one {} holds for the whole piece"


def remarks_about(heard: list[Heard], unknown: list[str], amounts: list[Amount]) -> Iterator[str]:
    """One line for every word or amount that is not taken as it stands."""
    yield from (amount.remark for amount in amounts if amount.remark)
    for number in (word for word in unknown if word[0].isdigit()):
        tempo = f"{number} bpm or " if len(number) in (2, 3) else ""
        yield f"{number}: of what? Say {tempo}{number} s, or leave it out"
    absent = [h.word for h in heard if h.meaning.group == "absent" and h.strength > 0]
    if absent:
        words = ", ".join(dict.fromkeys(absent))
        yield f"{words}: {_LEARNED_FROM}"
    for word in heard:
        if word.strength > 0:
            yield from _about(word)


def _about(word: Heard) -> Iterator[str]:
    meaning = word.meaning
    if meaning.remark:
        yield f"{word.said}: {meaning.remark}"
    elif word.changing and meaning.asks and meaning.group not in ("path", "refused", "limit"):
        name = next(iter(meaning.asks))
        yield f"{word.said}: {_ONE_VALUE.format(name)}, so a change of it is left out"
    elif meaning.group == "refused" and word.alike:
        yield (
            f"{word.word}: the piano imitates it as far as a piano can"
            if meaning.compared
            else (f"{word.word}: it stays a piano")
        )
    elif meaning.group == "nature" and word.alike:
        yield f"{word.word}: heard as a mood; there will be no sound of it beside the piano"
    elif meaning.group == "manner":
        yield (
            f"{word.said}: an approximation; no attribute stands for it, the nearest are "
            f"{', '.join(plainly(name, value) for name, value in meaning.asks.items())}"
        )
