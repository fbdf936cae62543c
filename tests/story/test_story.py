"""A story by our own models: one hero, frames that can be made alone, unknown words that are said."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from audiogen import scenery
from audiogen.artifacts import Conditioning, Contour, Picture
from audiogen.errors import Cancelled, InvalidRequest
from audiogen.prompt import Scene, Thing
from audiogen.request import Take
from audiogen.stage import Sampling
from audiogen.story import StoryRequest, tell, understand_story
from audiogen.story.composing import composed
from audiogen.story.figures import Figure, cut_out, laid_on, looks
from audiogen.story.overpainting import painted_over
from audiogen.story.own import Painters

FRAMES = ("on the beach", "with a dog in a room", "smiling in space")
ASKED = StoryRequest("a red fox", FRAMES, Sampling(seed=7))


def disc(colour: tuple[float, float, float], side: int = 128) -> np.ndarray:
    """A disc on white paper, [3, side, side]."""
    y, x = np.mgrid[:side, :side] / side - 0.5
    inside = (x**2 + y**2 < 0.09)[None]
    return np.where(inside, np.array(colour)[:, None, None], 1.0).astype(np.float32)


def painted(pixels: np.ndarray, contour: Contour | None = None) -> Take:
    return Take(0, Conditioning(), Sampling(), picture=Picture(pixels), contour=contour)


def test_a_frame_alone_is_that_of_the_story(tiny: Path) -> None:
    whole = list(tell(ASKED))
    assert [frame.number for frame in whole] == [1, 2, 3]
    assert [frame.picture.size for frame in whole] == [(512, 512)] * 3
    (alone,) = tell(ASKED, only=[2])
    np.testing.assert_array_equal(alone.picture.pixels, whole[1].picture.pixels)
    assert alone.recipe == whole[1].recipe
    assert alone.recipe["story"]["frame"] == 2 and alone.recipe["prompt"] == "a red fox with a dog in a room"
    again = StoryRequest.from_dict({k: v for k, v in alone.recipe["story"].items() if k != "frame"})
    assert again == ASKED


def test_the_hero_is_painted_once_and_things_look_the_same_everywhere(tiny: Path) -> None:
    plan = understand_story(ASKED)
    painters = Painters(plan, {})
    quiet = lambda stage, step, total: True  # noqa: E731
    assert painters.hero((), quiet) is painters.hero((), quiet)
    smiling = painters.hero(("smiling",), quiet)
    assert smiling is not painters.hero((), quiet)
    dog = Thing("dog")
    assert painters.thing(dog, quiet) is painters.thing(dog, quiet)
    other = Painters(understand_story(ASKED.variant(1)), {})
    assert not np.array_equal(other.hero((), quiet).rgba, painters.hero((), quiet).rgba)


def test_style_and_size_are_of_the_whole_story(tiny: Path) -> None:
    plan = understand_story(ASKED)
    assert plan.frames[0].conditioning.style == "watercolor"
    assert understand_story(dataclasses.replace(ASKED, style="油画")).frames[0].conditioning.style == "oil"
    assert (
        understand_story(dataclasses.replace(ASKED, identity="a flat fox")).frames[0].conditioning.look
        == "flat"
    )
    (frame,) = tell(dataclasses.replace(ASKED, size=384, style="flat"), only=[1])
    assert frame.picture.size == (384, 384)


def test_unknown_words_are_said(tiny: Path) -> None:
    plan = understand_story(dataclasses.replace(ASKED, frames=("juggling in space", "in oil at sea")))
    assert "frame 1: not understood, and left out: juggling" in plan.remarks
    assert "frame 2: oil: a story has one style; give --style" in plan.remarks


def test_what_the_identity_says_is_in_every_frame(tiny: Path) -> None:
    asked = dataclasses.replace(ASKED, identity="a red fox with a blue scarf in a zzyx forest")
    plan = understand_story(asked)
    assert plan.frames[0].conditioning.details == ("red", "face")
    assert all(Thing("scarf", ("blue",)) in scene.things for scene in plan.scenes)
    assert [scene.places for scene in plan.scenes] == [("beach",), ("room",), ("space",)]
    (scene,) = understand_story(dataclasses.replace(asked, frames=("smiling",))).scenes
    assert scene.places == ("forest",)
    assert plan.remarks == ("not understood of the identity, and left out: zzyx",)
    (hero,) = understand_story(dataclasses.replace(asked, identity="戴着红围巾的狐狸", frames=("x",))).frames
    assert hero.conditioning.subject == "fox" and "red" not in hero.conditioning.details


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"identity": " "}, "needs somebody"),
        ({"frames": ()}, "needs frames"),
        ({"frames": ("in space", " ")}, "Frame 2 is empty"),
        ({"frames": ("in space",) * 101}, "at most 100 frames"),
        ({"sampling": Sampling(n=2)}, "is one story"),
        ({"sampling": Sampling(variation=0.5)}, "is not varied"),
        ({"painting": 3}, "not painted in the way 3"),
    ],
)
def test_what_is_no_story_is_refused(wrong: dict, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        dataclasses.replace(ASKED, **wrong)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"identity": "a zzyx"}, "does not know how to draw"),
        ({"identity": "digit 7"}, "name an animal"),
        ({"style": "cubist"}, "no style"),
        ({"size": 500}, "384x384 or 512x512"),
        ({"negative": "blurry"}, "--negative is for pretrained"),
        ({"quality": "good"}, "--quality is for pretrained"),
    ],
)
def test_what_our_models_cannot_tell_is_refused(wrong: dict, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        understand_story(dataclasses.replace(ASKED, **wrong))
    with pytest.raises(InvalidRequest, match="no frame 4"):
        list(tell(ASKED, only=[4]))


def test_progress_cancels(tiny: Path) -> None:
    with pytest.raises(Cancelled):
        list(tell(ASKED, lambda stage, step, total: stage != "dog, decoder"))


def test_a_white_figure_is_cut_out_along_its_contour() -> None:
    ink = np.zeros((64, 64), np.float32)
    ink[16:48, 16], ink[16:48, 47], ink[16, 16:48], ink[47, 16:48] = 1, 1, 1, 1
    cut = cut_out(painted(np.ones((3, 128, 128), np.float32), Contour(ink)))
    height, width = cut.rgba.shape[1:]
    assert 60 <= height <= 70 and 60 <= width <= 70
    assert cut.rgba[3, height // 2, width // 2] == 1
    red = cut_out(painted(disc((0.9, 0.2, 0.1))))
    assert red.rgba[3, 0, 0] == 0 and red.wide == pytest.approx(1, abs=0.05)


def test_a_figure_stands_where_it_is_laid() -> None:
    paper = np.ones((3, 128, 128), np.float32)
    made = laid_on(paper, Figure(np.concatenate([disc((1, 0, 0)), np.ones((1, 128, 128))])), 0.25, 1.0, 0.5)
    changed = np.abs(made - paper).max(0) > 0.5
    rows, columns = np.nonzero(changed)
    assert columns.mean() / 128 == pytest.approx(0.25, abs=0.02) and rows.mean() / 128 == pytest.approx(
        0.75, abs=0.02
    )


def test_an_even_hero_of_the_asked_colour_looks_best() -> None:
    red, blue = (cut_out(painted(disc(colour))) for colour in ((0.85, 0.2, 0.15), (0.2, 0.4, 0.9)))
    half = disc((0.85, 0.2, 0.15))
    half[:, :, :64] = disc((0.2, 0.4, 0.9))[:, :, :64]
    mixed = cut_out(painted(half))
    assert looks(red, ["red"]) > looks(mixed, ["red"]) > looks(blue, ["red"]) - 1
    assert looks(red, []) > looks(mixed, [])


def test_scenes_are_told_apart_by_their_colours_and_follow_their_seed() -> None:
    hero = cut_out(painted(disc((0.9, 0.2, 0.1))))

    def frame(scene: Scene, seed: int = 0) -> np.ndarray:
        return composed(scene, hero, lambda thing: hero, seed).pixels

    def bottom(pixels: np.ndarray) -> np.ndarray:
        return np.median(pixels[:, 480:, :40], (1, 2))

    meadow, snow, night = (
        frame(scene) for scene in (Scene(("meadow",)), Scene(("snow",)), Scene(("meadow",), hours=("night",)))
    )
    assert bottom(meadow)[1] > bottom(meadow)[[0, 2]].max() + 0.1, "grass is green"
    assert bottom(snow).min() > 0.8, "snow is white"
    assert night.mean() < 0.8 * meadow.mean(), "a night is dark"
    np.testing.assert_array_equal(frame(Scene(("snow",)), 1), frame(Scene(("snow",)), 1))
    assert not np.array_equal(frame(Scene(("snow",)), 1), frame(Scene(("snow",)), 2))


@pytest.mark.parametrize("name", [*scenery.PLACES, ""])
@pytest.mark.parametrize("hour", ["", *scenery.LIGHTS])
def test_every_scene_can_be_laid_in(name: str, hour: str) -> None:
    scene = Scene((name,) if name else (), (hour,) if hour else ())
    pixels = scenery.weather(
        scenery.laid_in(scene, np.random.default_rng(0)), scene, np.random.default_rng(0)
    )
    assert pixels.shape == (3, scenery.SIDE, scenery.SIDE) and pixels.min() >= 0 and pixels.max() <= 1


@pytest.mark.parametrize("act", ["jump", "run", "sleep", "play", "fly", "hide", "near", "far", "stay"])
def test_what_is_done_moves_the_hero(act: str) -> None:
    hero = cut_out(painted(disc((0.9, 0.2, 0.1))))
    things = (Thing("scarf"), Thing("balloon"))
    made, plain = (
        composed(Scene(("sea",), acts=acts, things=things), hero, lambda t: hero, 3).pixels
        for acts in ((act,), ())
    )
    assert act == "stay" or not np.array_equal(made, plain)


def test_the_composer_knows_where_the_hero_is() -> None:
    red, blue = (cut_out(painted(disc(colour))) for colour in ((0.9, 0.2, 0.1), (0.1, 0.2, 0.9)))
    made = composed(Scene(("meadow",)), red, lambda thing: blue, 0)
    seen = made.pixels[:, made.hero > 0.9]
    assert (seen[0] > seen[2] + 0.3).all(), "all of it is red"
    assert not (made.pixels[0, made.hero < 0.1] > made.pixels[1:, made.hero < 0.1].max(0) + 0.5).any()
    hidden = composed(Scene(("meadow",), acts=("hide",)), red, lambda thing: blue, 0)
    open_ = composed(Scene(("meadow",), acts=("run",)), red, lambda thing: blue, 0)
    assert hidden.hero.sum() < 0.95 * open_.hero.sum(), "what stands before it hides it"
    falling = composed(Scene(("snow",), hours=("snowfall",)), red, lambda thing: blue, 0)
    seen = falling.pixels[:, falling.hero > 0.9]
    assert not (seen.min(0) > 0.9).any(), "no flake lies on the hero"


def test_a_contour_is_drawn_into_a_figure_that_follows_it() -> None:
    y, x = np.mgrid[:64, :64] / 64 - 0.5
    away = np.hypot(x, y)
    ring = (np.abs(away - 0.3) < 0.02).astype(np.float32)
    eyes = (np.hypot(np.abs(x) - 0.1, y) < 0.03).astype(np.float32)
    pale = painted(disc((0.9, 0.8, 0.7)), Contour(np.maximum(ring, eyes)))
    blind = painted(disc((0.9, 0.8, 0.7)), Contour(ring))
    face, blank = cut_out(pale), cut_out(blind)
    height, width = face.rgba.shape[1:]
    assert face.rgba[:3, height // 2, round((0.5 - 0.1 / 0.6) * width)].max() < 0.5, "an eye is dark"
    assert face.fit > 0.85 and looks(face, []) > looks(blank, []), "a face with two eyes is preferred"
    elsewhere = cut_out(painted(disc((0.9, 0.8, 0.7)), Contour(np.roll(ring, 24, 0))))
    assert elsewhere.fit < 0.6, "lines that the paint does not follow are not drawn"


def test_hats_sit_between_the_ears() -> None:
    pixels = disc((0.9, 0.2, 0.1))
    pixels[0, 4:60, 30:44], pixels[1:, 4:60, 30:44] = 0.9, 0.2  # ears
    pixels[0, 4:60, 84:98], pixels[1:, 4:60, 84:98] = 0.9, 0.2
    eared, bare = cut_out(painted(pixels)), cut_out(painted(disc((0.9, 0.2, 0.1))))
    assert eared.crown > bare.crown + 0.15


def test_only_what_is_handed_out_is_marked(tiny: Path) -> None:
    """A frame has a mark of its own; what it is composed of has none, so that no two lie over each other."""
    (frame,) = tell(ASKED, only=[1])
    assert frame.take.mark is not None and frame.recipe["watermark"]["id"] == frame.take.mark
    (bare,) = tell(dataclasses.replace(ASKED, watermark=False), only=[1])
    assert bare.take.mark is None and "watermark" not in bare.recipe
    assert 0 < np.abs(bare.picture.pixels - frame.picture.pixels).max() < 0.1


def test_a_story_is_made_again_with_the_mark_and_the_paint_of_its_time() -> None:
    assert StoryRequest.from_dict(ASKED.to_dict()) == ASKED
    said_nothing = {name: row for name, row in ASKED.to_dict().items() if name not in ("marks", "painting")}
    before = StoryRequest.from_dict(said_nothing)
    assert (before.marks, before.painting) == (1, 1)
    with pytest.raises(InvalidRequest, match="version 9"):
        StoryRequest.from_dict({**ASKED.to_dict(), "marks": 9})


def test_a_frame_is_painted_by_rule_and_names_what_its_figures_are_after(tiny: Path) -> None:
    frames = {way: next(tell(dataclasses.replace(ASKED, painting=way), only=[2])) for way in (1, 7)}
    old, new = frames[1].take, frames[7].take
    assert old.figures == () and "figures" not in old.recipe
    assert new.recipe["story"]["painting"] == 7 and "painting" not in old.recipe["story"]
    assert not np.array_equal(old.picture.pixels, new.picture.pixels)  # type: ignore[union-attr]


def test_a_composed_frame_knows_what_of_it_is_a_figure() -> None:
    figure = Figure(np.ones((4, 32, 32), np.float32))
    frame = composed(Scene(("meadow",), (), (Thing("ball"),)), figure, lambda thing: figure, 0)
    assert frame.pixels.shape == (3, scenery.SIDE, scenery.SIDE)
    assert (frame.figures >= frame.hero - 1e-6).all()
    assert frame.figures.mean() > frame.hero.mean() > 0.05


@pytest.mark.parametrize("style", ["watercolor", "oil", "pencil", "ink"])
def test_a_frame_takes_on_the_medium_with_all_that_is_in_it(style: str) -> None:
    figure = Figure(np.concatenate([disc((0.9, 0.2, 0.1))[:, 26:102, 26:102], np.ones((1, 76, 76))]))
    frame = composed(Scene(("beach",)), figure, lambda thing: figure, 0)
    made = painted_over(frame, style, np.random.default_rng(0), 7)
    assert made.shape == frame.pixels.shape and made.dtype == np.float32 and made.min() >= 0
    inside = frame.hero > 0.9
    for where in (inside, ~inside):
        step = np.abs(np.diff(made.mean(0), axis=1))[where[:, 1:]].mean()
        assert step > 1.5 * np.abs(np.diff(frame.pixels.mean(0), axis=1))[where[:, 1:]].mean()
    red, _, blue = made[:, inside].mean(1)
    assert (red > blue + 0.2) == (style in ("watercolor", "oil"))
