"""Which picture a prompt asks for: a digit or a subject, its style or look, and details.

"水彩风格的数字 7", "number seven in pen and ink", "a cartoon cat, big eyes". What is not understood is
reported; what cannot be drawn (two digits, an unknown subject or style) is refused with what can.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import replace

from audiogen.artifacts import LOOKS, STYLES, Conditioning
from audiogen.errors import InvalidRequest
from audiogen.media.colour import COLOURS
from audiogen.prompt.language.text import is_cjk
from audiogen.prompt.pictures.recognition import Number, PictureReading, Said
from audiogen.prompt.pictures.words import Term, picture_words

MOST = 9  # of a subject in a picture
ONE_SUBJECT = "left out; a picture has one subject"


def condition(
    text: str,
    reading: PictureReading,
    path: str | None = None,
    drawn: bool = False,
    left: tuple[str, ...] = (),
    free: bool = False,
) -> tuple[Conditioning, dict[str, tuple[str, ...]]]:
    """The Conditioning of what was reading, and attribute -> the words that said so.

    Args:
        text: the prompt as given.
        path: "digit" or "picture", where the caller says; None: by the words.
        drawn: there is a drawing or a picture already, so that the words need not name a subject.
        left: amounts that only sound has, as written.
        free: a style that is not known is not refused.
    Raises:
        InvalidRequest: more than one digit, no single digit, a subject or a style that is not known.
    """
    if reading.strange and not free:
        raise InvalidRequest(_no_style(reading.strange))
    chinese = any(map(is_cjk, text))
    things = reading.of("subject") or _alone(reading)
    if path == "digit" and things:
        raise InvalidRequest(f"The path digit draws 0 to 9, not {things[0].word!r}; leave out --path digit.")
    own = path if path == "digit" else reading.path
    remarks = [f"{word}: a picture has no length" for word in left]
    subject: str | None = None
    words: dict[str, tuple[str, ...]] = {}
    unknown = list(reading.unknown)
    if own == "digit":
        subject, words = _digit(reading)
    elif things:
        if reading.of("digit") and reading.digits:
            raise InvalidRequest(
                f"{things[0].word!r} and the digit {reading.digits[0].word} do not fit into one picture; ask "
                "for one of them."
            )
        subject, words = things[0].term.name, {"subject": (things[0].word,)}
        others = [each.word for each in things[1:] if each.term.name != subject]
        if others:
            remarks.append(f"{', '.join(others)}: {ONE_SUBJECT}")
        unknown += [each.word for each in reading.digits]
        compound = next((each for each in reading.unknown if f"{each}{things[0].word}" in text), "")
        if compound and is_cjk(compound):
            remarks.append(f"{compound}{things[0].word}: drawn as {things[0].word} ({subject})")
    elif unknown and not drawn:
        raise InvalidRequest(_no_subject(unknown, chinese))
    count, said_of_it = _counts(reading, own)
    remarks += said_of_it
    behind, said = _background(reading, own)
    remarks += said
    manner, manner_words, more = _manner(reading)
    starts = [thing.start for thing in things]
    described = [said for said in reading.of("detail") if said.start not in starts]
    details = _details(described, things)
    if own == "digit" and details:
        remarks.append(f"{', '.join(details)}: left out; a digit has a style and no details")
        details = ()
    elif details:
        words["details"] = tuple(said.word for said in described)
    known = Conditioning(
        prompt=text,
        path=own,
        subject=subject,
        details=details,
        count=count,
        background=behind,
        size=reading.size,
        unknown=tuple(dict.fromkeys(unknown)),
        remarks=(*remarks, *more),
    )
    if behind:
        words["background"] = tuple(each.word for each in reading.backgrounds)
    known = replace(known, style=manner.get("style"), look=manner.get("look"))
    return known, words | manner_words


def style_named(name: str) -> dict[str, str]:
    """{"style": "watercolor"} or {"look": "flat"} of a name in English or Chinese.

    Raises:
        InvalidRequest: there is none of that name; the message lists those there are.
    """
    term = picture_words().named(name) or picture_words().named(re.sub("(风格|画风|风| style)$", "", name))
    if term is None or term.kind not in ("style", "look"):
        raise InvalidRequest(_no_style(name))
    return {term.kind: term.name}


def drawable() -> dict[str, str]:
    """Every subject, in English -> a Chinese name, or ""."""
    return dict(picture_words().subjects)


def could_be_drawn(words: Sequence[str]) -> list[str]:
    """Those of some words that name a subject."""
    terms = {word: picture_words().named(word) for word in words}
    return [word for word, term in terms.items() if term is not None and term.kind == "subject"]


def which_digit() -> InvalidRequest:
    """What to say where no digit is named."""
    return InvalidRequest(
        'Which digit? Name one of 0 to 9, for example "watercolor digit 7" (水彩风格的数字 7).'
    )


def which_subject(text: str) -> InvalidRequest:
    """What to say where nothing is named."""
    known = picture_words().examples(any(map(is_cjk, text)))
    return InvalidRequest(f"Nothing in {text!r} says what to draw; name a digit, or one of {known}.")


def _details(described: list[Said], things: Sequence[Said] = ()) -> tuple[str, ...]:
    """Names of details; "big green eyes" are big eyes, which the decoder knows as one thing, and green ones:
    the eyes are green, and not who has them."""
    names = dict.fromkeys(said.term.name for said in described)
    eyes = next((said for said in described if said.term.name in ("eyes", "big eyes")), None)
    if eyes is None:
        return tuple(names)
    between = {thing.start for thing in things}
    before = [said for said in described if 0 <= eyes.start - said.end <= 1 and said.end not in between]
    large = any(said.term.name == "large" and said.end < eyes.start for said in before)
    hues = [said for said in before if said.term.name in COLOURS]
    coloured = [f"{said.term.name} eyes" for said in hues]
    elsewhere = {said.term.name for said in described if said not in hues}  # "a green cat with green eyes"
    left = [name for name in names if name not in (set(COLOURS) - elsewhere if coloured else ())]
    if large or coloured:
        left = [name for name in left if name != "eyes" and not (large and name == "large")]
    return (*["big eyes"] * (large and "big eyes" not in left), *coloured, *left)


def _background(reading: PictureReading, path: str) -> tuple[tuple[str, ...], list[str]]:
    """Names of what is behind the subject, and remarks."""
    found = reading.backgrounds
    names = tuple(dict.fromkeys(name for each in found for name in each.painted))
    if names and path == "digit":
        return (), [f"{', '.join(each.word for each in found)}: left out; a digit stands on bare paper"]
    remarks = [
        f"{', '.join(each.left)}: left out; {each.word!r} has colours of its own"
        for each in found
        if each.left
    ]
    remarks += [f"{each.word}: which is not said, so it stays plain" for each in found if not each.names]
    return names, remarks


def _alone(reading: PictureReading) -> list[Said]:
    """A detail that is the subject where nothing else is: "an orange"."""
    if reading.of("digit") or reading.digits:
        return []
    known = picture_words().alone
    found = [said for said in reading.of("detail") if said.term.name in known]
    return [replace(said, term=Term("subject", known[said.term.name])) for said in found[:1]]


def _digit(reading: PictureReading) -> tuple[str | None, dict[str, tuple[str, ...]]]:
    """The digit, or None where none is named."""
    found = reading.digits
    several = len({each.value for each in found}) > 1
    if several:
        listed = ", ".join(each.word for each in found)
        raise InvalidRequest(f"{listed}: a picture has one digit; make one call for each, {_calls(found)}.")
    if found and not found[0].is_digit:
        value = found[0].value
        single = value > 9 and value == int(value)
        hint = f"it has several digits; make one call for each, {_calls(found)}" if single else "say 0 to 9"
        raise InvalidRequest(f"{found[0].word}: a picture has one digit, 0 to 9; {hint}.")
    if not found:
        return None, {}
    return str(int(found[0].value)), {"subject": (found[0].word,)}


def _calls(found: list[Number]) -> str:
    """The calls that draw what was asked, digit after digit."""
    digits = [d for each in found for d in str(int(abs(each.value)))]
    return " and ".join(f'"digit {digit}"' for digit in dict.fromkeys(digits[:4]))


def _counts(reading: PictureReading, path: str) -> tuple[int | None, list[str]]:
    """How many of a subject there are, None: one; and remarks about more than a picture has."""
    things = reading.of("subject")
    end = things[0].end if things else math.inf  # "a cat with two apples" is one cat
    more = [each for each in reading.numbers if each.counted and each.value != 1 and each.start < end]
    if path == "picture" and len(more) == 1 and more[0].value in range(2, MOST + 1):
        return int(more[0].value), []
    if path == "picture" and len(more) == 1 and more[0].value > MOST:
        return MOST, [f"{more[0].word}: {MOST} are painted, more do not fit into a picture"]
    return None, [
        f"{each.word}: one to a picture"
        + (f"; -n {each.value:g} makes {each.word}" if path == "digit" else "")
        for each in more
    ]


def _manner(reading: PictureReading) -> tuple[dict[str, str], dict[str, tuple[str, ...]], list[str]]:
    """Style or look (the decoder is conditioned on one of them), the words for it, and remarks."""
    said = [*reading.of("style"), *reading.of("look")]
    if not said:
        return {}, {}, []
    first = said[0]
    others = [each.word for each in said[1:] if each.term != first.term]
    remarks = [f"{', '.join(others)}: left out; a picture has one style, and {first.word} was said"] * bool(
        others
    )
    words = tuple(each.word for each in said if each.term == first.term)
    return {first.term.kind: first.term.name}, {first.term.kind: words}, remarks


def _no_style(name: str) -> str:
    return (
        f"audiogen has no style {name!r}; it paints in {', '.join(STYLES)}, and illustrations look "
        f"{', '.join(LOOKS)}."
    )


def _no_subject(unknown: list[str], chinese: bool) -> str:
    words = picture_words()
    near = list(dict.fromkeys(name for word in unknown for name in words.near(word)))
    hint = f"Near it: {words.in_words(near, chinese)}. " if near else ""
    return (
        f"audiogen does not know how to draw {' '.join(unknown)!r}. {hint}It draws digits, and "
        f"{words.examples(chinese)}."
    )
