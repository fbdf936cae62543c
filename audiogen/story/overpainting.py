"""A composed frame in the medium of its story, by rule: figures and what is behind them at once."""

from __future__ import annotations

import numpy as np

from audiogen.making.painting import DRAWN
from audiogen.media.painting.mediums import Laid, painted
from audiogen.media.painting.outlines import middles, seams
from audiogen.story.composing import Composed


def painted_over(frame: Composed, style: str, rng: np.random.Generator, way: int) -> np.ndarray:
    """The frame in watercolor, oil, pencil or ink: float32 [3, SIDE, SIDE].

    Colours tell the parts of a figure apart; in pencil and ink lines do.

    Args:
        way: `Request.painting`.
    """
    colours = np.ascontiguousarray(frame.pixels.transpose(1, 2, 0), np.float32)
    figures = frame.figures > 0.5
    within = seams(colours, figures) if style in DRAWN else np.zeros((64, 64), np.float32)
    lines = middles(within, figures)
    made = painted(Laid(colours, figures, lines, ground=True, way=way), style, rng)
    return np.ascontiguousarray(made.transpose(2, 0, 1), np.float32)
