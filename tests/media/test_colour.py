"""CIELAB against published values, and the way back."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.media.colour import lab_to_rgb, rgb_to_lab


@pytest.mark.parametrize(
    "rgb, lab",  # values of Lindbloom's CIE calculator, D65
    [
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 1, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 1), (32.30, 79.19, -107.86)),
    ],
)
def test_corners_of_the_cube(rgb, lab):
    assert rgb_to_lab(np.array(rgb)) == pytest.approx(np.array(lab), abs=0.02)


def test_there_and_back_at_any_shape():
    colours = np.random.default_rng(0).random((4, 5, 3))
    assert lab_to_rgb(rgb_to_lab(colours)) == pytest.approx(colours, abs=1e-4)


def test_colours_outside_of_the_screen_are_clipped():
    assert lab_to_rgb(np.array([50.0, 128.0, -128.0])).min() == 0.0
