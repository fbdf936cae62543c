"""What prompts for pictures ask for, in English and Chinese, and what is refused with words that help."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audiogen.artifacts import LOOKS, PICTURES, STYLES
from audiogen.errors import AudiogenError, InvalidRequest
from audiogen.prompt import drawable, parse, style_named, understand
from audiogen.prompt.pictures.words import load, picture_words
from audiogen.registry import WEIGHTS_FOLDER


@pytest.mark.parametrize(
    ("prompt", "digit", "style"),
    [
        ("水彩风格的数字 7", "7", "watercolor"),
        ("油画风格的数字3", "3", "oil"),
        ("素描风格的数字9", "9", "pencil"),
        ("钢笔画的数字 5", "5", "ink"),
        ("手写数字三", "3", None),
        ("数字零", "0", None),
        ("一个水彩数字一", "1", "watercolor"),
        ("a watercolor digit 7", "7", "watercolor"),
        ("number seven in pen and ink", "7", "ink"),
        ("the number 4, oil painting", "4", "oil"),
        ("pencil sketch of the digit zero", "0", "pencil"),
        ("handwritten 7", "7", None),
        ("Digit ７ in Watercolour", "7", "watercolor"),
    ],
)
def test_digits(prompt: str, digit: str, style: str | None) -> None:
    known = parse(prompt)
    assert (known.path, known.subject, known.style, known.look) == ("digit", digit, style, None)
    assert known.unknown == () and known.remarks == ()


@pytest.mark.parametrize(
    ("prompt", "subject", "rest"),
    [
        ("a cartoon cat, big eyes", "cat", {"details": ("big eyes",)}),
        ("一只卡通猫", "cat", {}),
        ("三只卡通猫", "cat", {"count": 3}),
        ("two fluffy cartoon dogs", "dog", {"count": 2, "details": ("fluffy",)}),
        ("a pair of cartoon cats", "cat", {"count": 2}),
        ("一对卡通猫", "cat", {"count": 2}),
        ("一群卡通鸟", "bird", {"count": 3}),
        ("seven cartoon cats", "cat", {"count": 7}),
        ("a pair of scissors", "scissors", {}),
        ("一双手套", "gloves", {}),
        ("毛茸茸的卡通猫", "cat", {"details": ("fluffy",)}),
        ("水彩 猫", "cat", {"style": "watercolor"}),
        ("大眼睛的橘猫, 插画", "cat", {"details": ("big eyes", "orange")}),
        ("a smiling panda, illustration", "panda", {"details": ("smiling",)}),
        ("oil painting of a strawberry", "strawberry", {"style": "oil"}),
        ("an elephant in ink", "elephant", {"style": "ink"}),
        ("a bird in watercolor", "bird", {"style": "watercolor"}),
        ("水彩小鸟", "bird", {"style": "watercolor"}),
        ("a drawing of bunnies", "rabbit", {}),
        ("a 3d dog icon", "dog", {"look": "3d"}),
        ("像素画 披萨", "pizza", {"look": "pixel"}),
        ("picture of an ice cream", "ice cream", {}),
        ("a cartoon cat with big green eyes", "cat", {"details": ("big eyes", "green eyes")}),
        ("a big black cat with green eyes, cartoon", "cat", {"details": ("green eyes", "large", "black")}),
        ("a blue-eyed dog, cartoon", "dog", {"details": ("blue eyes",)}),
        ("绿眼睛的猫, 插画", "cat", {"details": ("green eyes",)}),
        ("插画，蓝色的大眼睛的猫", "cat", {"details": ("blue eyes", "big eyes")}),
        ("cartoon cat, not a dog", "cat", {}),
        ("an orange, watercolor", "tangerine", {"style": "watercolor"}),
        ("draw me a puppy", "dog", {}),
        ("卡通柯基", "dog", {}),
        ("a happy watercolor cat", "cat", {"style": "watercolor", "details": ("smiling",)}),
        ("cartoon cat, 384x384", "cat", {"size": 384}),
        ("一张猫头鹰的图片", "owl", {}),
    ],
)
def test_subjects(prompt: str, subject: str, rest: dict) -> None:
    known = parse(prompt)
    asked = known.to_dict()
    assert {asked.pop(name) for name in ("path", "subject")} == {"picture", subject}
    assert asked == {"prompt": prompt} | rest


@pytest.mark.parametrize(
    ("prompt", "words"),
    [
        ("数字 12", '12: a picture has one digit.*"digit 1" and "digit 2"'),
        ("数字十二", '"digit 1" and "digit 2"'),
        ("digits 3 and 8", '3, 8: a picture has one digit.*"digit 3" and "digit 8"'),
        ("digit -3", "-3: a picture has one digit, 0 to 9"),
        ("digit 3.5", "3.5: a picture has one digit"),
        ("a cubist digit 5", "no style 'cubist'; it paints in watercolor, oil, pencil, ink"),
        ("digit 5, charcoal", "no style 'charcoal'"),
        ("敦煌风格的数字 3", "no style '敦煌'"),
        ("digit 4 in the style of klimt", "no style 'klimt'"),
        ("a cartoon wombat", "how to draw 'wombat'.*cat, dog.*explain --subjects"),
        ("a cartoon girafe", "Near it: giraffe"),
        ("卡通蝴", "'蝴'. Near it: butterfly \\(蝴蝶\\)"),
        ("a cat with the digit 7", "'cat' and the digit 7 do not fit"),
        ("digit 7 made of flowers", "'flowers' and the digit 7 do not fit"),
        ("cartoon cat, 300x200", "square, not 300x200"),
    ],
)
def test_what_cannot_be_drawn_is_refused_with_what_can(prompt: str, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words) as caught:
        parse(prompt)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("prompt", "remark"),
    [
        ("a dozen cartoon cats", "a dozen: 9 are painted, more do not fit"),
        ("十二只卡通猫", "十二: 9 are painted"),
        ("a cartoon cat and a dog", "dog: left out; a picture has one subject"),
        ("a flat watercolor cat", "flat: left out; a picture has one style"),
        ("watercolor digit 7, 15 s", "15 s: a picture has no length"),
        ("smiling digit 7", "smiling: left out; a digit has a style and no details"),
        ("卡通海马", "海马: drawn as 马 (horse)"),
    ],
)
def test_what_is_taken_otherwise_is_said(prompt: str, remark: str) -> None:
    assert any(remark in said for said in parse(prompt).remarks)


def test_what_is_not_understood_is_reported() -> None:
    assert parse("a cartoon cat on a xylophone").unknown == ("xylophone",)


def test_the_words_behind_every_value_are_known() -> None:
    words = understand("a cartoon cat, big eyes, in oils").words
    assert words == {"subject": ("cat",), "details": ("big eyes",), "style": ("in oils",)}


@pytest.mark.parametrize("prompt", ["a cute cat", "dog, oil", "7", "a happy frog", "rainy day panda"])
def test_a_png_asks_for_a_picture(prompt: str) -> None:
    assert parse(prompt, default_path="picture").path in PICTURES


@pytest.mark.parametrize(
    ("prompt", "path"),
    [
        ("calm piano", "piano"),
        ("piano like a watercolor", "piano"),
        ("a slow waltz", "piano"),
        ("music like a watercolor painting", "piano"),
        ("水彩画一样的旋律", "piano"),
        ("rain and birdsong", "ambience"),
        ("bird song in watercolor tones", "ambience"),
        ("watercolor sounds of birds", "ambience"),
        ("pencil rain with birds", "ambience"),
    ],
)
def test_sound_stays_sound(prompt: str, path: str) -> None:
    assert parse(prompt).path == path


@pytest.mark.parametrize("prompt", ["a cat", "一只狗", "an elephant"])
def test_a_thing_alone_is_a_sound_that_can_be_drawn(prompt: str) -> None:
    with pytest.raises(InvalidRequest, match='does not know the sound.*To draw it: "a cartoon'):
        parse(prompt)


def test_music_about_a_thing_says_that_it_can_be_drawn() -> None:
    known = parse("a happy giraffe")
    assert known.path == "piano"
    assert any('giraffe: it can be drawn; say "a cartoon giraffe"' in words for words in known.remarks)
    assert not any("drawn" in words for words in parse("happy giraffe piano").remarks)


def test_an_inflected_verb_is_no_animal() -> None:
    known = parse("drawing of a flying bird")
    assert known.subject == "bird" and known.unknown == ("flying",)


def test_a_wav_does_not_ask_for_a_picture() -> None:
    with pytest.raises(InvalidRequest, match="No word"):
        parse("giraffe", default_path="piano")


def test_a_path_that_is_given_is_kept_or_refused() -> None:
    assert parse("7", path="digit").subject == "7"
    assert parse("cat", path="picture").subject == "cat"
    with pytest.raises(InvalidRequest, match="leave out --path digit"):
        parse("cat", path="digit")


def test_beside_a_drawing_the_words_need_no_subject() -> None:
    known = parse("watercolor", path="picture", drawn=True)
    assert (known.subject, known.style) == (None, "watercolor")
    assert parse("watercolor wombat", path="picture", drawn=True).unknown == ("wombat",)


@pytest.mark.parametrize(
    ("name", "means"),
    [
        ("watercolor", {"style": "watercolor"}),
        ("Pen and Ink", {"style": "ink"}),
        ("水彩", {"style": "watercolor"}),
        ("油画风格", {"style": "oil"}),
        ("flat", {"look": "flat"}),
        ("3D", {"look": "3d"}),
    ],
)
def test_styles_by_name(name: str, means: dict[str, str]) -> None:
    assert style_named(name) == means


@pytest.mark.parametrize("name", ["cubist", "cat", "", "水墨"])
def test_an_unknown_style_is_answered_with_those_there_are(name: str) -> None:
    with pytest.raises(InvalidRequest, match="watercolor, oil, pencil, ink"):
        style_named(name)


def test_every_subject_is_understood_by_its_own_name() -> None:
    words = picture_words()
    known_words = {name: words.named(name) for name in drawable()}
    assert [
        n
        for n, term in known_words.items()
        if term is None or term.kind not in ("subject", "style", "detail")
    ] == []
    common = [name for name in list(drawable())[:80] if name not in ("smiling face",)]
    assert [name for name in common if parse(f"a cartoon {name}").subject != name] == []
    chinese = {name: drawable()[name] for name in common}
    assert [n for n, word in chinese.items() if parse(f"卡通{word}").subject != n] == []


@pytest.mark.weights
@pytest.mark.parametrize("name", ["picture-flow", "picture-diffusion"])
def test_the_shipped_decoders_are_conditioned_on_every_word(name: str) -> None:
    file = WEIGHTS_FOLDER / name / "config.json"
    if not file.exists():
        pytest.skip(f"{name} is not shipped")
    config = json.loads(file.read_text())
    known_words = {*config["vocabulary"], "fluffy"}  # fur is painted by rule
    named = {t.name for t in picture_words().phrases.values() if t.kind in ("subject", "detail")}
    unknown = [n for n in sorted(named) if n not in known_words and not known_words & set(n.split())]
    assert unknown == []
    assert set(STYLES) | set(LOOKS) <= set(config["styles"])


def test_every_style_and_look_has_words_in_both_languages() -> None:
    terms = picture_words().phrases
    for name in (*STYLES, *LOOKS):
        said = [
            phrase for phrase, term in terms.items() if term.name == name and term.kind in ("style", "look")
        ]
        assert any(p.isascii() for p in said) and any(not p.isascii() for p in said), name


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("styles:\n  crayon: crayon\n", "line 2: no style 'crayon'"),
        ("digit: digit\npicture: digit\n", "'digit' .picture. stands for digit already"),
        ("colours:\n  red: red\n", "no section 'colours'"),
    ],
)
def test_a_mistake_in_the_list_is_pointed_at(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "pictures.yaml").write_text(text)
    with pytest.raises(AudiogenError, match=words):
        load(tmp_path / "pictures.yaml")


@pytest.mark.parametrize("words", ["a 3d cat", "a 3d cat, smiling", "flat fox", "3D 猫"])
def test_a_look_before_a_thing_is_a_picture(words: str) -> None:
    assert parse(words).path == "picture" and parse(words).look in ("3d", "flat")


def test_a_flat_key_is_no_look() -> None:
    assert parse("a cat waltz in E flat, 90 bpm").path == "piano"
