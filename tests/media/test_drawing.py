"""Drawings as people make them: any size, any paper, thin or faint; they become ink on a small square."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.errors import InvalidRequest
from audiogen.media import drawing

SIZES = (28, 64)


def rgba(grey: np.ndarray, opacity: np.ndarray | None = None) -> np.ndarray:
    """Grey [h, w] as a picture that was read."""
    full = np.ones_like(grey) if opacity is None else opacity
    return np.stack([grey, grey, grey, full]).astype(np.float32)


def stroke(size: int, width: int | None = None, level: float = 1.0) -> np.ndarray:
    """A vertical bar of light ink on black in the middle."""
    width = width or size // 8
    grey = np.zeros((size, size), np.float32)
    grey[size // 8 : -size // 8, size // 2 - width // 2 : size // 2 + (width + 1) // 2] = level
    return grey


@pytest.mark.parametrize("size", SIZES)
def test_a_drawing_of_the_right_size_stays_as_it_is(size: int) -> None:
    ink, remarks = drawing.drawing(rgba(stroke(size)), SIZES)
    np.testing.assert_allclose(ink, stroke(size), atol=1e-6)
    assert remarks == ()


@pytest.mark.parametrize("shape", [(20, 20), (512, 512), (300, 200), (90, 400)])
def test_any_size_becomes_a_square_of_64_and_is_said(shape: tuple[int, int]) -> None:
    grey = np.zeros(shape, np.float32)
    grey[shape[0] // 4 : -shape[0] // 4, shape[1] // 2 - 4 : shape[1] // 2 + 4] = 1
    ink, (remark, *_) = drawing.drawing(rgba(grey), SIZES)
    assert ink.shape == (64, 64)
    assert f"{shape[1]}x{shape[0]}" in remark and "64x64" in remark
    columns = np.flatnonzero(ink.max(0) > 0.5)
    assert abs(columns.mean() - 31.5) < 2, "what stood in the middle stands there still"


def test_dark_ink_on_light_paper_is_turned_and_said() -> None:
    ink, (remark,) = drawing.drawing(rgba(1 - stroke(64)), SIZES)
    np.testing.assert_allclose(ink, stroke(64), atol=1e-6)
    assert "turned" in remark


@pytest.mark.parametrize("level", [0.0, 1.0], ids=["dark strokes", "light strokes"])
def test_a_transparent_ground_is_paper(level: float) -> None:
    opacity = stroke(64)
    ink, _ = drawing.drawing(rgba(np.full((64, 64), level, np.float32), opacity), SIZES)
    np.testing.assert_allclose(ink, stroke(64), atol=1e-6)


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_a_blank_sheet_is_refused(level: float) -> None:
    with pytest.raises(InvalidRequest, match="x.png is blank"):
        drawing.drawing(rgba(np.full((64, 64), level, np.float32)), SIZES, "x.png")


def test_a_thin_line_on_a_large_sheet_is_still_ink() -> None:
    ink, remarks = drawing.drawing(rgba(stroke(2048, width=4)), SIZES)
    assert ink.max() == pytest.approx(1.0)
    assert any("stronger" in remark for remark in remarks)


def test_a_photograph_is_taken_with_a_warning() -> None:
    grey = np.full((64, 64), 0.9, np.float32)
    grey[0], grey[-1], grey[:, 0], grey[:, -1] = 0, 0, 0, 0
    _, remarks = drawing.drawing(rgba(grey), SIZES)
    assert any("line drawing" in remark for remark in remarks)


def test_enlarged_strokes_are_clean_and_as_wide_as_before() -> None:
    ink = drawing.enlarged(stroke(28, width=4), 64)
    middle = ink[32]
    assert middle.min() == 0 and middle.max() == pytest.approx(1)
    assert (middle > 0.5).sum() == pytest.approx(4 * 64 / 28, abs=1)
    assert ((middle > 0.05) & (middle < 0.95)).sum() <= 4, "an edge is at most two pixels wide"


@pytest.mark.parametrize("size", SIZES)
def test_a_bare_sheet_stays_bare(size: int) -> None:
    assert not drawing.enlarged(np.zeros((28, 28), np.float32), size).any()


def test_a_mask_is_feathered_only_within() -> None:
    mask = np.zeros((64, 64), np.float32)
    mask[16:48, 16:48] = 1
    soft = drawing.feathered(mask, 4)
    assert (soft[mask == 0] == 0).all(), "what stays is not touched"
    assert soft[32, 32] == 1
    assert 0 <= soft[16, 32] < 0.5 < soft[20, 32]
