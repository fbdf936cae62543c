"""Sounds of nature, alone and beside the piano: a table of prompts (ambience_*.yaml), and its rules."""

from __future__ import annotations

import pytest

from audiogen.artifacts import SOURCES
from audiogen.errors import InvalidRequest
from audiogen.prompt import parse, understand
from tests.prompt.wanted import lines, misses

LINES = [line for language in ("en", "zh") for line in lines(f"ambience_{language}")]
OF_THE_PIANO = ("tempo", "key", "mode", "metre", "density", "loudness", "register", "articulation", "pedal")
OF_THE_PIANO += ("texture", "period")


@pytest.mark.parametrize("line", LINES, ids=[line["say"] for line in LINES])
def test_prompts(line):
    if "refused" in line:
        assert misses(line) == []
    else:
        assert misses({"path": "ambience", **line}) == []


@pytest.mark.parametrize("language", ["en", "zh"])
def test_there_are_enough_prompts_and_none_twice(language):
    said = [line["say"] for line in lines(f"ambience_{language}")]
    assert len(set(said)) == len(said) >= 60


def test_a_wrong_reading_is_noticed():
    assert misses({"say": "rain", "sources": {"rain": "some"}}) == [
        "sources {'rain': 1.0}, not {'rain': 'some'}"
    ]
    assert misses({"say": "rain", "sources": {"birds": "full"}}) == [
        "sources {'rain': 1.0}, not {'birds': 'full'}"
    ]
    assert misses({"say": "rain", "sources": "none"}) == ["sources {'rain': 1.0}, not asked"]
    assert misses({"say": "heavy rain", "intensity": "light"}) == ["intensity 0.85, not light"]


@pytest.mark.parametrize("line", [line for line in LINES if "refused" not in line and "path" not in line])
def test_nothing_is_asked_of_the_piano(line):
    known = parse(line["say"])
    assert [name for name in OF_THE_PIANO if getattr(known, name) is not None] == []
    assert known.mood == ()


@pytest.mark.parametrize(
    "rising",
    [
        [
            "very light rain",
            "light rain",
            "not heavy rain",
            "not too heavy rain",
            "quite heavy rain",
            "heavy rain",
        ],
        ["drizzle", "moderate rain", "downpour"],
        ["distant thunder", "thunder, not too loud", "close thunder"],
        ["很轻的雨", "小雨", "不太大的雨", "雨下得有点大", "大雨"],
        ["遥远的雷声", "很近的雷声"],
    ],
)
def test_intensities_are_in_order(rising):
    values = [parse(prompt).intensity for prompt in rising]
    assert values == sorted(set(values)), dict(zip(rising, values, strict=True))


@pytest.mark.parametrize(
    ("prompt", "weights"),
    [
        ("rain with a few birds", {"rain": 1, "birds": 0.45}),
        ("some rain and birds", {"rain": 1, "birds": 1}),  # "some" first is an article
        ("distant thunder", {"thunder": 1}),  # nothing else to be distant from
        ("distant thunder and rain", {"thunder": 0.45, "rain": 1}),
        ("light rain and roaring waves", {"rain": 0.6, "waves": 1}),
        ("birdsong and light rain", {"birds": 1, "rain": 0.6}),
        ("mainly rain, birds", {"rain": 1, "birds": 0.45}),
        ("a stream in the forest", {"water": 1, "birds": 0.5, "wind": 0.25}),
        ("a forest", {"birds": 1, "wind": 0.5}),
        ("a thunderstorm without rain", {"thunder": 1}),
        ("rain, but no thunderstorm", {"rain": 1}),
        ("rain without wind and birds", {"rain": 1}),
        ("rain, no distant thunder, birds", {"rain": 1, "birds": 1}),
        ("rain, no loud thunder", {"rain": 1}),
        ("no heavy rain", {"rain": 1}),
        ("rain and rain and a few raindrops", {"rain": 1}),
    ],
)
def test_weights(prompt, weights):
    assert parse(prompt).sources == weights


def test_the_intensity_is_that_of_the_main_sound():
    assert parse("rain and distant thunder").intensity is None
    assert parse("rain and loud thunder").intensity == parse("loud thunder").intensity
    assert parse("light rain and roaring waves").intensity == parse("roaring waves").intensity
    assert parse("gentle thunderstorm").intensity < 0.3  # what describes beats what comes along with a word


@pytest.mark.parametrize(
    ("prompt", "sources"),
    [
        ("piano with rain", {"rain": 1}),
        ("piano, rain", {"rain": 1}),
        ("rain and piano", {"rain": 1}),
        ("piano in the rain", {"rain": 1}),
        ("piano to the sound of the waves", {"waves": 1}),
        ("birdsong piano", {"birds": 1}),
        ("海边的钢琴", {"waves": 1}),
        ("rain piano", {}),
        ("thunderstorm piano", {}),
        ("a piano piece about the sea", {}),
        ("piano like a bird", {}),
        ("a storm of notes for the piano", {}),
        ("大海般的钢琴", {}),
        ("piano without birds", {}),
        ("stormy piano", {}),
    ],
)
def test_beside_the_piano_or_a_mood_of_it(prompt, sources):
    known = parse(prompt)
    assert (known.path, known.sources) == ("piano", sources)


def test_what_describes_a_sound_beside_the_piano_is_not_said_of_the_piano():
    assert parse("piano with heavy rain").loudness is None
    known = parse("loud piano with gentle waves")
    assert known.loudness == parse("loud piano").loudness and known.intensity == 0.2
    assert parse("calm piano and rain").to_dict() == {
        **parse("calm piano").to_dict(),
        "prompt": "calm piano and rain",
        "sources": {"rain": 1.0},
    }


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("traffic", r"the sound of traffic; it knows rain, birds, .*rooster\."),
        ("cars and dogs", r"the sound of cars, dogs; it knows"),
        ("狗叫", r"dogs barking \(狗叫\); it knows rain \(雨声\), birds \(鸟鸣\), .*rooster \(公鸡\)"),
        ("ambience", r"'ambience' names a sound that audiogen knows: rain, birds"),
        ("silent rain", r"'silent' and 'rain' contradict each other"),
        ("rain, no rain", r"'rain' and 'no rain' contradict each other"),
    ],
)
def test_refusals_say_what_can_be_had(prompt, words):
    with pytest.raises(InvalidRequest, match=words) as caught:
        parse(prompt)
    assert "\n" not in str(caught.value)


def test_a_given_path_is_kept():
    assert parse("rain, calm", path="ambience").path == "ambience"
    with pytest.raises(InvalidRequest, match="it knows rain|audiogen knows: rain"):
        parse("calm waltz", path="ambience")
    assert parse("piano and rain", path="ambience").sources == {"rain": 1}


def test_understand_tells_where_sources_and_intensity_came_from():
    words = understand("heavy rain with a few birds, 10 s").words
    assert words["seconds"] == ("10 s",)
    assert words["rain"] == ("rain",) and words["birds"] == ("a few birds",)
    assert words["intensity"] == ("heavy",)
    assert words["sources"] == ("rain", "a few birds")


def test_every_source_has_a_name_in_both_languages():
    for source in SOURCES:
        assert parse(source).sources == {source: 1}
    with pytest.raises(InvalidRequest) as caught:
        parse("汽车")
    assert all(f"{source} (" in str(caught.value) for source in SOURCES)


def test_any_text_about_sounds_is_answered_or_refused():
    import random

    rng = random.Random(7)
    words = [
        "rain",
        "no",
        "without",
        "light",
        "heavy",
        "a few",
        "birds",
        "and",
        "distant",
        "thunderstorm",
        "forest",
    ]
    words += [
        "mostly",
        "piano",
        "with",
        ",",
        "silent",
        "traffic",
        "like",
        "雨声",
        "很",
        "远处",
        "不要",
        "的",
        "和",
        "钢琴",
        "10 s",
    ]
    for _ in range(1500):
        text = " ".join(rng.choice(words) for _ in range(rng.randint(1, 9)))
        try:
            known = parse(text)
        except InvalidRequest:
            continue
        assert known.path == "piano" or max(known.sources.values()) == 1, text
        assert all(0 < weight <= 1 for weight in known.sources.values()), text
        assert known.intensity is None or 0 <= known.intensity <= 1, text
