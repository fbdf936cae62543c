"""The word list for pictures is written from the vocabulary of the training pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audiogen.errors import InvalidRequest
from audiogen.lab.data.picture_words import main, rewritten, subjects_of, unheard
from audiogen.prompt.pictures.words import load

LIST = """# by hand
details:
  big eyes: big eyes, 大眼睛
subjects:
  cat: cat, kitten, 猫
also:
  old: 旧
"""
INDEX = {
    "words": ["", "cat", "fire engine", "face", "big", "eyes"],
    "subjects": ["cat", "face", "fire engine"],
    "names": {"fire engine": {"zh": ["消防车"]}, "cat": {"zh": ["猫"]}},
}


def files(folder: Path, index: dict) -> tuple[Path, Path]:
    (folder / "pictures.yaml").write_text(LIST, encoding="utf-8")
    (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")
    return folder / "index.json", folder / "pictures.yaml"


def test_only_the_last_section_is_written_anew(tmp_path: Path) -> None:
    index, words = files(tmp_path, INDEX)
    assert main(index, words) == 2
    assert words.read_text(encoding="utf-8") == LIST.replace("  old: 旧", "  fire engine: 消防车")
    known = load(words)
    assert known.subjects == {"cat": "猫", "fire engine": "消防车"}
    assert known.named("消防车") == known.named("Fire Engine")


def test_a_word_that_no_decoder_hears_is_refused(tmp_path: Path) -> None:
    index, words = files(tmp_path, INDEX | {"words": ["cat", "fire engine"]})
    with pytest.raises(InvalidRequest, match="No decoder knows big eyes"):
        main(index, words)


def test_a_name_is_heard_by_one_of_its_words() -> None:
    assert unheard(["polar bear", "cat", "wombat"], ["bear", "cat"]) == ["wombat"]


def test_words_with_another_meaning_are_passed_over() -> None:
    assert "face" not in subjects_of(INDEX)


def test_a_list_without_the_section_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="no section"):
        rewritten("subjects: {}\n", {})
