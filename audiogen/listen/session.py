"""Sittings: what is asked next of whom, what the page may know, and the line of every answer.

Nothing here knows HTTP. The page sees labels, opaque names of stimuli and a count; systems, files, gains and
the seed stay on this side until they are written into the answer.
"""

from __future__ import annotations

import datetime
import secrets
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from audiogen.errors import AudiogenError, InvalidRequest
from audiogen.listen.answers import append, open_answers
from audiogen.listen.design import Design, check_rater, completed
from audiogen.listen.trials import Row, Trial

SEEDS = 2**32
MOST_RATERS = 1000  # in one run


class Session:
    """One rater's sitting; its methods may be called from several threads.

    Args:
        design: what is asked.
        rater: of whom.
        seed, number: see `Plan`.
        answered: trials that the rater has answered already.
    """

    def __init__(self, design: Design, rater: str, seed: int, number: int, answered: set[str]) -> None:
        self.design, self.rater, self.seed, self.number = design, rater, seed, number
        self.trials = design.trials(seed, number)
        self.done = {trial.id for trial in self.trials} & answered
        self.resumed = len(self.done)
        # Names are drawn anew, whatever the seed: a rater who knows the seed learns nothing from them.
        self._stimuli = {secrets.token_urlsafe(12): (t, label) for t in self.trials for label in t.stimuli}
        self._names: dict[str, dict[str, str]] = {}
        for name, (trial, label) in self._stimuli.items():
            self._names.setdefault(trial.id, {})[label] = name
        self._lock = threading.Lock()

    @property
    def complete(self) -> bool:
        return len(self.done) == len(self.trials)

    @property
    def current(self) -> Trial | None:
        """The first trial that has no answer."""
        return next((trial for trial in self.trials if trial.id not in self.done), None)

    def state(self) -> Row:
        """All that the page knows."""
        with self._lock:
            return self._state()

    def stimulus(self, name: str) -> tuple[bytes, str] | None:
        """The file of this opaque name and its type, or None.

        Raises:
            AudiogenError: the file behind it is not any more what it was; its name is not told.
        """
        if name not in self._stimuli:
            return None
        trial, label = self._stimuli[name]
        try:
            return self.design.presented.encode(trial.item, trial.stimuli[label])
        except InvalidRequest as problem:
            raise AudiogenError(
                "A file is not any more what it was when the test began; start the test again."
            ) from problem

    def answer(self, given: Any) -> Row:
        """Keep an answer and return the new state; what has been answered is not written twice.

        Args:
            given: trial (its id), and what `completed` takes.
        Raises:
            InvalidRequest: incomplete, out of range, or not heard long enough.
            AudiogenError: it could not be written.
        """
        with self._lock:
            if not isinstance(given, dict):
                raise InvalidRequest("An answer is a JSON object.")
            trial = self.current
            if isinstance(given.get("trial"), str) and given["trial"] in self.done:
                return self._state()  # a repeated request, or a second tab
            if trial is None or given.get("trial") != trial.id:
                raise InvalidRequest("This is not the trial that is asked now; load the page again.")
            row = completed(self.design.row(trial), given)
            own = {"rater": self.rater, "number": len(self.done) + 1, "of": len(self.trials)}
            drawn = {"seed": self.seed, "order": self.number, "time": now()}
            append(self.design.settings.answers, row | own | drawn)
            self.done.add(trial.id)
            return self._state()

    def _state(self) -> Row:
        trial = self.current
        view = None if trial is None else self.design.view(trial, self._names[trial.id])
        return {"rater": self.rater, "done": len(self.done), "total": len(self.trials), "trial": view}


class Sittings:
    """The sittings of all raters of a test.

    Args:
        design: what is asked; its answers file must be one that `open_answers` takes.
    Raises:
        InvalidRequest: the answers file cannot be used, or belongs to another test.
    """

    def __init__(self, design: Design) -> None:
        self.design = design
        self._sessions: dict[str, Session] = {}
        self._lock = threading.Lock()
        rows = open_answers(design.settings.answers).rows
        _check_same_test(rows, design)
        seeds = [row["seed"] for row in rows if _is_count(row.get("seed"))]
        own = design.settings.seed
        self.seed = own if own is not None else seeds[-1] if seeds else secrets.randbelow(SEEDS)

    @property
    def sessions(self) -> list[Session]:
        """Of all who have come."""
        with self._lock:
            return list(self._sessions.values())

    def sit(self, rater: object) -> Session:
        """A sitting of a rater, which goes on where it stopped.

        Raises:
            InvalidRequest: no name, somebody of this name is here already, or too many raters.
        """
        name = check_rater(rater)
        with self._lock:
            if name in self._sessions:
                raise InvalidRequest(
                    f"{name} is here already. Go on in the other window, or take another name."
                )
            if len(self._sessions) >= MOST_RATERS:
                raise InvalidRequest(f"There are {MOST_RATERS} raters already; nobody else is let in.")
            rows = open_answers(self.design.settings.answers).rows
            own = [row for row in rows if row["rater"] == name]
            seed, number = self._drawn(own, rows)
            self._sessions[name] = Session(self.design, name, seed, number, {row["trial"] for row in own})
            return self._sessions[name]

    def _drawn(self, own: Sequence[Row], rows: Sequence[Row]) -> tuple[int, int]:
        """The rater's seed and number: those of the last answer, else the next row of the Latin square."""
        others = {row["rater"] for row in rows} | set(self._sessions)
        seed, number = self.seed, len(others)
        if own:
            last = own[-1]
            number = last["order"] if _is_count(last.get("order")) else 0
            if self.design.settings.seed is None and _is_count(last.get("seed")):
                seed = last["seed"]
        return seed, number


def now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


def _check_same_test(rows: Sequence[Row], design: Design) -> None:
    """Two tests whose folders bear one name are not mixed up in one file.

    Raises:
        InvalidRequest: the answers are of systems of these names from other folders, with other files.
    """
    systems: dict[str, list[Row]] = {}
    for row in rows:
        for stimulus in row["stimuli"]:
            systems.setdefault(stimulus["system"], []).append(stimulus)
    for stimuli in zip(*(item.stimuli for item in design.items), strict=False):
        known = systems.get(stimuli[0].system, [])
        same = {s.sha256 for s in stimuli} & {s["sha256"] for s in known}
        folders = {Path(s.get("file", "")).resolve().parent for s in known}
        if known and not same and stimuli[0].file.resolve().parent not in folders:
            raise InvalidRequest(
                f"{design.settings.answers} holds the answers of another test, whose {stimuli[0].system} "
                f"came from {next(iter(folders))}; choose another file with --answers."
            )


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
