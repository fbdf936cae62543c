"""Names -> subject and details."""

from __future__ import annotations

import pytest

from audiogen.lab.data.illustrations.captions import Caption, captions_of

ANIMAL = ("animals-nature", "animal-mammal")
NAMES = [
    ("cat", *ANIMAL),
    ("bear", *ANIMAL),
    ("polar bear", *ANIMAL),
    ("cat face", *ANIMAL),
    ("grinning cat with smiling eyes", "smileys-emotion", "cat-face"),
    ("grinning face with smiling eyes", "smileys-emotion", "face-smiling"),
    ("red heart", "smileys-emotion", "heart"),
    ("dog", *ANIMAL),
    ("hot dog", "food-drink", "food-prepared"),
    ("red apple", "food-drink", "food-fruit"),
    ("ghost", "smileys-emotion", "face-costume"),
]
CASES = {
    "cat": Caption("cat"),
    "polar bear": Caption("bear", ("polar",)),
    "cat face": Caption("cat", ("face",)),
    "grinning cat with smiling eyes": Caption("cat", ("face", "grinning", "smiling eyes")),
    "grinning face with smiling eyes": Caption("face", ("grinning", "smiling eyes")),
    "red heart": Caption("heart", ("red",)),
    "hot dog": Caption("hot dog"),
    "red apple": Caption("apple", ("red",)),
    "ghost": Caption("ghost"),
}


def captions(extra: list[tuple[str, str, str]], least: int = 2) -> dict[str, Caption | None]:
    rows = [row for row in NAMES for _ in range(2)] + extra
    found, _ = captions_of(rows, least)
    return {row[0]: caption for row, caption in zip(rows, found, strict=True)}


@pytest.mark.parametrize("name", CASES)
def test_what_a_name_says(name):
    assert captions([])[name] == CASES[name]


def test_a_subject_with_too_few_pictures_is_left_out():
    assert captions([("okapi", *ANIMAL)])["okapi"] is None


def test_a_rare_detail_is_dropped_but_its_picture_stays():
    assert captions([("spotted cat", *ANIMAL)])["spotted cat"] == Caption("cat")


@pytest.mark.parametrize("group", ["flags", "symbols", "people-body"])
def test_flags_symbols_and_people_are_left_out(group):
    assert (
        captions([("cat", group, "x"), ("cat flag", group, "x"), ("cat flag", group, "x")])["cat flag"]
        is None
    )


@pytest.mark.parametrize(
    "name, caption",
    [
        ("cat sitting", Caption("cat")),  # a pose of one picture is too rare a word
        ("cat variant", Caption("cat")),
        ("bear face", Caption("bear", ("face",))),
        ("cat and dog", None),
        ("ping pong cat", None),
        ("sea lion", None),
    ],
)
def test_icons_are_taken_where_every_word_is_understood(name, caption):
    assert captions([(name, "", "")])[name] == caption
