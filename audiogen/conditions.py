"""Attributes of a Conditioning as the networks hear them: scaled values, and which of them are known."""

from __future__ import annotations

import dataclasses

import numpy as np

from audiogen.artifacts import Conditioning
from audiogen.errors import InvalidRequest

# What weights know whose config has no list of its own: those of the first release. New names go into
# `artifacts.SOURCES` and `PERIODS`, and with them into the config of what is trained from then on.
FIRST_SOURCES = ("rain", "birds", "waves", "fire", "thunder", "wind", "crickets", "water", "rooster")
FIRST_PERIODS = ("baroque", "classical", "romantic", "impressionist", "ragtime")
# centre and spread of each attribute, so that the network sees values of about -2..2
ATTRIBUTE_SCALES = {
    "density": (1.8, 0.8),
    "loudness": (64.0, 18.0),
    "register": (62.0, 9.0),
    "intensity": (0.5, 0.3),
}
SOURCE_SCALE = (0.0, 0.5)
FIELDS = frozenset(field.name for field in dataclasses.fields(Conditioning))


def attribute_vector(values: dict[str, float | None], names: tuple[str, ...]) -> np.ndarray:
    """Attributes as float32 [2A]: scaled values (0 where unknown), then masks. Density is logarithmic."""
    scaled, known = [], []
    for name in names:
        value = values.get(name)
        centre, spread = ATTRIBUTE_SCALES.get(name, SOURCE_SCALE)
        if value is not None and name == "density":
            value = float(np.log(max(value, 0.1)))
        scaled.append(0.0 if value is None else (value - centre) / spread)
        known.append(float(value is not None))
    return np.array(scaled + known, np.float32)


def wanted_attributes(conditioning: Conditioning, names: tuple[str, ...]) -> dict[str, float | None]:
    """What is asked of each attribute: a field of the Conditioning, or by its name a source of sound.

    A source that is not among those asked for is asked to be absent.
    """
    sources = conditioning.sources
    return {
        name: getattr(conditioning, name) if name in FIELDS else (sources.get(name, 0.0) if sources else None)
        for name in names
    }


def source_weights(conditioning: Conditioning, known: tuple[str, ...]) -> np.ndarray:
    """The weight asked of every source that weights know, in their order, float64 [S].

    Raises:
        InvalidRequest: one is asked for that they never learned.
    """
    if strange := [name for name in conditioning.sources if name not in known]:
        raise InvalidRequest(
            f"These weights never learned the sound of {', '.join(strange)}; they know {', '.join(known)}."
        )
    return np.array([conditioning.sources.get(name, 0.0) for name in known])


def word_ids(phrases: tuple[str | None, ...], vocabulary: tuple[str, ...], most: int) -> list[int]:
    """Numbers (from 1) of phrases in the vocabulary; of one that is not there, those of its words.

    What the vocabulary does not hold is left out: the prompt has said so (`prompt/`).
    """
    place = {word: number for number, word in enumerate(vocabulary, 1)}
    found: list[int] = []
    for phrase in phrases:
        if phrase is None:
            continue
        parts = [phrase] if phrase in place else phrase.split()
        found += [place[part] for part in parts if part in place and place[part] not in found]
    return found[:most]
