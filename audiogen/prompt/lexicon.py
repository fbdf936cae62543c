"""The word lists, read from YAML, checked, and turned into phrases of tokens."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from audiogen.errors import AudiogenError
from audiogen.prompt.text import tokens

FOLDER = Path(__file__).parent
LANGUAGES = ("english", "chinese")
MODIFIERS = ("stronger", "weaker", "not", "not too", "but not too", "joining")
ATTRIBUTES = frozenset(
    ("tempo", "density", "loudness", "register", "articulation", "pedal", "mode", "metre", "seconds", "path")
)

Phrase = tuple[str, ...]


@dataclass(frozen=True)
class Meaning:
    """What a word asks for.

    Attributes:
        name: in English ("calm").
        group: "mood", "tempo", ..., "path", "refused", or a modifier, or "ignored".
        asks: attribute -> value.
        negated: what "not" asks for instead; None: the numbers move the other way.
    """

    name: str
    group: str
    asks: dict[str, Any] = field(default_factory=dict)
    negated: dict[str, Any] | None = None


@dataclass(frozen=True)
class Lexicon:
    """Everything that the parser knows.

    Attributes:
        phrases: tokens -> meaning.
        longest: tokens of the longest phrase.
        neutral: attribute -> value in the middle.
        variants: traditional to simplified characters, for `str.translate`.
    """

    phrases: dict[Phrase, Meaning]
    longest: int
    neutral: dict[str, float]
    variants: dict[int, str]

    def match(self, words: list[str], start: int) -> tuple[Meaning, int] | None:
        """The meaning of the longest phrase at `start` and its number of tokens, or None."""
        for count in range(min(self.longest, len(words) - start), 0, -1):
            meaning = self.phrases.get(tuple(words[start : start + count]))
            if meaning is not None:
                return meaning, count
        for stem in stems(words[start]):
            meaning = self.phrases.get((stem,))
            if meaning is not None and meaning.group != "ignored":
                return meaning, 1
        return None


def stems(word: str) -> list[str]:
    """What an English word may be an inflection of: softly, softer, softest, dreamily, marches, notes."""
    found: list[str] = []
    for ending in ("ly", "er", "est", "ness", "ing", "es", "s", "ish", "ful", "like"):
        if word.endswith(ending) and len(word) - len(ending) >= 3:
            stem = word[: -len(ending)]
            found += [stem, stem + "e"]
            if stem.endswith("i"):
                found.append(stem[:-1] + "y")
            if len(stem) > 3 and stem[-1] == stem[-2]:
                found.append(stem[:-1])
    return found


@lru_cache(maxsize=1)
def lexicon() -> Lexicon:
    """The shipped word lists.

    Raises:
        AudiogenError: a list is damaged; the message names every mistake in it.
    """
    return load([read(name) for name in ("meanings", *LANGUAGES)])


def read(name: str) -> dict[str, Any]:
    """One YAML file; in the language files every word is text, also what YAML takes for yes or no."""
    kind = "SafeLoader" if name == "meanings" else "BaseLoader"
    loader = getattr(yaml, f"C{kind}", getattr(yaml, kind))
    return yaml.load((FOLDER / f"{name}.yaml").read_text(encoding="utf-8"), loader)


def load(files: list[dict[str, Any]]) -> Lexicon:
    """The lexicon of a meanings file followed by any number of language files."""
    meanings_file, *languages = files
    problems: list[str] = []
    meanings = _meanings(meanings_file, problems)
    phrases: dict[Phrase, Meaning] = {}
    variants: dict[int, str] = {}
    for file in languages:
        own: dict[Phrase, Meaning] = {}
        for word in _flat(file.get("ignored", [])):
            own[tuple(tokens(word))] = Meaning(word, "ignored")
        for name in MODIFIERS:
            for word in _flat(file.get(name, [])):
                own[tuple(tokens(word))] = Meaning(name, name)
        for name, words in file["words"].items():
            if str(name) not in meanings:
                problems.append(f"{name!r} is no meaning")
                continue
            for word in _flat(words):
                phrase, meaning = tuple(tokens(word)), meanings[str(name)]
                before = own.get(phrase)
                if (
                    before is not None
                    and before.group not in ("ignored", *MODIFIERS)
                    and before is not meaning
                ):
                    problems.append(f"{word!r} is listed for {before.name} and for {name}")
                own[phrase] = meaning
        phrases |= own
        variants |= {ord(pair[0]): pair[1] for pair in file.get("variants", "").split()}
    if problems:
        raise AudiogenError("The word lists need care: " + "; ".join(problems) + ".")
    return Lexicon(phrases, max(map(len, phrases)), meanings_file["neutral"], variants)


def _meanings(file: dict[str, Any], problems: list[str]) -> dict[str, Meaning]:
    found: dict[str, Meaning] = {}
    for group, rows in file.items():
        if group == "neutral":
            continue
        for name, row in rows.items():
            asks = dict(row)
            negated = asks.pop("negated", None)
            unknown = (set(asks) | set(negated or {})) - ATTRIBUTES
            problems += [f"{name!r} asks for {u!r}, which does not exist" for u in sorted(unknown)]
            if str(name) in found:
                problems.append(f"{name!r} is defined twice")
            found[str(name)] = Meaning(str(name), group, asks, negated)
    return found


def _flat(words: list[Any]) -> list[str]:
    return [w for row in words for w in (row if isinstance(row, list) else [row])]
