"""Colours that are laid in under a contour, from layouts made here: a pizza, two foxes, a fox that cries."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from safetensors.numpy import save_file

from audiogen.artifacts import Conditioning, Contour, Picture
from audiogen.errors import MissingModel
from audiogen.making import engine
from audiogen.making.layouts import ColourLayouts
from audiogen.making.understanding import understand
from audiogen.media.colour import COLOURS, rgb_to_lab
from audiogen.provenance import replayable
from audiogen.request import LAID_IN, Request
from audiogen.stage import Sampling

SIDE = 16
FOX, PIZZA, WHITE = (240, 120, 30), (250, 210, 60), (250, 250, 250)


def disc(colour: tuple[int, int, int]) -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    pixels = np.zeros((SIDE, SIDE, 4), np.uint8)
    pixels[..., :3] = colour
    pixels[..., 3] = 255 * (np.hypot(y, x) <= SIDE / 2)
    return pixels


def plate(colour: tuple[int, int, int]) -> np.ndarray:
    pixels = disc(colour)
    pixels[..., 3] = 255
    return pixels


LAYOUTS = ColourLayouts(
    subjects=("fox", "pizza"),
    of=np.array([0, 0, 1, 0]),
    main=("orange", "", "yellow", "orange"),
    details=((), (), (), ("crying",)),
    pixels=np.stack([disc(FOX), plate(WHITE), disc(PIZZA), disc((20, 40, 220))]),
    source={"name": "made here"},
)


def ring(radius: float = 20.0, gap: bool = False) -> Contour:
    """A circle of ink in the middle of 64x64."""
    y, x = np.mgrid[:64, :64] - 31.5
    ink = np.abs(np.hypot(y, x) - radius) < 1.5
    if gap:
        ink &= ~((np.abs(y) < 12) & (x > 0))
    return Contour(ink.astype(np.float32))


def asked(subject: str, *details: str, style: str | None = None) -> Conditioning:
    return Conditioning(path="picture", subject=subject, details=details, style=style)


def laid(contour: Contour, known: Conditioning, seed: int = 0) -> np.ndarray:
    """Lab [256, 256, 3] of what is laid in."""
    picture = LAYOUTS.lay(contour, known, seed)
    assert picture is not None
    return rgb_to_lab(picture.pixels.transpose(1, 2, 0))


def test_the_figure_has_the_colours_of_its_subject_and_the_paper_stays_white() -> None:
    colours = laid(ring(), asked("pizza"))
    wanted = rgb_to_lab(np.array(PIZZA) / 255)
    assert np.abs(colours[128, 128] - wanted).max() < 2
    assert np.abs(colours[[4, 128], [4, 30]] - (100, 0, 0)).max() < 0.5


def test_a_contour_with_a_wide_gap_takes_the_outline_of_the_layout() -> None:
    colours = laid(ring(gap=True), asked("pizza"))
    assert colours[128, 128, 2] > 50 and colours[51, 51, 2] < 5  # a disc, not its box


def test_an_empty_contour_is_laid_in_the_middle() -> None:
    assert laid(Contour.empty(), asked("pizza"))[128, 128, 2] > 50


def test_a_small_closed_form_takes_one_colour() -> None:
    halves = LAYOUTS.pixels.copy()
    halves[2, : SIDE // 2, :, :3] = (30, 30, 30)
    eye = ring(20).pixels + ring(5).pixels
    picture = dataclasses.replace(LAYOUTS, pixels=halves).lay(Contour(eye), asked("pizza"), 0)
    assert picture is not None
    inside = picture.pixels[:, 120:136, 120:136]
    assert np.ptp(inside, axis=(1, 2)).max() < 0.01
    assert (
        picture.pixels[:, 70, 128].max() < 0.2 < picture.pixels[0, 190, 128]
    )  # what is not small keeps its own


@pytest.mark.parametrize("name", ["blue", "green"])
def test_an_asked_colour_takes_the_place_of_the_main_one(name: str) -> None:
    middle = laid(ring(), asked("fox", name))[128, 128]
    assert np.linalg.norm(middle - np.array(COLOURS[name])) < 5


def test_a_layout_of_the_asked_colour_is_taken_as_it_is() -> None:
    wanted = rgb_to_lab(np.array(FOX) / 255)
    for seed in range(4):  # the white fox is never drawn
        assert np.abs(laid(ring(), asked("fox", "orange"), seed)[128, 128] - wanted).max() < 2


def test_what_is_said_of_the_subject_chooses_the_layout() -> None:
    assert laid(ring(), asked("fox", "crying"))[128, 128, 2] < -50
    for seed in range(4):
        assert laid(ring(), asked("fox"), seed)[128, 128, 2] > -5


def test_a_black_layout_takes_the_colour_that_the_subject_mostly_has() -> None:
    hued = dataclasses.replace(
        LAYOUTS, details=((), ("big eyes",), (), ("crying",)), main=("orange", "white", "yellow", "")
    )
    wanted = np.array(COLOURS["orange"])
    for usual in (True, False):  # recipes of before: as it was
        picture = hued.lay(ring(), asked("fox", "big eyes"), 0, usual)
        assert picture is not None
        away = np.linalg.norm(rgb_to_lab(picture.pixels.transpose(1, 2, 0))[128, 128] - wanted)
        assert (away < 5) == usual


@pytest.mark.parametrize("style", ["pencil", "ink"])
def test_styles_without_colour_get_light_and_shade_alone(style: str) -> None:
    colours = laid(ring(), asked("fox", style=style))
    assert np.abs(colours[..., 1:]).max() < 1
    assert colours[128, 128, 0] < 97 or colours[128, 128, 0] == pytest.approx(98.3, abs=1)


def test_nothing_is_laid_in_for_a_subject_that_is_not_remembered() -> None:
    assert LAYOUTS.lay(ring(), asked("volcano"), 0) is None


def test_the_decoder_paints_over_it_unless_told_not_to(tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(ColourLayouts, "load", classmethod(lambda cls: LAYOUTS))
    for layout in (True, False):
        plan = understand(
            Request("a fox in ink", "picture", sampling=Sampling(seed=1), layout=layout, painting=2)
        )
        decoder = plan.parts[1]
        decoder.config = dataclasses.replace(decoder.config, layouts={LAID_IN: 0.5})
        take = next(iter(engine.make(plan)))
        assert take.recipe["layout"] is layout
        assert isinstance(take.picture, Picture)
        seen.append(take.picture.pixels)
    assert np.abs(seen[0] - seen[1]).max() > 0.01


def test_a_recipe_from_before_there_were_layouts_replays_without() -> None:
    old = {"pipeline": {}, "conditioning": {}, "sampling": {}, "prompt": "a fox", "device": "cpu"}
    assert not replayable(old).layout
    assert replayable({**old, "layout": True}).layout


def test_a_folder_without_layouts_is_said(tmp_path) -> None:
    (tmp_path / "config.json").write_text('{"subjects": [], "main": [], "details": []}')
    save_file({"pixels": LAYOUTS.pixels, "of": LAYOUTS.of}, tmp_path / "model.safetensors")
    with pytest.raises(MissingModel, match="no colour layouts"):
        ColourLayouts.load(tmp_path)
