"""What weights were trained on and under which licences: read from their cards, said in every file they make.

A card (README.md in the folder of the weights) begins, as on the model hubs, with YAML between two lines of
dashes. Its `sources:` are names out of `weights/sources.yaml`, or records of the same form for weights that
are not ours; a card that has only the hubs' `license:` is quoted with that.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from audiogen.errors import InvalidRequest

WEIGHTS_FOLDER = Path(__file__).parent / "weights"
_FENCE = "---\n"


@dataclass(frozen=True)
class Source:
    """One thing that weights were trained on.

    Attributes:
        what, by: for people: what it is, and whom to name.
        licences: all that occur in it.
        url: where it comes from. credits: name of the file in `weights` that names every author, or "".
        note: what else should be known.
    """

    what: str
    by: str
    licences: tuple[str, ...]
    url: str = ""
    credits: str = ""
    note: str = ""

    @property
    def line(self) -> str:
        """ "GiantMIDI-Piano, excerpts (Qiuqiang Kong, ...; CC BY 4.0)"."""
        return f"{self.what} ({'; '.join(part for part in (self.by, ', '.join(self.licences)) if part)})"


def sources_of(folder: Path) -> tuple[Source, ...]:
    """The sources that the card of a folder of weights names; none where it says nothing.

    Raises:
        InvalidRequest: the head of the card is no YAML of this form, or names a source that is not known.
    """
    head = card_head(folder / "README.md")
    named = head.get("sources")
    try:
        if named is None and isinstance(head.get("license"), str):
            return (Source(f"the weights {folder.name}", "", (head["license"],)),)
        return tuple(
            known_sources()[each] if isinstance(each, str) else _source(each) for each in named or ()
        )
    except (KeyError, TypeError, AttributeError) as problem:
        raise InvalidRequest(
            f"The head of {folder / 'README.md'} names a source that is not known ({problem})."
        ) from problem


def notice(weights: Iterable[tuple[str, Path | None]]) -> str:
    """What a file says about its licence, in words.

    Args:
        weights: (name, folder) of what made it; a folder of None: it is not known here.
    """
    found: dict[Source, None] = {}
    silent = []
    for name, folder in weights:
        own = () if folder is None else sources_of(folder)
        found |= dict.fromkeys(own)
        silent += [] if own else [name]
    said = []
    if found:
        said.append(f"Made with weights trained on {'; '.join(source.line for source in found)}.")
        credits = sorted({source.credits for source in found if source.credits})
        said += [f"All authors: audiogen/weights/{', '.join(credits)}."] if credits else []
    if silent:
        said.append(f"Nothing is stated about what {', '.join(silent)} was trained on.")
    return " ".join(said) or "Made without trained weights."


@lru_cache(maxsize=1)
def known_sources() -> dict[str, Source]:
    """The sources of `weights/sources.yaml` by name."""
    import yaml

    rows = yaml.safe_load((WEIGHTS_FOLDER / "sources.yaml").read_text(encoding="utf-8"))
    return {name: _source(row) for name, row in rows.items()}


def _source(row: dict[str, Any]) -> Source:
    return Source(**{**row, "licences": tuple(row["licences"])})


def card_head(card: Path) -> dict[str, Any]:
    """The YAML at the head of a card; empty where it has none."""
    import yaml

    try:
        text = card.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    if not text.startswith(_FENCE):
        return {}
    try:
        head = yaml.safe_load(text[len(_FENCE) :].partition("\n" + _FENCE)[0])
    except yaml.YAMLError as problem:
        raise InvalidRequest(f"The head of {card} is no valid YAML ({problem}).") from problem
    return head if isinstance(head, dict) else {}
