"""Every painterly style by name."""

from __future__ import annotations

import numpy as np

from audiogen.lab.data.painterly.form import Form
from audiogen.lab.data.painterly.ink import ink
from audiogen.lab.data.painterly.oil import oil
from audiogen.lab.data.painterly.palettes import Palette
from audiogen.lab.data.painterly.pencil import pencil
from audiogen.lab.data.painterly.watercolor import watercolor


def render(style: str, form: Form, rng: np.random.Generator, palettes: list[Palette]) -> np.ndarray:
    """A form in a style of `audiogen.artifacts.STYLES`: uint8 [512, 512, 3].

    Args:
        palettes: of real oil paintings; one is drawn by chance (oil only).
    Raises: KeyError for another style.
    """
    if style == "oil":
        picture = oil(form, rng, palettes[rng.integers(len(palettes))])
    else:
        picture = {"watercolor": watercolor, "pencil": pencil, "ink": ink}[style](form, rng)
    return np.asarray(np.round(picture * 255), np.uint8)
