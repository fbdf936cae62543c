"""A sitting: what the page learns, what an answer becomes, going on after a stop."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from audiogen.errors import AudiogenError, InvalidRequest
from audiogen.listen.answers import append, open_answers, read_answers
from tests.listen.conftest import noise, reply, write

FILE = Path("answers.jsonl")


def test_the_page_learns_nothing_that_tells_which_is_which(sit):
    session = sit()
    state = session.state()
    assert set(state) == {"rater", "done", "total", "trial"}
    assert set(state["trial"]) == {"id", "stimuli", "minimum_s", "prompt", "check"}
    assert all(re.fullmatch(r"[\w-]{16}", name) for name in state["trial"]["stimuli"].values())
    names = session.state()["trial"]["stimuli"]
    wavs = [session.stimulus(name)[0] for name in names.values()]
    assert len(wavs[0]) == len(wavs[1])
    again = sit().state()["trial"]
    assert again["id"] == session.state()["trial"]["id"]
    assert not set(again["stimuli"].values()) & set(names.values()), "names are drawn anew"
    assert session.stimulus("../old/one.wav") is None


def test_every_answer_is_a_line_at_once(sit):
    session = sit(question="Which is clearer?")
    trial = session.current
    state = session.answer(reply(session, "B", comment=" 很好 \n more "))
    (row,) = (json.loads(line) for line in FILE.read_text("utf-8").splitlines())
    assert (state["done"], state["total"]) == (1, 3)
    assert row["preferred"] == trial.stimuli["B"].system
    assert row["comment"] == "很好 \n more"
    expected = {"kind": "ab", "trial": trial.id, "number": 1, "of": 3, "rater": "ann", "repeat": 0}
    expected |= {"item": trial.item.name, "systems": ["old", "new"], "answer": "B", "switches": 3}
    expected |= {"seconds": 9.5, "seed": 1, "forced": False, "question": "Which is clearer?"}
    assert {name: row[name] for name in expected} == expected
    for sound, heard in zip(row["stimuli"], (1.5, 2), strict=True):
        own = trial.stimuli[sound["label"]]
        assert (sound["system"], sound["file"], sound["sha256"]) == (own.system, str(own.file), own.sha256)
        assert sound["listened_s"] == heard
        assert sound["gain_db"] == pytest.approx(0 if own.system == "old" else -6.02, abs=0.01)
    assert row["time"].endswith("+00:00")


def test_the_same_command_goes_on_where_one_stopped(sit):
    session = sit(seed=None)
    order = [t.id for t in session.trials]
    session.answer(reply(session))
    again = sit(seed=None)
    assert (again.seed, again.resumed) == (session.seed, 1)
    assert [t.id for t in again.trials] == order
    assert again.current.id == order[1]
    while again.current:
        again.answer(reply(again, "none"))
    assert again.complete
    assert again.state()["trial"] is None
    assert [json.loads(line)["trial"] for line in FILE.read_text().splitlines()] == order
    assert sit(seed=99).complete, "a new seed asks nothing twice"
    assert not sit(rater="bob").done
    assert not sit(question="other").done
    assert sit(repeats=2).resumed == 3


def test_a_changed_sound_is_a_new_trial(sit):
    session = sit()
    session.answer(reply(session))
    changed = write(session.trials[0].item.stimuli[0].file, noise(seed=77), noise())
    assert sit().resumed == 0
    with pytest.raises(AudiogenError, match="start the test again") as problem:
        for name in list(session._stimuli):
            session.stimulus(name)
    assert changed.name not in str(problem.value)


def test_an_answer_that_is_sent_twice_is_kept_once(sit):
    session = sit()
    sent = reply(session)
    assert session.answer(sent) == session.answer(sent)
    assert len(FILE.read_text().splitlines()) == 1


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"trial": "other"}, "not the trial"),
        ({"answer": "C"}, "one of A, none, B"),
        ({"listened_s": {"A": 5, "B": 0.4}}, "heard or seen for 0.5 s"),
        ({"listened_s": {"A": 5}}, "seconds of A and B"),
        ({"listened_s": [5, 5]}, "seconds of A and B"),
        ({"listened_s": {"A": 5, "B": float("nan")}}, "listened_s is a number"),
        ({"listened_s": {"A": 5, "B": "5"}}, "listened_s is a number"),
        ({"switches": -1}, "switches is a number"),
        ({"switches": 10**400}, "switches is a number"),
        ({"seconds": True}, "seconds is a number"),
        ({"comment": 5}, "at most 2000"),
        ({"comment": "x" * 2001}, "at most 2000"),
    ],
)
def test_what_is_no_answer(sit, changes, words):
    session = sit()
    with pytest.raises(InvalidRequest, match=words):
        session.answer(reply(session, **changes))
    assert not FILE.exists()
    assert session.state()["done"] == 0


def test_forced(sit):
    session = sit(forced=True)
    assert session.design.page()["forced"] is True
    with pytest.raises(InvalidRequest, match="one of A, B, not 'none'"):
        session.answer(reply(session, "none"))


def test_a_quarter_of_a_short_sound_is_enough(sit, folders):
    for side, level in (("old", 0.05), ("new", 0.1)):
        for name in ("one", "two", "three"):
            write(folders / side / f"{name}.wav", noise(0.5, level))
    assert sit().state()["trial"]["minimum_s"] == 0.125


def test_a_line_that_was_cut_short_is_counted_and_left_alone(sit):
    session = sit()
    session.answer(reply(session))
    whole = FILE.read_bytes()
    FILE.write_bytes(whole + b'{"kind": "ab", "tri')
    again = sit()
    again.answer(reply(again))
    reading = read_answers(FILE)
    assert (len(reading.rows), reading.damaged) == (2, 1)
    assert FILE.read_bytes().startswith(whole + b'{"kind": "ab", "tri\n{')


def test_a_disk_that_takes_only_a_part_leaves_the_file_as_it_was(sit, monkeypatch):
    import os

    session = sit()
    session.answer(reply(session))
    before = FILE.read_bytes()

    def full(_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(AudiogenError, match="could not be written.*No space left"):
            session.answer(reply(session))
    assert FILE.read_bytes() == before
    assert session.state()["done"] == 1
    session.answer(reply(session))
    assert len(read_answers(FILE).rows) == 2


def test_a_file_of_something_else_is_not_appended_to(folders):
    FILE.write_text("my diary\n")
    with pytest.raises(InvalidRequest, match="is no answers file"):
        open_answers(FILE)
    for place, words in (("old", "is a folder"), ("nowhere/x.jsonl", "does not exist")):
        with pytest.raises(InvalidRequest, match=words):
            open_answers(Path(place))
    with pytest.raises(AudiogenError, match="could not be written"):
        append(Path("old"), {})
    FILE.write_text("")
    assert open_answers(FILE).rows == []
