"""The word lists: every word is found, and a mistake of whoever extends them is named with its line."""

from __future__ import annotations

import re
import shutil

import pytest

from audiogen.artifacts import PERIODS, SOURCES
from audiogen.errors import AudiogenError, InvalidRequest
from audiogen.prompt import parse
from audiogen.prompt.language.lexicon import (
    FOLDER,
    GROUPS,
    LANGUAGES,
    MEANINGS,
    lexicon,
    load,
    words_of,
)
from audiogen.prompt.language.yaml_lines import read, texts
from audiogen.prompt.music import attributes

OF_SOUNDS = ("weather", "noise", "thing")
MEANING_ROWS = read(FOLDER / MEANINGS, [], numbers=True)
GROUP_OF = {str(name): str(group) for group, rows in MEANING_ROWS.items() for name in rows}
LINES = [
    (str(name), [word for row in texts(rows, "", []) for word in words_of(row)])
    for language in LANGUAGES
    for name, rows in read(FOLDER / language, [])["words"].items()
]


def of(*groups: str) -> pytest.MarkDecorator:
    """One test for each line of words of these groups."""
    rows = [(name, words) for name, words in LINES if GROUP_OF[name] in groups]
    return pytest.mark.parametrize(("name", "words"), rows, ids=[words[0] for _, words in rows])


@of(*(group for group in GROUPS if group not in OF_SOUNDS))
def test_every_word_of_the_lists_is_understood(name, words):
    """No word of one line is swallowed by an amount or by another line."""
    group = GROUP_OF[name]
    asks = MEANING_ROWS[group][name] or {}
    numbers = [a for a in asks if a in attributes.NUMBERS and a != "seconds"]
    of_no_use = group == "absent" or name in ("ambience", "digit", "picture")
    for word in words:
        found = parse(f"like a {word}" if group == "refused" else str(word), path="piano")
        assert found.unknown == ((word,) if of_no_use else ()), (word, found)
        assert group != "mood" or found.mood == (name,), (word, found)
        assert {a: getattr(found, a) for a in numbers} == {a: asks[a] for a in numbers}, (word, found)


def of_sounds(name: str) -> dict[str, float]:
    """What a meaning asks for among sounds of nature."""
    return (MEANING_ROWS[GROUP_OF[name]][name] or {}).get("ambience", {})


@of("nature")
def test_every_sound_is_understood(name, words):
    asks = of_sounds(name)
    if not asks:  # it has no sound that audiogen knows
        for word in words:
            with pytest.raises(InvalidRequest, match=re.escape(name)):
                parse(word, path="ambience")
        return
    most = max(asks.get(source, 0) for source in SOURCES)
    weights = {source: round(weight / most, 2) for source, weight in asks.items() if source in SOURCES}
    for word in words:
        found = parse(word, path="ambience")
        assert (found.sources, found.intensity) == (weights, asks.get("intensity")), (word, found)
        assert found.unknown == (), (word, found)


@of("weather", "amount")
def test_every_word_that_describes_a_sound_is_understood(name, words):
    for word in words:
        found = parse(f"rain, {word}")
        assert (found.intensity, found.unknown) == (of_sounds(name).get("intensity"), ()), (word, found)


@of("noise", "thing")
def test_every_sound_that_is_not_known_is_refused_by_its_name(name, words):
    for word in words:
        with pytest.raises(InvalidRequest, match=re.escape(name)):
            parse(word)


def test_every_meaning_has_words_in_both_languages():
    for language in LANGUAGES:
        words = read(FOLDER / language, [])["words"]
        missing = set(GROUP_OF) - set(MEANING_ROWS["neutral"]) - set(words)
        assert not missing, (language, missing)


def test_several_hundred_words_a_language():
    for language in LANGUAGES:
        rows = read(FOLDER / language, [])["words"].values()
        assert sum(len(words_of(line)) for row in rows for line in texts(row, "", [])) > 1000


def test_what_the_lists_can_ask_for_is_what_the_score_model_knows():
    from audiogen.structure.score.events import METRES

    assert set(attributes.KNOWN_METRES) == set(METRES)
    assert attributes.NAMES["period"] == PERIODS


@pytest.fixture
def lists(tmp_path):
    """A copy of the lists, and a way to put a line into one of them; returns the line's number."""
    for name in (MEANINGS, *LANGUAGES):
        shutil.copy(FOLDER / name, tmp_path)

    def put(name: str, after: str, line: str) -> int:
        rows = (tmp_path / name).read_text(encoding="utf-8").splitlines()
        place = next(k for k, row in enumerate(rows) if row.startswith(after)) + 1
        rows.insert(place, line)
        (tmp_path / name).write_text("\n".join(rows) + "\n", encoding="utf-8")
        return place + 1

    return tmp_path, put


def problem(folder):
    with pytest.raises(AudiogenError) as caught:
        load(folder)
    return str(caught.value)


def test_a_new_word_needs_two_lines(lists):
    folder, put = lists
    put("meanings.yaml", "mood:", "  fizzy: {density: 12, loudness: 70}")
    put("english.yaml", "words:", "  fizzy: fizzy, like champagne")
    put("chinese.yaml", "words:", "  fizzy: 冒泡")
    words = load(folder)
    assert words.match(["fizzy"], 0).meaning.asks == {"density": 12, "loudness": 70}
    assert words.match(["冒", "泡"], 0).meaning.name == "fizzy"
    assert len(words.phrases) == len(lexicon().phrases) + 3


@pytest.mark.parametrize(
    ("file", "after", "line", "said"),
    [
        ("english.yaml", "words:", "  sly: foxy", "meanings.yaml has no 'sly'"),
        ("english.yaml", "  calm:", "  calm: zippy", "'calm' stands here a second time"),
        ("chinese.yaml", "words:", "  quickly: 慢", "meanings.yaml has no 'quickly'"),
        ("meanings.yaml", "mood:", "  fizzy: {speed: 3}", "there is no attribute 'speed'"),
        ("meanings.yaml", "mood:", "  fizzy: {density: 300}", "density lies between 0.5 and 30, not 300"),
        ("meanings.yaml", "mood:", "  fizzy: {density: a lot}", "density is a number, not 'a lot'"),
        ("meanings.yaml", "mood:", "  fizzy: {mode: dorian}", "mode is major or minor, not 'dorian'"),
        ("meanings.yaml", "mood:", "  fizzy: {metre: [3, 5]}", "metre is beats and unit"),
        ("meanings.yaml", "tempo:", "  calm: {tempo: 60}", "'calm' is defined already"),
        ("meanings.yaml", "neutral:", "moods: {fizzy: {density: 3}}", "no group 'moods'"),
        ("english.yaml", "joining:", "perhaps: zippy", "no section 'perhaps'"),
        ("english.yaml", "joining:", "  : : [", "not YAML"),
        ("english.yaml", "  calm:", "    - zippy: snappy", "a colon or a list in a list (calm)"),
        ("english.yaml", "  calm:", "    - [zippy, [snappy]]", "a colon or a list in a list (calm)"),
        ("meanings.yaml", "mood:", "  fizzy: fast", "below 'fizzy' stand names followed by colons"),
        ("meanings.yaml", "mood:", "  fizzy: {negated: slow}", "below 'fizzy' stand names"),
        ("english.yaml", "    - calm, calming", "    - zippy, calming", "'calming' (calm) is listed already"),
        ("english.yaml", "  calm:", "    - zippy, zippy", "'zippy' (calm) is listed already"),
        ("english.yaml", "  calm:", "    - zippy, ..., snappy", "'...' (calm) has no letters"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_line(lists, file, after, line, said):
    folder, put = lists
    number = put(file, after, line)
    words = problem(folder)
    assert said in words
    assert f"{file} line {number}:" in words


def test_a_word_listed_twice_names_both_places(lists):
    folder, put = lists
    put("meanings.yaml", "tempo:", "  snail-paced: {tempo: 40}")
    put("chinese.yaml", "words:", "  snail-paced: 蜗牛")
    number = put("english.yaml", "  adagio:", "  snail-paced: at a crawl, adagio")
    assert problem(folder).endswith(
        f"english.yaml line {number}: 'adagio' (snail-paced) is listed already in "
        f"english.yaml line {number - 1} for adagio."
    )


def test_all_mistakes_are_named_at_once(lists):
    folder, put = lists
    put("meanings.yaml", "mood:", "  fizzy: {speed: 3, density: 99}")
    put("english.yaml", "words:", "  sly: foxy")
    words = problem(folder)
    assert all(said in words for said in ("'speed'", "not 99", "'sly'"))
