"""What a test is made of.

An item is one piece by several systems; a trial shows stimuli of one item under neutral labels. The kinds of
test (`kinds/`) say which stimuli a trial shows and what an answer means.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Row = dict[str, Any]  # one answer, one line of the JSONL file


@dataclass(frozen=True)
class Stimulus:
    """One sound or picture of one system.

    Attributes:
        system: who made it; `reference`, `anchor35` and `anchor70` as in webMUSHRA.
        sha256: of the file's bytes.
        lowpass_hz: an anchor: the file without what lies above; 0: as it is.
    """

    system: str
    file: Path
    sha256: str
    lowpass_hz: int = 0


@dataclass(frozen=True)
class Item:
    """The same piece by every system, in the order that the systems were named.

    Attributes:
        reference: what the others are compared with, or None.
        prompt: the words that were asked for, or "".
    """

    name: str
    stimuli: tuple[Stimulus, ...]
    reference: Stimulus | None = None
    prompt: str = ""

    @property
    def all(self) -> tuple[Stimulus, ...]:
        """The reference as well."""
        return self.stimuli + ((self.reference,) if self.reference else ())


@dataclass(frozen=True)
class Trial:
    """One question to the rater.

    Attributes:
        id: of the question and the stimuli, whatever their labels: a new seed asks nothing twice, and
            the page learns nothing from it.
        kind: name of the kind of test.
        item: what is heard or seen; of several systems those that this trial shows.
        repeat: 0 for the first time that this is asked, then 1, 2, ...
        stimuli: by label, in the order in which the page shows them.
        check: the answer that the page asks for in so many words, to see whether anybody reads; "" elsewhere.
    """

    id: str
    kind: str
    item: Item
    repeat: int
    stimuli: dict[str, Stimulus]
    check: str = ""


@dataclass(frozen=True)
class Plan:
    """How the trials of one rater are drawn.

    Attributes:
        question: own words, or "" for those of the kind.
        repeats: how often everything is asked.
        trials: at most so many; 0: all. An ABX test has exactly so many (0: 16).
        checks: so many attention checks among them.
        seed: of order and labels.
        number: of the rater, from 0: the row of the Latin square.
    """

    question: str = ""
    repeats: int = 1
    trials: int = 0
    checks: int = 0
    seed: int = 0
    number: int = 0


def trial_id(kind: str, question: str, item: Item, repeat: int | str) -> str:
    """Sixteen hex digits that do not depend on the order of the stimuli."""
    sums = sorted(s.sha256 + (f":{s.lowpass_hz}" if s.lowpass_hz else "") for s in item.all)
    parts = [kind, question, item.name, sums, repeat]
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
