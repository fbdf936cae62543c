"""What is behind the subject of a picture: "on a meadow at night", "blue background", "蓝色背景", "在雪地里".

A place counts where its words stand as one ("in the snow", "雪地里", "forest background"): "snow" alone may
be a word of the subject. A colour counts before the word for a background, or after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

from audiogen.prompt.language.lexicon import FOLDER
from audiogen.prompt.language.text import BREAK, LIST, Token, is_cjk
from audiogen.prompt.pictures.words import SCENES, PictureWords, load, picture_words

FILE = "backgrounds.yaml"
COLOURS = frozenset(
    ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "grey", "black", "white")
)
OF, WITH = "的", "with"  # the first after a place, before its subject
PLAIN, COLOURFUL = "plain", "colorful"
_ENDS = (BREAK, LIST)


@dataclass(frozen=True)
class Background:
    """Words of a background: names of places, hours and colours; () where no word says which.

    Attributes:
        names: in order. word: as written. start, end: among the tokens.
        left: colours beside a place, which has colours of its own.
    """

    names: tuple[str, ...]
    word: str
    start: int
    end: int
    left: tuple[str, ...] = ()

    @property
    def painted(self) -> tuple[str, ...]:
        """What is painted: nothing of a plain one."""
        return tuple(name for name in self.names if name != PLAIN)


@lru_cache(maxsize=1)
def background_words() -> PictureWords:
    """Places, hours, and the words that lead to them."""
    scenes = load(FOLDER / SCENES).phrases
    places = {phrase: term for phrase, term in scenes.items() if term.kind in ("place", "hour")}
    own = load(FOLDER / FILE)
    return replace(own, phrases=places | own.phrases)


class Finder:
    """Finds backgrounds among the tokens of a text."""

    def __init__(self, words: Sequence[Token]) -> None:
        self.words = words
        self.known, self.pictures = background_words(), picture_words()

    def at(self, start: int, unwanted: bool = False) -> Background | None:
        """The background whose words begin at a token; None: there is none.

        Args:
            unwanted: "no" stands before it.
        """
        words = self.words
        after = self._over(start, "leading") if self._is(start, "leading") else start
        opens = start == 0 or words[start - 1] in _ENDS
        led = after > start
        first = self._over(after, "between") if led or opens else after
        names, left, end, named_as_thing = self._names(first)
        backdrop = self._over(end, "between")
        if self._is(backdrop, "backdrop") and (names or led or end == start):
            end = self._past(backdrop, "backdrop")
            if not names:
                more = self._over(end + (end < len(words) and words[end] in _ENDS), "between")
                names, left, later, _ = self._names(more)
                end = later if names else end
            if words[backdrop] == "底" and not names:
                return None
            return self._found(names, left, start, end, unwanted)
        places = [name for name in names if name not in COLOURS and name not in (PLAIN, COLOURFUL)]
        if not places:
            return None
        trailing = self._is(end, "trailing") or words[end - 1] == OF or words[end : end + 1] == [OF]
        chinese = is_cjk(words[end - 1]) and end - first > 1  # "海" may begin the name of an animal
        alone = opens and (end == len(words) or words[end] in (*_ENDS, WITH))
        led = (led and words[start] != WITH) or self._leads(words[first])  # "in the rain"
        if not (led or trailing or (not named_as_thing and (chinese or alone))):
            return None
        while self._is(end, "trailing"):
            end = self._past(end, "trailing")
        return self._found(names, left, start, end, unwanted)

    def _leads(self, word: str) -> bool:
        term = self.known.phrases.get(word)
        return term is not None and term.kind == "leading"

    def _names(self, at: int) -> tuple[list[str], list[str], int, bool]:
        """Names that follow one another, colours among them, where they end, and whether any is a thing to
        draw as well."""
        names: list[str] = []
        colours: list[str] = []
        end, thing = at, False
        while at < len(self.words):
            found = self.known.match(self.words, at)
            colour = self.pictures.match(self.words, at)
            if found is not None and found[0].kind in ("place", "hour") and self._whole(at, found[1], names):
                names.append(found[0].name)
                drawn = self.pictures.match(self.words, at)
                thing |= drawn is not None and drawn[0].kind == "subject" and drawn[1] >= found[1]
                at = end = at + found[1]
            elif colour is not None and colour[0].name in COLOURS and colour[0].kind == "detail":
                colours.append(colour[0].name)
                at = end = at + colour[1]
            elif (names or colours) and self._is(at, "between"):
                at = self._past(at, "between")
            else:
                break
        return (names, colours, end, thing) if names else (colours, [], end, thing)

    def _whole(self, at: int, count: int, names: list[str]) -> bool:
        """Whether a word is a place here: "white" and "plain" are only where a background is named."""
        term = self.known.match(self.words, at)
        if term is not None and term[0].name in (PLAIN, COLOURFUL):
            after = self._over(at + count, "between")
            follows = names == [] and at > 0 and self._was_backdrop(at)
            return self._is(after, "backdrop") or follows
        return True

    def _was_backdrop(self, at: int) -> bool:
        """Whether the word for a background stands before a token, with nothing said between."""
        while at > 0 and (self.words[at - 1] in _ENDS or self._ends(at, "between")):
            at -= 1
        return self._ends(at, "backdrop")

    def _ends(self, at: int, kind: str) -> bool:
        return any(
            (found := self.known.match(self.words[:at], start)) is not None
            and found[0].kind == kind
            and start + found[1] == at
            for start in range(max(0, at - 3), at)
        )

    def _is(self, at: int, kind: str) -> bool:
        found = self.known.match(self.words, at) if at < len(self.words) else None
        return found is not None and found[0].kind == kind

    def _past(self, at: int, kind: str) -> int:
        found = self.known.match(self.words, at)
        assert found is not None and found[0].kind == kind
        return at + found[1]

    def _over(self, at: int, kind: str) -> int:
        while self._is(at, kind):
            at = self._past(at, kind)
        return at

    def _found(self, names: list[str], left: list[str], start: int, end: int, unwanted: bool) -> Background:
        said = [PLAIN] if unwanted else list(dict.fromkeys(names))
        return Background(tuple(said), "", start, end, tuple(left) if not unwanted else ())
