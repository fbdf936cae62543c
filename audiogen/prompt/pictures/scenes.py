"""A frame of a picture story in words: where it is, what is done, which things are there beside the hero."""

from __future__ import annotations

from dataclasses import dataclass

from audiogen.prompt.language.lexicon import lexicon
from audiogen.prompt.language.text import normal
from audiogen.prompt.pictures.recognition import Said, recognise_picture
from audiogen.prompt.pictures.words import scene_words

OF_THINGS = frozenset(
    ("black", "white", "red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "grey")
    + ("small", "large", "round", "old")
)
MEANT = {"hat": "top hat", "mask": "mask"}  # details of faces that are things of their own in a story


@dataclass(frozen=True)
class Thing:
    """Something beside the hero: its English name as the decoder hears it, and its details ("red")."""

    name: str
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Scene:
    """What a frame shows.

    Attributes:
        places, hours, acts: names of `scenes.yaml`, in the order of the words.
        things: in order, without the hero. details: of the hero ("smiling").
        said: those that stand right before its name ("red").
        unknown: words that were not understood. styles: words of a style, which a story has as a whole.
    """

    places: tuple[str, ...] = ()
    hours: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    things: tuple[Thing, ...] = ()
    details: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
    styles: tuple[str, ...] = ()


def read_scene(text: str, hero: str | None = None) -> Scene:
    """What the words of a frame show.

    Args:
        text: English, Chinese or both. hero: the subject of the story, which a frame may name again.
    Raises:
        InvalidRequest: pixels that are not square.
    """
    reading = recognise_picture(normal(text, lexicon().variants), scene_words())
    things: list[Thing] = []
    details: list[str] = []
    of_hero: list[str] = []
    waiting: list[Said] = []  # details that may be of the next thing
    for said in sorted(reading.said, key=lambda each: each.start):
        kind, name = said.term.kind, said.term.name
        if kind == "detail" and name in OF_THINGS:
            waiting.append(said)
        elif kind == "subject" or (kind == "detail" and name in MEANT):
            own = tuple(each.term.name for each in waiting if said.start - each.end <= 2)
            waiting = []
            if name == hero:
                of_hero += own
            else:
                things.append(Thing(MEANT.get(name, name), own))
        elif kind == "detail":
            details.append(name)
    details += [each.term.name for each in waiting]

    def of(kind: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(said.term.name for said in reading.of(kind)))

    return Scene(
        of("place"),
        of("hour"),
        of("act"),
        tuple(dict.fromkeys(things)),
        tuple(dict.fromkeys(details)),
        tuple(dict.fromkeys(of_hero)),
        tuple(dict.fromkeys(reading.unknown)),
        tuple(said.word for kind in ("style", "look", "strange") for said in reading.of(kind)),
    )
