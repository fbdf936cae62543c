"""Every style: the digit can be read, the same seed is the same picture, styles differ as they should."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from audiogen.artifacts import STYLES
from audiogen.lab.data.painterly.palettes import APART, Palette
from audiogen.lab.data.painterly.render import render
from audiogen.lab.evaluate.contour_iou import iou
from audiogen.media.colour import rgb_to_lab
from tests.lab.data.painterly.forms import seven_form


def palette() -> Palette:
    """Of a painting of blues and yellows, dark and light."""
    rng = np.random.default_rng(0)
    colours = np.array([(20, 30, 90), (40, 80, 160), (230, 200, 60), (250, 240, 200), (90, 60, 30)])
    return Palette.of(Image.fromarray(colours[rng.integers(5, size=(60, 60))].astype(np.uint8)))


def paint(style: str, seed: int) -> np.ndarray:
    return render(style, seven_form(seed), np.random.default_rng(seed), [palette()])


@pytest.fixture(scope="module")
def pictures() -> dict[str, list[np.ndarray]]:
    return {style: [paint(style, seed) for seed in range(3)] for style in STYLES}


@pytest.mark.parametrize("style", STYLES)
def test_the_digit_can_be_read(style, pictures):
    kept = [iou(p.transpose(2, 0, 1) / 255, seven_form(k).contour) for k, p in enumerate(pictures[style])]
    assert np.median(kept) > 0.8, kept


@pytest.mark.parametrize("style", STYLES)
def test_the_same_seed_is_the_same_picture(style, pictures):
    assert pictures[style][1].dtype == np.uint8 and pictures[style][1].shape == (512, 512, 3)
    assert (paint(style, 1) == pictures[style][1]).all()
    assert (pictures[style][0] != pictures[style][1]).mean() > 0.3


def chroma(picture: np.ndarray) -> float:
    return float(np.linalg.norm(rgb_to_lab(picture / 255)[..., 1:], axis=-1).mean())


def test_pencil_is_grey_and_paint_is_not(pictures):
    for picture in pictures["pencil"]:
        assert (picture == picture[..., :1]).all()
    assert max(map(chroma, pictures["ink"])) < min(map(chroma, pictures["oil"]))
    assert min(map(chroma, pictures["watercolor"])) > 3


def test_ink_is_black_or_paper_and_graphite_is_in_between(pictures):
    def between(picture):
        lightness = rgb_to_lab(picture / 255)[..., 0]
        drawn = lightness < 80
        return float(((lightness > 30) & drawn).sum() / drawn.sum())

    assert max(map(between, pictures["ink"])) < 0.45 < min(map(between, pictures["pencil"]))


def test_oil_covers_the_canvas_and_watercolour_leaves_paper(pictures):
    def paper(picture):
        return float((rgb_to_lab(picture / 255)[..., 0] > 93).mean())

    assert max(map(paper, pictures["oil"])) < 0.2 < min(map(paper, pictures["watercolor"]))


def test_a_palette_parts_into_figure_and_ground_far_enough_apart_to_be_read():
    for seed in range(6):
        ground, figure = (rgb_to_lab(c)[:, 0] for c in palette().split(np.random.default_rng(seed)))
        assert abs(ground.mean() - figure.mean()) > 0.8 * APART


def test_an_unknown_style_is_no_style():
    with pytest.raises(KeyError):
        render("fresco", seven_form(), np.random.default_rng(0), [palette()])
