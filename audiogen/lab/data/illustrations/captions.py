"""Names of illustrations -> a subject and details: "grinning cat with smiling eyes" -> cat; grinning,
smiling, eyes. "polar bear" -> bear; polar. "hot dog" stays one subject.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

LEFT_OUT_GROUPS = ("flags", "symbols", "people-body")  # too many, too alike, or no picture of a thing
STOPS = frozenset(
    ("with", "of", "and", "the", "in", "on", "from", "at", "for", "but", "a", "to", "by", "without")
)
WHOLE = frozenset(
    ("musical keyboard", "hot dog", "sea lion", "fish cake with swirl", "mouse trap", "cat big")
)
BESIDE = frozenset(  # words of icon names that say nothing about the picture
    (
        "animal",
        "variant",
        "side",
        "alt",
        "top",
        "symbol",
        "pet",
        "flat",
        "glyph",
        "24px",
        "collection",
        "hollow",
    )
)
POSES = frozenset(
    [
        "head",
        "face",
        "sitting",
        "jumping",
        "hanging",
        "angry",
        "sad",
        "charging",
        "sniffing",
        "evil",
        "sea",
        "wild",
    ]
)
PHRASES = ("big eyes", "smiling eyes", "closed eyes", "open mouth", "rolling eyes")  # one detail each
SAID = {  # names that people say otherwise
    "honeybee": ("bee", ()),
    "red apple": ("apple", ("red",)),
    "green apple": ("apple", ("green",)),
    "automobile": ("car", ()),
    "white flower": ("flower", ("white",)),
    "blossom": ("flower", ()),
    "hot beverage": ("coffee", ()),
    "deciduous tree": ("tree", ()),
    "blue book": ("book", ("blue",)),
    "green book": ("book", ("green",)),
    "orange book": ("book", ("orange",)),
    "closed book": ("book", ("red",)),
}
_CLOCK = re.compile(r"o'clock|-thirty")


@dataclass(frozen=True)
class Caption:
    """What a picture shows: a canonical English subject, and words about it."""

    subject: str
    details: tuple[str, ...] = ()


def captions_of(
    rows: Iterable[tuple[str, str, str]], least: int = 5
) -> tuple[list[Caption | None], frozenset[str]]:
    """Captions of a collection.

    Args:
        rows: (name, group, subgroup) of every picture; the group of icons is "".
        least: pictures that a subject, or a detail, must have.
    Returns: a caption for every row, None where its subject is too rare or it is left out; all subjects.
    """
    rows = [(clean(name), group, subgroup) for name, group, subgroup in rows]
    known = Counter((name, group) for name, group, _ in rows if group)
    named = {key for key, count in known.items() if count >= least}
    parsed = [_parse(name, group, subgroup, named) if group else None for name, group, subgroup in rows]
    words = _often((word for caption in parsed if caption for word in caption.details), least)
    animals = {
        caption.subject
        for caption, row in zip(parsed, rows, strict=True)
        if caption and row[1] == "animals-nature"
    }
    for number, (name, group, _) in enumerate(rows):
        if not group:
            parsed[number] = _icon(name, animals, words | POSES)
    subjects = _often((caption.subject for caption in parsed if caption), least)
    words = _often((word for caption in parsed if caption for word in caption.details), least)
    kept = [
        Caption(caption.subject, tuple(w for w in caption.details if w in words))
        if caption and caption.subject in subjects
        else None
        for caption in parsed
    ]
    return kept, subjects


def clean(name: str) -> str:
    """Lower case, straight quotes, single spaces."""
    return " ".join(name.lower().replace("’", "'").replace(":", " ").split())


def _parse(name: str, group: str, subgroup: str, named: set[tuple[str, str]]) -> Caption | None:
    if group in LEFT_OUT_GROUPS or _CLOCK.search(name):
        return None
    tokens = [token for token in _joined(name).split() if token not in STOPS]
    for kind, subject in (("cat-face", "fox"), ("cat-face", "cat"), ("monkey-face", "monkey")):
        if subgroup == kind and subject in tokens:  # FxEmojis draws its cat faces as foxes, and names them so
            return _about(subject, ["face"] + [token for token in tokens if token != subject])
    if subgroup.startswith("face-") and (subgroup != "face-costume" or "face" in tokens):
        return _about("face", [token for token in tokens if token != "face"])
    if subgroup == "heart" and {"heart", "hearts"} & set(tokens):
        return _about("heart", [token for token in tokens if token not in ("heart", "hearts")])
    if name in SAID:
        return Caption(*SAID[name])
    if name in WHOLE:
        return Caption(name)
    parts = name.split()
    if parts[-1] == "face" and (" ".join(parts[:-1]), group) in named:
        return _about(" ".join(parts[:-1]), ["face"])
    for first in range(1, len(parts)):
        if (" ".join(parts[first:]), group) in named:
            return _about(" ".join(parts[first:]), [token for token in parts[:first] if token not in STOPS])
    return Caption(name)


def _icon(name: str, animals: set[str], words: set[str] | frozenset[str]) -> Caption | None:
    """Icons are named freely: one animal, and else only words that are known or say nothing."""
    if name in WHOLE or clean(name) in LEFT_OUT_GROUPS:
        return None
    tokens = [token for token in re.split(r"[\s-]+", name) if token not in STOPS | BESIDE]
    found = [token for token in tokens if token in animals]
    others = [token for token in tokens if token not in found]
    if len(found) != 1 or any(token not in words for token in others):
        return None
    return _about(found[0], others)


def _joined(name: str) -> str:
    for phrase in PHRASES:
        name = name.replace(phrase, phrase.replace(" ", "_"))
    return name


def _about(subject: str, details: list[str]) -> Caption:
    return Caption(subject, tuple(dict.fromkeys(word.replace("_", " ") for word in details)))


def _often(words: Iterable[str], least: int) -> frozenset[str]:
    return frozenset(word for word, count in Counter(words).items() if count >= least)
