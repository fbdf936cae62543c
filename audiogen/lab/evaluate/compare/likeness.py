"""How near results are to what was asked in words, by a CLIP or CLAP of the user's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from audiogen.artifacts import Conditioning
from audiogen.lab.evaluate.scores import Measure, Score, draws_of, mean_score

CLIP = Measure("clip", "CLIP score", higher_is_better=True)
CLAP = Measure("clap", "CLAP score", higher_is_better=True)
ANOTHERS = "real, by the words of another"  # the floor: nobody asked for it


def how_to_read(measure: Measure, item: str, network: Any) -> str:
    """A sentence for the page, to be formatted; nothing without a network."""
    if network is None:
        return ""
    source = network.source.replace("{", "{{").replace("}", "}}")
    return (
        f" *{measure.title}* is 100 times the cosine of a {item} and its words, by {source}; what is high\n"
        "depends on the network, so read it between that of real ones by their own words and by another's."
    )


def words_of(asked: Conditioning) -> str:
    """A sentence for what was asked; where there was none, of its attributes."""
    if asked.prompt.strip():
        return asked.prompt
    if asked.is_picture:
        manner = (asked.style or asked.look or "", *asked.details)
        what = f"digit {asked.subject}" if asked.path == "digit" else str(asked.subject)
        return " ".join(word for word in (*manner, what) if word)
    return " and ".join(asked.sources) or asked.path


def likeness(
    measure: Measure, rows: np.ndarray, network: Any, asked: Sequence[Conditioning]
) -> dict[str, Score]:
    """A hundred times the cosine of rows [N, D] and what was asked, in the same order."""
    cosines = (np.asarray(rows, float) * network.sentences([words_of(each) for each in asked])).sum(1)
    return {measure.name: mean_score(100 * cosines, draws_of(len(cosines)))}
