"""What was asked, and what is measured, row by row; with the values of the ranking, from the same code.

A row fails below `PASS`: there the difference would be noticed, see `verdict.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from audiogen.artifacts import Conditioning
from audiogen.kinds import kind_named
from audiogen.ranking.adherence import ASK, ASKED, UNHEARD, named
from audiogen.ranking.evidence import Evidence
from audiogen.ranking.judge import judge
from audiogen.ranking.verdict import ramp

PASS = 0.5
_LENGTH = (0.25, 0.02)  # share of the length by which it may be off: 0 at the first, 1 within the second


@dataclass(frozen=True)
class Row:
    """One thing that was asked.

    Attributes:
        name: of it ("tempo", "signal").
        asked: in words; "" where nobody asks and everybody wants it.
        measured: in words.
        value: 0 (not so) .. 1 (as asked); None: it cannot be told.
        implied: only a mood suggests it ("calm": few notes), so a difference is told and is no fault.
    """

    name: str
    asked: str
    measured: str
    value: float | None = None
    implied: bool = False

    @property
    def differs(self) -> bool:
        return self.value is not None and bool(self.value < PASS)

    @property
    def fails(self) -> bool:
        return self.differs and not self.implied


def length(asked_s: float, found_s: float) -> Row:
    """The row of the length."""
    off = abs(found_s - asked_s) / max(asked_s, 1e-9)
    return Row("seconds", f"{asked_s:g} s", f"{found_s:.2f} s", ramp(off, *_LENGTH))


def rows(evidence: Evidence) -> list[Row]:
    """Every attribute that was asked for, then the checks of the ranking.

    Raises:
        InvalidRequest: nothing in the take can be checked.
    """
    asked = evidence.take.conditioning
    verdict = judge(evidence.take, evidence.ear)
    found = [] if evidence.notes is None or not kind_named(asked.path).notes else _attributes(evidence)
    others = [check for check in verdict.checks if check.name != "obedience"]
    found += [Row(check.name, "", check.words, check.value) for check in others]
    return found + _untold(asked, {row.name for row in found})


def _attributes(evidence: Evidence) -> list[Row]:
    asked, notes = evidence.take.conditioning, evidence.notes
    assert notes is not None
    found = []
    for name in named(evidence):
        answer = ASK[name](notes, asked, evidence.seconds)
        measured, _, wanted = answer.words.partition(", asked ")
        found.append(Row(name, wanted or str(getattr(asked, name)), measured, round(answer.value, 3)))
    return found


def _untold(asked: Conditioning, told: set[str]) -> list[Row]:
    """What was asked and cannot be told."""
    found = []
    for name in (*ASKED, "metre", "period", "intensity", "style", "look"):
        value = getattr(asked, name)
        if value is None or name in told or (name == "mode" and asked.key):
            continue
        why = "cannot be heard in a sound; give the MIDI file" if name in UNHEARD else "not measured"
        found.append(Row(name, _plain(value), why))
    missing = {"mood": ", ".join(asked.mood), "details": ", ".join(asked.details)}
    missing["sources"] = ", ".join(asked.sources)
    return found + [
        Row(name, said, "not measured") for name, said in missing.items() if said and name not in told
    ]


def _plain(value: object) -> str:
    if isinstance(value, tuple):
        return "/".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
