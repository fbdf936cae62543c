"""The A/B kind: two sounds, which of them is preferred."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.listen import ab_report
from audiogen.listen.trials import Item, Row, Trial, trial_id

LABELS = ("A", "B")
NO_PREFERENCE = "none"


class PairedPreference:
    """A/B with or without "no preference"; see `Kind`."""

    name = "ab"

    def draw(self, items: Sequence[Item], question: str, repeats: int, seed: int) -> list[Trial]:
        """Every item once in random order, then again with sides exchanged, and so on.

        Each system is A in half of the trials (one more or less where their number is odd), so that a
        rater who always answers A prefers nobody. One item is never asked twice in a row.
        """
        rng = np.random.default_rng(seed)
        count = len(items)
        exchanged = rng.permutation((np.arange(count) + rng.integers(2)) % 2)
        trials: list[Trial] = []
        for repeat in range(repeats):
            order = rng.permutation(count)
            if trials and trials[-1].item is items[order[0]]:
                order = np.roll(order, -1)
            for k in order:
                item = items[k]
                sounds = item.sounds[::-1] if (exchanged[k] + repeat) % 2 else item.sounds
                shown = dict(zip(LABELS, sounds, strict=True))
                id_ = trial_id(self.name, question, item, repeat)
                trials.append(Trial(id_, self.name, item, repeat, shown))
        return trials

    def judge(self, trial: Trial, answer: object, forced: bool) -> Row:
        if answer == NO_PREFERENCE and not forced:
            return {"answer": NO_PREFERENCE, "preferred": None}
        if answer not in LABELS:
            allowed = ", ".join(LABELS if forced else (*LABELS, NO_PREFERENCE))
            raise InvalidRequest(f"An answer is one of {allowed}, not {answer!r}.")
        return {"answer": answer, "preferred": trial.sounds[str(answer)].system}

    def is_valid(self, row: Row) -> bool:
        sounds = row["sounds"]
        labels = [sound.get("label") for sound in sounds]
        systems = {sound["system"] for sound in sounds}
        return labels == list(LABELS) and len(systems) == 2 and row["answer"] in (*LABELS, NO_PREFERENCE)

    def summary(self, rows: Sequence[Row]) -> Row:
        return ab_report.summary(rows)

    def words(self, summary: Row) -> list[str]:
        return ab_report.words(summary)
