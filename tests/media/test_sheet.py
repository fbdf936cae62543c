"""Contact sheets hold every picture once, in reading order."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.media.sheet import GAP, LABEL, sheet, thumbnail


def cells(count: int, size: int = 10) -> list[np.ndarray]:
    """Each of one grey of its own."""
    return [np.full((size, size, 3), 20 + 10 * k, np.uint8) for k in range(count)]


def test_pictures_stand_in_reading_order() -> None:
    made = sheet(cells(3), ["a", "b", "seed 3 水彩"], columns=2)
    step = 10 + GAP
    assert made.shape == (2 * (step + LABEL) + GAP, 2 * step + GAP, 3)
    for k, (row, column) in enumerate([(0, 0), (0, 1), (1, 0)]):
        top, left = GAP + row * (step + LABEL), GAP + column * step
        assert (made[top : top + 10, left : left + 10] == 20 + 10 * k).all()
    assert (made[GAP + step + LABEL : -LABEL - GAP, GAP + step :] == 255).all(), "the last place is empty"


def test_a_thumbnail_keeps_the_mean_colour() -> None:
    pixels = np.random.default_rng(0).random((3, 32, 32)).astype(np.float32)
    small = thumbnail(pixels, 8)
    assert small.shape == (8, 8, 3)
    np.testing.assert_allclose(small.mean((0, 1)) / 255, pixels.mean((1, 2)), atol=0.01)


def test_an_empty_sheet_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        sheet([], [])
