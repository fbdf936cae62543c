"""Is it what was asked for? One picture or sound at a time, beside the words of its prompt."""

from __future__ import annotations

from audiogen.listen.kind import Choice
from audiogen.listen.kinds.mos import OpinionScore
from audiogen.listen.trials import Row

_WORTH = {"yes": 1.0, "partly": 0.5, "no": 0.0}


class Shows(OpinionScore):
    name = "shows"
    scale = (0, 1)
    choices = (
        Choice("yes", "1", "Yes", "是"),
        Choice("partly", "2", "Partly", "部分是"),
        Choice("no", "3", "No", "不是"),
    )
    texts = {
        "en": {
            "question": "Do you hear what was asked for?",
            "question_picture": "Does the picture show what was asked for?",
            "help": "Read the words and judge only whether they are met, not how well it is made.",
        },
        "zh": {
            "question": "您听到的是所要求的内容吗？",
            "question_picture": "这幅画画的是所要求的内容吗？",
            "help": "请读一下文字，只判断内容是否符合，不管好坏。",
        },
    }

    def scores(self, row: Row) -> dict[str, float]:
        return {row["stimuli"][0]["system"]: _WORTH[row["answer"]]}
