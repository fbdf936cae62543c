"""The form of a digit: what the painter and the decoder are given agree."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.lab.data.painterly.form import form_of
from tests.lab.data.painterly.forms import seven_form


def disc(radius: float) -> np.ndarray:
    """A smooth field, float [256, 256], above 0.5 within `radius` half pixels."""
    y, x = np.mgrid[:256, :256] - 127.5
    return 0.5 + (radius - np.hypot(y, x)) / 100


def test_the_contour_is_the_ink_averaged():
    form = seven_form()
    assert form.contour.shape == (64, 64) and form.contour.dtype == np.float32
    assert form.contour.mean() == pytest.approx(form.ink.mean(), rel=1e-5)
    assert 0.02 < form.contour.mean() < 0.4


def test_the_distance_of_a_disc_is_its_radius_less_the_way_from_the_middle():
    form = form_of(disc(60))
    at = np.array([276, 306, 336])
    assert form.distance[256, at] == pytest.approx(120 - (at - 256), abs=2.5)
    assert form.distance[256, 450] == pytest.approx(120 - 194, abs=2.5)


def test_the_tangent_of_a_disc_is_across_its_radius():
    tangent = form_of(disc(60)).tangent
    right, above = tangent[256, 376], tangent[136, 256]
    assert abs(np.cos(right)) < 0.1, "upright at the right"
    assert abs(np.sin(above)) < 0.1, "level above"


def test_digits_are_placed_by_chance_and_stay_on_the_sheet():
    first, again, other = seven_form(1), seven_form(1), seven_form(2)
    assert (first.ink == again.ink).all()
    assert (first.ink != other.ink).any()
    for seed in range(8):
        ink = seven_form(seed).ink
        border = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
        assert border.max() == 0
