"""Ranking: all versions of a piece at once, from best to worst; no two alike."""

from __future__ import annotations

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.listen.scores import ScoreKind
from audiogen.listen.trials import Row, Stimulus


class Ranking(ScoreKind):
    name = "rank"
    widget = "ranks"
    scale = (1, 0)  # the last rank is the number of systems
    texts = {
        "en": {
            "question": "Which is the best, which comes next?",
            "help": "All are versions of the same piece, equally loud. Give them ranks from the best "
            "(1) to the "
            "worst: press Rank at the best first, then at the next, and so on. Press again to take a "
            "rank away.",
            "help_picture": "All are versions of the same thing. Give them ranks from the best (1) to "
            "the worst: "
            "press Rank at the best first, then at the next, and so on. Press again to take a rank "
            "away. Touch a "
            "picture to see it larger.",
        },
        "zh": {
            "question": "哪个最好，哪个其次？",
            "help": "都是同一段音乐的不同版本，音量已调成一样。请从最好（1）到最差排名："
            "先在最好的一个上按“排名”，"
            "再按其次的，依此类推。再按一次可取消。",
            "help_picture": "都是同一内容的不同版本。请从最好（1）到最差排名：先在最好的一个上按“排名”，"
            "再按其次的，依此类推。再按一次可取消。点按图片可放大。",
        },
    }

    def instruction(self, shown: dict[str, Stimulus], rng: np.random.Generator) -> str:
        return list(shown)[rng.integers(len(shown))]

    def passed(self, row: Row) -> bool:
        return bool(row["answer"][0] == row["check"])

    def judge(self, row: Row, answer: object) -> Row:
        labels = sorted(s["label"] for s in row["stimuli"])
        if not isinstance(answer, list) or sorted(map(str, answer)) != labels:
            raise InvalidRequest(f"An answer is the list of {', '.join(labels)} from best to worst.")
        return {"answer": answer}

    def is_valid(self, row: Row) -> bool:
        labels = sorted(s.get("label", "") for s in row["stimuli"])
        answer = row["answer"]
        return isinstance(answer, list) and sorted(map(str, answer)) == labels and len(labels) > 1

    def scores(self, row: Row) -> dict[str, float]:
        return {s["system"]: row["answer"].index(s["label"]) + 1.0 for s in row["stimuli"]}
