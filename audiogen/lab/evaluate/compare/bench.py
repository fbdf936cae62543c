"""What a comparison needs to know of its material: the work, its measures, and their words.

`folder.compare` runs any bench. There are two: `sound/` (piano and ambience, from structures to mels and
sounds) and `picture/` (digits and illustrations, from contours to pictures).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from audiogen.artifacts import Conditioning
from audiogen.errors import Cancelled
from audiogen.lab.evaluate.compare.cells import Cell
from audiogen.lab.evaluate.compare.running import Arrays, Run
from audiogen.lab.evaluate.scores import Measure, Score

if TYPE_CHECKING:
    from audiogen.lab.evaluate.compare.report import Comparison

HELD_OUT, STAGE, NONE = "held-out", "stage", "none"
KINDS = (HELD_OUT, STAGE, NONE)  # of structures
VARIED = 8  # structures of each kind that more than one seed decodes
SECONDS = 9.6  # of a sound, unless another length is asked for
Progress = Callable[[str, int, int], bool]  # (what, step, of)
Scores = dict[str, Score]  # by the name of the measure


@dataclass(frozen=True)
class Options:
    """What `audiogen compare` was asked.

    Attributes:
        decoders, schedulers: as on the command line, see `cells.contenders`.
        count: structures of each kind; seeds: of the first of them.
        structure: NAME=WEIGHTS of the structure stage, or None for the path's own.
        structures: kinds of structures.
        seconds, heard, vocoder: of sounds; heard: measure the best cell of every contender after the vocoder
            as well.
    """

    path: str = "ambience"
    decoders: str | None = None
    schedulers: str | None = None
    steps: tuple[int, ...] = (1, 2, 4, 8, 16)
    count: int = 24
    seeds: int = 2
    prompts: tuple[str, ...] | None = None
    data: Path | None = None
    structure: str | None = None
    structures: tuple[str, ...] = (HELD_OUT, STAGE)
    seconds: float = SECONDS
    heard: bool = True
    vocoder: str | None = None
    clip: str | None = None
    clap: str | None = None
    device: str = "auto"


@dataclass(frozen=True)
class Rate:
    """How much is made in a second, from the seconds of one item: title of the column, name in the JSON."""

    title: str
    name: str
    of: Callable[[float], float]
    digits: int  # after the point, in the table

    def __call__(self, seconds: float) -> str:
        return f"{self.of(seconds):.{self.digits}f}"


@dataclass(frozen=True)
class Wording:
    """Measures of a bench, and what the page calls things.

    Attributes:
        measures: all of them, in the order of the columns.
        distance: by which cells are chosen and put in order; adherence: by which the chosen ones are.
        drawn: the panels of the figure.
        drawn_anchors: names of those that are drawn as levels.
        item: what one decoding makes ("sound").
        size: how large each is, in words that follow the number of structures; may be empty.
        taken: what is done with the chosen cells ("heard").
        kind_titles: headings, by kind of structures.
        anchors: (heading's subject, a sentence); the first names the column.
        after: heading of what is measured once more.
        how_to_read: the page's last paragraph; {embedding} stands for that of the bench.
    """

    measures: tuple[Measure, ...]
    distance: Measure
    adherence: Measure
    drawn: tuple[Measure, ...]
    drawn_anchors: tuple[str, ...]
    rate: Rate
    item: str
    size: str
    taken: str
    kind_titles: dict[str, str]
    anchors: tuple[str, str]
    after: str
    how_to_read: str


@dataclass(frozen=True, eq=False)
class Item:
    """One decoding: a structure of a kind, by number, with a seed; its first seed is take 0."""

    kind: str
    number: int
    take: int
    name: str
    conditioning: Conditioning

    @property
    def seed(self) -> int:
        return 1000 * self.take + self.number


class Bench(Protocol):
    """The same work for every cell, and the judges of what comes of it.

    Attributes:
        version: what the measures depend on beside the items: other measures, other keys of cells.
        embedding: name of that of the distances; None: there are none.
        remarks: what is left out and why.
        facts: settings that only this bench has, for the report.
    """

    wording: Wording
    remarks: list[str]

    @property
    def version(self) -> Any: ...
    @property
    def items(self) -> Sequence[Any]: ...
    @property
    def embedding(self) -> str | None: ...
    @property
    def facts(self) -> dict[str, Any]: ...

    def arrays(self) -> list[np.ndarray]:
        """Every structure, for the key of a cell."""

    def decode(self, decoder: Any, cell: Cell, item: Any) -> Any:
        """One item by one cell; this is what is timed."""

    def keep(self, item: Any, made: Any) -> Arrays:
        """What of a result the measures need."""

    def scores(self, made: Arrays, kind: str) -> Scores:
        """Every measure of what was kept of all items, for one kind of structures."""

    def anchors(self) -> dict[str, Scores]:
        """The same of what is known to be good or bad."""

    def show(
        self, page: Comparison, best: dict[str, Result], decoders: dict[str, Any], progress: Progress
    ) -> dict[str, bytes]:
        """Files that can be seen or heard, named in `page` as well; `best`: the chosen cell by contender."""


@dataclass(frozen=True, eq=False)
class Result:
    """A cell with its run and its scores by kind of structure."""

    run: Run
    scores: dict[str, Scores] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return self.run.cell.name


def kinds_of(items: Sequence[Item]) -> list[str]:
    """Kinds of structures that occur, in the order of KINDS."""
    return [kind for kind in KINDS if any(item.kind == kind for item in items)]


def numbers_of(items: Sequence[Item], kind: str, take: int = 0) -> list[int]:
    """Places of the items of a kind and take, by structure."""
    return [k for k, item in enumerate(items) if (item.kind, item.take) == (kind, take)]


def tell(progress: Progress, what: str, step: int, of: int) -> None:
    """Progress that may be refused.

    Raises:
        Cancelled: it was.
    """
    if progress(what, step, of) is False:
        raise Cancelled("Cancelled; the cells that are complete stay in the folder.")
