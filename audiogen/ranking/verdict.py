"""What a check finds, and how several checks become one number.

    total = half the weakest value + half the mean of all values

A piece is kept or thrown away for its worst moment: a click is not made good by a fine ending, so the
weakest check must be able to sink a take alone. The mean keeps every check worth something, and tells
takes apart that share their weakest one. No weights: a value of 0.5 means "would be noticed" in every
check, so that they can be compared; where each check puts 0 and 1 is said in its own file.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

FINE = 0.9  # nothing to say against a value from here on


@dataclass(frozen=True)
class Check:
    """One thing that was checked.

    Attributes:
        name: "closing", "signal", "obedience", "fidelity".
        value: 0 (unusable) .. 1 (nothing to wish for), three decimals.
        measured: what was measured, by name with its unit in it ("last_onset_s", "clicks").
        words: a sentence without capital or full stop, for a musician.
    """

    name: str
    value: float
    measured: dict[str, Any]
    words: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", round(min(1.0, max(0.0, float(self.value))), 3))

    def to_dict(self) -> dict[str, Any]:
        return {"value": self.value, "words": self.words, "measured": self.measured}


@dataclass(frozen=True)
class Likeness:
    """How near a take is to its words, by a network of the user's.

    Attributes:
        kind: "clip" or "clap". model: folder or hub id. sha256: of its files.
        cosine: -1 .. 1; of a long sound the mean over windows. What is high depends on the network: it puts
            takes of the same words in order, and says nothing alone.
    """

    kind: str
    model: str
    sha256: str
    cosine: float


@dataclass(frozen=True)
class Verdict:
    """All checks of one take.

    Attributes:
        checks: in the order in which they were made; at least one, or a likeness.
        place, of: 1 for the best of `of` takes; None where it was judged alone.
        likeness: where takes are put in order by it; the checks are then told beside it.
    """

    checks: tuple[Check, ...]
    place: int | None = None
    of: int | None = None
    likeness: Likeness | None = None

    @property
    def total(self) -> float:
        """0 .. 1, three decimals; see the module's text."""
        return round(blend([check.value for check in self.checks]), 3)

    @property
    def merit(self) -> float:
        """What takes are put in order by."""
        return self.total if self.likeness is None else self.likeness.cosine

    @property
    def weakest(self) -> Check:
        return min(self.checks, key=lambda check: check.value)

    @property
    def why(self) -> str:
        """The sentences of everything that is not fine, weakest first; else that all is."""
        poor = sorted((c for c in self.checks if c.value < FINE), key=lambda check: check.value)
        if poor:
            return "; ".join(f"{check.name}: {check.words}" for check in poor)
        if not self.checks:
            return "in order of how near they are to their words"
        return f"nothing against it; {self.checks[0].words}"

    def line(self) -> str:
        """The values in one row: "0.91  closing 0.95  signal 1.00", a likeness before them."""
        row = [] if self.likeness is None else [f"{self.likeness.kind} {self.likeness.cosine:.4f}"]
        row += [f"{self.total:.2f}"] if self.checks else []
        return "  ".join([*row, *(f"{c.name} {c.value:.2f}" for c in self.checks)])

    def to_dict(self) -> dict[str, Any]:
        """Ready for JSON."""
        row: dict[str, Any] = {"total": self.total} if self.checks else {}
        if self.place is not None:
            row |= {"place": self.place, "of": self.of}
        if self.likeness is not None:
            row["rank_by"] = dataclasses.asdict(self.likeness)
        return row | {"why": self.why, "checks": {check.name: check.to_dict() for check in self.checks}}

    @classmethod
    def from_dict(cls, row: dict[str, Any]) -> Verdict:
        """The inverse of `to_dict`; total and why are computed anew.

        Raises:
            KeyError, TypeError: `row` is no verdict.
        """
        checks = tuple(
            Check(name, c["value"], c["measured"], c["words"]) for name, c in row["checks"].items()
        )
        likeness = Likeness(**row["rank_by"]) if "rank_by" in row else None
        return cls(checks, row.get("place"), row.get("of"), likeness)


def blend(values: Sequence[float]) -> float:
    """Half the weakest, half the mean; 0 where there is none."""
    return 0.5 * min(values) + 0.5 * sum(values) / len(values) if values else 0.0


def ramp(x: float, bad: float, good: float) -> float:
    """0 at `bad` and beyond, 1 at `good` and beyond, straight between; `bad` may be the larger."""
    if not math.isfinite(x):
        return 0.0
    return min(1.0, max(0.0, (x - bad) / (good - bad)))


def plain(measured: dict[str, Any], digits: int = 3) -> dict[str, Any]:
    """Numbers rounded and as JSON can hold them; what is not finite is left out."""
    rows: dict[str, Any] = {}
    for name, value in measured.items():
        if isinstance(value, bool | str | int) or value is None:
            rows[name] = value
        elif math.isfinite(value):
            rows[name] = round(float(value), digits)
    return rows


def listed(words: Iterable[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    rows = list(words)
    return rows[0] if len(rows) == 1 else f"{', '.join(rows[:-1])} and {rows[-1]}" if rows else ""
