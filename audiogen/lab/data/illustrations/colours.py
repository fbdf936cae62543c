"""The colour that a picture on white mostly has, as a word."""

from __future__ import annotations

import numpy as np

from audiogen.media.colour import COLOURS, rgb_to_lab

__all__ = ["COLOURS", "main_colour"]

CLEAR = 0.5  # least share of the picture for a colour to be named
PAPER = 3.0  # Lab distance from white up to which a pixel is paper


def main_colour(picture: np.ndarray) -> str | None:
    """The colour of most of what is not paper; None where no colour is clear.

    Args:
        picture: uint8 [H, W, 3] on white.
    """
    lab = rgb_to_lab(picture[::4, ::4].reshape(-1, 3) / 255)
    drawn = lab[np.linalg.norm(lab - (100.0, 0.0, 0.0), axis=1) > PAPER]
    if len(drawn) < 16:
        return None
    typical = np.array(list(COLOURS.values()))
    nearest = ((drawn[:, None] - typical) ** 2).sum(-1).argmin(1)
    counts = np.bincount(nearest, minlength=len(COLOURS)) / len(drawn)
    best = int(counts.argmax())
    return list(COLOURS)[best] if counts[best] >= CLEAR else None
