"""What a sound file can say about its music, beside the recipe."""

from __future__ import annotations

from dataclasses import dataclass

from audiogen.media.loudness import Level


@dataclass(frozen=True)
class Facts:
    """Known things about a sound; None where they are not known.

    Attributes:
        title: words for people, the prompt.
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
