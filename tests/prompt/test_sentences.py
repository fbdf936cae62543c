"""Whole sentences: what is negated, compared, put in an order, or said of something else than the piece."""

from __future__ import annotations

import pytest

from audiogen.errors import InvalidRequest
from audiogen.prompt import parse


@pytest.mark.parametrize(
    "prompt",
    [
        "piano, no rain please",
        "piano without any birds",
        "钢琴,不带雨声",
        "不要雨声,只要钢琴",
        "piano, not a march",
    ],
)
def test_a_thing_that_is_not_wanted_changes_nothing_else(prompt):
    assert parse(prompt).to_dict() == {"prompt": prompt, "path": "piano", "seconds": 15.0}


@pytest.mark.parametrize(
    "prompt",
    [
        *(
            "birds but no owls",
            "鸟叫,不要乌鸦",
            "birds, no seagulls",
            "fire, but no campfire",
            "水声,不要喷泉",
        ),
        *("猫头鹰以外的鸟叫", "除了猫头鹰之外的鸟叫", "除猫头鹰外的鸟叫", "猫头鹰和乌鸦以外的鸟叫"),
        *("birds other than owls", "birds apart from owls", "all birds but owls"),
        *("any birds except owls", "birds with the exception of owls"),
    ],
)
def test_one_kind_of_a_sound_cannot_be_ruled_out(prompt):
    known = parse(prompt)
    assert set(known.sources.values()) == {1.0}
    assert any("one kind of a sound cannot be ruled out" in remark for remark in known.remarks)


def test_a_heavy_kind_that_is_ruled_out_makes_the_sound_lighter():
    assert parse("rain but no downpour").intensity < 0.5 < parse("rain but no drizzle").intensity


@pytest.mark.parametrize(
    ("prompt", "sources"),
    [
        ("除了雷声以外的雨声", {"rain"}),
        ("雷声之外的暴风雨", {"rain", "wind"}),
        ("everything but thunder: rain and wind", {"rain", "wind"}),
        ("除了雨声,还有鸟叫", {"rain", "birds"}),
        ("除了雨声外还要鸟叫", {"rain", "birds"}),
        ("雨声以外,再加鸟叫", {"rain", "birds"}),
        ("besides rain, birds", {"rain", "birds"}),
        ("apart from rain there are birds too", {"rain", "birds"}),
        ("除了雨声,也没有鸟叫,只要海浪", {"waves"}),
        ("除了雨声什么都不要", {"rain"}),
        ("除了雨声,不要别的声音", {"rain"}),
        ("no sounds except rain", {"rain"}),
        ("nothing other than rain", {"rain"}),
    ],
)
def test_what_is_left_out_what_comes_besides_and_what_is_all(prompt, sources):
    known = parse(prompt)
    assert (set(known.sources), known.unknown) == (sources, ())


def test_the_eve_of_the_new_year_leaves_nothing_out():
    assert parse("除夕夜的钢琴").path == "piano"


@pytest.mark.parametrize("prompt", ["owls but no birds", "rain, no rain"])
def test_all_of_a_sound_can_be_ruled_out(prompt):
    with pytest.raises(InvalidRequest, match="contradict each other"):
        parse(prompt)


@pytest.mark.parametrize(
    ("prompt", "weights"),
    [
        ("rain louder than birds", {"rain": 1, "birds": 0.45}),
        ("birds quieter than the rain", {"rain": 1, "birds": 0.45}),
        ("more rain than birds", {"rain": 1, "birds": 0.45}),
        ("less rain than birds", {"rain": 0.45, "birds": 1}),
        ("雨声比鸟声大", {"rain": 1, "birds": 0.45}),
    ],
)
def test_the_softer_of_two_sounds_has_the_smaller_share(prompt, weights):
    assert parse(prompt).sources == weights


@pytest.mark.parametrize(
    "prompt", ["calm piano with rain, rain louder than piano", "平静的钢琴和雨声,雨声比钢琴响"]
)
def test_a_level_beside_the_piano_is_not_said_of_the_piano(prompt):
    known = parse(prompt)
    assert (known.loudness, known.sources) == (parse("calm piano").loudness, {"rain": 1})
    assert any("beside the piano cannot be asked for" in remark for remark in known.remarks)


@pytest.mark.parametrize(
    ("prompt", "plain"),
    [("sad piano but not too sad", "sad piano"), ("悲伤的钢琴,但不要太悲伤", "悲伤的钢琴")],
)
def test_a_mood_that_is_taken_back_a_little_is_weaker(prompt, plain):
    weaker, full = parse(prompt), parse(plain)
    assert (weaker.mood, weaker.mode) == (("sad",), "minor")
    assert full.density < weaker.density < 8 and full.loudness < weaker.loudness < 64


@pytest.mark.parametrize(
    ("prompt", "sources"),
    [
        ("海边,风很大", {"waves", "wind"}),
        ("雨很大,风很小", {"rain", "wind"}),
        ("风", {"wind"}),
        ("轻轻的风,还有鸟叫", {"wind", "birds"}),
        ("雨声和风声", {"rain", "wind"}),
        ("雨声但不要雷声和风声", {"rain"}),
    ],
)
def test_the_wind_in_chinese(prompt, sources):
    assert set(parse(prompt).sources) == sources


@pytest.mark.parametrize("prompt", ["浪漫风的钢琴", "爵士风钢琴", "中国风钢琴"])
def test_a_style_in_chinese_is_no_wind(prompt):
    known = parse(prompt)
    assert (known.path, known.sources) == ("piano", {})


@pytest.mark.parametrize("prompt", ["snow", "the sound of snow falling", "下雪的声音"])
def test_snow_has_no_sound(prompt):
    with pytest.raises(InvalidRequest, match="does not know the sound of snow"):
        parse(prompt)


def test_snow_beside_something_else_is_said():
    assert "snow: left out" in parse("rain and snow").remarks[0]
    assert parse("snow piano").mood == ("cold",)


@pytest.mark.parametrize(
    ("prompt", "seconds"),
    [
        ("first rain, then birds", 15),
        ("5 seconds of rain followed by 5 seconds of birds", 10),
        ("5秒雨声,然后10秒鸟叫", 15),
        ("先下雨,再鸟叫", 15),
    ],
)
def test_an_order_is_left_out_and_its_lengths_add_up(prompt, seconds):
    known = parse(prompt)
    assert (known.seconds, known.sources) == (seconds, {"rain": 1, "birds": 1})
    assert any("the order is left out" in remark for remark in known.remarks)


@pytest.mark.parametrize(
    "prompt",
    ["piano chord progression C Am F G", "piano, C - G - Am - F", "piano ii-V-I", "钢琴,和弦走向4536251"],
)
def test_chords_are_neither_loudness_nor_key(prompt):
    known = parse(prompt)
    assert (known.loudness, known.key, known.unknown) == (None, None, ())
    assert any("chords and notes cannot be asked for" in remark for remark in known.remarks)


def test_a_kind_of_file_is_no_loudness():
    known = parse("calm piano as mp3")
    assert known.loudness == parse("calm piano").loudness
    assert "-o x.mp3" in known.remarks[0]


def test_alone_after_a_thing_is_not_lonely():
    assert parse("piano for the right hand alone").mood == ()
    assert parse("piano alone").mood == parse("rain alone").mood == ()
    assert parse("alone in the dark, piano").mood == ("lonely", "dark")


def test_an_earlier_piece_is_said_to_be_unknown():
    known = parse("like the one before but faster")
    assert known.tempo == parse("faster piano").tempo
    assert "knows nothing of earlier ones" in known.remarks[0]


@pytest.mark.parametrize(
    "prompt",
    ["piano with a long reverb", "钢琴,长长的混响", "piano with a long fade out", "music for a long journey"],
)
def test_what_is_long_beside_the_piece_is_no_length(prompt):
    assert parse(prompt).seconds == 15
    assert parse("a long piano piece").seconds == 40


def test_faster_than_a_word_lies_beyond_it():
    andante, presto = parse("piano, andante").tempo, parse("piano, presto").tempo
    assert andante < parse("piano, faster than andante").tempo < parse("piano, fast").tempo
    assert parse("piano, faster than presto").tempo > presto
    assert parse("piano, slower than andante").tempo < andante
    assert parse("piano, fast rather than slow").tempo > 120  # nothing is compared


def test_as_loud_as_is_no_loudness():
    known = parse("rain as loud as the piano")
    assert (known.path, known.loudness, known.sources) == ("piano", None, {"rain": 1})
    assert parse("rain as loud as the birds").sources == {"rain": 1, "birds": 1}


@pytest.mark.parametrize(
    "prompt",
    [
        *("雨声和钢琴一样响", "钢琴跟雨声同样大声", "piano and rain equally loud"),
        *("equally loud rain and piano", "piano with rain at the same volume"),
    ],
)
def test_as_loud_as_the_piano_cannot_be_asked_for(prompt):
    known = parse(prompt)
    assert (known.path, known.sources, known.loudness, known.intensity) == ("piano", {"rain": 1}, None, None)
    assert [remark for remark in known.remarks if "beside the piano cannot be asked for" in remark]
    assert known.unknown == ()


@pytest.mark.parametrize(
    "prompt",
    [
        *("rain and birds equally loud", "equal parts rain and birds", "half rain, half birds"),
        *("雨声和鸟叫音量相同", "雨声跟鸟叫一样多", "一半雨声一半鸟叫", "雨声和鸟叫各一半"),
    ],
)
def test_two_sounds_that_are_equally_loud(prompt):
    known = parse(prompt)
    assert (known.sources, known.intensity, known.unknown) == ({"rain": 1, "birds": 1}, None, ())


def test_what_is_like_another_thing_is_not_equally_loud():
    assert parse("像风一样的音乐").sources == parse("像瀑布一样的钢琴").sources == {}
    assert parse("和钢琴一样温柔的雨声").path == "ambience"


@pytest.mark.parametrize("prompt", ["piano then rain", "先是钢琴,后来下雨", "piano first, after that rain"])
def test_a_sound_that_should_follow_the_piano_lies_beside_it(prompt):
    known = parse(prompt)
    assert (known.path, known.sources, known.density) == ("piano", {"rain": 1}, None)
    assert any("the order is left out" in remark for remark in known.remarks)


@pytest.mark.parametrize(
    ("kind", "remark"),
    [("flac", "-o x.flac"), ("m4a", "wav, flac, ogg, mp3"), ("midi", "audiogen structure")],
)
def test_each_kind_of_file_is_answered_with_what_there_is(kind, remark):
    assert remark in parse(f"piano, {kind}").remarks[0]
