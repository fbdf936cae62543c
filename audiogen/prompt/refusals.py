"""What a prompt asks for in vain, each answered in one line with what can be had instead."""

from __future__ import annotations

from collections.abc import Sequence

from audiogen.artifacts import SOURCES
from audiogen.errors import InvalidRequest
from audiogen.prompt.ambience.sounds import Scene
from audiogen.prompt.language.lexicon import lexicon
from audiogen.prompt.language.recognition import Recognised
from audiogen.prompt.language.text import is_cjk
from audiogen.prompt.pictures.words import picture_words

_UNKNOWN_SOUNDS = ("noise", "thing", "refused")


def is_unknown_sound(word: Recognised) -> bool:
    """Whether it names a sound that audiogen does not know, or what makes one: traffic, a dog, snow."""
    meaning = word.meaning
    return meaning.group in _UNKNOWN_SOUNDS or (meaning.group == "nature" and not meaning.sources)


def refuse_instruments(recognised: Sequence[Recognised]) -> None:
    """Raises InvalidRequest if something is asked for that is no solo piano."""
    refused = [h for h in recognised if h.meaning.group == "refused" and h.strength > 0 and not h.alike]
    if refused:
        raise InvalidRequest(
            f"audiogen cannot make {names_as_said(refused)}; it makes solo piano, and sounds of nature. "
            'Leave that out, or say "no ..."; "like a ..." lets the piano imitate it.'
        )


def refuse_silence(recognised: Sequence[Recognised], scene: Scene) -> None:
    """Raises InvalidRequest for "silent rain" and "rain without rain"."""
    silent = [h for h in recognised if h.meaning.name == "silent" and h.strength > 0]
    if silent and scene.sources:
        sound = scene.words["sources"][0]
        raise InvalidRequest(
            f"{silent[0].said!r} and {sound!r} contradict each other: silence has no sound; "
            'leave one of them out, or say "very light" or "distant".'
        )
    if scene.undone and not scene.sources:
        sound, no = scene.undone[0]
        raise InvalidRequest(
            f"{sound!r} and {no!r} contradict each other, and nothing is left to make; leave one of them out."
        )


def refuse_unknown_sounds(text: str, recognised: Sequence[Recognised]) -> None:
    """Raises InvalidRequest: no sound that audiogen knows is asked for."""
    known = known_sounds(text)
    noises = [h for h in recognised if is_unknown_sound(h) and h.strength > 0]
    if noises:
        raise InvalidRequest(
            f"audiogen does not know the sound of {names_as_said(noises)}; it knows {known}. "
            f'Name one or more of these, for example "rain and birdsong, 10 s".{_as_picture(noises)}'
        )
    raise InvalidRequest(
        f"Nothing in {text!r} names a sound that audiogen knows: {known}. "
        'Name one or more of these, for example "rain and birdsong, 10 s".'
    )


def _as_picture(noises: Sequence[Recognised]) -> str:
    """ "A dog" has no sound here, but it can be drawn."""
    drawn = noises[0].meaning.group in ("thing", "noise")
    term = picture_words().named(noises[0].word) if drawn else None
    return f' To draw it: "a cartoon {term.name}".' if term is not None and term.kind == "subject" else ""


def known_sounds(text: str) -> str:
    """The sources by name, in Chinese too where the prompt is."""
    if not any(map(is_cjk, text)):
        return ", ".join(SOURCES)
    chinese = {m.name: p for p, m in reversed(lexicon().phrases.items()) if m.name in SOURCES and is_cjk(p)}
    return ", ".join(f"{name} ({chinese[name]})" for name in SOURCES)


def names_as_said(recognised: Sequence[Recognised]) -> str:
    """ "violin (小提琴), drums"."""
    return ", ".join(dict.fromkeys(_name_as_said(h) for h in recognised))


def _name_as_said(found: Recognised) -> str:
    name, word = found.meaning.name, found.word
    return name if word.startswith(name) or name.startswith(word) else f"{name} ({word})"
