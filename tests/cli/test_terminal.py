"""Streams of any encoding or none, texts that would move the cursor, links, lists of jobs of any content."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import torch

from audiogen.cli import terminal
from audiogen.errors import WouldOverwrite
from audiogen.media import drawing
from audiogen.media.files import write_atomic
from audiogen.structure.score.writer import one_thread


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\\u001b[2J"),
        ("\x9b2J", "\\u009b2J"),
        ("a\rb\nc", "a\\u000db\nc"),
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\ud800", "\\ud800"),
        ("雨,　1 秒 é 👩‍🎨", "雨,　1 秒 é 👩‍🎨"),
    ],
)
def test_what_a_terminal_would_obey_is_an_escape(text: str, shown: str) -> None:
    assert terminal.clean(text) == shown


def test_any_stream_takes_any_text(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="cp1252", write_through=True))
    with terminal.ready_streams():
        print("雨-é-s\udce9.wav", end="")
    assert raw.getvalue() == b"\\u96e8-\xe9-s\xe9.wav"


def test_the_program_around_us_has_its_streams_back(monkeypatch: pytest.MonkeyPatch) -> None:
    ours = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="replace")
    closed = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", ours)
    monkeypatch.setattr(sys, "stderr", closed)
    monkeypatch.setattr(sys, "stdin", None)
    with terminal.ready_streams():
        assert sys.stdin is not None and sys.stdin.read() == ""
        closed.close()
    assert (sys.stdout, sys.stderr, sys.stdin) == (ours, closed, None)
    assert ours.errors == "replace"


def test_closed_streams_take_no_file(tmp_path: Path) -> None:
    """With stdin and stderr closed the next file that is opened must not stand where stderr was."""
    code = "import sys, audiogen.cli as c, os; c.main(['explain', 'xyzzy']); print(open(os.devnull).fileno())"
    command = [sys.executable, "-c", code]
    done = subprocess.run(["sh", "-c", 'exec "$@" <&- 2>&-', "sh", *command], capture_output=True, text=True)
    assert int(done.stdout) > 2


def test_a_recipe_with_escapes_is_shown_harmless(tmp_path: Path, run, monkeypatch) -> None:
    from audiogen.media import png

    monkeypatch.chdir(tmp_path)
    recipe = {
        "generator": "\x1b]0;pwned\x07",
        "verdict": {"checks": {"\x1b[2J": {"value": 1, "measured": "", "words": ""}}},
    }
    Path("x.png").write_bytes(png.png_bytes(np.zeros((2, 2)), recipe))
    for form in ((), ("--json",)):
        done = run("info", "x.png", *form)
        assert done.code == 0 and "\x1b" not in done.out + done.err


def test_the_link_stays_and_its_target_is_written(tmp_path: Path) -> None:
    link, target = tmp_path / "link.wav", tmp_path / "there.wav"
    link.symlink_to(target)
    with pytest.raises(WouldOverwrite):  # it points to nothing yet, and is there all the same
        write_atomic(link, b"new")
    write_atomic(link, b"new", force=True)
    assert link.is_symlink() and target.read_bytes() == b"new"


JOBS = {
    "whole numbers as pandas writes them": (
        '{"prompt": "rain", "seconds": 1.0, "seed": 7.0, "n": 2.0}',
        0,
        "",
    ),
    "half a take": ('{"prompt": "rain", "n": 2.5}', 2, "line 1: n: .2.5. is not"),
    "another word for seconds": ('{"prompt": "rain", "duration": 10}', 2, "did you mean seconds?"),
    "5,000 digits": ('{"prompt": "rain", "seed": ' + "9" * 5000 + "}", 2, "line 1: seed"),
    "brackets": ("[" * 100_000, 2, "line 1: no JSON"),
    "NUL": ('{"prompt": "rain", "output": "a\\u0000.wav"}', 2, "line 1: .output. holds a control character"),
    "half a character": ('{"prompt": "rain \\ud800"}', 2, "line 1: .prompt. holds a control character"),
    "one file on macOS": (
        '{"prompt":"rain","output":"a.wav"}\n{"prompt":"rain","output":"A.WAV"}',
        2,
        "line 2: left out: A.WAV",
    ),
}


@pytest.mark.parametrize(("text", "code", "words"), JOBS.values(), ids=JOBS)
def test_a_bad_line_is_named(tmp_path: Path, run, monkeypatch, text: str, code: int, words: str) -> None:
    import re

    monkeypatch.chdir(tmp_path)
    Path("night.jsonl").write_text(text)
    done = run("make", "night.jsonl", "--dry-run", "--seed", 1)
    assert done.code == code, done.err
    assert "unexpected" not in done.err and re.search(words, done.err), done.err
    assert all(len(line) < 400 for line in done.err.splitlines())


def test_home_is_known_without_a_shell(tmp_path: Path, run, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert str(tmp_path / "x.wav") in run("make", "rain, 1 s", "--dry-run", "-o", "~/x.wav").out


def test_an_unknown_device_is_one_line(tmp_path: Path) -> None:
    from audiogen.errors import InvalidRequest
    from audiogen.pretrained import pick_device

    for name in ("meta", "nonsense", "cpu:x", "\x1b[2J"):
        with pytest.raises(InvalidRequest) as refused:
            pick_device(name)
        assert len(str(refused.value)) < 120 and "\x1b" not in str(refused.value)


@pytest.mark.parametrize(
    "raw", [b"\xff\xfe", b"seed: 2001-99-99", b"- [" * 3000, b"a: !!int", b"a: !!timestamp x"]
)
def test_yaml_that_cannot_be_read_is_said(tmp_path: Path, run, raw: bytes) -> None:
    (tmp_path / "x.yaml").write_bytes(raw)
    done = run("data", tmp_path / "x.yaml", "--source", tmp_path)
    assert done.code == 2 and "unexpected" not in done.err, done.err


def test_the_number_of_threads_comes_back_after_calls_that_overlap() -> None:
    before, inside, leave = torch.get_num_threads(), threading.Barrier(3), threading.Barrier(3)

    def work() -> None:
        with one_thread():
            inside.wait()
            assert torch.get_num_threads() == 1
            leave.wait()

    torch.set_num_threads(2)
    try:
        workers = [threading.Thread(target=work) for _ in range(3)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_idle_threads_sleep_in_every_program_that_imports_audiogen() -> None:
    assert os.environ["OMP_WAIT_POLICY"]


def test_a_small_spot_of_a_mask_changes_something() -> None:
    mask = np.zeros((64, 64), np.float32)
    mask[2:4, 2:4] = 1  # all of it lies within the soft edge
    mask[20:60, 20:60] = 1
    weight = drawing.feathered(mask, 8)
    assert weight[2:4, 2:4].max() > 0.9
    assert weight[40, 40] == 1 and 0 < weight[20, 40] < 0.5  # a large one keeps its soft edge
    assert not weight[mask == 0].any()
