"""What the words of a frame of a story show."""

from __future__ import annotations

import pytest

from audiogen import scenery
from audiogen.prompt import Scene, Thing, read_scene
from audiogen.prompt.pictures.backgrounds import COLOURFUL, PLAIN, background_words
from audiogen.prompt.pictures.words import scene_words


@pytest.mark.parametrize(
    ("english", "chinese", "scene"),
    [
        ("in a meadow", "在草地上", Scene(places=("meadow",))),
        ("playing in the snow", "在雪地里玩耍", Scene(places=("snow",), acts=("play",))),
        ("at the edge of a village by a stream", "在村边的小溪旁", Scene(places=("village", "river"))),
        ("on the beach at sunset", "夕阳下的海滩", Scene(places=("beach",), hours=("sunset",))),
        ("wearing a red scarf", "戴着红围巾", Scene(things=(Thing("scarf", ("red",)),))),
        ("smiling in the rain", "在雨中微笑", Scene(hours=("rain",), details=("smiling",))),
    ],
)
def test_english_and_chinese_show_the_same(english: str, chinese: str, scene: Scene) -> None:
    assert read_scene(english, "fox") == scene
    assert read_scene(chinese, "fox") == scene


def test_colours_belong_to_the_thing_after_them() -> None:
    scene = read_scene("a blue umbrella and a small yellow bird by the river", "fox")
    assert scene.things == (Thing("umbrella", ("blue",)), Thing("bird", ("small", "yellow")))
    assert scene.details == ()


def test_the_hero_is_no_thing_and_a_style_is_of_the_whole_story() -> None:
    assert read_scene("the fox in the snow", "fox").things == ()
    assert read_scene("the fox in the snow", "cat").things == (Thing("fox"),)
    assert read_scene("in the snow, watercolor", "fox").styles == ("watercolor",)


def test_what_is_said_of_the_hero_and_what_of_the_things_around_it() -> None:
    scene = read_scene("a red fox with a blue scarf in a forest", "fox")
    assert (scene.said, scene.things) == (("red",), (Thing("scarf", ("blue",)),))
    assert scene.places == ("forest",) and scene.details == ()


def test_words_that_are_not_known_are_kept() -> None:
    assert read_scene("juggling zzyx in the snow", "fox").unknown == ("juggling", "zzyx")


def test_every_place_and_hour_of_the_list_can_be_laid_in() -> None:
    phrases = scene_words().phrases | background_words().phrases
    terms = {(term.kind, term.name) for term in phrases.values()} - {("place", PLAIN), ("place", COLOURFUL)}
    assert {name for kind, name in terms if kind == "place"} == set(scenery.PLACES)
    assert {name for kind, name in terms if kind == "hour"} == set(scenery.LIGHTS)
