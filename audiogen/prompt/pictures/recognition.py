"""What a prompt says to somebody who draws: its words, numbers and unknown words, by the list for pictures.

cat, 3d, big eyes     the longest phrase first, the last word in any plural
digit 7, 数字三        which digit; "three cats", "三只猫": how many
no dog                the next word is not wanted
512x512               pixels
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from audiogen.errors import InvalidRequest
from audiogen.prompt.language.text import BREAK, LIST, Token, is_cjk, number, tokens, with_digits
from audiogen.prompt.pictures.backgrounds import Background, Finder
from audiogen.prompt.pictures.words import PictureWords, Term, picture_words

_CJK_NUMBER = frozenset("零〇一二两三四五六七八九十百")
_CLASSIFIERS = frozenset("只个個張张幅条條匹头朵颗顆位片块杯碗座辆架头種种")
_SIZE = re.compile(r"(?<!\d)(\d{2,5})\s*[x×*]\s*(\d{2,5})(?!\d)|(?<!\d)(\d{2,5})\s*(?:px|pixels?|像素)", re.I)
_STYLE_WORDS = frozenset(("style", "styled", "styles", "风格", "画风", "风"))
_PARTING = frozenset(("in", "with", "用", "以"))  # what follows is how, not what
_PAIRED = frozenset(  # subjects that are pairs
    """glasses, sunglasses, scissors, socks, gloves, jeans, shorts, briefs, chopsticks, skis, headphone, eyes
    bikini, ballet shoes, running shoe, flat shoe, man's shoe, high-heeled shoe, hiking boot, woman's boot
    woman's sandal, thong sandal""".replace("\n   ", ",").split(", ")
)
_INTO = frozenset(("of", "the", "a", "an", "by"))


@dataclass(frozen=True)
class Said:
    """One understood word: its term, as written, its place among the tokens."""

    term: Term
    word: str
    start: int
    end: int


@dataclass(frozen=True)
class Number:
    """A number: its value, as written, and its place; counted: it says how many, not which; in_words: so does
    what is no number, "a pair of", where a subject follows."""

    value: float
    word: str
    start: int
    end: int
    counted: bool = False
    in_words: bool = False

    @property
    def is_digit(self) -> bool:
        return self.value in range(10) and "." not in self.word


@dataclass(frozen=True)
class PictureReading:
    """What a prompt says to somebody who draws.

    Attributes:
        said: understood words. numbers: numbers. unknown: words that were not understood.
        backgrounds: what is behind the subject.
        size: pixels to a side, or None. strange: a style that there is not, as written, or "".
    """

    said: list[Said] = field(default_factory=list)
    numbers: list[Number] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    backgrounds: list[Background] = field(default_factory=list)
    size: int | None = None
    strange: str = ""

    def of(self, kind: str) -> list[Said]:
        """The words of a kind, in order."""
        return [said for said in self.said if said.term.kind == kind]

    @property
    def digits(self) -> list[Number]:
        """The numbers that say which digit."""
        return [each for each in self.numbers if not each.counted]

    @property
    def says_how(self) -> bool:
        """Whether it says how a thing is painted: a style, or a look right before it ("3d cat")."""
        things = {thing.start for thing in self.of("subject")}
        return bool(self.of("style")) or any(how.end in things for how in self.of("look"))

    @property
    def draws(self) -> bool:
        """Whether something in it can only be meant for somebody who draws: a style, or a thing to draw."""
        return bool(self.of("style") or self.of("subject") or (self.of("digit") and self.digits))

    @property
    def path(self) -> str:
        if self.of("subject"):
            return "picture"
        return "digit" if self.of("digit") or self.digits else "picture"


def recognise_picture(text: str, known: PictureWords | None = None) -> PictureReading:
    """What is said of pictures in a text in normal form.

    Args:
        known: its words; None: those of pictures, with what is behind the subject.
    """
    size = None
    pixels = _SIZE.search(text)
    if pixels:
        size = int(pixels[1] or pixels[3])
        if pixels[2] and pixels[2] != pixels[1]:
            raise InvalidRequest(f"A picture is square, not {pixels[0]}; say 512x512 or 384x384.")
        text = text[: pixels.start()] + " " * len(pixels[0]) + text[pixels.end() :]
    found = _Recogniser(text, known)
    found.read()
    return PictureReading(found.said, found.numbers, found.unknown, found.backgrounds, size, found.strange())


class _Recogniser:
    """Reads a text token by token."""

    def __init__(self, text: str, known: PictureWords | None) -> None:
        self.known = known or picture_words()
        self.text = with_digits(text)
        self.written_as = text
        self.words = tokens(self.text)
        self.finder = Finder(self.words) if known is None else None
        self.backgrounds: list[Background] = []
        self.said: list[Said] = []
        self.numbers: list[Number] = []
        self.unknown: list[str] = []
        self.places: list[tuple[int, int]] = []  # of the unknown words, among the tokens

    def read(self) -> None:
        known = self.known
        at, unwanted = 0, False  # "not a dog"
        while at < len(self.words):
            if self.words[at] in (BREAK, LIST):
                at, unwanted = at + 1, False
                continue
            behind = self.finder.at(at, unwanted) if self.finder is not None else None
            if behind is not None:
                self.backgrounds.append(replace(behind, word=self._written(at, behind.end)))
                at, unwanted = behind.end, False
                continue
            match = known.match(self.words, at)
            count = self._number(at) if match is None or match[1] == 1 else 0
            if count:
                at += count
            elif match is not None:
                term, count = match
                if term.kind == "several":
                    word = self._written(at, at + count)
                    self.numbers.append(Number(float(term.name), word, at, at + count, in_words=True))
                elif term.kind == "no":
                    unwanted = True
                elif unwanted and term.kind != "ignored":
                    unwanted = False
                else:
                    self.said.append(Said(term, self._written(at, at + count), at, at + count))
                at += count
            else:
                self._not_recognised(at)
                at += 1
        counted = map(self._counted, self.numbers)
        self.numbers = [each for each in counted if each.counted or not each.in_words]

    def strange(self) -> str:
        """A style that there is not: by name, or "... style" of an unknown word."""
        named = [said for said in self.said if said.term.kind == "strange"]
        if named:
            return named[0].word
        for word, (start, end) in zip(self.unknown, self.places, strict=True):
            after = self.words[end : end + 2]
            before = self.words[max(0, start - 3) : start]
            after_it = bool(after) and (after[0] in _STYLE_WORDS or "".join(after) in _STYLE_WORDS)
            of_it = _of_style([str(word) for word in before])
            if after_it or of_it:
                return word
        return ""

    def _written(self, start: int, end: int) -> str:
        first, last = self.words[start].start, self.words[end - 1].end
        if self.written_as[first].isalpha() and self.text[first].isdigit():  # "seven", see `with_digits`
            last += len(self.text[last:]) - len(self.text[last:].lstrip(" "))
        return " ".join(self.written_as[first:last].split())

    def _number(self, at: int) -> int:
        """Takes a number at `at`; returns its number of tokens, 0 if there is none."""
        end = at
        if self.words[at] in _CJK_NUMBER:
            while end < len(self.words) and self.words[end] in _CJK_NUMBER:
                end += 1
        elif self.words[at][0].isdigit() or self.words[at] == "zero":
            end = at + 1
        if end == at:
            return 0
        word = self._written(at, end)
        text = "".join(self.words[at:end])
        place = self.words[at].start
        value = 0.0 if text == "zero" else number(text)
        if (
            self.text[max(0, place - 1) : place] == "-"
            and self.text[max(0, place - 2) : place - 1].strip() == ""
        ):
            value, word = -value, f"-{word}"
        self.numbers.append(Number(value, word, at, end))
        return end - at

    def _counted(self, each: Number) -> Number:
        """The same, marked if it says how many: "seven cats", "三只猫", "two watercolor digits"."""
        if any(said.term.kind == "digit" and said.end == each.start for said in self.said):
            return each
        after = self.words[each.end : each.end + 1]
        counted = bool(after) and after[0] in _CLASSIFIERS
        following = [said for said in self.said if said.start >= each.end]
        for said in following:
            between = self.words[each.end : said.start]
            if any(word in (BREAK, LIST) for word in between) or each.end == len(self.words):
                break
            several = said.term.kind in ("digit", "picture") and said.word.lower().endswith("s")
            counted |= several or said.term.kind == "subject"
            if said.term.name in _PAIRED and each.in_words and each.value == 2:
                return replace(each, value=1.0, counted=True)  # "a pair of scissors" is one thing
            if said.term.kind in ("subject", "digit") or said.word in _PARTING:
                break
        return replace(each, counted=counted)

    def _not_recognised(self, at: int) -> None:
        """A word that is not understood; Chinese characters beside each other are one."""
        word = self.words[at]
        last = self.places[-1] if self.places else (-1, -1)
        if last[1] == at and is_cjk(word) and is_cjk(self.words[at - 1]) and _touch(self.words, at):
            self.places[-1] = (last[0], at + 1)
            self.unknown[-1] = self._written(last[0], at + 1)
        else:
            self.places.append((at, at + 1))
            self.unknown.append(self._written(at, at + 1))


def _of_style(before: list[str]) -> bool:
    """ "In the style of ..." stands before it."""
    return "style" in before and all(word in _INTO for word in before[before.index("style") + 1 :])


def _touch(words: list[Token], at: int) -> bool:
    return words[at - 1].end == words[at].start
