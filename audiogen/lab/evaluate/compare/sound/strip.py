"""One structure through every contender, as mels below one another."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audiogen.lab.evaluate.compare.figures import figure_of, png
from audiogen.media.mel import MelSettings, band_centres_hz
from audiogen.media.plot import draw_mel

DPI = 75  # mels are noise to PNG: large files


def mel_strip(panels: Sequence[tuple[str, np.ndarray]], mel: MelSettings = MelSettings()) -> bytes:
    """Log-mels below one another: coarse ones [groups, coarse_frames] and fine ones [bands, frames]."""
    figure = figure_of(10, 1.7 * len(panels) + 0.4)
    axes = np.atleast_1d(figure.subplots(len(panels), 1, sharex=True))
    for ax, (title, values) in zip(axes, panels, strict=True):
        if len(values) == mel.n_groups:
            draw_mel(ax, values, mel.coarse_rate)
        else:
            draw_mel(ax, values, mel.frame_rate, band_centres_hz(mel))
        ax.set_title(title, loc="left", fontsize=8)
    axes[-1].set_xlabel("seconds")
    return png(figure, DPI)
