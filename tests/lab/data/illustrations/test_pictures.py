"""What is told from the pixels of an illustration: its colour and its lines."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.artifacts import LOOKS
from audiogen.errors import InvalidRequest
from audiogen.lab.data.illustrations.captions import Caption
from audiogen.lab.data.illustrations.colours import main_colour
from audiogen.lab.data.illustrations.looks import COLOURED, LOOK_OF
from audiogen.lab.data.illustrations.seen import SEEN, seen_in
from audiogen.lab.data.illustrations.words import vocabulary, word_ids
from audiogen.media.edges import edge_contour


def square(colour: tuple[int, ...], paper: int = 255) -> np.ndarray:
    picture = np.full((256, 256, 3), paper, np.uint8)
    picture[64:192, 64:192] = colour
    return picture


@pytest.mark.parametrize(
    "colour, word",
    [
        ((221, 46, 68), "red"),
        ((255, 204, 77), "yellow"),
        ((120, 177, 89), "green"),
        ((85, 172, 238), "blue"),
        ((41, 47, 51), "black"),
        ((244, 144, 12), "orange"),
        ((255, 255, 255), None),
    ],
)
def test_the_main_colour_has_a_name(colour, word):
    assert main_colour(square(colour)) == word


def test_no_colour_is_named_where_none_prevails():
    picture = square((221, 46, 68))
    picture[64:192, 64:107], picture[64:192, 107:150] = (85, 172, 238), (120, 177, 89)
    assert main_colour(picture) is None


def test_lines_lie_where_colours_meet():
    lines = edge_contour(square((85, 172, 238)))
    assert lines.shape == (64, 64) and set(np.unique(lines)) == {0, 255}
    on = np.argwhere(lines) + 0.5
    to_edge = np.abs(np.abs(on - 32).max(1) - 16)
    assert to_edge.max() <= 1.5
    assert 60 <= len(on) <= 260, "a closed line, one or two pixels wide"


def test_a_blank_picture_has_no_lines():
    assert not edge_contour(square((255, 255, 255))).any()


def test_every_look_has_a_set_and_no_set_another_look():
    assert set(LOOK_OF.values()) == set(LOOKS)
    assert set(COLOURED) < set(LOOKS)


def test_big_eyes_are_noted_by_hand():
    assert seen_in(SEEN["big eyes"][0]) == ("big eyes",)
    assert seen_in("noto/nothing.webp") == ()


def test_a_vocabulary_has_each_word_once_and_nothing_first():
    words = vocabulary([Caption("orange"), Caption("cat", ("orange", "big eyes"))], ("orange", "blue"))
    assert words == ["", "cat", "orange", "big eyes", "blue"]
    index = {word: k for k, word in enumerate(words)}
    assert word_ids(["cat", "blue", "unheard", "cat"], index).tolist() == [1, 4] + [0] * 10


def test_too_large_a_vocabulary_is_refused():
    with pytest.raises(InvalidRequest, match="4 words, more than 3"):
        vocabulary([Caption("cat"), Caption("dog"), Caption("owl")], most=3)
