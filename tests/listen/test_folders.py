"""Which files are compared."""

from __future__ import annotations

from pathlib import Path

import pytest

from audiogen.errors import InvalidRequest
from audiogen.listen.folders import gather, system_names
from tests.listen.conftest import noise, write


def names(items):
    return [(item.name, [(s.system, s.file.name) for s in item.stimuli]) for item in items]


def test_files_of_the_same_stem_are_pairs_whatever_their_suffix(folders):
    Path("new/one.wav").unlink()
    write(Path("new/one.FLAC"), noise())
    Path("new/notes.txt").write_text("no sound")
    Path("new/.two.flac").write_text("hidden")
    items, _, remarks = gather([Path("old"), Path("new")])
    assert names(items) == [
        ("one", [("old", "one.wav"), ("new", "one.FLAC")]),
        ("three", [("old", "three.wav"), ("new", "three.wav")]),
        ("two", [("old", "two.wav"), ("new", "two.wav")]),
    ]
    assert remarks == []
    assert len({s.sha256 for item in items for s in item.stimuli}) == 6


def test_what_is_alone_is_left_out_and_said(folders):
    write(Path("new/four.wav"), noise())
    items, _, remarks = gather([Path("old"), Path("new")])
    assert len(items) == 3
    assert remarks == ["without a partner of the same name, left out: new/four.wav"]


def test_without_common_names_by_sorted_order_and_said(folders):
    for file in Path("new").iterdir():
        file.rename(file.with_name(f"x-{file.name}"))
    items, _, remarks = gather([Path("old"), Path("new")])
    assert names(items)[0] == ("one | x-one", [("old", "one.wav"), ("new", "x-one.wav")])
    assert remarks[0].startswith("no names in common; paired by sorted order: one.wav with x-one.wav, ")


def test_two_files_are_one_pair(folders):
    items, _, remarks = gather([Path("old/one.wav"), Path("new/two.wav")])
    assert names(items) == [("one | two", [("one", "one.wav"), ("two", "two.wav")])]
    assert remarks == []


def test_the_same_file_twice_is_said(folders):
    Path("new/one.wav").write_bytes(Path("old/one.wav").read_bytes())
    assert gather([Path("old"), Path("new")])[2] == ["the same file in both folders: one"]


def test_systems_are_named_by_what_tells_them_apart(folders):
    assert system_names([Path("x/run1/out"), Path("x/run2/out")]) == ["run1/out", "run2/out"]
    assert system_names([Path("old/one.wav"), Path("new/one.wav")]) == ["old/one", "new/one"]
    write(Path("old/one.flac"), noise())
    assert system_names([Path("old/one.wav"), Path("old/one.flac")]) == ["one.wav", "one.flac"]


@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ("old", "absent", "folder absent does not exist"),
        ("old", "empty", "folder empty holds no sounds"),
        ("old", "old", "are the same"),
        ("old", "./old/../old", "are the same"),
        ("old", "twice", "have one name"),
        ("old", "others", "no file name in common and 3 against 1 sounds"),
    ],
)
def test_what_cannot_be_paired(folders, a, b, words):
    Path("empty").mkdir()
    write(Path("twice/one.wav"), noise())
    write(Path("twice/one.flac"), noise())
    write(Path("others/other.wav"), noise())
    with pytest.raises(InvalidRequest, match=words):
        gather([Path(a), Path(b)])
