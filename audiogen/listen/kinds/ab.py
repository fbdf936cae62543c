"""Paired preference: two at a time, which is preferred; of more than two systems every pair is asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations

import numpy as np

from audiogen.listen import plot, preferences
from audiogen.listen.kind import Choice, Kind
from audiogen.listen.preferences import NO_PREFERENCE
from audiogen.listen.trials import Item, Row, Stimulus

LABELS = ("A", "B")


class PairedPreference(Kind):
    name = "ab"
    choices = (
        Choice("A", "1", "Prefer A", "更喜欢 A"),
        Choice(NO_PREFERENCE, "0=", "No preference", "没有偏好"),
        Choice("B", "2", "Prefer B", "更喜欢 B"),
    )
    texts = {
        "en": {
            "question": "Which do you prefer?",
            "help": "You hear the same piece in two versions, equally loud. Which one is A and which is "
            "B is drawn "
            "anew every time. Switch between them as often as you like: the music goes on at the same place.",
            "help_picture": "You see the same thing in two versions. Which one is A and which is B is "
            "drawn anew "
            "every time. Touch a picture to see it larger.",
        },
        "zh": {
            "question": "您更喜欢哪一个？",
            "help": "您会听到同一段音乐的两个版本，音量已调成一样。哪个是 A、哪个是 B，每一题都重新抽签。"
            "可以随时来回切换，音乐会在同一位置继续。",
            "help_picture": "您会看到同一内容的两个版本。哪个是 A、哪个是 B，每一题都重新抽签。"
            "点按图片可放大。",
        },
    }

    def units(self, items: Sequence[Item]) -> list[Item]:
        return [replace(item, stimuli=pair) for item in items for pair in combinations(item.stimuli, 2)]

    def arrange(self, unit: Item, turn: int, rng: np.random.Generator) -> dict[str, Stimulus]:
        """Each system is A in half of the trials, so that a rater who always answers A prefers nobody."""
        return dict(zip(LABELS, unit.stimuli[::-1] if turn % 2 else unit.stimuli, strict=True))

    def instruction(self, shown: dict[str, Stimulus], rng: np.random.Generator) -> str:
        return LABELS[rng.integers(2)]

    def judge(self, row: Row, answer: object) -> Row:
        found = super().judge(row, answer)
        chosen = preferences.preferred(row | found)
        return found | {"preferred": None if chosen == NO_PREFERENCE else chosen}

    def is_valid(self, row: Row) -> bool:
        labels = [stimulus.get("label") for stimulus in row["stimuli"]]
        systems = {stimulus["system"] for stimulus in row["stimuli"]}
        return super().is_valid(row) and labels == list(LABELS) and len(systems) == 2

    def told(self, row: Row) -> str:
        name = preferences.preferred(row)
        return "no preference" if name == NO_PREFERENCE else f"prefers {name}"

    def summary(self, rows: Sequence[Row]) -> Row:
        return preferences.summary(rows)

    def words(self, summary: Row) -> list[str]:
        return preferences.words(summary)

    def plots(self, summary: Row) -> list[str]:
        if "strength" in summary:
            rows = [(name, s["strength"], s["interval"]) for name, s in summary["strength"].items()]
            ends = [x for _, value, between in rows for x in (value, *(between or ()))]
            return [plot.intervals("strength (natural logarithm of the odds)", rows, min(ends), max(ends), 0)]
        rows = [(name, own["share"], own["interval"]) for name, own in summary["preferred"].items()]
        return [plot.intervals("share of the decided answers", rows, 0, 1, 0.5)] if rows[0][2] else []
