"""Which sounds of nature a prompt asks for, how much of each, and how heavy the main one is.

A word that describes ("heavy", "distant", "a few") belongs to the sound after it, else to the one before it,
within one part of the sentence; parts end at commas and at "and", "with". Said of the main sound it sets
the intensity; said of a lesser one ("rain and distant thunder") it lowers its weight.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from audiogen.prompt.language.recognition import NO_SUCH, Recognised
from audiogen.prompt.language.text import BREAK, LIST, is_cjk
from audiogen.prompt.music.attributes import NUMBERS

SOME = 0.45  # weight of a sound that is said to be little beside another
GENTLE = 0.6  # and of one that is said to be gentle: "birdsong and light rain"
LITTLE, MUCH = 0.3, 0.8  # intensity of "a bit of rain", "a lot of rain" where nothing else sounds
ANDS = frozenset(
    (
        *("and", "with", "w/", "plus", "over", "but", "或", "和", "与", "及", "加", "跟", "配"),
        *("than", "then", "比", "并"),
        "伴",
        "夹",
    )
)
# Words that begin with one of these (Chinese: hold) name all of a sound; others one kind of it: an owl.
_GENERAL = {
    "rain": ("rain", "雨"),
    "birds": ("bird", "鸟", "chirp"),
    "waves": ("wave", "sea", "ocean", "surf", "海", "浪"),
    "fire": ("fire", "flame", "火"),
    "thunder": ("thunder", "lightning", "雷", "闪电"),
    "wind": ("wind", "风"),
    "crickets": ("cricket", "insect", "bug", "虫", "蟋蟀"),
    "water": ("water", "stream", "水", "溪"),
    "rooster": ("rooster", "cock", "鸡"),
}
_NEITHER = frozenset(("and", "or", "nor", "和", "或", "与", "及"))


@dataclass(frozen=True)
class Scene:
    """Sounds of nature, as asked for.

    Attributes:
        sources: name (one of `artifacts.SOURCES`) -> weight, the greatest 1; in the order of the prompt.
        intensity: of the main one, 0 (light, distant, sparse) .. 1 (heavy, close, dense); None: not said.
        words: source, "sources" and "intensity" -> the words that said so.
        remarks: what the user should know.
        taken: where the words begin that it is made of (tokens).
        undone: pairs of words that ask for a sound and rule it out.
    """

    sources: dict[str, float] = field(default_factory=dict)
    intensity: float | None = None
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    taken: frozenset[int] = frozenset()
    undone: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class _Sound:
    """One word for a sound with what describes it.

    Attributes:
        sources: its weights. share: how much of it. level: its intensity or None, and the words for that.
        weak, strong: what describes it makes it so.
    """

    word: Recognised
    sources: dict[str, float]
    share: float
    level: float | None
    level_words: tuple[str, ...]
    first: bool
    weak: bool
    strong: bool


def describes(word: Recognised) -> bool:
    """Whether it can be said of a sound of nature."""
    meaning = word.meaning
    describing = meaning.ambience is not None and not meaning.sources and meaning.group != "nature"
    return describing and not word.changing


def scene(
    recognised: Sequence[Recognised],
    tokens: Sequence[str],
    sounds: Sequence[Recognised],
    others: Sequence[Recognised] = (),
    alone: bool = True,
) -> Scene:
    """The scene that `sounds` ask for.

    Args:
        recognised: every understood word; tokens: of the text; sounds: those words that name sounds.
        others: words that descriptions may belong to instead (the piano, an unknown sound).
        alone: what belongs to no word is said of the main sound; else it is left to the piano.
    """
    sounds, ruled_out = _wanted(recognised, tokens, sounds)
    parts = parts_of(tokens, recognised)
    owned: dict[int | None, list[Recognised]] = {}
    for word in recognised:
        if describes(word):
            owner = _owner(word, [*sounds, *others], parts)
            owned.setdefault(owner, []).append(word)
    described = [_describe(sound, owned.get(sound.start, []), k == 0) for k, sound in enumerate(sounds)]
    described, ruled_out, narrower = _less_than_all(described, ruled_out)
    described, undone = _without(described, ruled_out)
    if not described:
        return Scene(undone=undone)
    shared = _shared(described)
    main = _main(shared)
    loose = owned.get(None, []) if alone else []
    level, level_words = main.level, main.level_words
    said = sorted([*loose, *owned.get(main.word.start, [])], key=lambda word: word.start)
    if _level(said)[0] is not None:
        level, level_words = _level(said)
    weights, words = _weights(shared)
    if level_words:
        words["intensity"] = level_words
    taken = {h.start for h in (*sounds, *loose)} | {h.start for s in sounds for h in owned.get(s.start, [])}
    remarks = (*narrower, _clash(said)) if _clash(said) else narrower
    return Scene(weights, level, words, remarks, frozenset(taken), undone)


def parts_of(tokens: Sequence[str], recognised: Iterable[Recognised]) -> list[int]:
    """For each token the number of the part of the sentence in which it stands."""
    covered = {k for word in recognised for k in range(word.start, word.end)}
    part, parts = 0, []
    for k, token in enumerate(tokens):
        part += token in (LIST, BREAK) or (token in ANDS and k not in covered)
        parts.append(part)
    return parts


def _owner(word: Recognised, anchors: Sequence[Recognised], parts: list[int]) -> int | None:
    """Where the word begins that `word` describes."""
    near = [anchor for anchor in anchors if parts[anchor.start] == parts[word.start]]
    after = [anchor.start for anchor in near if anchor.start >= word.end]
    before = [anchor.start for anchor in near if anchor.start < word.start]
    return min(after) if after else max(before) if before else None


def _wanted(
    recognised: Sequence[Recognised], tokens: Sequence[str], sounds: Sequence[Recognised]
) -> tuple[list[Recognised], list[Recognised]]:
    """The sounds that are asked for, and those that are ruled out: "no birds", "without wind and rain"."""
    refusals = {h.end: h for h in recognised if describes(h) and h.strength <= -0.5 and _is_none(h)}
    wanted: list[Recognised] = []
    out: list[Recognised] = []
    for sound in sounds:
        listed = out and tokens[sound.start - 1] in _NEITHER and out[-1].end == sound.start - 1
        if sound.strength <= -0.5:
            out.append(sound)
        elif sound.strength == 1 and (sound.start in refusals or listed):
            no = refusals.get(sound.start)
            out.append(replace(sound, said=f"{no.said} {sound.word}" if no else sound.said))
        else:
            wanted.append(sound)
    if not wanted and out and all(sound.start in refusals for sound in out):
        return out, []  # "no heavy rain", and nothing else: rain, but not heavy
    return wanted, out


def _is_none(word: Recognised) -> bool:
    return word.said.removesuffix(word.word).strip().lower() in NO_SUCH


def _describe(sound: Recognised, words: Sequence[Recognised], first: bool) -> _Sound:
    shares = [
        h.meaning.ambience["share"] for h in words if h.meaning.ambience and "share" in h.meaning.ambience
    ]
    if first:  # "some rain" is rain; only beside something else is it little
        shares = [
            share
            for share, h in zip(
                shares, [h for h in words if "share" in (h.meaning.ambience or {})], strict=True
            )
            if h.meaning.name != "some"
        ]
    little, much = 0 < sound.strength < 1, sound.strength > 1
    share = 1.0 if 1 in shares else min([*shares, SOME if little else 1.0])
    level, said = _level(words)
    if level is None and "intensity" in (sound.meaning.ambience or {}):
        noun = float((sound.meaning.ambience or {})["intensity"])
        level, said = NUMBERS["intensity"].scaled(noun, 0.5, max(sound.strength, 0.6)), (sound.said,)
    elif level is None and (little or much or sound.strength < 0):
        level, said = (MUCH if much else LITTLE), (sound.said,)
    return _Sound(
        replace(sound, said=_said(sound, words)),
        sound.meaning.sources,
        share,
        level,
        said,
        first,
        weak=share < 1 or (level is not None and level < 0.4),
        strong=1 in shares or (level is not None and level > 0.6),
    )


def _said(sound: Recognised, words: Sequence[Recognised]) -> str:
    """The sound with the words that give it its share: "a few birds"."""
    said = [h.said for h in words if "share" in (h.meaning.ambience or {}) and h.start < sound.start]
    return " ".join([*said, sound.said]) if sound.said.isascii() else "".join([*said, sound.said])


def _level(words: Sequence[Recognised]) -> tuple[float | None, tuple[str, ...]]:
    """The intensity that some words ask for, and which of them."""
    asked = [h for h in words if "intensity" in (h.meaning.ambience or {})]
    if not asked:
        return None, ()
    if _clash(words):
        asked = asked[-1:]
    number = NUMBERS["intensity"]
    return number.mean([_value(h) for h in asked]), tuple(dict.fromkeys(h.said for h in asked))


def _value(word: Recognised) -> float:
    return NUMBERS["intensity"].scaled((word.meaning.ambience or {})["intensity"], 0.5, word.strength)


def _clash(words: Sequence[Recognised]) -> str:
    """What to say about "light, heavy rain", or ""."""
    number = NUMBERS["intensity"]
    asked = [h for h in words if "intensity" in (h.meaning.ambience or {}) and h.strength >= 1]
    for one in asked[:-1]:
        here, there = number.away(_value(one), 0.5), number.away(_value(asked[-1]), 0.5)
        if here * there < 0 and min(abs(here), abs(there)) >= number.apart:
            return (
                f"{one.said!r} and {asked[-1].said!r} contradict each other; the last said counts: "
                f"intensity {_value(asked[-1]):g}"
            )
    return ""


def _less_than_all(
    sounds: Sequence[_Sound], out: Sequence[Recognised]
) -> tuple[list[_Sound], list[Recognised], tuple[str, ...]]:
    """ "Birds, but no owls", "rain, no downpour": what is ruled out is one kind of a sound that is asked for.

    Returns: the sounds, softer or louder where that is the kind; what else is ruled out; remarks.
    """
    found, left, remarks = list(sounds), [], []
    for no in out:
        inside = [k for k, sound in enumerate(found) if _is_kind_of(no, sound)]
        if not inside:
            left.append(no)
            continue
        level = (no.meaning.ambience or {}).get("intensity")
        for k in inside:
            if level is not None and found[k].level is None:
                other = NUMBERS["intensity"].scaled(level, 0.5, -0.5)
                found[k] = replace(found[k], level=other, level_words=(no.said,))
        if level is None:
            remarks.append(f"{no.said}: one kind of a sound cannot be ruled out, only all of it")
    return found, left, tuple(remarks)


def _is_kind_of(no: Recognised, sound: _Sound) -> bool:
    sources = no.meaning.sources
    name = next(iter(sources))
    roots = _GENERAL.get(name, (name.removesuffix("s"),))
    words = no.word.lower().split()
    general = any(
        word.startswith(root) or (root in word and is_cjk(root)) for word in words for root in roots
    )
    kind = not general or "intensity" in (no.meaning.ambience or {})
    return (
        kind and [*sources] == [name] and name in sound.sources and sound.word.word.lower() != no.word.lower()
    )


def _without(
    sounds: Sequence[_Sound], out: Sequence[Recognised]
) -> tuple[list[_Sound], tuple[tuple[str, str], ...]]:
    """The sounds less what is ruled out, and those of which nothing is left, with the words that did it."""
    kept, undone = [], []
    named = {name for s in sounds for name in s.sources}
    for sound in sounds:
        left = dict(sound.sources)
        for no in out:
            gone = [name for name, weight in no.meaning.sources.items() if weight == 1]
            if len(gone) > 1:  # "rain, but no thunderstorm" is still rain
                gone = [name for name in gone if name not in _alone(sounds)] or gone
            for name in gone:
                left.pop(name, None)
            if not left:
                undone.append((sound.word.said, no.said))
                break
        if left:
            kept.append(replace(sound, sources=left))
    return kept, tuple(undone) if named else ()


def _alone(sounds: Sequence[_Sound]) -> set[str]:
    """The sources that have a word of their own."""
    return {name for s in sounds if len(s.sources) == 1 for name in s.sources}


def _shared(sounds: Sequence[_Sound]) -> list[_Sound]:
    """The same with shares weighed against each other; at least one has 1."""
    leading = any(s.strong for s in sounds)
    marked = any(s.strong and s.level is None for s in sounds)  # "mainly"
    found = []
    for s in sounds:
        share = s.share
        beside = s.weak and len(sounds) > 1 and (not s.first or leading)
        if not s.strong and (beside or marked):
            share = min(share, SOME if marked else GENTLE)
        found.append(replace(s, share=share))
    most = max(s.share for s in found)
    if most < 1:
        first = max(range(len(found)), key=lambda k: sounds[k].share)  # the first of the greatest
        found[first] = replace(found[first], share=1.0)
    return found


def _main(sounds: Sequence[_Sound]) -> _Sound:
    """The sound whose intensity counts: full, and rather one of which something is said."""
    full = [s for s in sounds if s.share == 1]
    ranks = [(s.strong, s.level is not None) for s in full]
    return full[ranks.index(max(ranks))]


def _weights(sounds: Sequence[_Sound]) -> tuple[dict[str, float], dict[str, tuple[str, ...]]]:
    """Weight and words of every source; a word of its own beats a scene that holds it."""
    alone = _alone(sounds)
    weights: dict[str, float] = {}
    words: dict[str, list[str]] = {}
    for sound in sounds:
        for name, weight in sound.sources.items():
            if name in alone and len(sound.sources) > 1:
                continue
            weights[name] = max(weights.get(name, 0.0), weight * sound.share)
            words.setdefault(name, []).append(sound.word.said)
    most = max(weights.values())
    weights = {name: round(weight / most, 2) for name, weight in weights.items()}
    found = {name: tuple(dict.fromkeys(said)) for name, said in words.items()}
    found["sources"] = tuple(dict.fromkeys(s.word.said for s in sounds))
    return weights, found
