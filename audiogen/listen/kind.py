"""What the kinds of test have in common: drawing the trials, choices as answers, attention checks."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.listen.order import latin_order
from audiogen.listen.trials import Item, Plan, Row, Stimulus, Trial, trial_id

Texts = dict[str, dict[str, str]]  # {"en": {...}, "zh": {...}}
Medium = Literal["sound", "picture"]
LETTERS = "ABCDEFGHIJKL"
REFERENCE = "R"  # label of the open reference
MOST_FAILED = 0.5  # a rater who fails so many of the checks is left out


@dataclass(frozen=True)
class Choice:
    """A button of the page: the answer it gives, its keys, its words."""

    value: str
    keys: str
    en: str
    zh: str


class Kind(ABC):
    """A kind of test. The page is told in data; `widget` names the part of the page that takes the answer.

    Attributes:
        name: on the command line and in the answers.
        least, most: how many systems can be compared.
        media: what it is for.
        needs_reference: whether a reference is part of it.
        trials: how many there are where nothing is said; 0: each once.
        widget: `choices`, `sliders` or `ranks`.
        choices: of the widget `choices`.
        texts: `question` and `help` in English and Chinese; those of pictures end in `_picture`.
    """

    name = ""
    least, most = 2, len(LETTERS)
    media: tuple[Medium, ...] = ("sound", "picture")
    needs_reference = False
    trials = 0
    widget = "choices"
    choices: tuple[Choice, ...] = ()
    texts: Texts = {}

    def page(self, medium: Medium) -> Row:
        """All that the page knows of this kind."""
        texts = {
            language: {name: own.get(f"{name}_{medium}", own[name]) for name in ("question", "help")}
            for language, own in self.texts.items()
        }
        choices = [asdict(choice) for choice in self.choices]
        return {"name": self.name, "widget": self.widget, "choices": choices, "texts": texts}

    # Trials

    def units(self, items: Sequence[Item]) -> list[Item]:
        """What is asked once: the items, or parts of them."""
        return list(items)

    def arrange(self, unit: Item, turn: int, rng: np.random.Generator) -> dict[str, Stimulus]:
        """The stimuli of a trial by label; `turn` is even and odd equally often."""
        order = rng.permutation(len(unit.stimuli))
        return {LETTERS[k]: unit.stimuli[j] for k, j in enumerate(order)}

    def draw(self, items: Sequence[Item], plan: Plan) -> list[Trial]:
        """All trials of a rater in the order in which they are asked; the same for the same plan.

        Every unit once, then again, and so on, in rows of a Latin square; one unit is never asked twice in a
        row. The attention checks lie evenly between.
        """
        units = self.units(items)
        count = len(units)
        asked = plan.trials or self.trials or count * plan.repeats
        rounds = -(-asked // count) if self.trials else plan.repeats
        rng = np.random.default_rng(plan.seed)
        turns = rng.permutation((np.arange(count) + rng.integers(2)) % 2) + plan.number
        rng = np.random.default_rng([plan.seed, plan.number])
        trials: list[Trial] = []
        for repeat in range(rounds):
            order = latin_order(count, plan.number + repeat, plan.seed)
            if trials and trials[-1].item is units[order[0]]:
                order = np.roll(order, -1)
            for k in order:
                shown = self.arrange(units[k], int(turns[k] + repeat), rng)
                id_ = trial_id(self.name, plan.question, units[k], repeat)
                trials.append(Trial(id_, self.name, units[k], repeat, shown))
        trials = trials[:asked]
        for k in range(plan.checks):
            unit = units[(7 * k + 3) % count]
            id_ = trial_id(self.name, plan.question, unit, f"check {k}")
            shown = self.arrange(unit, k, rng)
            check = Trial(id_, self.name, unit, 0, shown, self.instruction(shown, rng))
            trials.insert(round((k + 1) * asked / (plan.checks + 1)) + k, check)
        return trials

    # Answers

    def instruction(self, shown: dict[str, Stimulus], rng: np.random.Generator) -> str:
        """The answer that an attention check asks for."""
        return self.choices[rng.integers(len(self.choices))].value

    def passed(self, row: Row) -> bool:
        """Whether the answer to a check is the one asked for."""
        return row["answer"] == row["check"]

    def judge(self, row: Row, answer: object) -> Row:
        """The fields that `answer` adds to its row, in which its stimuli and labels stand already.

        Raises:
            InvalidRequest: no answer of this kind.
        """
        allowed = [c.value for c in self.choices if not (row["forced"] and c.value == "none")]
        if answer not in allowed:
            raise InvalidRequest(f"An answer is one of {', '.join(allowed)}, not {str(answer)[:40]!r}.")
        return {"answer": answer}

    def is_valid(self, row: Row) -> bool:
        """Whether a row of the answers file can be reported on."""
        return row["answer"] in [choice.value for choice in self.choices]

    # Report

    def told(self, row: Row) -> str:
        """The answer in words, beside a comment."""
        return str(row["answer"])

    def screen(self, rows: Sequence[Row]) -> dict[str, str]:
        """Raters whose answers are left out, and why; `rows` are all of one comparison."""
        found = {}
        for rater in dict.fromkeys(row["rater"] for row in rows):
            checks = [row for row in rows if row["rater"] == rater and row.get("check")]
            failed = sum(not self.passed(row) for row in checks)
            if checks and failed >= MOST_FAILED * len(checks):
                found[rater] = f"failed {failed} of {len(checks)} attention checks"
        return found

    @abstractmethod
    def summary(self, rows: Sequence[Row]) -> Row:
        """Numbers about the answers of one comparison (one question, one set of systems)."""

    @abstractmethod
    def words(self, summary: Row) -> list[str]:
        """The summary as lines for people."""

    def plots(self, summary: Row) -> list[str]:
        """The summary as SVG pictures."""
        return []
