"""Strokes follow the field of directions, and stay where they may."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.media.painting.strokes import Strokes, draw_lines, paint_strokes

SIZE = 64


def one(y: float, x: float, length: float, width: float, strength: float = 1.0) -> Strokes:
    return Strokes(np.array([[y, x]]), np.array([length]), np.array([width]), np.array([strength]))


def everywhere() -> np.ndarray:
    return np.ones((SIZE, SIZE), np.float32)


def test_a_line_is_as_long_and_wide_as_asked():
    tone = np.zeros((SIZE, SIZE), np.float32)
    draw_lines(tone, one(32, 10, 30, 4), np.zeros((SIZE, SIZE)), everywhere(), taper=0.0)
    assert tone[:, 25].sum() == pytest.approx(4, abs=1)
    assert tone[32].sum() == pytest.approx(30 + 4, abs=1.5), "a round nib reaches half its width further"


def test_a_line_follows_a_bent_field():
    """Around the middle of the sheet the directions turn: the line keeps to its circle like a hand would."""
    side = 256
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    tone = np.zeros((side, side), np.float32)
    draw_lines(tone, one(127.5, 207.5, 120, 2), np.arctan2(x, -y), np.ones_like(tone))
    radius, angle = np.hypot(y, x)[tone > 0.3], np.arctan2(y, x)[tone > 0.3]
    assert np.ptp(angle) > 1.2, "it went 120 pixels around a circle of 80"
    assert np.abs(radius - 80).max() < 7


def test_nothing_is_drawn_where_the_clip_forbids_it():
    clip = everywhere()
    clip[:, 30:] = 0
    tone = np.zeros((SIZE, SIZE), np.float32)
    draw_lines(tone, one(32, 10, 40, 4), np.zeros((SIZE, SIZE)), clip)
    assert tone[:, :30].max() > 0.5
    assert tone[:, 30:].max() == 0


def test_graphite_builds_up_and_ink_does_not():
    twice = Strokes(*(np.concatenate([a, a]) for a in one(32, 10, 30, 4, strength=0.5)))
    tones = []
    for build_up in (True, False):
        tone = np.zeros((SIZE, SIZE), np.float32)
        draw_lines(tone, twice, np.zeros((SIZE, SIZE)), everywhere(), taper=0.0, build_up=build_up)
        tones.append(tone[32, 25])
    assert tones == pytest.approx([0.75, 0.5])


def test_a_brush_leaves_its_paint_and_raises_the_surface():
    colour, height = np.ones((SIZE, SIZE, 3), np.float32), np.zeros((SIZE, SIZE), np.float32)
    red, bristles = np.array([[0.8, 0.1, 0.1]]), np.full((32, 32), 0.5)
    paint_strokes(colour, height, one(32, 10, 40, 10), red, np.zeros((SIZE, SIZE)), everywhere(), bristles)
    assert colour[32, 20] == pytest.approx(red[0], abs=0.05)
    assert height[32, 20] > 0.3
    assert (colour[5] == 1).all() and (height[5] == 0).all()
