"""A PNG file: what the stages that draw digits are worth, against the time of one digit."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from audiogen.lab.evaluate.digits.measures import ACCURACY, DIVERSITY
from audiogen.lab.evaluate.digits.report import CEILING, Row
from audiogen.lab.evaluate.distances import FRECHET
from audiogen.media.plot import require_matplotlib

PANELS = ((ACCURACY, "read as asked"), (FRECHET, "FID (less is better)"), (DIVERSITY, "diversity, 1 is real"))


def quality_against_time(rows: Sequence[Row]) -> bytes:
    """Accuracy, Frechet distance and diversity against milliseconds, with 95 % intervals.

    Raises:
        MissingPackage: matplotlib is not installed.
    """
    require_matplotlib()
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 4.6), layout="constrained")
    for axes, (measure, title) in zip(figure.subplots(1, len(PANELS)), PANELS, strict=True):
        for row in rows:
            score = row.scores.get(measure.name)
            if score is None:
                continue
            if row.name == CEILING:
                axes.axhline(score.value, color="0.6", linewidth=0.8, linestyle=":")
                axes.annotate(
                    row.name, (0.99, score.value), xycoords=axes.get_yaxis_transform(), ha="right", fontsize=7
                )
            if row.alone_ms is None:
                continue
            bars = np.abs(np.array(score.interval) - score.value)[:, None]
            axes.errorbar(
                row.alone_ms,
                score.value,
                bars,
                marker="o",
                markersize=4,
                capsize=2,
                linewidth=1,
                label=row.name,
            )
        axes.set_xscale("log")
        axes.set_xlabel("ms for one digit, one core")
        axes.set_ylabel(title)
        axes.grid(alpha=0.3)
    if any(row.alone_ms is not None for row in rows):
        axes.legend(fontsize=8)  # the last panel has every stage, told a digit or not
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=90)
    return buffer.getvalue()
