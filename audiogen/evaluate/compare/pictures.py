"""PNG files of a comparison: quality against evaluations, and one structure through every contender."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from audiogen.evaluate.scores import Measure, Score
from audiogen.media.mel import MelSettings, band_centres_hz
from audiogen.media.plot import draw_mel, require_matplotlib

if TYPE_CHECKING:
    from matplotlib.figure import Figure

DPI, STRIP_DPI = 100, 75  # mels are noise to PNG: large files
Line = tuple[str, list[tuple[float, Score]]]  # label, [(evaluations, score)]


def quality_against_evaluations(
    panels: Sequence[tuple[Measure, Sequence[Line]]], anchors: dict[str, dict[str, Score]]
) -> bytes:
    """One panel a measure, one line a contender and scheduler, bars for the 95 % intervals.

    Args:
        anchors: name -> scores; drawn as level lines where a panel has their measure.
    Raises:
        MissingPackage: matplotlib is not installed.
    """
    figure = _figure(6.2 * len(panels), 4.6)
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
        ax.set_xlabel("network evaluations for one sound")
        ax.set_ylabel(measure.title + (" (more is better)" if measure.higher_is_better else ""))
        if lines and not measure.higher_is_better:
            ax.set_ylim(bottom=min(0.0, ax.get_ylim()[0]))
    figure.axes[-1].legend(fontsize=7)
    return _png(figure)


def mel_strip(panels: Sequence[tuple[str, np.ndarray]], mel: MelSettings = MelSettings()) -> bytes:
    """Log-mels below one another: coarse ones [groups, coarse_frames] and fine ones [bands, frames]."""
    figure = _figure(10, 1.7 * len(panels) + 0.4)
    axes = np.atleast_1d(figure.subplots(len(panels), 1, sharex=True))
    for ax, (title, values) in zip(axes, panels, strict=True):
        if len(values) == mel.n_groups:
            draw_mel(ax, values, mel.coarse_rate)
        else:
            draw_mel(ax, values, mel.frame_rate, band_centres_hz(mel))
        ax.set_title(title, loc="left", fontsize=8)
    axes[-1].set_xlabel("seconds")
    return _png(figure, STRIP_DPI)


def _figure(width: float, height: float) -> Any:
    require_matplotlib()
    from matplotlib.figure import Figure as FigureClass

    return FigureClass(figsize=(width, height), layout="constrained")


def _png(figure: Figure, dpi: int = DPI) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()
