"""Tokens to understood words: the longest phrase first, and the grammar of "not", "very", "like a".

not too fast        the next word, a little below neutral
very, really        the next word, more of it
faster and faster   a change: no attribute can hold it
like a drum         the thing itself is not asked for
no drums, guitars   a list of what is not wanted
drums 不要           said after the word
drums 以外的        what is left out, see `exceptions`
as loud as, 一样响   two sounds are equal, see `ambience.comparing`
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

from audiogen.prompt.language.exceptions import NOT_AFTER, exceptions
from audiogen.prompt.language.lexicon import EQUAL, GROUPS, Lexicon, Match, Meaning
from audiogen.prompt.language.text import BREAK, LIST, Token, is_cjk, tokens

# how far from neutral a word goes when another word stands before it, or after it
_BEFORE = {"stronger": 1.3, "weaker": 0.6, "not": -0.5, "not too": -0.2}
_AFTER = {"stronger after": 1.3, "weaker after": 0.7, "but not too": 0.5}
_IS = frozenset(("is", "are", "就", "都", "也"))
_NONE = frozenset(("no", "none", "off", "without", "instrumental", "无", "没", "不"))
# what they say is said of a sound beside them, and "no distant thunder" is no thunder
_BESIDE = ("weather", "amount")
NO_SUCH = frozenset(
    (
        *("no", "without", "w/o", "except", "except for", "other than", "apart from", "aside from", "but"),
        *("没有", "没", "无", "不要", "去掉", "除", "除了", "除去", "除开", "不带", "不要有", "别有"),
    )
)
_WITH = ("和", "跟", "与", "同", "及")
_STYLE = "风"
_BUT = ("but", "但")
_NOUNS = ("path", "nature", "form", "noise", "thing")
_HANDS = (["hand"], ["hands"])
_PREFIX = {"stronger after": 1.3, "weaker after": 0.6}  # the same words, before another word


@dataclass(frozen=True)
class Recognised:
    """One understood word.

    Attributes:
        word: as written, without the words that modify it; said: with them.
        meaning: what it means.
        strength: how strongly it is meant (1 plain, negative: not).
        alike: it is only compared with ("like a violin").
        changing: it is where a change leads ("getting louder").
        start, end: its place among the tokens.
    """

    word: str
    meaning: Meaning
    said: str
    strength: float = 1.0
    alike: bool = False
    changing: bool = False
    start: int = 0
    end: int = 0


def recognise(text: str, known: Lexicon, without: Sequence[str] = ()) -> tuple[list[Recognised], list[str]]:
    """Match the tokens of a normalised text, one phrase after the other.

    Args:
        without: groups of meanings that are not listened for.
    Returns: what was understood, in order, and the words that were not (Chinese ones as runs).
    """
    words = tokens(text)
    marks = exceptions(text)
    recogniser = _Recogniser(text, words, known)
    at = 0
    while at < len(words):
        if words[at].start in marks:
            group, end = marks[words[at].start]
            match: Match | None = Match(
                Meaning(group, group), sum(words[at].start <= word.start < end for word in words)
            )
        else:
            match = None if words[at] in (BREAK, LIST) else known.match(words, at, without)
        if words[at] in (BREAK, LIST) and match is None:
            recogniser.pause(words[at])
        elif match is None:
            recogniser.not_recognised(at)
        else:
            recogniser.take(at, match)
        at += match.count if match else 1
    recogniser.pause(BREAK)
    return recogniser.recognised, recogniser.unknown


class _Recogniser:
    """What has been recognised so far, and what is in the air for the next word."""

    def __init__(self, text: str, words: list[Token], known: Lexicon) -> None:
        self.text, self.words, self.known = text, words, known
        self.recognised: list[Recognised] = []
        self.unknown: list[str] = []
        self.last_unknown = -2
        self.last_since, self.last_end = -1, -1  # the last understood word with what modifies it
        self.joined = 1.0  # strength that "or" hands on
        self.listed: float | None = None  # strength that a list of unwanted things hands on
        self.in_clause = False  # a word was understood since the last pause
        self._clear()

    def _written(self, start: int, end: int) -> str:
        """Tokens `start` to `end` as they were written."""
        return " ".join(self.text[self.words[start].start : self.words[end - 1].end].split())

    def _clear(self) -> None:
        self.strength, self.alike, self.changing = 1.0, False, False
        self.no = False  # what comes next is not wanted at all: "no", not "not"
        self.since: int | None = None  # where the modifiers of the next word began

    def pause(self, mark: str) -> None:
        if self.strength < 0 and self.in_clause and self.since is not None:
            between = self.words[self.last_end : self.since]
            if all(word in _IS for word in between):  # "鼓就不要了", "vocals are not needed"
                self._modify_last(self.strength, self.since)
        if mark == BREAK:
            self.listed = None
        self._clear()
        self.joined = 1.0
        self.in_clause = False

    def not_recognised(self, at: int) -> None:
        """A word that is not understood."""
        word, before = self.words[at], self.words[at - 1]
        together = at == self.last_unknown + 1 and before.end == word.start and is_cjk(before) == is_cjk(word)
        if together:
            self.unknown[-1] += self._written(at, at + 1)
        elif at == self.last_unknown + 1 and self.text[before.end : word.start] == "-":
            self.unknown[-1] += f"-{self._written(at, at + 1)}"
        else:
            self.unknown.append(self._written(at, at + 1))
        self.last_unknown = at
        self.listed = None

    def take(self, at: int, match: Match) -> None:
        group, end = match.meaning.group, at + match.count
        if (
            group == "but not too" and self.words[at] in _BUT and self._word_follows(end)
        ):  # "sad, but not too sad"
            group = "not too"
        if self._is_suffix(at, end):
            if self.last_unknown == at - 1:
                self.not_recognised(at)
        elif self._is_only(at, end):
            self.last_end = end
        elif group in _BEFORE:
            self.since = at if self.since is None else self.since
            self.strength = _combine(self.strength, _BEFORE[group])
            self.no = group == "not" and self._written(at, end).lower() in NO_SUCH
        elif group in _AFTER and self.recognised and (self.last_end == at or group not in _PREFIX):
            self._modify_last(self.recognised[-1].strength * _AFTER[group], at, end)
        elif group in _PREFIX:
            self.since = at if self.since is None else self.since
            self.strength = _combine(self.strength, _PREFIX[group])
        elif group == "joining":
            self.strength = self.joined
        elif group == "turning":
            self.listed = None
        elif group == "changing":
            self.changing, self.since = True, at if self.since is None else self.since
        elif group == "like":
            self.alike = True
        elif group == NOT_AFTER:
            self._leave_out(at, end)
        elif group == EQUAL or (group == "alike" and self._compares(at)):
            meaning = Meaning(EQUAL, EQUAL)
            self.recognised.append(Recognised(self._written(at, end), meaning, "", start=at, end=end))
        elif group == "alike":
            if self.recognised and self.last_end == at:
                self.recognised[-1] = dataclasses.replace(self.recognised[-1], alike=True)
        elif group in _BESIDE and self.no:
            strength, since = self.strength, self.since
            self._recognise(at, match)
            self.strength, self.since, self.no = strength, since, True
        elif group != "ignored":
            self._recognise(at, match)

    def _compares(self, at: int) -> bool:
        """雨声和钢琴一样: two things, and none is like the other."""
        if len(self.recognised) < 2 or self.last_end != at or self.recognised[-1].alike:
            return False
        return any(word in _WITH for word in self.words[self.recognised[-2].end : self.last_since])

    def _leave_out(self, at: int, end: int) -> None:
        """ "Owls 以外的 birds": what was said last, and what is listed with it."""
        place, after = len(self.recognised) - 1, at
        while place >= 0 and all(
            word in (*_WITH, LIST, "或") for word in self.words[self.recognised[place].end : after]
        ):
            word, after = self.recognised[place], self.recognised[place].start
            written = self._written(after, end) if place == len(self.recognised) - 1 else word.word
            self.recognised[place] = dataclasses.replace(word, strength=_BEFORE["not"], said=written)
            place -= 1
        self.last_end = end

    def _recognise(self, at: int, match: Match) -> None:
        end, refused = at + match.count, match.meaning.group == "refused"
        if self.strength == _BEFORE["not too"] and self._takes_back(match.meaning, end):
            return
        if refused and self.strength == 1.0:
            unwanted = self._is_label_of_none(end)
            self.strength = -0.5 if unwanted else self.strength if self.listed is None else self.listed
        self.listed = self.strength if refused and self.strength < 0 else None
        since = at if self.since is None else self.since
        self.recognised.append(
            Recognised(
                self._written(at, end),
                match.meaning,
                self._written(since, end),
                self.strength,
                self.alike or match.alike,
                self.changing,
                at,
                end,
            )
        )
        self.joined = self.strength
        changing = self.changing  # "faster and faster" leads on
        self._clear()
        self.changing = changing
        self.last_since, self.last_end = since, end
        self.in_clause = True

    def _word_follows(self, at: int) -> bool:
        """Whether a word with a meaning of its own stands at `at`."""
        if at >= len(self.words) or self.words[at] in (BREAK, LIST):
            return False
        match = self.known.match(self.words, at)
        return match is not None and match.meaning.group in GROUPS

    def _is_suffix(self, at: int, end: int) -> bool:
        """风 is the wind, but 爵士风 is in the style of jazz."""
        if self.words[at:end] != [_STYLE] or at == 0 or self.words[at - 1].end != self.words[at].start:
            return False
        last = self.recognised[-1].meaning.group if self.recognised and self.last_end == at else ""
        return self.last_unknown == at - 1 or last not in ("", "nature", *_BESIDE)

    def _is_only(self, at: int, end: int) -> bool:
        """ "Piano alone", "rain alone": nothing else; elsewhere alone is lonely."""
        after_noun = self.last_end == at and self.recognised[-1].meaning.group in _NOUNS
        return self.words[at:end] == ["alone"] and (after_noun or self.words[at - 1 : at] in _HANDS)

    def _takes_back(self, meaning: Meaning, end: int) -> bool:
        """ "Sad, but not too sad" is a little sad."""
        for place, word in enumerate(self.recognised):
            if word.meaning.name == meaning.name and word.strength > 0:
                since = self.since if self.since is not None else end - 1
                said = f"{word.said}, {self._written(since, end)}"
                strength = word.strength * _AFTER["but not too"]
                self.recognised[place] = dataclasses.replace(word, strength=strength, said=said)
                self._clear()
                self.last_end = end
                return True
        return False

    def _is_label_of_none(self, end: int) -> bool:
        """ "Vocals: none"."""
        after = self.words[end : end + 2]
        return len(after) == 2 and self.text[after[0].start] == ":" and after[1] in _NONE

    def _modify_last(self, strength: float, start: int, end: int | None = None) -> None:
        last = self.recognised[-1]
        end = end if end is not None else start + 1
        said = self._written(self.last_since, end)
        self.recognised[-1] = dataclasses.replace(last, strength=strength, said=said)
        self.last_end = end


def _combine(strength: float, factor: float) -> float:
    """Two modifiers in a row: they multiply; "not ... very" is a mild "not"."""
    if strength < 0 or factor < 0:
        return _BEFORE["not too"] if factor > 1 or strength > 1 else min(strength, factor)
    return strength * factor
