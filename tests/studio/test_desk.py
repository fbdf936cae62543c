"""The desk without a browser: jobs in turn, cancelling, crashes, uploads, the history and its limit."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from audiogen.errors import InvalidRequest
from audiogen.studio import worker
from audiogen.studio.ask import asked_in, request_of
from audiogen.studio.desk import Desk, Job


class Steps:
    """A runner that works until it is told to go on, or cancelled."""

    def __init__(self) -> None:
        self.go = threading.Event()

    def __call__(self, row, places, folder, cancel, tell):
        tell("progress", ("decoder", 1, 4))
        while not self.go.wait(0.01):
            if cancel.is_set():
                return "cancelled", ""
        (Path(folder) / "take-1.wav").write_bytes(b"x" * 1000)
        tell(
            "take",
            {"n": 1, "file": "take-1.wav", "kind": "piano", "label": "seed 1", "prompt": row["prompt"]},
        )
        return "done", ""

    def close(self) -> None:
        self.go.set()


def over(desk: Desk, job: Job) -> Job:
    end = time.monotonic() + 30
    while not job.over and time.monotonic() < end:
        time.sleep(0.01)
    assert job.over
    return job


@pytest.fixture
def steps():
    return Steps()


@pytest.fixture
def desk(tmp_path, steps):
    made = Desk(tmp_path / "studio", steps)
    yield made
    made.close()


def test_jobs_wait_for_their_turn_and_can_be_stopped(desk, steps):
    first, second, third = (desk.submit({"prompt": name}) for name in "abc")
    assert [desk.place(job) for job in (first, second, third)] in ([0, 1, 2], [1, 2, 3], [0, 1, 2])
    desk.cancel(second.id)  # while it waits
    assert second.status == "cancelled"
    desk.cancel(first.id)  # while it works
    assert over(desk, first).status == "cancelled"
    steps.go.set()
    assert over(desk, third).status == "done"
    assert [job.id for job in desk.history()] == [third.id]


def test_the_history_outlives_the_studio(desk, steps, tmp_path):
    steps.go.set()
    job = over(desk, desk.submit({"prompt": "kept"}))
    desk.keep(job.id, True)
    (tmp_path / "studio" / "20200101-000000-broken").mkdir()
    (tmp_path / "studio" / "20200101-000000-broken" / "job.json").write_text("{")
    later = Desk(tmp_path / "studio", Steps())
    assert [(j.id, j.star, j.ask["prompt"]) for j in later.history()] == [(job.id, True, "kept")]
    later.close()


def test_the_oldest_make_room_and_the_starred_stay(desk, steps):
    steps.go.set()
    first = over(desk, desk.submit({"prompt": "starred"}))
    desk.keep(first.id, True)
    second = over(desk, desk.submit({"prompt": "old"}))
    desk.limit = 3000
    third = over(desk, desk.submit({"prompt": "new"}))
    assert {job.id for job in desk.history()} == {first.id, third.id}
    assert not (desk.folder / second.id).exists()


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "uploads/../job.json", "uploads/x.wav", "/etc/passwd", "uploads/.hidden", ""]
)
def test_only_files_of_the_desk_have_names(desk, name):
    with pytest.raises(InvalidRequest, match="no such file"):
        desk.file(name)


def test_what_is_uploaded_is_checked(desk):
    known = desk.upload("../My song.mid", b"MThd")
    assert known.startswith("uploads/") and desk.file(known).parent == desk.folder / "uploads"
    for name, data in (("x.exe", b"1"), ("x.wav", b"")):
        with pytest.raises(InvalidRequest):
            desk.upload(name, data)


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"verb": "sing"}, "verb must be"),
        ({"takes": 99}, "takes must be 1 .. 8"),
        ({"promt": "x"}, "prompt"),
        ({"verb": "inpaint"}, "name one"),
        ({"file": "uploads/none.wav"}, "no such file"),
        ({"rate": "fast"}, "rate"),
    ],
)
def test_a_wrong_job_is_said(desk, row, why):
    with pytest.raises(InvalidRequest, match=why):
        desk.submit(row)


def test_a_recipe_becomes_settings_again():
    recipe = {
        "prompt": "calm piano",
        "rate": 48_000,
        "conditioning": {"path": "piano", "seconds": 9.0},
        "sampling": {"seed": 7, "loop": False, "variation": 0.0},
    }
    told = asked_in(recipe)
    assert (told["prompt"], told["kind"], told["seconds"], told["seed"]) == ("calm piano", "piano", 9.0, 7)
    assert asked_in({"prompt": 5, "sampling": "no"}) == {}
    from audiogen.studio.ask import Ask

    request = request_of(Ask(**told), lambda name: Path(name))
    assert (request.prompt, request.sampling.seed, request.rate) == ("calm piano", 7, 48_000)


def _crash(pipe, flag):
    pipe.recv()
    os._exit(9)


def test_a_crash_takes_only_its_job_along(monkeypatch):
    """The process dies in the middle: the job says so in words, and the next gets a new process."""
    monkeypatch.setattr(worker, "_serve", _crash)
    isolated = worker.Isolated()
    for _ in range(2):
        status, words = isolated({}, {}, "", threading.Event(), lambda name, value: None)
        assert status == "failed" and "the studio goes on" in words
    isolated.close()
