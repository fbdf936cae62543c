"""What a file can say about what is in it, beside the recipe."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audiogen.media.loudness import Level

LONGEST_TITLE = 250  # characters


@dataclass(frozen=True)
class Facts:
    """Known things about a sound; None where they are not known.

    Attributes:
        title: words for people, the prompt; "": that of the recipe.
        tempo: quarters a minute; metre: (3, 4)-like; key: "D minor"-like.
        level: as measured when it was finished.
        loop: first sample of a seamless loop and the first after it, or None: it is no loop.
    """

    title: str = ""
    tempo: float | None = None
    metre: tuple[int, int] | None = None
    key: str | None = None
    level: Level | None = None
    loop: tuple[int, int] | None = None


def title_of(recipe: dict[str, Any] | None) -> str:
    """A title in one line, any characters: the prompt of a recipe, else the file that was started from."""
    recipe = recipe or {}
    files = [row.get("file") for name in ("source", "init") if isinstance(row := recipe.get(name), dict)]
    said = [recipe.get("prompt"), *(PurePath(file).stem for file in files if isinstance(file, str))]
    for text in said:
        if isinstance(text, str) and (title := one_line(text)):
            return title
    return ""


def one_line(text: str) -> str:
    """Without line breaks and other characters that cannot be printed, and not too long for a tag."""
    title = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return title if len(title) <= LONGEST_TITLE else title[: LONGEST_TITLE - 1] + "…"
