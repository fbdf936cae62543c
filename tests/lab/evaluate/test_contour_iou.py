"""The rule for ink, and the contour IoU that rests on it."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.lab.evaluate.contour_iou import iou
from audiogen.media.ink import ink_mask, otsu


def seven() -> np.ndarray:
    """A crude 7, float [64, 64], 1 is ink."""
    contour = np.zeros((64, 64), np.float32)
    contour[14:20, 18:46] = 1
    for row in range(20, 52):
        contour[row, 44 - (row - 20) // 2 - 4 : 44 - (row - 20) // 2 + 2] = 1
    return contour


def painted(
    contour: np.ndarray, ink: tuple[float, ...], paper: tuple[float, ...], size: int = 512
) -> np.ndarray:
    """The contour in two colours: float [3, size, size]."""
    mask = contour.repeat(size // 64, 0).repeat(size // 64, 1)
    inked, blank = (np.array(colour)[:, None, None] for colour in (ink, paper))
    return blank + mask * (inked - blank)


@pytest.mark.parametrize(
    "ink, paper",
    [
        ((0.1, 0.1, 0.1), (1.0, 1.0, 1.0)),
        ((0.95, 0.9, 0.7), (0.1, 0.15, 0.4)),
        ((0.45, 0.45, 0.45), (0.6, 0.6, 0.6)),
    ],
    ids=["black on white", "light on dark", "grey on grey"],
)
def test_a_picture_of_the_very_contour_has_all_of_it(ink, paper):
    assert iou(painted(seven(), ink, paper), seven()) == pytest.approx(1.0)


@pytest.mark.parametrize("size", [256, 384, 512])
def test_every_size_that_the_product_writes(size):
    assert iou(painted(seven(), (0, 0, 0), (1, 1, 1), size), seven()) == pytest.approx(1.0)


def test_a_ground_of_many_colours_is_still_paper():
    """Oil: hues of one lightness change from place to place, the light digit stands out by lightness."""
    hues = np.where(np.arange(512)[None, :, None] % 128 < 64, 1.0, 0.0) * np.ones((1, 512, 512))
    ground = np.concatenate([0.35 * hues, 0.22 * np.ones_like(hues), 0.5 * (1 - hues)])
    mask = seven().repeat(8, 0).repeat(8, 1)
    assert iou(ground + mask * (0.95 - ground), seven()) > 0.95


def test_a_shifted_digit_loses_what_does_not_overlap():
    moved = np.roll(seven(), 3, axis=1)
    both, either = (seven() * moved).sum(), np.maximum(seven(), moved).sum()
    assert iou(painted(moved, (0, 0, 0), (1, 1, 1)), seven()) == pytest.approx(both / either)


def test_another_digit_is_far_off():
    assert iou(painted(seven()[:, ::-1], (0, 0, 0), (1, 1, 1)), seven()) < 0.5


def test_small_contours_are_repeated_and_large_ones_averaged():
    block = np.zeros((32, 32), np.float32)
    block[8:20, 10:22] = 1
    picture = painted(block.repeat(2, 0).repeat(2, 1), (0, 0, 0), (1, 1, 1))
    assert iou(picture, block) == iou(picture, block.repeat(4, 0).repeat(4, 1)) == 1.0


def test_a_blank_picture_has_no_ink():
    blank = np.full((3, 256, 256), 0.8)
    assert not ink_mask(blank).any()
    assert iou(blank, seven()) == 0.0


def test_otsu_parts_two_heaps_between_them():
    values = np.concatenate([np.linspace(0, 10, 300), np.linspace(60, 70, 40)])
    assert 10 <= otsu(values) <= 60


@pytest.mark.parametrize(
    "picture, contour, words",
    [
        (np.zeros((256, 256)), seven(), "3, H, H"),
        (np.zeros((3, 256, 128)), seven(), "3, H, H"),
        (np.zeros((3, 100, 100)), seven(), "multiple of 64"),
        (np.zeros((3, 256, 256)), np.zeros((64, 64)), "no ink"),
        (np.zeros((3, 256, 256)), np.ones((28, 28)), "divides 64"),
        (np.zeros((3, 256, 256)), np.ones((64, 32)), "square"),
    ],
)
def test_what_cannot_be_compared_is_refused(picture, contour, words):
    with pytest.raises(ValueError, match=words):
        iou(picture, contour)
