"""The word list for pictures, read from pictures.yaml, checked, and ready to match."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from audiogen.artifacts import LOOKS, STYLES
from audiogen.errors import AudiogenError
from audiogen.prompt.language.lexicon import FOLDER, key, longest_after, stems, words_of
from audiogen.prompt.language.text import is_cjk, normal, tokens
from audiogen.prompt.language.yaml_lines import Text, named, read, texts

FILE, SCENES = "pictures.yaml", "scenes.yaml"
_KINDS = {"styles": "style", "looks": "look", "details": "detail", "subjects": "subject"}
_KINDS |= {"strange": "strange", "several": "several", "places": "place", "hours": "hour", "acts": "act"}
_PLAIN = {"digit": "digit", "picture": "picture", "no": "no", "ignored": "ignored", "linking": "ignored"}
_PLAIN |= {name: name for name in ("backdrop", "leading", "trailing", "between")}
_SHOWN = 12  # subjects that a message names


@dataclass(frozen=True)
class Term:
    """What a word stands for: its kind ("style", "subject", "ignored", ...) and its English name."""

    kind: str
    name: str


@dataclass(frozen=True)
class PictureWords:
    """Everything that is known of pictures.

    Attributes:
        phrases: tokens, joined as `lexicon.key` does -> term.
        subjects: English name -> a Chinese word for it, or "".
        alone: detail -> the subject that it is where nothing else is.
    """

    phrases: dict[str, Term]
    subjects: dict[str, str]
    alone: dict[str, str] = field(default_factory=dict)

    @cached_property
    def _longest_after(self) -> dict[str, int]:
        return longest_after(self.phrases)

    def match(self, words: Sequence[str], start: int) -> tuple[Term, int] | None:
        """The longest phrase at `start` and its number of tokens, its last word in any inflection."""
        longest = self._longest_after.get(words[start], 1)
        for count in range(min(longest, len(words) - start), 0, -1):
            phrase = words[start : start + count]
            term = self.phrases.get(key(phrase))
            if term is not None:
                return term, count
            if is_cjk(phrase[-1]):
                continue
            for stem, alike in stems(phrase[-1]):
                term = self.phrases.get(key((*phrase[:-1], stem)))
                if term is None or alike or term.kind in ("ignored", "no"):
                    continue
                if term.kind != "subject" or phrase[-1] in (f"{stem}s", f"{stem}es", f"{stem[:-1]}ies"):
                    return term, count  # "flying" is no fly
        return None

    def named(self, words: str) -> Term | None:
        """The term of a whole name ("水彩", "Pen and ink")."""
        return self.phrases.get(key(tokens(normal(words, {}))))

    def near(self, word: str) -> list[str]:
        """Names of subjects that are spelt alike, or end in the same Chinese character."""
        if any(map(is_cjk, word)):
            kin = [
                n
                for n, zh in self.subjects.items()
                if zh and (zh in word or word in zh or zh[-1] == word[-1])
            ]
            return kin[:3]
        phrases = {phrase: term.name for phrase, term in self.phrases.items() if term.kind == "subject"}
        close = difflib.get_close_matches(word.lower(), phrases, 3, 0.7)
        return list(dict.fromkeys(phrases[phrase] for phrase in close))

    def in_words(self, names: Iterable[str], chinese: bool = False) -> str:
        """Names of subjects, in Chinese too where that is asked: "cat (猫), dog (狗)"."""
        shown = (f"{n} ({self.subjects[n]})" if chinese and self.subjects.get(n) else n for n in names)
        return ", ".join(shown)

    def examples(self, chinese: bool = False) -> str:
        """Some subjects and how many there are."""
        shown = self.in_words(list(self.subjects)[:_SHOWN], chinese)
        return f"{shown} ... ({len(self.subjects)} in all: `audiogen explain --subjects`)"


@lru_cache(maxsize=1)
def picture_words() -> PictureWords:
    """The shipped word list."""
    return load(FOLDER / FILE)


@lru_cache(maxsize=1)
def scene_words() -> PictureWords:
    """The same with the words of scenes on top: in a story snow is a place, and no thing to draw."""
    words = picture_words()
    return replace(words, phrases=words.phrases | load(FOLDER / SCENES).phrases)


def load(file: Path) -> PictureWords:
    """A word list.

    Raises:
        AudiogenError: it is damaged; the message names the line of every mistake.
    """
    problems: list[str] = []
    rows = read(file, problems)
    phrases: dict[str, Term] = {}
    subjects: dict[str, str] = {}
    alone = {str(detail): str(subject) for detail, subject in _alone(rows, problems).items()}
    for term, words in _terms(rows, problems):
        for word in words:
            phrase = key(tokens(normal(word, {})))
            before = phrases.setdefault(phrase, term)
            if before != term and term.kind != "also":
                problems.append(f"{word!r} ({term.name}) stands for {before.name} already")
        if term.kind in ("subject", "also"):
            subjects.setdefault(term.name, next((w for w in words if is_cjk(w[0])), ""))
    if problems:
        raise AudiogenError(f"The words in {file} need care. " + "; ".join(problems) + ".")
    phrases = {p: Term("subject", t.name) if t.kind == "also" else t for p, t in phrases.items()}
    return PictureWords(phrases, subjects, alone)


def _alone(rows: dict[Text, Any], problems: list[str]) -> dict[Text, Any]:
    where = next((section for section in rows if section == "alone"), None)
    return {} if where is None else named(rows.pop(where), where, problems)


def _terms(rows: dict[Text, Any], problems: list[str]) -> Iterator[tuple[Term, list[str]]]:
    """Every term with its words; problems: a section or a style that there is not."""
    known = {"styles": STYLES, "looks": LOOKS}
    for section, content in rows.items():
        if section in _PLAIN:
            words = [word for row in texts(content, str(section), problems) for word in words_of(row)]
            yield Term(_PLAIN[section], _PLAIN[section]), words
        elif section == "also":
            for name, chinese in named(content or {}, section, problems).items():
                yield Term("also", str(name)), [str(name), *words_of(str(chinese))]
        elif section in _KINDS:
            for name, row in named(content, section, problems).items():
                if section in known and name not in known[section]:
                    problems.append(f"{name.place}: no {_KINDS[section]} {str(name)!r}")
                yield Term(_KINDS[section], str(name)), words_of(", ".join(texts(row, str(name), problems)))
        else:
            problems.append(f"{section.place}: no section {str(section)!r}")
