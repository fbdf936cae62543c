"""Do words in rising order give rising music, so that no two neighbours could be taken for each other?"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from audiogen.artifacts import Notes
from audiogen.lab.evaluate.adherence.pieces import Made
from audiogen.lab.evaluate.adherence.report import Goal, Section
from audiogen.lab.evaluate.bootstrap import ascending, estimate

WORDS = {
    "loudness": ("pp", "p", "mf", "f", "ff"),
    "density": ("sparse", "simple", "flowing", "dense"),
    "register": ("low", "middle register", "high"),
}
MEASURES: dict[str, Callable[[Notes, float], float]] = {
    "loudness": lambda notes, seconds: float(notes.velocity.mean()),
    "density": lambda notes, seconds: len(notes) / seconds,
    "register": lambda notes, seconds: float(notes.pitch.mean()),
}
UNITS = {"loudness": "mean velocity", "density": "notes/s", "register": "mean pitch"}


def settings(attribute: str) -> dict[str, list[str]]:
    """The prompts of one attribute, in rising order."""
    return {f"{attribute}: {word}": [f"piano, {word}"] for word in WORDS[attribute]}


def measure(attribute: str, made: Sequence[Made], seconds: float) -> list[Section]:
    """Medians with intervals, in the asked order."""
    rows, found = [], []
    for setting in settings(attribute):
        ours = [m for m in made if m.job.setting == setting]
        values = [MEASURES[attribute](m.notes, seconds) if len(m.notes) else np.nan for m in ours]
        found.append(estimate(values))
        asked = getattr(ours[0].job.asked, attribute) if ours else None
        word = setting.partition(": ")[2]
        rows.append({"word": word, "asked": asked, "pieces": len(ours), UNITS[attribute]: found[-1]})
    goal = Goal(
        f"{attribute} in the asked order, intervals apart ({' < '.join(WORDS[attribute])})",
        ascending(found),
        "; ".join(map(str, found)),
    )
    return [Section(f"{attribute.capitalize()}, medians", rows, [goal])]
