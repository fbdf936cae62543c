"""A red disc with an outline in every medium: what it is made of is seen in it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from audiogen.media.colour import rgb_to_lab
from audiogen.media.drawing import enclosed
from audiogen.media.painting import CRISP, OWN, bodied
from audiogen.media.painting.areas import figure, smoothed
from audiogen.media.painting.hatching import across, engraved
from audiogen.media.painting.mediums import MEDIUMS, Laid, illustration, oil
from audiogen.media.painting.outlines import line, middles, thinned
from audiogen.media.painting.textures import SIZE

RADIUS = 160.0
RED = (0.85, 0.15, 0.1)


def away(size: int = SIZE) -> np.ndarray:
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.hypot(y, x) * SIZE / size


def contour(gap: float = 0.0) -> np.ndarray:
    """A ring of ink on 64x64, open to the right for `gap` of its pixels."""
    ink = np.abs(away(64) - RADIUS) < 10
    y, x = np.mgrid[:64, :64] - 31.5
    return (ink & ~((np.abs(y) < gap / 2) & (x > 0))).astype(np.float32)


def disc() -> np.ndarray:
    return np.where(away()[..., None] < RADIUS, np.array(RED), 1.0).astype(np.float32)


@pytest.fixture(scope="module")
def laid() -> Laid:
    found = figure(disc(), contour())
    return Laid(disc(), found, middles(contour(), found), way=CRISP)


@pytest.mark.parametrize("gap", [0, 6])
def test_what_a_drawing_encloses_is_found_though_it_has_gaps(gap: int) -> None:
    found = enclosed(contour(gap) > 0.5)
    wanted = away(64) < RADIUS
    assert (found & wanted).sum() > 0.97 * wanted.sum()


def test_an_open_drawing_encloses_nothing() -> None:
    stroke = np.zeros((64, 64), bool)
    stroke[range(8, 56), range(8, 56)] = True
    np.testing.assert_array_equal(enclosed(stroke), stroke)


def test_the_figure_is_what_is_painted_and_what_is_enclosed() -> None:
    wanted = away() < RADIUS
    for pixels in (disc(), np.ones_like(disc())):  # a white figure too
        found = figure(pixels, contour())
        assert (found & wanted).sum() > 0.85 * (found | wanted).sum()


def test_smoothing_takes_grain_away_and_leaves_edges() -> None:
    rng = np.random.default_rng(0)
    grainy = disc() + 0.08 * rng.standard_normal(disc().shape).astype(np.float32)
    plain = smoothed(grainy)
    inner, edge = away() < RADIUS - 20, np.abs(away() - RADIUS) > 2
    assert plain[inner].std(0).max() < 0.03
    assert np.abs(plain - disc())[edge].mean() < 0.02


def test_lines_are_thin_and_lie_in_the_middle_of_what_is_drawn() -> None:
    block = np.zeros((20, 40), bool)
    block[7:12, 4:36] = True
    thin = thinned(block)
    assert thin.sum(0).max() == 1 and thin[9].sum() > 25
    soft = middles(contour(), away() < RADIUS)
    for width in (5.0, 8.0):
        area = line(soft, width).sum() / (2 * np.pi * RADIUS)
        assert 0.7 * width < area < 1.3 * width


@pytest.mark.parametrize("name", MEDIUMS)
def test_every_medium_shows_the_figure_on_its_paper(laid: Laid, name: str) -> None:
    paint = MEDIUMS[name]
    made = paint(laid, np.random.default_rng(3))
    assert made.shape == (SIZE, SIZE, 3) and 0 <= made.min() <= made.max() <= 1
    inner, outer = made[away() < RADIUS - 20], made[away() > RADIUS + 20]
    assert outer.mean() - inner.mean() > 0.15
    hued = inner[:, 0].mean() - inner[:, 2].mean()
    assert hued > 0.3 if name not in ("pencil", "ink") else abs(hued) < 0.08
    rim = made[np.abs(away() - RADIUS) < 6].mean(-1)
    assert np.quantile(rim, 0.1) < inner.mean() - 0.02  # its line
    np.testing.assert_array_equal(paint(laid, np.random.default_rng(3)), made)


def test_an_outline_is_of_one_dark_colour_within_and_beyond_the_rim(laid: Laid) -> None:
    for way, even in ((CRISP, True), (CRISP - 1, False)):
        made = illustration(replace(laid, way=way), np.random.default_rng(0))
        tones = [np.median(made[np.abs(away() - RADIUS - beyond) < 0.5], 0) for beyond in (-1.5, 1.5)]
        assert (np.abs(tones[0] - tones[1]).max() < 0.12) == even


@pytest.mark.parametrize("name", MEDIUMS)
def test_a_ground_is_painted_around_the_figure(laid: Laid, name: str) -> None:
    paint = MEDIUMS[name]
    ground = np.broadcast_to(np.array((0.1, 0.25, 0.6), np.float32), laid.colours.shape)
    made = paint(laid.before(ground), np.random.default_rng(3))
    bare = paint(laid, np.random.default_rng(3))
    outer = away() > RADIUS + 20
    assert bare[outer].mean() - made[outer].mean() > 0.1
    if name not in ("pencil", "ink"):
        assert made[outer][:, 2].mean() - made[outer][:, 0].mean() > 0.2


def test_a_bare_canvas_is_calm_and_free_of_the_figures_colours(laid: Laid) -> None:
    bare = away() > RADIUS + 30
    calm, brushed = (oil(replace(laid, way=way), np.random.default_rng(0))[bare] for way in (OWN, OWN - 1))
    assert calm.std(0).mean() < 0.7 * brushed.std(0).mean()
    redder = [np.quantile(ground[:, 0] - ground[:, 1], 0.999) for ground in (calm, brushed)]
    assert redder[0] < 0.06 < redder[1]


@pytest.mark.parametrize("name", bodied.MEDIUMS)
def test_a_body_is_lighter_towards_the_lamp(laid: Laid, name: str) -> None:
    paint = bodied.MEDIUMS[name]
    made = paint(laid, np.random.default_rng(3))
    assert made.shape == (SIZE, SIZE, 3) and 0 <= made.min() <= made.max() <= 1
    y, x = np.mgrid[:SIZE, :SIZE] - SIZE / 2
    rim = np.abs(away() - RADIUS + 25) < 12
    lit, shaded = (made[rim & (np.sign(x) == np.sign(y)) & (sign * x > 40)].mean() for sign in (-1, 1))
    assert lit > shaded + 0.03
    np.testing.assert_array_equal(paint(laid, np.random.default_rng(3)), made)


@pytest.mark.parametrize("name", bodied.MEDIUMS)
def test_an_asked_ground_takes_the_place_of_the_mediums_own(laid: Laid, name: str) -> None:
    ground = np.broadcast_to(np.array((0.1, 0.25, 0.6), np.float32), laid.colours.shape)
    made = bodied.MEDIUMS[name](laid.before(ground), np.random.default_rng(3))
    outer = made[away() > RADIUS + 40]
    assert (
        outer[:, 2].mean() - outer[:, 0].mean() > 0.2 if name not in ("pencil", "ink") else outer.mean() < 0.8
    )


def test_the_ground_of_an_oil_is_apart_from_its_figure(laid: Laid) -> None:
    made = bodied.oil(laid, np.random.default_rng(0))
    means = [rgb_to_lab(made[where]).mean(0) for where in (away() < RADIUS - 20, away() > RADIUS + 60)]
    assert np.linalg.norm(means[0] - means[1]) > bodied.NEAREST_GROUND


def test_hatching_runs_over_a_body_and_is_wider_where_it_is_dark() -> None:
    height = np.sqrt(np.maximum(RADIUS**2 - away() ** 2, 0))
    planes = across(np.zeros_like(height), 0.0, 0.5), across(height, 0.0, 0.5)
    run = [np.gradient(plane)[1] for plane in planes]
    beside = (away() < RADIUS - 20) & (away() > RADIUS / 2)
    assert np.abs(run[0]).max() < 1e-4 < 0.1 < np.abs(run[1][beside]).mean()  # level lines, and bent ones
    cover = [
        engraved(np.random.default_rng(0), np.full_like(height, tone), planes[1], 6.0, (1.0, 3.0)).mean()
        for tone in (0.0, 0.3, 1.0)
    ]
    assert cover[0] == 0 and 0.1 < cover[1] < 0.75 * cover[2]
