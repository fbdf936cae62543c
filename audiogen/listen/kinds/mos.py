"""Opinion scores: one at a time, from 1 (bad) to 5 (excellent); absolute category rating, ITU-T P.800."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from audiogen.listen.kind import Choice
from audiogen.listen.scores import ScoreKind
from audiogen.listen.trials import Item, Row


class OpinionScore(ScoreKind):
    name = "mos"
    least = 1
    scale = (1, 5)
    choices: tuple[Choice, ...] = (
        Choice("5", "5", "Excellent", "优"),
        Choice("4", "4", "Good", "良"),
        Choice("3", "3", "Fair", "中"),
        Choice("2", "2", "Poor", "差"),
        Choice("1", "1", "Bad", "劣"),
    )
    texts = {
        "en": {
            "question": "How good does this sound?",
            "question_picture": "How good is this picture?",
            "help": "One sound at a time, all equally loud. Judge by your own measure of good and bad.",
            "help_picture": "One picture at a time. Judge by your own measure of good and bad. Touch "
            "the picture "
            "to see it larger.",
        },
        "zh": {
            "question": "这段声音有多好？",
            "question_picture": "这幅画有多好？",
            "help": "每次一段声音，音量已调成一样。请按您自己的标准打分。",
            "help_picture": "每次一幅画。请按您自己的标准打分。点按图片可放大。",
        },
    }

    def units(self, items: Sequence[Item]) -> list[Item]:
        return [replace(item, stimuli=(stimulus,)) for item in items for stimulus in item.stimuli]

    def scores(self, row: Row) -> dict[str, float]:
        return {row["stimuli"][0]["system"]: float(row["answer"])}
