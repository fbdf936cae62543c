"""What is behind the subject of a picture, in English and Chinese."""

from __future__ import annotations

import pytest

from audiogen.prompt import parse, understand


@pytest.mark.parametrize(
    ("prompt", "subject", "background"),
    [
        ("a cartoon cat, big eyes, colorful background", "cat", ("colorful",)),
        ("a blue cat on a pink background", "cat", ("pink",)),
        ("a rabbit before a pink and blue background", "rabbit", ("pink", "blue")),
        ("a fox on a meadow at night", "fox", ("meadow", "night")),
        ("a green meadow with a cow", "cow", ("meadow",)),
        ("a dog in the rain", "dog", ("rain",)),
        ("a cat, background: forest", "cat", ("forest",)),
        ("a cat under a starry sky", "cat", ("stars",)),
        ("a cat on a mountain", "cat", ("mountains",)),
        ("一只猫,蓝色背景", "cat", ("blue",)),
        ("雪地里的狐狸", "fox", ("snow",)),
        ("背景是森林的猫", "cat", ("forest",)),
        ("下雪天的企鹅", "penguin", ("snowfall",)),
        ("夜晚的猫", "cat", ("night",)),
        ("蓝底苹果", "apple", ("blue",)),
    ],
)
def test_a_background_is_understood(prompt: str, subject: str, background: tuple[str, ...]) -> None:
    known = parse(prompt, "picture")
    assert (known.subject, known.background, known.unknown) == (subject, background, ())


@pytest.mark.parametrize(
    "prompt", ["a cat, no background", "cat with a white background", "白底的猫", "a simple cat"]
)
def test_paper_stays_bare_where_it_is_asked_to(prompt: str) -> None:
    known = parse(prompt, "picture")
    assert (known.subject, known.background, known.details) == ("cat", (), ())


def test_colours_belong_to_what_they_stand_beside() -> None:
    known = parse("a blue cat on a pink meadow", "picture")
    assert known.details == ("blue",)
    assert any("pink" in remark and "colours of its own" in remark for remark in known.remarks)


@pytest.mark.parametrize("prompt", ["a mountain", "a desert", "sunset", "a rainbow", "海豚", "a polar bear"])
def test_a_subject_is_no_background(prompt: str) -> None:
    known = parse(prompt, "picture")
    assert known.subject is not None
    assert not known.background


def test_what_is_not_understood_is_said() -> None:
    known = parse("a cat, baroque background", "picture")
    assert known.unknown == ("baroque",)
    assert any(remark.startswith("background") for remark in known.remarks)
    assert parse("a night owl", "picture").unknown == ("night",)


def test_a_digit_stands_on_bare_paper() -> None:
    known = parse("watercolor digit 7, blue background")
    assert known.background == ()
    assert any("bare paper" in remark for remark in known.remarks)


def test_explain_names_the_words() -> None:
    assert understand("a fox in the snow at night", "picture").words["background"] == (
        "in the snow",
        "at night",
    )
