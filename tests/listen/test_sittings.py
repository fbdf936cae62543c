"""Several raters, several processes, several tests."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from audiogen.errors import InvalidRequest
from audiogen.listen.answers import append, read_answers
from tests.listen.conftest import noise, reply, write

FILE = Path("answers.jsonl")


def test_two_raters_at_a_time_have_rows_of_one_square(examine):
    sittings = examine(rater=None, repeats=2)
    ann, bob = sittings.sit("ann"), sittings.sit(" bob ")
    assert (ann.number, bob.number, bob.rater) == (0, 1, "bob")
    assert [t.id for t in ann.trials] != [t.id for t in bob.trials]

    def answer_all(session):
        while session.current:
            session.answer(reply(session))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(answer_all, (ann, bob)))
    reading = read_answers(FILE)
    assert (len(reading.rows), reading.damaged) == (12, 0)
    with pytest.raises(InvalidRequest, match="ann is here already"):
        sittings.sit("ann")
    again = examine(rater=None, repeats=2)
    assert (again.sit("cy").number, again.sit("ann").number) == (2, 0)


@pytest.mark.parametrize("name", ["", "  ", None, 5, "x" * 81, "a\nb", "\x1b[2J"])
def test_a_rater_has_a_name(examine, name):
    with pytest.raises(InvalidRequest, match="rater"):
        examine(rater=None).sit(name)


def test_processes_that_append_to_one_file_lose_nothing(folders):
    def many(rater):
        for k in range(50):
            append(FILE, {"rater": rater, "k": k, "x": "y" * 500})

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(many, "abcd"))
    rows = [json.loads(line) for line in FILE.read_text().splitlines()]
    assert len(rows) == 200 and len({(r["rater"], r["k"]) for r in rows}) == 200


def test_two_tests_whose_folders_have_one_name_are_kept_apart(examine, folders):
    session = examine().sit("ann")
    session.answer(reply(session))
    for name in ("old", "new"):
        (folders / "x").mkdir(exist_ok=True)
        write(folders / "x" / name / "other.wav", noise(seed=40), noise(seed=41))
    with pytest.raises(InvalidRequest, match="answers of another test.*choose another file with --answers"):
        examine(("x/old", "x/new"))
    write(folders / "old" / "four.wav", noise(seed=7))
    write(folders / "new" / "four.wav", noise(seed=8))
    assert examine().sit("ann").resumed == 1, "a piece more is the same test"


def test_kinds_share_a_file_without_mixing(examine):
    first = examine().sit("ann")
    first.answer(reply(first))
    second = examine(kind="mos").sit("ann")
    assert second.resumed == 0
    second.answer(reply(second, "3"))
    assert {row["kind"] for row in read_answers(FILE).rows} == {"ab", "mos"}


def test_a_number_of_trials_cuts_the_plan(examine):
    assert len(examine(trials=2).sit("ann").trials) == 2


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": "mushra"}, "needs the folder of the originals: --reference"),
        ({"reference": "new"}, "--reference belongs to --kind mushra"),
        ({"kind": "abx", "places": ("old", "new", "third")}, "--kind abx compares 2 systems, not 3"),
        ({"kind": "olympics"}, "No kind of test 'olympics'; there are: ab, abx"),
        ({"kind": "mushra", "places": ("old",), "reference": "old"}, "No system is left to judge"),
    ],
)
def test_what_cannot_be_asked(examine, folders, given, words):
    write(folders / "third" / "one.wav", noise())
    with pytest.raises(InvalidRequest, match=words):
        examine(**given)
