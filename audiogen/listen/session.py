"""One rater's sitting: what is asked next, what the page may know, and the row of every answer.

Nothing here knows HTTP. The page sees labels, opaque names of sounds and a count; systems, files, gains and
the seed stay on this side until they are written into the answer.
"""

from __future__ import annotations

import datetime
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from audiogen import __version__
from audiogen.errors import AudiogenError, InvalidRequest
from audiogen.listen import levels as level
from audiogen.listen.answers import append, open_answers
from audiogen.listen.kinds import KINDS
from audiogen.listen.levels import Levels
from audiogen.listen.pairs import pair_up
from audiogen.listen.trials import Item, Row, Sound, Trial

MINIMUM_S = 1.0  # every sound is heard so long before an answer counts,
MINIMUM_SHARE = 0.25  # or for this share of a short one
COMMENT_LENGTH = 2000
_SEEDS = 2**32
_LARGEST = 86_400.0  # seconds of a day; more of anything is an error


@dataclass(frozen=True)
class Settings:
    """What is asked, and of whom.

    Attributes:
        answers: the JSONL file; answers that it holds already are not asked again.
        rater: who listens.
        question: what the page asks; empty: which one is preferred, in the page's language.
        repeats: how often each item is asked.
        forced: "no preference" is no answer.
        seed: of order and sides; None goes on with the rater's last one, else draws one.
    """

    answers: Path
    rater: str
    question: str = ""
    repeats: int = 1
    forced: bool = False
    seed: int | None = None
    kind: str = "ab"

    def __post_init__(self) -> None:
        if not self.rater:
            raise InvalidRequest("A rater has a name: give one with --rater.")


class Session:
    """A sitting; its methods may be called from several threads.

    Args:
        items: what is compared.
        levels: how each item is played, from `levels.measure`.
        settings: see there.
    Raises:
        InvalidRequest: the answers file cannot be used.
    """

    def __init__(self, items: Sequence[Item], levels: Sequence[Levels], settings: Settings) -> None:
        self.settings = settings
        self.kind = KINDS[settings.kind]
        earlier = [row for row in open_answers(settings.answers).rows if row["rater"] == settings.rater]
        self.seed = settings.seed if settings.seed is not None else _last_seed(earlier)
        self.trials = self.kind.draw(items, settings.question, settings.repeats, self.seed)
        answered = {row["trial"] for row in earlier}
        self.done = {trial.id for trial in self.trials} & answered
        self.resumed = len(self.done)
        self._levels = {item.name: own for item, own in zip(items, levels, strict=True)}
        # Names are drawn anew, whatever the seed: a rater who knows the seed learns nothing from them.
        self._sounds = {secrets.token_urlsafe(12): (t, label) for t in self.trials for label in t.sounds}
        self._lock = threading.Lock()

    @classmethod
    def open(
        cls, a: Path, b: Path, settings: Settings, progress: Callable[[str, int, int], Any] | None = None
    ) -> tuple[Session, list[str]]:
        """A session that compares two folders, and remarks for the user.

        Raises:
            InvalidRequest: see `pair_up`, `levels.measure` and `open_answers`.
        """
        open_answers(settings.answers)  # what can be refused is refused before the work
        items, remarks = pair_up(a, b)
        measured = []
        for k, item in enumerate(items):
            if progress is not None:
                progress("measuring", k, len(items))
            measured.append(level.measure(item))
        return cls(items, measured, settings), remarks + level.remarks(items, measured)

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

    def sound(self, name: str) -> bytes | None:
        """The WAV file of this opaque name, or None.

        Raises:
            AudiogenError: the file behind it is not any more what it was; its name is not told.
        """
        if name not in self._sounds:
            return None
        trial, label = self._sounds[name]
        sound = trial.sounds[label]
        try:
            return level.encode(sound, self._levels[trial.item.name], self._gain(trial, sound))
        except InvalidRequest as problem:
            raise AudiogenError(
                "A sound is not any more what it was when the test began; start the test again."
            ) from problem

    def answer(self, given: Any) -> Row:
        """Keep an answer and return the new state; what has been answered is not written twice.

        Args:
            given: trial (its id), answer, listened_s (by label), switches, seconds, comment.
        Raises:
            InvalidRequest: incomplete, out of range, or not heard long enough.
            AudiogenError: it could not be written.
        """
        with self._lock:
            if not isinstance(given, dict):
                raise InvalidRequest("An answer is a JSON object.")
            trial = self.current
            if given.get("trial") in self.done:
                return self._state()  # a repeated request, or a second tab
            if trial is None or given.get("trial") != trial.id:
                raise InvalidRequest("This is not the trial that is asked now; load the page again.")
            append(self.settings.answers, self._row(trial, given))
            self.done.add(trial.id)
            return self._state()

    def _state(self) -> Row:
        trial = self.current
        state: Row = {
            "kind": self.kind.name,
            "question": self.settings.question,
            "forced": self.settings.forced,
            "done": len(self.done),
            "total": len(self.trials),
            "comment_length": COMMENT_LENGTH,
            "trial": None,
        }
        if trial is not None:
            sounds = {label: name for name, (own, label) in self._sounds.items() if own is trial}
            state["trial"] = {"id": trial.id, "sounds": sounds, "minimum_s": self._minimum(trial)}
        return state

    def _row(self, trial: Trial, given: Row) -> Row:
        own = self._levels[trial.item.name]
        loudness = dict(zip(trial.item.sounds, own.loudness_lufs, strict=True))
        heard = self._heard(trial, given.get("listened_s"))
        sounds = [
            {
                "label": label,
                "system": sound.system,
                "file": str(sound.file),
                "sha256": sound.sha256,
                "loudness_lufs": loudness[sound],
                "gain_db": self._gain(trial, sound),
                "listened_s": round(heard[label], 2),
            }
            for label, sound in trial.sounds.items()
        ]
        row: Row = {
            "kind": self.kind.name,
            "trial": trial.id,
            "number": len(self.done) + 1,
            "of": len(self.trials),
            "rater": self.settings.rater,
            "question": self.settings.question,
            "item": trial.item.name,
            "repeat": trial.repeat,
            "systems": [sound.system for sound in trial.item.sounds],
            "sounds": sounds,
        }
        row |= self.kind.judge(trial, given.get("answer"), self.settings.forced)
        row["comment"] = _comment(given.get("comment", ""))
        row["switches"] = int(_number(given.get("switches"), "switches"))
        row["seconds"] = round(_number(given.get("seconds"), "seconds"), 2)
        row["forced"] = self.settings.forced
        row["seed"] = self.seed
        row["time"] = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        row["audiogen"] = __version__
        return row

    def _heard(self, trial: Trial, given: Any) -> dict[str, float]:
        if not isinstance(given, dict) or set(given) != set(trial.sounds):
            raise InvalidRequest(f"listened_s gives the seconds of {' and '.join(trial.sounds)}.")
        heard = {label: _number(given[label], "listened_s") for label in trial.sounds}
        if min(heard.values()) < self._minimum(trial):
            raise InvalidRequest(f"Every sound is heard for {self._minimum(trial):g} s before an answer.")
        return heard

    def _minimum(self, trial: Trial) -> float:
        own = self._levels[trial.item.name]
        return round(min(MINIMUM_S, MINIMUM_SHARE * own.frames / own.sample_rate), 3)

    def _gain(self, trial: Trial, sound: Sound) -> float:
        own = self._levels[trial.item.name]
        return own.gain_db[trial.item.sounds.index(sound)]


def _last_seed(rows: Sequence[Row]) -> int:
    """The seed of the last answer, else a new one."""
    for row in reversed(rows):
        seed = row.get("seed")
        if isinstance(seed, int) and seed >= 0:
            return seed
    return secrets.randbelow(_SEEDS)


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LARGEST:
        raise InvalidRequest(f"{name} is a number of 0 to {_LARGEST:g}, not {str(value)[:40]}.")
    return float(value)


def _comment(value: Any) -> str:
    if not isinstance(value, str) or len(value) > COMMENT_LENGTH:
        raise InvalidRequest(f"A comment is a text of at most {COMMENT_LENGTH} characters.")
    return value.strip()
