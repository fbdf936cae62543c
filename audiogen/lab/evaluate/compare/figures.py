"""PNG figures of a comparison: quality against evaluations."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from audiogen.lab.evaluate.scores import Measure, Score
from audiogen.media.plot import require_matplotlib

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI = 100
Line = tuple[str, list[tuple[float, Score]]]  # label, [(evaluations, score)]


def quality_against_evaluations(
    panels: Sequence[tuple[Measure, Sequence[Line]]], anchors: dict[str, dict[str, Score]], item: str
) -> bytes:
    """One panel a measure, one line a contender and scheduler, bars for the 95 % intervals.

    Args:
        anchors: name -> scores; drawn as level lines where a panel has their measure.
        item: what one decoding makes.
    Raises:
        MissingPackage: matplotlib is not installed.
    """
    figure = figure_of(6.2 * len(panels), 4.6)
    for ax, (measure, lines) in zip(np.atleast_1d(figure.subplots(1, len(panels))), panels, strict=True):
        for k, (label, points) in enumerate(lines):
            ordered = sorted(points, key=lambda point: point[0])
            x = np.array([at for at, _ in ordered]) * 1.012 ** (k - len(lines) / 2)  # side by side
            y = np.array([score.value for _, score in ordered])
            ends = np.array([score.interval for _, score in ordered]).T
            bars = np.abs(ends - y)
            ax.errorbar(x, y, bars, marker="o", markersize=4, capsize=2, linewidth=1.2, label=label)
        for name, scores in anchors.items():
            if measure.name in scores:
                ax.axhline(scores[measure.name].value, color="0.6", linewidth=0.8, linestyle=":")
                ax.annotate(
                    name,
                    (1, scores[measure.name].value),
                    (-4, 2),
                    fontsize=7,
                    color="0.4",
                    xycoords=ax.get_yaxis_transform(),
                    textcoords="offset points",
                    ha="right",
                )
        ax.set_xscale("log", base=2)
        ax.xaxis.set_major_formatter("{x:g}")
        ax.set_xlabel(f"network evaluations for one {item}")
        ax.set_ylabel(measure.title + (" (more is better)" if measure.higher_is_better else ""))
        if lines and not measure.higher_is_better:
            ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    figure.axes[-1].legend(fontsize=7)
    return png(figure)


def figure_of(width: float, height: float) -> Any:
    """An empty figure, inches.

    Raises:
        MissingPackage: matplotlib is not installed.
    """
    require_matplotlib()
    from matplotlib.figure import Figure as FigureClass

    return FigureClass(figsize=(width, height), layout="constrained")


def png(figure: Figure, dpi: int = DPI) -> bytes:
    """The figure as a PNG file."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()
