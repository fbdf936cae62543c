"""A prompt in English or Chinese, or both, becomes a Conditioning.

Amounts with a unit are read first ("15 s", "D minor", "90 bpm"); what is left is matched word by word
against the lists, the longest phrase first. When several words speak of one attribute, an amount
beats a word that names the attribute ("fast", "pp", "staccato"), and that beats a mood ("calm");
equals are averaged. Words that nothing matched are kept in `Conditioning.unknown`.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from audiogen.artifacts import Conditioning
from audiogen.errors import InvalidRequest
from audiogen.prompt.lexicon import Lexicon, Meaning, lexicon
from audiogen.prompt.measures import take
from audiogen.prompt.text import BREAK, is_cjk, normal, tokens

DEFAULT_SECONDS = 15.0
LONGEST_PROMPT = 2000

_MOOD, _WORD, _AMOUNT = 1, 2, 3
_LIMITS = {
    "tempo": (20, 300),
    "density": (0.5, 30),
    "loudness": (10, 120),
    "register": (30, 96),
    "articulation": (0, 1),
    "pedal": (0, 1),
}
_RATIOS = ("tempo", "density")  # averaged and scaled as ratios
# how far from neutral a word goes when another word stands before it
_STRONGER, _WEAKER, _NOT, _NOT_TOO, _BUT_NOT_TOO = 1.3, 0.6, -0.5, -0.2, 0.5


@dataclass(frozen=True)
class Heard:
    """One understood word: as written, its meaning, how strongly it is meant (1 plain, negative: not)."""

    word: str
    meaning: Meaning
    strength: float = 1.0


def parse(text: str, path: str | None = None, default_path: str | None = None) -> Conditioning:
    """What a prompt asks for.

    Args:
        text: words in English, Chinese or both.
        path: "piano", ...; None: by the words.
        default_path: where some words are understood but none says what to make.
    Raises:
        InvalidRequest: empty, too long, only unknown words (without `path`), or something that
            audiogen cannot make ("violin").
    """
    if not text.strip():
        raise InvalidRequest('The prompt is empty; say what to make, for example "calm piano, 15 s".')
    if len(text) > LONGEST_PROMPT:
        raise InvalidRequest(f"A prompt has at most {LONGEST_PROMPT} characters, not {len(text)}.")
    words = lexicon()
    amounts, rest = take(normal(text, words.variants))
    heard, unknown = listen(tokens(rest), words)
    _refuse(heard)
    chosen = path or _path(heard, amounts) or (default_path if heard or amounts else None)
    if chosen is None and default_path is not None:
        raise InvalidRequest(
            f"No word of {text!r} is understood; say what to make, for example 'calm piano, 15 s'."
        )
    if chosen is None:
        raise InvalidRequest(
            f"Nothing in {text!r} says what to make; name it in the prompt (piano, 钢琴), "
            "with --path piano, or by the suffix of the output (-o x.wav)."
        )
    unknown += [h.word for h in heard if _speaks_of_another(h, chosen)]
    asked = weigh(heard, amounts, words.neutral)
    asked.pop("path", None)
    moods = [h.meaning.name for h in heard if h.meaning.group == "mood" and h.strength > 0]
    return Conditioning(
        prompt=text,
        path=chosen,
        seconds=float(asked.pop("seconds", DEFAULT_SECONDS)),
        mood=tuple(dict.fromkeys(moods)),
        unknown=tuple(dict.fromkeys(unknown)),
        **asked,
    )


def listen(words: list[str], known: Lexicon) -> tuple[list[Heard], list[str]]:
    """Match tokens one phrase after the other.

    Returns: what was understood, in order, and the words that were not (Chinese ones as runs).
    """
    heard: list[Heard] = []
    unknown: list[str] = []
    strength, joined = 1.0, 1.0
    at, last_unknown = 0, -2
    while at < len(words):
        if words[at] == BREAK:
            strength = joined = 1.0
            at += 1
            continue
        match = known.match(words, at)
        if match is None:
            if at == last_unknown + 1 and is_cjk(words[at]) and is_cjk(words[at - 1]):
                unknown[-1] += words[at]
            else:
                unknown.append(words[at])
            last_unknown = at
            at += 1
            continue
        meaning, count = match
        at += count
        if meaning.group == "joining":
            strength = joined
        elif meaning.group == "but not too":
            if heard:
                heard[-1] = dataclasses.replace(heard[-1], strength=heard[-1].strength * _BUT_NOT_TOO)
        elif meaning.group != "ignored":
            factor = _factor(meaning.group)
            if factor is not None:
                strength = _combine(strength, factor)
            else:
                heard.append(Heard(_written(words[at - count : at]), meaning, strength))
                joined, strength = strength, 1.0
    return heard, unknown


def weigh(heard: list[Heard], amounts: dict[str, Any], neutral: dict[str, float]) -> dict[str, Any]:
    """One value per attribute: the highest rank wins, equals are averaged (names: the first)."""
    ranked: dict[str, list[tuple[int, Any]]] = {}
    for word in heard:
        for name, value, rank in _requests(word, neutral):
            ranked.setdefault(name, []).append((rank, value))
    for name, value in amounts.items():
        ranked.setdefault(name, []).append((_AMOUNT, value))
    chosen = {}
    for name, rows in ranked.items():
        best = max(rank for rank, _ in rows)
        chosen[name] = _average(name, [value for rank, value in rows if rank == best])
    return chosen


def _requests(word: Heard, neutral: dict[str, float]) -> Iterator[tuple[str, Any, int]]:
    """(attribute, value, rank) of one word."""
    meaning = word.meaning
    asks, strength = meaning.asks, word.strength
    if strength < 0 and meaning.negated is not None:
        asks, strength = meaning.negated, 1.0
    for position, (name, value) in enumerate(asks.items()):
        rank = _WORD if position == 0 and meaning.group != "mood" else _MOOD
        if name in neutral:
            yield name, _scaled(name, float(value), neutral[name], strength), rank
        elif strength > 0:
            yield name, tuple(value) if isinstance(value, list) else value, rank


def _scaled(name: str, value: float, neutral: float, strength: float) -> float:
    """The value moved away from, or past, neutral by `strength`; rounded for people to read."""
    if name in _RATIOS:
        value = neutral * (value / neutral) ** strength
    else:
        value = neutral + strength * (value - neutral)
    low, high = _LIMITS[name]
    return round(min(max(value, low), high), 2)


def _average(name: str, values: list[Any]) -> Any:
    if name in ("mode", "metre", "path", "key"):
        return values[0]
    if name in _RATIOS:
        return round(math.exp(sum(map(math.log, values)) / len(values)), 2)
    return round(sum(values) / len(values), 2)


def _factor(group: str) -> float | None:
    factors = {"stronger": _STRONGER, "weaker": _WEAKER, "not": _NOT, "not too": _NOT_TOO}
    return factors.get(group)


def _combine(strength: float, factor: float) -> float:
    """Two modifiers in a row: they multiply; "not ... very" is a mild "not"."""
    if strength < 0 or factor < 0:
        return _NOT_TOO if factor > 1 else min(strength, factor)
    return strength * factor


def _refuse(heard: list[Heard]) -> None:
    names = [h.meaning.name for h in heard if h.meaning.group == "refused" and h.strength > 0]
    if names:
        raise InvalidRequest(
            f"audiogen cannot make {', '.join(dict.fromkeys(names))}; it makes solo piano. "
            'Leave that out, or say "no ...".'
        )


def _path(heard: list[Heard], amounts: dict[str, Any]) -> str | None:
    """By name; else the first path whose words occur; else music, if anything musical was said."""
    named = [h.meaning for h in heard if h.meaning.group == "path" and h.strength > 0]
    if any(m.name == "piano" for m in named):
        return "piano"
    others = [m.asks["path"] for m in named if m.name != "music"]
    if others:
        return others[0]
    musical = any(h.meaning.group not in ("path", "length") for h in heard) or set(amounts) - {"seconds"}
    return "piano" if named or musical else None


def _speaks_of_another(heard: Heard, path: str) -> bool:
    """ "Rain" in a prompt for the piano: known, but of no use there."""
    return heard.meaning.group == "path" and heard.strength > 0 and heard.meaning.asks["path"] != path


def _written(words: list[str]) -> str:
    return ("" if is_cjk(words[0]) else " ").join(words)
