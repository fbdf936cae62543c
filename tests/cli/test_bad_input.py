"""Bad input, row by row: one clear line, the right exit code, no traceback, nothing left behind.

The rows are those that test_errors.py (words, settings, names), test_outputs.py (full disks, signals,
read-only folders, no player), test_jobs.py (lists) and test_media.py (MIDI of strangers) leave open.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from audiogen.render.vocoder import Vocoder
from audiogen.structure.score.stage import ScoreStage
from tests.cli.test_outputs import start  # noqa: F401 - a fixture
from tests.media.wild_midi import END, header, off, on, plain, track

HOURS = (480, off(60)), (480 * 2 * 3600 * 5, on(62)), (480, off(62))
MIDI = {
    "mine": plain(),
    "empty": b"",
    "noise": bytes(range(256)) * 8,
    "drums": header(96) + track((0, on(36, 64, 9)), (96, off(36, 9)), END),
    "hours": header(480) + track((0, on(60)), *HOURS, END),
}


def contents(folder: Path) -> dict[str, bytes | None]:
    """Every file below `folder`, hidden ones too."""
    return {str(p.relative_to(folder)): p.read_bytes() if p.is_file() else None for p in folder.rglob("*")}


def assert_one_line(done, code: int, words: str) -> None:
    """Nothing on stdout, and after the progress one line that says what and why."""
    *progress, line = done.err.splitlines()
    assert (done.code, done.out) == (code, ""), done.err
    assert line.startswith("audiogen: ") and re.search(words, line), line
    assert all(text.endswith(" ...") or not text for text in progress), done.err  # a blank one after ^C


@pytest.fixture
def desk(tiny):
    """A folder with somebody's files in it."""
    for name, raw in MIDI.items():
        (tiny / f"{name}.mid").write_bytes(raw)
    for name in ("there.wav", "there.mid", "there.png", "a file"):
        (tiny / name).write_bytes(b"mine")
    for name in ("folder.mid", "folder.npz"):
        (tiny / name).mkdir()
    return tiny


TABLE = {
    "empty prompt": [
        (["make", " \n"], 2, "The prompt is empty; say what to make"),
        (["structure", ""], 2, "The prompt is empty"),
        (["explain", ""], 2, "The prompt is empty"),
    ],
    "unknown words only": [
        (["make", "...!?"], 2, "says what to make; name it in the prompt"),
        (["structure", "xyzzy plugh"], 2, "says what to make"),
        (["explain", "天书"], 2, "says what to make"),
    ],
    "0, negative, 10,000 seconds": [
        (["make", "piano", "--seconds", "0"], 2, "1 to 300 seconds, not 0;"),
        (["make", "piano", "--seconds", "-5"], 2, "1 to 300 seconds, not -5;"),
        (["make", "piano", "--seconds", "inf"], 2, "seconds must be a finite number, not inf"),
        (["make", "piano", "--seconds", "soon"], 2, "'soon' is not a valid float"),
        (["make", "piano, zero seconds"], 2, "not 0;"),
        (["make", "piano, minus five seconds"], 2, "not -5;"),
        (["make", "piano, 10,000 seconds"], 2, "not 10000;"),
        (["make", "piano, ten thousand seconds"], 2, "not 10000;"),
        (["make", "钢琴,零秒"], 2, "not 0;"),
        (["make", "钢琴,负五秒"], 2, "not -5;"),
        (["make", "钢琴,一万秒"], 2, "not 10000;"),
        (["structure", "piano", "--seconds", "10000"], 2, "not 10000;"),
        (["decode", "mine.mid", "--seconds", "0"], 2, "0.5 to 600 s, not 0; change --seconds"),
        (["decode", "mine.mid", "--seconds", "-1"], 2, "not -1;"),
        (["decode", "mine.mid", "--seconds", "10000"], 2, "not 10000;"),
        (["decode", "mine.mid", "--seconds", "nan"], 2, "seconds must be a finite number, not nan"),
        (["decode", "hours.mid", "--seconds", "700"], 2, "not 700;"),
    ],
    "MIDI that cannot be played": [
        (["decode", "noise.mid"], 2, "no readable MIDI file .it does not begin with MThd"),
        (["decode", "folder.mid"], 2, "folder.mid is a folder; give a MIDI file"),
        (["decode", "folder.npz"], 2, "no readable .npz"),
        (["info", "empty.mid"], 2, "no readable MIDI file .it is empty"),
        (["info", "drums.mid"], 2, "holds no piano notes .it has 1 drum note"),
        (["make", "piano", "--structure", "empty.mid"], 2, "it is empty"),
        (["make", "piano", "--structure", "drums.mid"], 2, "holds no piano notes"),
        (["make", "piano", "--structure", "hours.mid"], 2, "5.0 hours long.*--seconds 600"),
        (["decode", "drums.mid", "--variation", "0.3"], 2, "holds no piano notes"),
    ],
    "missing folder": [
        (["structure", "piano", "-o", "nowhere/x.mid"], 2, "folder nowhere does not exist.*--mkdir"),
        (["decode", "mine.mid", "-o", "nowhere/x.wav"], 2, "folder nowhere does not exist"),
        (["make", "piano", "-o", "a file/x.wav", "--mkdir"], 2, "is a file and cannot be a folder"),
    ],
    "existing output": [
        (["structure", "piano", "-o", "there.mid"], 3, "there.mid exists; use --force"),
        (["decode", "mine.mid", "-o", "there.wav"], 3, "there.wav exists"),
        (["make", "piano", "-o", "there.flac", "--plot"], 3, "there.png exists"),
    ],
    "unknown suffix": [
        (["make", "piano", "-o", "x.mid"], 2, "Cannot write audio as '.mid'; use .wav, .flac"),
        (["decode", "mine.mid", "-o", "x.txt"], 2, "Cannot write audio as '.txt'"),
        (["structure", "piano", "-o", "x.npy"], 2, "Cannot write a structure as '.npy'; use .mid"),
        (["make", "piano", "--format", "aac"], 2, "'aac' is not one of"),
    ],
}
ROWS = [(name, *row) for name, rows in TABLE.items() for row in rows]


@pytest.mark.parametrize(
    ("arguments", "code", "words"), [row[1:] for row in ROWS], ids=[f"{r[0]}: {' '.join(r[1])}" for r in ROWS]
)
def test_bad_input(desk, run, arguments, code, words):
    before = contents(desk)
    assert_one_line(run(*arguments), code, words)
    assert contents(desk) == before


def test_again_replaces_nothing_and_needs_a_folder(tiny, run):
    run("make", "piano 1 s", "-o", "a.wav")
    (tiny / "a-again.wav").write_bytes(b"mine")
    before = contents(tiny)
    assert_one_line(run("again", "a.wav"), 3, "a-again.wav exists; use --force")
    assert_one_line(run("again", "a.wav", "-o", "nowhere/x.wav"), 2, "folder nowhere does not exist")
    assert_one_line(run("again", "a.wav", "-o", "x.txt"), 2, "Cannot write audio as '.txt'")
    assert contents(tiny) == before


DAMAGE = {
    "cut off": ("piano-flow/model.safetensors", lambda raw: raw[: len(raw) // 2], "checksum differs"),
    "emptied": ("piano-flow/model.safetensors", lambda raw: b"", "checksum differs"),
    "no settings": ("piano-flow/config.json", None, "Cannot read .*config.json .No such file"),
    "broken settings": ("piano-flow/config.json", lambda raw: b"{", "Cannot read .*config.json"),
    "no checksums": ("checksums.json", None, "checksums of the weights cannot be read"),
    "broken checksums": ("checksums.json", lambda raw: raw[:9], "checksums of the weights cannot be read"),
}


@pytest.mark.parametrize(("name", "change", "words"), DAMAGE.values(), ids=DAMAGE)
def test_damaged_weights(tiny, tiny_weights, tmp_path_factory, run, monkeypatch, name, change, words):
    from audiogen import registry

    weights = tmp_path_factory.mktemp("damaged") / "weights"
    shutil.copytree(tiny_weights, weights)
    monkeypatch.setattr(registry, "WEIGHTS_FOLDER", weights)
    raw = (weights / name).read_bytes()
    (weights / name).unlink()
    if change is not None:
        (weights / name).write_bytes(change(raw))
    assert_one_line(run("make", "piano 1 s", "-o", "x.wav"), 4, f"{words}.*reinstall audiogen")
    assert contents(tiny) == {}


@pytest.mark.parametrize("arguments", [["structure", "piano 1 s"], ["decode", "mine.mid"]], ids=" ".join)
def test_ctrl_c_in_the_other_verbs(desk, run, monkeypatch, arguments):
    def interrupted(*_):
        signal.raise_signal(signal.SIGINT)
        raise AssertionError("it goes on")

    stage = ScoreStage if arguments[0] == "structure" else Vocoder
    monkeypatch.setattr(stage, "__call__", interrupted)
    before = contents(desk)
    assert_one_line(run(*arguments), 130, "interrupted; nothing was left half written")
    assert contents(desk) == before


def test_a_full_disk_in_the_other_verbs(desk, run, monkeypatch):
    import errno

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    before = contents(desk)
    for arguments in (["structure", "piano 1 s", "-o", "x.mid"], ["decode", "mine.mid", "-o", "x.wav"]):
        assert_one_line(run(*arguments), 1, rf"Could not write {arguments[-1]}: .*; make room")
        assert contents(desk) == before


BROKEN_TORCHAUDIO = "raise OSError('libcudart.so.13: cannot open shared object file')"


@pytest.mark.slow
def test_a_torchaudio_that_cannot_be_imported_changes_nothing(start, tiny):  # noqa: F811
    """The sound is made without it, and `doctor` says in one line what is wrong with it."""
    package = tiny / "site" / "torchaudio"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(BROKEN_TORCHAUDIO)
    env = os.environ | {"PYTHONPATH": os.pathsep.join([str(tiny / "site"), *sys.path])}
    probe = subprocess.run([sys.executable, "-c", "import torchaudio"], env=env, capture_output=True)
    assert b"libcudart" in probe.stderr  # it is the one that is found
    made = start("make", "piano 1 s", "-o", "x.wav", "-q", env=env)
    assert (*made.communicate(), made.returncode) == ("x.wav\n", "", 0)
    doctor = start("doctor", env=env)
    out, err = doctor.communicate()
    (line,) = [line for line in out.splitlines() if "libcudart" in line]
    assert "not needed by audiogen" in line and "hidden" in line
    assert "Traceback" not in out + err
