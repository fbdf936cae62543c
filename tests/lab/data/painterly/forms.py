"""A digit made here: a thick 7, as MNIST stores its digits."""

from __future__ import annotations

import numpy as np

from audiogen.lab.data.painterly.form import Form, digit_form


def seven_pixels() -> np.ndarray:
    """uint8 [28, 28]."""
    image = np.zeros((28, 28), np.uint8)
    image[5:8, 7:21] = 255
    for row in range(8, 23):
        left = 18 - (row - 8) // 2
        image[row, left : left + 3] = 255
    return image


def seven_form(seed: int = 0) -> Form:
    return digit_form(seven_pixels(), np.random.default_rng(seed))
