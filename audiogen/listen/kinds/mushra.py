"""MUSHRA: all versions of a piece, each from 0 to 100, with the reference beside and hidden among them.

Two anchors, the reference without what lies above 3.5 and 7 kHz, hold the scale. Source: ITU-R BS.1534-3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.listen.kind import LETTERS, REFERENCE
from audiogen.listen.scores import ScoreKind
from audiogen.listen.trials import Item, Row, Stimulus

ANCHORS = {"anchor35": 3500, "anchor70": 7000}  # Hz
HIDDEN = "reference"
_MIDDLE = "anchor70"
_GOOD, _MOST, _UNHEARD = 90, 0.15, 0.25  # post-screening: see `screen`


class Mushra(ScoreKind):
    name = "mushra"
    least, most = 1, len(LETTERS) - 1 - len(ANCHORS)  # BS.1534-3: not more than 12 with reference and anchors
    media = ("sound",)
    needs_reference = True
    widget = "sliders"
    scale = (0, 100)
    texts = {
        "en": {
            "question": "How good is each one, compared with the reference?",
            "help": "All are the same piece, equally loud. Give each a score: 100 is as good as the "
            "reference, "
            "0 is bad. The reference itself is hidden among them, so at least one deserves 100. Switch "
            "as often "
            "as you like, and loop a part where you hear a difference.",
        },
        "zh": {
            "question": "与参考相比，每一个有多好？",
            "help": "都是同一段音乐，音量已调成一样。请给每一个打分：100 与参考一样好，0 为很差。"
            "参考本身也藏在其中，所以至少有一个应得 100 分。可以随时切换，也可以循环有差别的一小段。",
        },
    }

    def units(self, items: Sequence[Item]) -> list[Item]:
        """With the hidden reference and the anchors among the stimuli."""
        return [replace(item, stimuli=item.stimuli + _hidden(item)) for item in items]

    def arrange(self, unit: Item, turn: int, rng: np.random.Generator) -> dict[str, Stimulus]:
        assert unit.reference is not None
        return {REFERENCE: unit.reference} | super().arrange(unit, turn, rng)

    def instruction(self, shown: dict[str, Stimulus], rng: np.random.Generator) -> str:
        raise InvalidRequest("A MUSHRA test has its own check, the hidden reference; leave out --checks.")

    def judge(self, row: Row, answer: object) -> Row:
        labels = _labels(row)
        if not isinstance(answer, dict) or list(answer) != labels or not all(map(_is_score, answer.values())):
            raise InvalidRequest(f"An answer gives each of {', '.join(labels)} a whole number of 0 to 100.")
        return {"answer": answer}

    def is_valid(self, row: Row) -> bool:
        answer = row["answer"]
        labels = _labels(row)
        return isinstance(answer, dict) and list(answer) == labels and all(map(_is_score, answer.values()))

    def compared(self, systems: Sequence[str]) -> list[str]:
        """The systems that were named; the hidden reference and the anchors hold the scale."""
        named = [name for name in systems if name not in (HIDDEN, *ANCHORS)]
        return named if len(named) > 1 else [*named, HIDDEN]

    def scores(self, row: Row) -> dict[str, float]:
        return {s["system"]: row["answer"][s["label"]] for s in row["stimuli"] if s["label"] in row["answer"]}

    def told(self, row: Row) -> str:
        return ", ".join(f"{name} {score:g}" for name, score in self.scores(row).items())

    def screen(self, rows: Sequence[Row]) -> dict[str, str]:
        """The post-screening of BS.1534-3.

        Who scores the hidden reference below 90, or the 7 kHz anchor above 90, in more than 15 % of the
        trials is left out. A piece whose 7 kHz anchor more than a quarter of the raters score above 90 has
        little above 7 kHz: nobody is left out for it.
        """
        found: dict[str, str] = {}
        dull = _dull([(row["rater"], row["item"], self.scores(row)) for row in rows])
        for rater in dict.fromkeys(row["rater"] for row in rows):
            own = [(row["item"], self.scores(row)) for row in rows if row["rater"] == rater]
            for system, wrong, but, words in (
                (HIDDEN, lambda x: x < _GOOD, set(), "the hidden reference below 90"),
                (_MIDDLE, lambda x: x > _GOOD, dull, "the 7 kHz anchor above 90"),
            ):
                heard = [scores[system] for item, scores in own if system in scores and item not in but]
                count = sum(map(wrong, heard))
                if count > _MOST * len(heard):
                    found.setdefault(rater, f"scored {words} in {count} of {len(heard)} trials")
        return found


def _dull(scored: Sequence[tuple[str, str, dict[str, float]]]) -> set[str]:
    """Pieces whose 7 kHz anchor too many take for the reference; of (rater, piece, scores)."""
    given: dict[str, dict[str, list[float]]] = {}
    for rater, item, scores in scored:
        if _MIDDLE in scores:
            given.setdefault(item, {}).setdefault(rater, []).append(scores[_MIDDLE])
    return {
        item
        for item, raters in given.items()
        if sum(np.mean(own) > _GOOD for own in raters.values()) > _UNHEARD * len(raters)
    }


def _labels(row: Row) -> list[str]:
    """Of what is scored."""
    return [s.get("label", "") for s in row["stimuli"] if s.get("label") != REFERENCE]


def _hidden(item: Item) -> tuple[Stimulus, ...]:
    """Hidden reference and anchors, unless the item brings anchors of its own."""
    if item.reference is None:
        raise InvalidRequest(f"{item.name}: MUSHRA needs a reference; name its folder with --reference.")
    own = {stimulus.system for stimulus in item.stimuli}
    made = [replace(item.reference, system=name, lowpass_hz=hz) for name, hz in ANCHORS.items()]
    return item.reference, *(anchor for anchor in made if anchor.system not in own)


def _is_score(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 100
