"""The stimuli of a test as the page gets them: sounds made equal (levels.py), or pictures (pictures.py)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from audiogen.errors import Cancelled
from audiogen.listen import levels as level
from audiogen.listen import pictures
from audiogen.listen.kind import Medium
from audiogen.listen.levels import Levels
from audiogen.listen.trials import Item, Row, Stimulus

Progress = Callable[[str, int, int], Any]


class Presented(Protocol):
    """How the stimuli of items are presented."""

    def minimum_s(self, item: Item) -> float:
        """How long each is heard or seen before an answer counts, s."""

    def facts(self, item: Item, stimulus: Stimulus) -> Row:
        """What a row of the answers says of the presentation."""

    def encode(self, item: Item, stimulus: Stimulus, small: bool = False) -> tuple[bytes, str]:
        """The file that the page gets and its type; `small`: without loss, but not of equal size.

        Raises:
            InvalidRequest: the file is not any more what it was.
        """


@dataclass(frozen=True)
class Sounds:
    """Levels by the name of the item."""

    levels: dict[str, Levels]

    def minimum_s(self, item: Item) -> float:
        return self.levels[item.name].minimum_s

    def facts(self, item: Item, stimulus: Stimulus) -> Row:
        own, k = self._place(item, stimulus)
        return {"loudness_lufs": own.loudness_lufs[k], "gain_db": own.gain_db[k]}

    def encode(self, item: Item, stimulus: Stimulus, small: bool = False) -> tuple[bytes, str]:
        own, k = self._place(item, stimulus)
        suffix = ".flac" if small else ".wav"
        return level.encode(stimulus, own, own.gain_db[k], suffix), f"audio/{suffix[1:]}"

    def _place(self, item: Item, stimulus: Stimulus) -> tuple[Levels, int]:
        own = self.levels[item.name]
        return own, own.files.index(stimulus.file)


@dataclass(frozen=True)
class Pictures:
    def minimum_s(self, item: Item) -> float:
        return pictures.SEEN_S

    def facts(self, item: Item, stimulus: Stimulus) -> Row:
        return {}

    def encode(self, item: Item, stimulus: Stimulus, small: bool = False) -> tuple[bytes, str]:
        return pictures.encode(stimulus), "image/png"


def present(
    items: Sequence[Item], medium: Medium, progress: Progress | None = None
) -> tuple[Presented, list[str]]:
    """Measure all stimuli; also remarks for the user.

    Raises:
        InvalidRequest: one is broken.
        Cancelled: the progress said so.
    """
    by_name: dict[str, Levels] = {}
    unequal = []
    for k, item in enumerate(items):
        if progress is not None and progress("measuring", k, len(items)) is False:
            raise Cancelled("stopped while the files were measured; nothing was written")
        if medium == "sound":
            by_name[item.name] = level.measure(item)
        elif len(set(pictures.sizes(item))) > 1:
            unequal.append(item.name)
    if medium == "sound":
        return Sounds(by_name), level.remarks(items, list(by_name.values()))
    return Pictures(), [f"{name}: the sizes differ; all are shown equally wide" for name in unequal]
