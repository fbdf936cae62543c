"""The word lists, read from YAML, checked line by line, and turned into phrases of tokens."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from audiogen.artifacts import SOURCES
from audiogen.errors import AudiogenError
from audiogen.prompt.language.text import is_cjk, normal, tokens
from audiogen.prompt.language.yaml_lines import Text, named, read, texts
from audiogen.prompt.music import attributes

FOLDER = Path(__file__).parents[1]
MEANINGS, LANGUAGES = "meanings.yaml", ("english.yaml", "chinese.yaml")
EQUAL = "equal"
MODIFIERS = (
    *("stronger", "weaker", "stronger after", "weaker after", "not", "not too", "but not too", "joining"),
    *("turning", "like", "alike", "changing", EQUAL),
)
GROUPS = (
    *("mood", "form", "manner", "tempo", "loudness", "density", "texture", "register", "articulation"),
    "growth",
    *("mode", "metre", "length", "limit", "absent", "path", "nature", "weather", "amount"),
    *("noise", "thing", "refused"),
)

_PLAIN = re.compile(r"[a-z]+(?: [a-z]+)*|[\u3400-\u9fff]+")  # needs no normal form
_FIRST = re.compile(r"[^ \u3400-\u9fff]+")


@dataclass(frozen=True)
class Meaning:
    """What a word asks for.

    Attributes:
        name: in English ("calm").
        group: one of `GROUPS`, or a modifier, or "ignored".
        asks: attribute -> value.
        negated: what "not" asks for instead; None: the numbers move the other way.
        compared: what "like a ..." asks for, of things that a piano is not; mood: the mood that it is then.
        ambience: what it asks for among sounds of nature: source -> weight, "intensity", "share"; None: it
            is not for them.
        remark: what the user is told when the word occurs, or "".
    """

    name: str
    group: str
    asks: dict[str, Any] = field(default_factory=dict)
    negated: dict[str, Any] | None = None
    compared: dict[str, Any] = field(default_factory=dict)
    remark: str = ""
    mood: str = ""
    ambience: dict[str, float] | None = None

    @property
    def sources(self) -> dict[str, float]:
        """The sounds of nature that it names, each with its weight, 0..1."""
        return {name: weight for name, weight in (self.ambience or {}).items() if name in SOURCES}


@dataclass(frozen=True)
class Match:
    """A phrase that was found: its meaning, its number of tokens, and whether it ends in -like or -istic."""

    meaning: Meaning
    count: int
    alike: bool = False


@dataclass(frozen=True)
class Lexicon:
    """Everything that the parser knows.

    Attributes:
        phrases: tokens, joined as `key` does -> meaning.
        neutral: attribute -> value in the middle.
        variants: traditional to simplified characters, for `str.translate`.
        spelling: words that are recognised with a slip of the pen.
    """

    phrases: dict[str, Meaning]
    neutral: dict[str, float]
    variants: dict[int, str]
    spelling: tuple[str, ...] = ()

    @cached_property
    def vocabulary(self) -> frozenset[str]:
        """Every word of every phrase: "moto" is right, though only "con moto" means something."""
        return frozenset(word for phrase in self.phrases for word in phrase.split())

    @cached_property
    def _longest_after(self) -> dict[str, int]:
        return longest_after(self.phrases)

    def match(self, words: Sequence[str], start: int, without: Sequence[str] = ()) -> Match | None:
        """The longest phrase at `start`, its last word in any inflection; or None.

        Args:
            without: groups whose meanings do not count.
        """
        longest = self._longest_after.get(words[start], 1)
        for count in range(min(longest, len(words) - start), 0, -1):
            phrase = words[start : start + count]
            meaning = self.phrases.get(key(phrase))
            if meaning is not None and meaning.group not in without:
                return Match(meaning, count)
            for stem, alike in stems(phrase[-1]):
                meaning = self.phrases.get(key((*phrase[:-1], stem)))
                if meaning is None or meaning.group in without:
                    continue
                if count > 1 or meaning.group != "ignored":
                    return Match(meaning, count, alike)
        return None


def longest_after(phrases: Iterable[str]) -> dict[str, int]:
    """The first token of phrases of several -> at least as many tokens as the longest of them has."""
    longest: dict[str, int] = {}
    for phrase in phrases:
        first = phrase[0] if is_cjk(phrase) else _FIRST.match(phrase)[0]  # type: ignore[index]
        count = phrase.count(" ") + 1 if phrase.isascii() else len(phrase)
        longest[first] = max(longest.get(first, 1), count)
    return longest


def key(words: Sequence[str]) -> str:
    """Tokens as one text: a space before every one that is not a Chinese character."""
    return "".join(word if is_cjk(word) else f" {word}" for word in words).lstrip()


_ENDINGS = ("ly", "er", "est", "ness", "ing", "ed", "es", "s", "ful", "y")
_LIKE_ENDINGS = ("like", "ish", "istically", "istic", "esque", "ean", "ian", "an")


def stems(word: str) -> list[tuple[str, bool]]:
    """What an English word may be an inflection of, and whether it only resembles that.

    Softly, softer, softest, dreamily, marches, notes; drumlike, violinistic, Schumannesque.
    """
    found: list[tuple[str, bool]] = []
    word = word.removesuffix("'s")
    for ending in ("", *_ENDINGS, *_LIKE_ENDINGS):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            stem, alike = word[: len(word) - len(ending)], ending in _LIKE_ENDINGS
            found.append((stem, alike))
            if ending == "ly":
                found.append((stem + "le", alike))
            elif ending not in ("", "s", "ness", "ful"):
                found.append((stem + "e", alike))
            if stem.endswith("i"):
                found.append((stem[:-1] + "y", alike))
            if len(stem) > 3 and stem[-1] == stem[-2]:
                found.append((stem[:-1], alike))
    return found


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The shipped word lists."""
    return load(FOLDER)


def load(folder: Path) -> Lexicon:
    """The lexicon in a folder with meanings.yaml, english.yaml and chinese.yaml.

    Raises:
        AudiogenError: a list is damaged; the message names the file and line of every mistake.
    """
    problems: list[str] = []
    neutral, meanings = _meanings(read(folder / MEANINGS, problems, numbers=True), problems)
    variants: dict[int, str] = {}
    phrases: dict[str, tuple[Text, Meaning]] = {}
    spelling: list[str] = []
    for name in LANGUAGES:
        file = read(folder / name, problems)
        pairs = str(file.pop(Text("variants"), "")).split()
        variants |= {ord(pair[0]): pair[1] for pair in pairs if len(pair) == 2}
        problems += [
            f"{name}: {pair!r} in variants is not two characters" for pair in pairs if len(pair) != 2
        ]
        spelling += [
            word
            for row in texts(file.pop(Text("spelling"), []), "spelling", problems)
            for word in words_of(row)
        ]
        _add_words(file, meanings, phrases, problems)
    if problems:
        raise AudiogenError(f"The word lists in {folder} need care. " + "; ".join(problems) + ".")
    plain = {phrase: meaning for phrase, (_, meaning) in phrases.items()}
    return Lexicon(plain, neutral, variants, tuple(spelling))


def _meanings(file: dict[Text, Any], problems: list[str]) -> tuple[dict[str, float], dict[str, Meaning]]:
    neutral: dict[str, float] = {}
    found: dict[str, Meaning] = {}
    places: dict[str, Text] = {}
    for group, rows in file.items():
        rows = named(rows, group, problems)
        if group == "neutral":
            _check(rows, problems)
            neutral = {str(name): value for name, value in rows.items()}
            continue
        if group not in GROUPS:
            problems.append(f"{group.place}: no group {str(group)!r}; there are {', '.join(GROUPS)}")
            continue
        for name, row in rows.items():
            if name in found:
                problems.append(f"{name.place}: {str(name)!r} is defined already in {places[name].place}")
            meaning = _meaning(name, str(group), dict(named(row or {}, name, problems)), problems)
            found[str(name)], places[str(name)] = meaning, name
    for own, meaning in found.items():
        if meaning.mood and found.get(meaning.mood, meaning).group != "mood":
            problems.append(f"{places[own].place}: there is no mood {meaning.mood!r} to compare with")
        elif meaning.mood:
            found[own] = replace(meaning, compared=found[meaning.mood].asks)
    return neutral, found


def _meaning(name: Text, group: str, row: dict[Any, Any], problems: list[str]) -> Meaning:
    negated, compared = row.pop("negated", None), row.pop("compared", {})
    ambience, remark = row.pop("ambience", None), str(row.pop("remark", ""))
    mood, compared = (str(compared), {}) if isinstance(compared, Text) else ("", compared)
    negated, ambience = (
        None if each is None else named(each, name, problems) for each in (negated, ambience)
    )
    compared = named(compared, name, problems)
    for part, value in (ambience or {}).items():
        if (
            part not in (*SOURCES, "intensity", "share")
            or not isinstance(value, (int, float))
            or not 0 <= value <= 1
        ):
            known = ", ".join((*SOURCES, "intensity", "share"))
            problems.append(f"{part.place}: in ambience stand {known} with 0 to 1, not {part}: {value}")
    for asks in (row, negated or {}, compared):
        _check(asks, problems)
    plain = [
        None if asks is None else {str(k): v for k, v in asks.items()} for asks in (row, negated, compared)
    ]
    of_sounds = None if ambience is None else {str(part): value for part, value in ambience.items()}
    return Meaning(str(name), group, plain[0] or {}, plain[1], plain[2] or {}, remark, mood, of_sounds)


def _check(asks: dict[Text, Any], problems: list[str]) -> None:
    for name, value in asks.items():
        wrong = attributes.problem(str(name), value)
        if wrong:
            problems.append(f"{name.place}: {wrong}")


def _add_words(
    file: dict[Text, Any],
    meanings: dict[str, Meaning],
    phrases: dict[str, tuple[Text, Meaning]],
    problems: list[str],
) -> None:
    """Enter the phrases of one language file; problems: what is listed twice, or for no meaning."""
    for section, content in file.items():
        if section == "words":
            for name, words in named(content, section, problems).items():
                if str(name) in meanings:
                    _enter(words, meanings[str(name)], phrases, problems)
                else:
                    problems.append(f"{name.place}: meanings.yaml has no {str(name)!r}")
        elif section in MODIFIERS or section == "ignored":
            _enter(content, Meaning(str(section), str(section)), phrases, problems)
        else:
            known = ", ".join(("words", "ignored", "variants", "spelling", *MODIFIERS))
            problems.append(f"{section.place}: no section {str(section)!r}; there are {known}")


def _enter(
    rows: Any,
    meaning: Meaning,
    phrases: dict[str, tuple[Text, Meaning]],
    problems: list[str],
) -> None:
    for row in texts(rows, meaning.name, problems):
        for word in words_of(row):
            phrase = word if _PLAIN.fullmatch(word) else key(tokens(normal(word, {})))
            if phrase in phrases:
                first, before = phrases[phrase]
                there = "" if before.name == meaning.name else f" for {before.name}"
                where = f"{row.place}: {word!r} ({meaning.name})"
                problems.append(f"{where} is listed already in {first.place}{there}")
            elif not phrase:
                problems.append(f"{row.place}: {word!r} ({meaning.name}) has no letters")
            phrases[phrase] = (row, meaning)


def words_of(row: str) -> list[str]:
    """ "calm, very calm" as words."""
    return [word for part in row.replace(",", ",").replace("、", ",").split(",") if (word := part.strip())]
