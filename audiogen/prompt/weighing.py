"""One value per attribute out of everything that was recognised.

An amount ("90 bpm") beats a word that names the attribute ("fast", "pp"), and that beats what comes
along with a word (a mood, a form). Equals are averaged, unless they contradict each other ("loud pp"):
then the last one counts and the user is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from audiogen.prompt.language.lexicon import Meaning
from audiogen.prompt.language.patterns import Amount
from audiogen.prompt.language.recognition import Recognised
from audiogen.prompt.music.attributes import NUMBERS

_ALONG, _FORM, _WORD, _AMOUNT = 1, 2, 3, 4
_GIVING_ALONG = ("mood", "manner", "nature")  # groups that name no attribute
_THINGS = ("form", "manner", "nature", "refused")  # one that is not wanted ("no rain") asks for nothing else


@dataclass(frozen=True)
class Wish:
    """One thing that one word asks for.

    Attributes:
        name: attribute; value: asked for; said: the words.
        rank: 1 comes along, 2 the metre of a form, 3 names the attribute, 4 an amount.
        plain: it is asked for as it stands, not weakened or negated.
    """

    name: str
    value: Any
    said: str
    rank: int
    plain: bool = True


@dataclass(frozen=True)
class Weighed:
    """Values by attribute, the words that each came from, and what the user should know."""

    values: dict[str, Any]
    words: dict[str, tuple[str, ...]]
    remarks: tuple[str, ...]


@dataclass(frozen=True)
class Settled:
    """One attribute: the wishes that count, the words that lost against them, and what to say about it."""

    kept: list[Wish]
    lost: tuple[str, ...] = ()
    remark: str = ""


def weigh(recognised: list[Recognised], amounts: list[Amount], neutral: dict[str, float]) -> Weighed:
    """See above; lengths in bars are left to the caller (`bars`)."""
    wishes = [*_of_words(recognised, neutral), *_of_amounts(amounts)]
    names = list(dict.fromkeys(wish.name for wish in wishes))
    both = {"register"} | ({"loudness"} if "growth" in names else set())
    settled = {
        name: _settle(name, [w for w in wishes if w.name == name], neutral, name in both) for name in names
    }
    lost = {said for each in settled.values() for said in each.lost}
    values, words, remarks = {}, {}, []
    for name in names:
        kept = [w for w in settled[name].kept if w.rank > _ALONG or w.said not in lost]
        if kept:
            values[name] = _mean(name, kept)
            words[name] = tuple(dict.fromkeys(wish.said for wish in kept))
        remarks += [settled[name].remark] if settled[name].remark else []
    return Weighed(values, words, tuple(remarks))


def _of_amounts(amounts: list[Amount]) -> Iterator[Wish]:
    for amount in amounts:
        for name, value in amount.asks.items():
            yield Wish(name, value, amount.said, _AMOUNT)


def _of_words(recognised: list[Recognised], neutral: dict[str, float]) -> Iterator[Wish]:
    for word in recognised:
        meaning, strength = word.meaning, word.strength
        if word.changing and meaning.group not in ("path", "refused"):
            if grows(meaning) and strength > 0:
                louder = meaning.asks["loudness"] > neutral["loudness"]
                yield Wish("growth", 1.0 if louder else -1.0, word.said, _WORD)
            continue
        if strength <= -0.5 and (meaning.group in _THINGS or meaning.sources):
            continue
        asks = meaning.compared if word.alike and meaning.compared else meaning.asks
        if strength <= -0.5 and meaning.negated is not None:
            asks, strength = meaning.negated, 1.0
        for position, (name, value) in enumerate(asks.items()):
            rank = _rank(meaning.group, name, position) if not word.alike else _ALONG
            if name in neutral:
                scaled = NUMBERS[name].scaled(float(value), neutral[name], strength)
                yield Wish(name, scaled, word.said, rank, strength >= 1)
            elif strength > 0:
                value = tuple(value) if isinstance(value, list) else value
                yield Wish(name, value, word.said, rank, strength >= 1)


def grows(meaning: Meaning) -> bool:
    """Whether it can be had of a change towards this: loudness can grow or fade."""
    return next(iter(meaning.asks), None) == "loudness"


def _rank(group: str, name: str, position: int) -> int:
    """A form names its metre (a waltz is in three) and its period, nothing else."""
    if group == "form":
        return _FORM if name == "metre" else _ALONG
    return _WORD if position == 0 and group not in _GIVING_ALONG else _ALONG


def _settle(name: str, wishes: list[Wish], neutral: dict[str, float], both: bool) -> Settled:
    """Who wins: see the head of this file."""
    best = max(wish.rank for wish in wishes)
    kept = [wish for wish in wishes if wish.rank == best]
    last = kept[-1]
    against = [wish for wish in wishes if _contradict(name, wish, last, neutral)]
    if both:  # a low bass and a high melody, a soft beginning and a loud end
        return Settled(kept)
    if best == _AMOUNT or name not in NUMBERS:
        kept = [last]
    elif best > _ALONG:  # two moods meet in the middle
        kept = [wish for wish in kept if wish not in against]
    loud = [w for w in against if w.rank >= _FORM or (name == "mode" and last.rank == _ALONG)]
    if not loud or name == "path":
        return Settled(kept)
    said = tuple(dict.fromkeys(w.said for w in loud))
    why = "the last said counts" if loud[-1].rank == best else "the more exact one counts"
    others = " and ".join(f"{each!r}" for each in said)
    value = plainly(name, _mean(name, kept))
    remark = f"{others} and {last.said!r} contradict each other; {why}: {value}"
    return Settled(kept, said if last.rank >= _FORM else (), remark)


def _contradict(name: str, wish: Wish, last: Wish, neutral: dict[str, float]) -> bool:
    if wish is last or not (wish.plain and last.plain):
        return False
    if name not in neutral or wish.rank == last.rank == _AMOUNT:
        return bool(wish.value != last.value)
    number = NUMBERS[name]
    here, there = (number.away(w.value, neutral[name]) for w in (wish, last))
    return here * there < 0 and min(abs(here), abs(there)) >= number.apart


def plainly(name: str, value: Any) -> str:
    """ "tempo 120", "metre 3/4", "key D minor", "crescendo"."""
    if name == "metre":
        return "metre {}/{}".format(*value)
    if name == "growth":
        return "crescendo" if value > 0 else "diminuendo" if value < 0 else "even loudness"
    called = "length" if name == "seconds" else name
    return f"{called} {value:g}" if isinstance(value, (int, float)) else f"{called} {value}"


def _mean(name: str, wishes: list[Wish]) -> Any:
    values = list(dict.fromkeys(wish.value for wish in wishes))
    return NUMBERS[name].mean(values) if name in NUMBERS and len(values) > 1 else values[-1]
