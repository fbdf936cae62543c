"""A listening test as it was set up: what is asked, of which files, and what an answer is worth keeping."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from audiogen import __version__
from audiogen.errors import InvalidRequest
from audiogen.listen.folders import gather
from audiogen.listen.kind import Kind, Medium
from audiogen.listen.kinds import KINDS
from audiogen.listen.levels import MUSHRA_S
from audiogen.listen.presented import Presented, Progress, Sounds, present
from audiogen.listen.trials import Item, Plan, Row, Trial

COMMENT_LENGTH = 2000
NAME_LENGTH = 80  # of a rater
_LARGEST = 86_400.0  # seconds of a day; more of anything is an error


@dataclass(frozen=True)
class Settings:
    """What is asked, and of whom.

    Attributes:
        answers: the JSONL file; answers that it holds already are not asked again.
        kind: name of the kind of test.
        question: what the page asks; empty: the question of the kind, in the page's language.
        repeats, trials, checks: see `Plan`.
        forced: "no preference" is no answer.
        seed: of order and labels; None goes on with the one in the answers, else draws one.
        rater: who listens; None: everybody says it in the page.
    """

    answers: Path = field(default_factory=Path)
    kind: str = "ab"
    question: str = ""
    repeats: int = 1
    trials: int = 0
    checks: int = 0
    forced: bool = False
    seed: int | None = None
    rater: str | None = None

    def __post_init__(self) -> None:
        if self.rater is not None:
            check_rater(self.rater)
        if self.kind not in KINDS:
            raise InvalidRequest(f"No kind of test {self.kind!r}; there are: {', '.join(KINDS)}.")


@dataclass(frozen=True)
class Design:
    """A test that is ready to be asked."""

    settings: Settings
    items: Sequence[Item]
    medium: Medium
    presented: Presented

    @property
    def kind(self) -> Kind:
        return KINDS[self.settings.kind]

    def trials(self, seed: int, number: int) -> list[Trial]:
        """The trials of one rater; see `Plan`."""
        own = self.settings
        plan = Plan(own.question, own.repeats, own.trials, own.checks, seed, number)
        return self.kind.draw(self.items, plan)

    def page(self) -> Row:
        """What the page knows before anything is asked."""
        own = {"medium": self.medium, "forced": self.settings.forced, "comment_length": COMMENT_LENGTH}
        return self.kind.page(self.medium) | own | {"question": self.settings.question}

    def view(self, trial: Trial, names: dict[str, str]) -> Row:
        """What the page knows of a trial; `names` are opaque, by label."""
        prompt = trial.item.prompt if self.kind.name == "shows" else ""
        minimum_s = self.presented.minimum_s(trial.item)
        return {
            "id": trial.id,
            "stimuli": names,
            "minimum_s": minimum_s,
            "prompt": prompt,
            "check": trial.check,
        }

    def row(self, trial: Trial) -> Row:
        """The row of an answer to this trial, but for the answer."""
        whole = next(item for item in self.items if item.name == trial.item.name)
        stimuli = [
            {"label": label, "system": s.system, "file": str(s.file), "sha256": s.sha256}
            | self.presented.facts(whole, s)
            for label, s in trial.stimuli.items()
        ]
        return {
            "kind": trial.kind,
            "trial": trial.id,
            "question": self.settings.question,
            "item": trial.item.name,
            "repeat": trial.repeat,
            "systems": [s.system for s in whole.stimuli],
            "stimuli": stimuli,
            "minimum_s": self.presented.minimum_s(trial.item),
            "forced": self.settings.forced,
            "audiogen": __version__,
        } | ({"check": trial.check} if trial.check else {})


def open_design(
    places: Sequence[Path], reference: Path | None, settings: Settings, progress: Progress | None = None
) -> tuple[Design, list[str]]:
    """A test of folders or files, and remarks for the user.

    Raises:
        InvalidRequest: what cannot be compared, or not in this kind of test.
    """
    kind = KINDS[settings.kind]
    if reference is not None and not kind.needs_reference:
        raise InvalidRequest(f"--reference belongs to --kind mushra, not to {kind.name}.")
    if reference is None and kind.needs_reference:
        raise InvalidRequest(f"--kind {kind.name} needs the folder of the originals: --reference DIR.")
    items, medium, remarks = gather(places, reference)
    design, more = design_of(items, medium, settings, progress)
    return design, remarks + more


def design_of(
    items: Sequence[Item], medium: Medium, settings: Settings, progress: Progress | None = None
) -> tuple[Design, list[str]]:
    """The same of items that are known.

    Raises:
        InvalidRequest: too few or too many systems, the wrong medium, or a broken file.
    """
    kind = KINDS[settings.kind]
    counts = [len(item.stimuli) for item in items]
    if min(counts) < kind.least or max(counts) > kind.most:
        allowed = str(kind.least) if kind.least == kind.most else f"{kind.least} to {kind.most}"
        raise InvalidRequest(f"--kind {kind.name} compares {allowed} systems, not {max(counts)}.")
    if medium not in kind.media:
        raise InvalidRequest(f"--kind {kind.name} is for {kind.media[0]}s; these are {medium}s.")
    presented, remarks = present(items, medium, progress)
    if kind.name == "mushra" and isinstance(presented, Sounds):
        long = [name for name, own in presented.levels.items() if max(own.seconds) > MUSHRA_S]
        if long:
            remarks.append(f"longer than the {MUSHRA_S:g} s that BS.1534 advises: {', '.join(long[:5])}")
    return Design(settings, items, medium, presented), remarks


def completed(row: Row, given: Any) -> Row:
    """The row with the answer that the page sent.

    Args:
        row: from `Design.row`.
        given: answer, listened_s (by label), switches, seconds, comment.
    Raises:
        InvalidRequest: incomplete, out of range, or not heard long enough.
    """
    if not isinstance(given, dict):
        raise InvalidRequest("An answer is a JSON object.")
    heard = given.get("listened_s")
    labels = [stimulus["label"] for stimulus in row["stimuli"]]
    if not isinstance(heard, dict) or set(heard) != set(labels):
        raise InvalidRequest(f"listened_s gives the seconds of {' and '.join(labels)}.")
    seconds = {label: _number(heard[label], "listened_s") for label in labels}
    if min(seconds.values()) < row["minimum_s"]:
        raise InvalidRequest(f"Every one is heard or seen for {row['minimum_s']:g} s before an answer.")
    stimuli = [s | {"listened_s": round(seconds[s["label"]], 2)} for s in row["stimuli"]]
    return row | KINDS[row["kind"]].judge(row, given.get("answer")) | {
        "stimuli": stimuli,
        "comment": _comment(given.get("comment", "")),
        "switches": int(_number(given.get("switches"), "switches")),
        "seconds": round(_number(given.get("seconds"), "seconds"), 2),
    }  # fmt: skip


def check_rater(name: object) -> str:
    """The name as it is kept.

    Raises:
        InvalidRequest: empty, too long, or with control characters.
    """
    if not isinstance(name, str) or not name.strip():
        raise InvalidRequest("A rater has a name: give one with --rater, or write it in the page.")
    if len(name.strip()) > NAME_LENGTH or not name.strip().isprintable():
        raise InvalidRequest(f"A rater's name has at most {NAME_LENGTH} characters, all printable.")
    return name.strip()


def _number(value: Any, name: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _LARGEST:
        raise InvalidRequest(f"{name} is a number of 0 to {_LARGEST:g}, not {str(value)[:40]}.")
    return float(value)


def _comment(value: Any) -> str:
    if not isinstance(value, str) or len(value) > COMMENT_LENGTH:
        raise InvalidRequest(f"A comment is a text of at most {COMMENT_LENGTH} characters.")
    return value.strip()
