"""What a listening test is made of.

An item is one piece by several systems; a trial shows the sounds of one item to the rater under neutral
labels. A kind of test (A/B now; ABX and MUSHRA have the same shape with three and more sounds) draws the
trials, says what an answer may be, and reports on answers.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

Row = dict[str, Any]  # one answer, one line of the JSONL file


@dataclass(frozen=True)
class Sound:
    """One file of one system; `sha256` is of the file's bytes."""

    system: str
    file: Path
    sha256: str


@dataclass(frozen=True)
class Item:
    """The same piece by every system, in the order that the systems were named."""

    name: str
    sounds: tuple[Sound, ...]


@dataclass(frozen=True)
class Trial:
    """One question to the rater.

    Attributes:
        id: of the question and the sounds, whatever their sides: a new seed asks nothing twice, and
            the page learns nothing from it.
        kind: name of the kind of test.
        item: what is heard.
        repeat: 0 for the first time that this item is asked, then 1, 2, ...
        sounds: by label, in the order in which the page shows them.
    """

    id: str
    kind: str
    item: Item
    repeat: int
    sounds: dict[str, Sound]


class Kind(Protocol):
    """A kind of listening test."""

    name: str

    def draw(self, items: Sequence[Item], question: str, repeats: int, seed: int) -> list[Trial]:
        """All trials in the order in which they are asked; the same for the same seed."""

    def judge(self, trial: Trial, answer: object, forced: bool) -> Row:
        """The fields that `answer` adds to its row.

        Args:
            forced: "no preference" is no answer.
        Raises:
            InvalidRequest: no answer of this kind.
        """

    def is_valid(self, row: Row) -> bool:
        """Whether a row of the answers file can be reported on."""

    def summary(self, rows: Sequence[Row]) -> Row:
        """Numbers about the answers of one comparison (one question, one set of systems)."""

    def words(self, summary: Row) -> list[str]:
        """The summary as lines for people."""


def trial_id(kind: str, question: str, item: Item, repeat: int) -> str:
    """Sixteen hex digits that do not depend on the order of the sounds."""
    parts = [kind, question, item.name, sorted(s.sha256 for s in item.sounds), repeat]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
