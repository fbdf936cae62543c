"""Slips of the pen are mended where no other word can be meant, and said."""

from __future__ import annotations

import pytest

from audiogen.prompt import parse
from audiogen.prompt.language.lexicon import lexicon
from audiogen.prompt.language.spelling import mended


@pytest.mark.parametrize(
    ("slip", "meant"),
    [("alegro", "allegro"), ("pinao", "piano"), ("Adadgio", "adagio"), ("stacatto", "staccato")],
    ids=["left out", "swapped", "added", "two slips in a long word"],
)
def test_a_slip_is_read_as_the_word_that_was_meant(slip, meant):
    assert mended(f"very {slip}, please", lexicon()) == (
        f"very {meant}, please",
        [f"{slip}: read as {meant}"],
    )


@pytest.mark.parametrize(
    "right",
    [*lexicon().spelling, "minuets", "quite", "lovely", "manor", "mayor", "la minore", "forty", "bottle"],
)
def test_words_that_are_right_stay(right):
    assert mended(right, lexicon()) == (right, [])


def test_the_prompt_stays_as_it_was_written():
    known = parse("paino in D mjor, ten secounds")
    assert known.prompt == "paino in D mjor, ten secounds"
    assert (known.key, known.seconds, known.unknown) == ("D major", 10, ())
    assert [remark.split(":")[0] for remark in known.remarks] == ["paino", "mjor", "secounds"]
