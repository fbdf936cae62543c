"""Prompts as people write them, and what must be understood."""

from __future__ import annotations

import subprocess
import sys

import pytest

from audiogen.artifacts import Conditioning
from audiogen.errors import InvalidRequest
from audiogen.prompt import parse, understand
from audiogen.prompt.language.lexicon import stems
from audiogen.prompt.language.text import number, with_digits
from audiogen.prompt.weighing import plainly

PROMPTS = [
    ("舒缓的钢琴独奏,15 秒", {"seconds": 15, "density": 3, "loudness": 44, "mood": ("calm",)}),
    ("calm piano, 15 s", {"seconds": 15, "density": 3, "loudness": 44, "mood": ("calm",)}),
    ("stormy piano in D minor, 20 s", {"key": "D minor", "mode": "minor", "seconds": 20, "loudness": 98}),
    ("暴风雨般的钢琴,d小调,20秒", {"key": "D minor", "mode": "minor", "seconds": 20, "loudness": 98}),
    ("piano at 140 bpm in 3/4, staccato", {"tempo": 140, "metre": (3, 4), "articulation": 0.1}),
    ("a slow waltz for half a minute", {"tempo": 62, "metre": (3, 4), "seconds": 30}),
    ("降E大调圆舞曲,每分钟120拍", {"key": "Eb major", "metre": (3, 4), "tempo": 120}),
    ("悲傷的鋼琴曲,一分半鐘", {"mode": "minor", "seconds": 90, "mood": ("sad",)}),
    ("fifteen seconds of sad piano without pedal", {"seconds": 15, "pedal": 0, "mode": "minor"}),
    ("悲伤的钢琴,不要踏板,十五秒", {"seconds": 15, "pedal": 0, "mode": "minor"}),
    ("Nocturne in C# minor, pp", {"key": "C# minor", "loudness": 34}),
    ("sad, but in C major", {"key": "C major", "mode": "major"}),
    ("prelude in B-flat", {"key": "Bb major"}),
    ("prelude in F#m", {"key": "F# minor"}),
    ("D# major etude", {"key": "Eb major"}),
    ("piano in A minor", {"key": "A minor"}),
    ("piano in a minor", {"key": "A minor"}),
    ("piano in a minor key", {"key": None, "mode": "minor"}),
    ("a minor piano piece", {"key": None, "mode": "minor"}),
    ("小调钢琴曲", {"key": None, "mode": "minor"}),
    ("not minor, just piano", {"mode": "major"}),
    ("Largo", {"tempo": 50}),
    ("急板,极强", {"tempo": 180, "loudness": 112}),
    ("四分之三拍的钢琴", {"metre": (3, 4)}),
    ("四三拍钢琴", {"metre": (3, 4)}),
    ("八六拍的钢琴", {"metre": (6, 8)}),
    ("六八拍的钢琴", {"metre": (6, 8)}),
    ("四四拍的钢琴", {"metre": (4, 4)}),
    ("piano tempo 90, 5 notes per second", {"tempo": 90, "density": 5}),
    ("钢琴,每秒8个音", {"density": 8}),
    ("low piano notes", {"register": 48}),
    ("高音区的钢琴", {"register": 76}),
    ("a short piano piece", {"seconds": 8}),
    ("legato, with pedal", {"articulation": 0.95, "pedal": 0.85}),
    ("softly and dreamily", {"mood": ("dreamy",), "loudness": 42}),
]
LENGTHS = [
    ("15s", 15),
    ("15 秒", 15),
    ("15秒钟", 15),
    ("12.5 seconds", 12.5),
    ("fifteen seconds", 15),
    ("twenty-five second", 25),
    ("a 30-second", 30),
    ("half a minute", 30),
    ("half-minute", 30),
    ("半分钟", 30),
    ("a minute", 60),
    ("one minute", 60),
    ("1 min 20 s", 80),
    ("1:20", 80),
    ("a minute and a half", 90),
    ("一分二十秒", 80),
    ("二十五秒", 25),
    ("两分钟", 120),
    ("10-15 s", 12.5),
    ("10 to 20 seconds", 15),
    ("-5 s", -5),
    ("0 seconds", 0),
    ("zero seconds", 0),
    ("minus five seconds", -5),
    ("负5秒", -5),
    ("10,000 seconds", 10_000),
    ("10 000 s", 10_000),
    ("two thousand five hundred seconds", 2500),
    ("10 thousand seconds", 10_000),
    ("一千二百秒", 1200),
    ("1万秒", 10_000),
    ("一万两千秒", 12_000),
    ("C major,10 s", 10),
    ("千万不要太快,15秒", 15),
]


@pytest.mark.parametrize(("prompt", "wanted"), PROMPTS)
def test_prompts(prompt, wanted):
    known = parse(prompt)
    assert {name: getattr(known, name) for name in wanted} == wanted
    assert known.path == "piano"
    assert known.prompt == prompt
    assert known.unknown == ()


@pytest.mark.parametrize(("words", "seconds"), LENGTHS)
def test_lengths(words, seconds):
    for prompt in (f"{words} piano", f"钢琴,{words}"):
        known = parse(prompt)
        assert known.seconds == seconds
        assert known.unknown == ()


def test_plain_piano_asks_for_nothing_else():
    assert parse("piano").to_dict() == {"prompt": "piano", "path": "piano", "seconds": 15.0}


@pytest.mark.parametrize(
    ("attribute", "rising"),
    [
        (
            "tempo",
            ["not fast piano", "not too fast piano", "a bit fast piano", "fast piano", "very fast piano"],
        ),
        ("tempo", ["很慢的钢琴", "慢的钢琴", "有点慢的钢琴", "不太慢的钢琴", "不慢的钢琴"]),
        ("tempo", ["allegro ma non troppo piano", "allegro piano"]),
        (
            "loudness",
            ["ppp piano", "pp piano", "p piano", "mp piano", "mf piano", "f piano", "ff piano", "fff piano"],
        ),
        ("loudness", ["very soft piano", "soft piano", "not very soft piano", "not soft piano"]),
        ("loudness", ["轻轻的钢琴", "不太吵的钢琴", "响亮的钢琴"]),
        ("density", ["sparse piano", "calm piano", "flowing piano", "dense piano", "virtuosic piano"]),
        ("register", ["low piano", "high piano"]),
        ("articulation", ["staccato piano", "legato piano"]),
    ],
)
def test_stronger_weaker_and_not_are_in_order(attribute, rising):
    values = [getattr(parse(prompt), attribute) for prompt in rising]
    assert values == sorted(set(values)), dict(zip(rising, values, strict=True))


def test_an_amount_beats_a_word_and_a_word_beats_a_mood():
    assert parse("fast piano, 60 bpm").tempo == 60
    assert parse("calm but loud piano").loudness == 92
    assert parse("calm piano, dense").density == 16
    assert parse("slow, dense piano").density == 16  # what comes along with "slow" yields


def test_two_moods_meet_in_the_middle():
    both = parse("calm and stormy piano")
    assert both.mood == ("calm", "stormy")
    assert both.density == pytest.approx((3 * 17) ** 0.5, abs=0.05)
    assert both.loudness == (44 + 98) / 2


def test_negation_ends_at_punctuation_and_reaches_over_or():
    assert parse("piano, not fast, loud").loudness == parse("loud piano").loudness
    known = parse("piano, not fast or loud")
    assert known.tempo < 100
    assert known.loudness < 64


def test_a_negated_mood_is_no_mood():
    assert parse("piano, not sad").mood == ()
    assert parse("piano, not sad").mode is None


@pytest.mark.parametrize(
    ("prompt", "unknown"),
    [
        ("piano like a wombat", ("wombat",)),
        ("piano, quixotic zeugma", ("quixotic", "zeugma")),
        ("袋熊般的钢琴", ("袋熊",)),
        ("jazz piano 7", ("jazz", "7")),
        ("piano, грустно и тихо", ("грустно", "и", "тихо")),
        ("悲しいピアノ piano", ("しいピアノ",)),
        ("슬픈 piano 🦒", ("슬픈", "🦒")),
    ],
)
def test_what_is_not_understood_is_kept(prompt, unknown):
    assert parse(prompt).unknown == unknown


@pytest.mark.parametrize(
    ("prompt", "name"),
    [
        ("piano with violin", "violin"),
        ("钢琴和小提琴", "violin"),
        ("drums", "drums"),
        ("架子鼓独奏", "drums"),
        ("a song with lyrics", "singing"),
        ("请唱一首歌", "singing"),
        ("string quartet", "strings"),
        ("交响乐", "orchestra"),
    ],
)
def test_what_cannot_be_made_is_refused_by_name(prompt, name):
    with pytest.raises(InvalidRequest, match=f"cannot make .*{name}.*solo piano"):
        parse(prompt)


@pytest.mark.parametrize(
    "prompt", ["piano, no drums", "piano without singing", "钢琴,不要鼓", "没有人声的钢琴"]
)
def test_what_is_not_wanted_is_no_reason_to_refuse(prompt):
    assert parse(prompt).path == "piano"
    assert parse(prompt).unknown == ()


@pytest.mark.parametrize(
    ("prompt", "path"),
    [
        ("heavy rain", "ambience"),
        ("森林里的鸟鸣", "ambience"),
        ("handwritten 7", "digit"),
        ("手写数字", "digit"),
        ("a cartoon cat", "picture"),
        ("一幅画", "picture"),
        ("music", "piano"),
        ("D minor", "piano"),
        ("calm", "piano"),
    ],
)
def test_the_path_by_the_words(prompt, path):
    assert parse(prompt).path == path


def test_a_given_path_is_kept():
    assert parse("heavy rain", path="piano").path == "piano"
    assert parse("a cartoon cat", path="piano").unknown == ("cartoon", "cat")
    assert parse("wombat", path="piano").unknown == ("wombat",)


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("", "empty"),
        ("  \n", "empty"),
        ("wombat", "says what to make"),
        ("15 s", "says what to make"),
        ("x" * 2001, "at most 2000"),
        ("piano, 900 bpm", "between 20 and 300 bpm, not 900"),
    ],
)
def test_what_cannot_be_understood(prompt, words):
    with pytest.raises(InvalidRequest, match=words):
        parse(prompt)


def test_conditioning_survives_its_file_form():
    known = parse("sad waltz in D minor like a wombat, 12 s")
    assert Conditioning.from_dict(known.to_dict()) == known


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("15", 15),
        ("1.5", 1.5),
        ("five", 5),
        ("nineteen", 19),
        ("ninety", 90),
        ("forty-two", 42),
        ("a hundred and twenty", 120),
        ("two hundred", 200),
        ("十", 10),
        ("十五", 15),
        ("二十", 20),
        ("九十六", 96),
        ("一百二十", 120),
        ("一百二", 120),
        ("一百零八", 108),
        ("两百", 200),
        ("一二〇", 120),
        ("七点五", 7.5),
    ],
)
def test_numbers_in_words(words, value):
    assert number(words) == value


def test_number_refuses_other_words():
    with pytest.raises(ValueError, match="no number word"):
        number("fast")


def test_spelled_numbers_keep_their_place():
    text = "for a hundred and twenty bars, twenty-five times"
    assert with_digits(text) == "for 120" + 18 * " " + "bars, 25" + 10 * " " + "times"
    assert with_digits("10,000 s, a thousand tears") == "10000  s, a thousand tears"
    assert parse("piano in three parts").metre is None
    assert parse("piano for no one and everyone").seconds == 15


def test_inflections():
    known = {word: [stem for stem, _ in stems(word)] for word in ("softly", "dreamily", "saddest", "gentler")}
    assert {"soft", "dreamy", "sad", "gentle"} <= {stem for found in known.values() for stem in found}
    assert ("drum", True) in stems("drumlike")
    assert ("violin", True) in stems("violinistic")
    assert ("drum", False) in stems("drums")
    assert parse("fortnight", path="piano").unknown == ("fortnight",)  # not "for" with an ending


def test_understanding_a_prompt_needs_no_torch():
    code = "import sys, audiogen.prompt; audiogen.prompt.parse('piano'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_a_piano_like_sounds_of_nature_has_their_mood_and_that_is_said():
    for prompt in ("piano like rain", "thunderstorm piano", "像雨滴一样的钢琴"):
        known = parse(prompt)
        assert known.path == "piano" and known.pedal is not None and known.sources == {}
        assert any("no sound of it" in remark for remark in known.remarks), prompt
    assert parse("piano without rain").remarks == ()


@pytest.mark.parametrize(
    ("prompt", "attribute", "value", "said"),
    [
        ("fast adagio", "tempo", 66, "'fast' and 'adagio'"),
        ("adagio, fast", "tempo", 140, "'adagio' and 'fast'"),
        ("loud pp", "loudness", 34, "'loud' and 'pp'"),
        ("very loud, 20 s, pp", "loudness", 34, "'very loud' and 'pp'"),
        ("presto, 40 bpm", "tempo", 40, "the more exact one counts: tempo 40"),
        ("90 bpm, 120 bpm", "tempo", 120, "the last said counts: tempo 120"),
        ("D minor, in G", "key", "G major", "key G major"),
        ("waltz in 4/4", "metre", (4, 4), "'waltz' and 'in 4/4'"),
        ("15 s, 20 s of piano", "seconds", 20, "length 20"),
        ("first soft, then loud piano", "loudness", 92, "'soft' and 'loud'"),
    ],
)
def test_contradictions_have_a_winner_and_are_said(prompt, attribute, value, said):
    known = parse(prompt)
    assert getattr(known, attribute) == value
    assert any(said in remark for remark in known.remarks), known.remarks


@pytest.mark.parametrize(
    "prompt",
    [
        "not too fast, not too slow",
        "fast allegro",
        "allegro moderato",
        "calm and stormy piano",
        "a slow waltz, pp",
        "a low bass and a high melody",
        "not slow but fast",
        "90 bpm, tempo 90",
    ],
)
def test_what_does_not_contradict_itself_is_not_called_so(prompt):
    assert parse(prompt).remarks == ()


def test_low_and_high_meet_in_the_middle():
    assert parse("a low bass and a high melody").register == 62


@pytest.mark.parametrize(
    ("prompt", "refused"),
    [
        ("no drums, guitars or vocals", None),
        ("不要鼓、吉他和人声", None),
        ("no drums, but a violin", "violin"),
        ("不要鼓,加小提琴", "violin"),
        ("piano, drums not needed", None),
        ("钢琴,鼓不要了", None),
        ("a piano that sounds like a violin", None),
        ("violin that sounds like a piano", "violin"),
        ("drumlike", None),
        ("小提琴般的旋律", None),
    ],
)
def test_how_far_a_no_or_a_like_reaches(prompt, refused):
    if refused:
        with pytest.raises(InvalidRequest, match=refused):
            parse(prompt)
    else:
        assert parse(prompt).path == "piano"


def test_a_refusal_names_the_thing_in_the_words_of_the_prompt():
    with pytest.raises(
        InvalidRequest, match=r"cannot make violin \(小提琴\), drums \(架子鼓\); it makes solo piano"
    ):
        parse("小提琴和架子鼓")


@pytest.mark.parametrize(
    ("prompt", "growth"),
    [
        ("calm piano, getting louder and louder", 1),
        ("piano that slowly gets quieter", -1),
        ("钢琴,越来越响", 1),
        ("piano, a slight crescendo", 0.6),
        ("piano, no crescendo", 0),
        ("loud piano", None),
    ],
)
def test_loudness_can_grow_or_fade_over_a_piece(prompt, growth):
    known = parse(prompt)
    assert known.growth == growth and not known.remarks
    assert known.loudness == (parse("calm piano").loudness if "calm" in prompt else known.loudness)


def test_a_change_of_loudness_is_named_as_a_musician_would():
    assert [plainly("growth", value) for value in (1, -0.6, 0)] == [
        "crescendo",
        "diminuendo",
        "even loudness",
    ]


def test_other_changes_in_the_course_of_a_piece_are_said_and_left_out():
    known = parse("calm piano, getting faster and faster")
    assert known.tempo is None
    assert any("one tempo holds" in remark for remark in known.remarks)
    assert parse("越来越快的钢琴").tempo is None


@pytest.mark.parametrize(
    ("prompt", "seconds"),
    [
        ("8 bars at 120 bpm", 16),
        ("16 bars of 3/4, 90 bpm", 32),
        ("4 bars in 6/8 at 60 bpm", 8),  # a beat of 6/8 is a dotted quarter
        ("钢琴,8小节,每分钟60拍", 32),
        ("12 s, 8 bars, 120 bpm", 12),
    ],
)
def test_a_length_in_bars(prompt, seconds):
    assert parse(prompt).seconds == seconds


def test_bars_without_a_tempo_are_said():
    known = parse("8 bars of piano")
    assert known.seconds == 15
    assert "only together with a tempo" in known.remarks[0]


def test_amounts_that_are_not_wanted():
    known = parse("piano, not in D minor, not 90 bpm")
    assert known.key is None and known.tempo is None
    assert len(known.remarks) == 2


def test_a_number_without_a_unit_is_asked_about():
    known = parse("piano 112")
    assert known.unknown == ("112",)
    assert "112 bpm" in known.remarks[0]


@pytest.mark.parametrize("prompt", ["17/3 time", "in 0/4", "3/5 metre", "17/3拍", "99/4 time"])
def test_metres_that_no_piece_has(prompt):
    with pytest.raises(InvalidRequest, match="knows 2/4, 3/4, 4/4"):
        parse(prompt)


def test_understand_tells_where_each_value_came_from():
    reading = understand("a very slow waltz in D minor, not too loud, sad, 20 s")
    assert reading.conditioning == parse("a very slow waltz in D minor, not too loud, sad, 20 s")
    assert reading.words == {
        "seconds": ("20 s",),
        "tempo": ("very slow",),
        "metre": ("waltz",),
        "key": ("in D minor",),
        "mode": ("in D minor",),
        "loudness": ("not too loud",),
        "density": ("very slow", "sad"),
        "articulation": ("sad",),
        "pedal": ("sad",),
        "mood": ("sad",),
    }
    assert understand("piano").words == {}


def test_any_text_is_answered_or_refused():
    import random

    rng = random.Random(7)
    words = [
        *"不很的快慢pp3/4:-5两分半 ",
        "very",
        "not",
        "like a",
        "violin",
        "90",
        "bpm",
        "in",
        "D",
        "minor",
        ",",
        "\n",
        "''",
    ]
    for _ in range(2000):
        text = "".join(rng.choice(words) + rng.choice(["", " "]) for _ in range(rng.randint(1, 12)))
        try:
            known = parse(text, path="piano")
        except InvalidRequest:
            continue
        assert Conditioning.from_dict(known.to_dict()) == known


def test_pictures_say_something_too():
    assert parse("🎹 😢").mood == ("sad",)
    assert parse("❤️ piano").mood == ("romantic",)
