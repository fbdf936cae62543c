"""Where the output goes wrong: full disks, read-only folders, signals, closed pipes, no player.

Real processes and real limits of the operating system where that is possible.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from audiogen.artifacts import Waveform
from tests.media.test_live import Device

PROGRAM = """
import sys
from pathlib import Path
from audiogen import registry
from audiogen.cli import main
registry.WEIGHTS_FOLDER = Path(sys.argv[1])
{before}
sys.exit(main(sys.argv[2:]))
"""


@pytest.fixture
def start(tiny_weights, tiny):
    """start("make", "piano") runs the command line in a process of its own, with tiny weights."""
    running = []

    def call(*arguments: object, before: str = "", **how) -> subprocess.Popen[str]:
        program = [sys.executable, "-c", PROGRAM.format(before=before), str(tiny_weights)]
        usual = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        usual |= {"text": True, "env": os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}}
        process = subprocess.Popen(program + [str(a) for a in arguments], **(usual | how))
        running.append(process)
        return process

    yield call
    for process in running:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def visible_and_hidden(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals as on Unix")
def test_ctrl_c_in_the_middle(start, tiny):
    beside = ("--keep-structure", "--plot")
    process = start("make", "piano 1 s", "-n", 500, "-o", "x.wav", "--json", *beside)
    first = json.loads(process.stdout.readline())  # the first take is finished
    process.send_signal(signal.SIGINT)
    out, err = process.communicate()
    rows = [first, *(json.loads(line) for line in out.splitlines())]
    assert process.returncode == 130
    assert err.splitlines()[-1] == "audiogen: interrupted; nothing was left half written."
    assert "Traceback" not in err
    told = [name for row in rows for name in (row["file"], *row["beside"])]
    assert visible_and_hidden(tiny) == sorted(told)
    for row in rows:
        assert Waveform.load(row["file"]).seconds == 1.0
    assert len(rows) < 500


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="signals as on Unix")
def test_ctrl_c_while_torch_is_imported(start, tiny):
    """Python would raise inside C++ code there, which aborts the process."""
    process = start("make", "piano 1 s", "-o", "x.wav")
    assert process.stderr.readline() == "loading torch and weights ...\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate()
    assert process.returncode == 130
    assert err.splitlines()[-1] == "audiogen: interrupted; nothing was left half written."
    assert visible_and_hidden(tiny) == []


def test_ctrl_c_that_a_callback_swallows_still_cancels(tiny, run, monkeypatch):
    from audiogen.render.vocoder import Vocoder

    real = Vocoder.__call__

    def swallowing(self, *given):
        with contextlib.suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        return real(self, *given)

    monkeypatch.setattr(Vocoder, "__call__", swallowing)
    done = run("make", "piano 1 s", "-n", 3, "-o", "x.wav")
    assert done.code == 130
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_waits_for_what_is_held_unless_it_is_pressed_twice():
    from audiogen.cli.interrupt import Interrupt

    done = []
    with Interrupt() as interrupt:
        with pytest.raises(KeyboardInterrupt), interrupt.held():
            signal.raise_signal(signal.SIGINT)
            done.append("finished first")
        with interrupt.held():
            done.append("what must still be done is not disturbed")
        with pytest.raises(KeyboardInterrupt), interrupt.held():
            signal.raise_signal(signal.SIGINT)
            done.append("never")
    assert len(done) == 2
    assert interrupt.came


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="limits as on Unix")
def test_a_file_system_that_takes_no_more(start, tiny):
    """The operating system refuses to write more than 100 kB into one file."""
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))"
    process = start("make", "piano 2 s", "-o", "x.wav", "-q", "--keep-structure", "--plot", before=limit)
    out, err = process.communicate()
    assert (process.returncode, out) == (1, "")
    said = r"audiogen: Could not write x\.(wav|png): File too large; make room or choose another .*\n"
    assert re.fullmatch(said, err)
    assert visible_and_hidden(tiny) == []


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_full_disk(tiny, run, monkeypatch, call):
    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, full)
    done = run("make", "piano 1 s", "-o", "x.wav", "--keep-structure", "--plot", "-q")
    assert done.code == 1
    assert f"{os.strerror(errno.ENOSPC)}; make room" in done.err
    assert len(done.err.splitlines()) == 1
    assert visible_and_hidden(tiny) == []


def test_a_full_disk_in_the_middle_of_a_list_keeps_what_is_finished(tiny, run, monkeypatch):
    (tiny / "night.txt").write_text("piano 1 s\npiano 1 s\npiano 1 s\n")
    real, calls = os.fsync, []

    def full_once(*given):
        calls.append(1)
        if len(calls) == 2:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(*given)

    monkeypatch.setattr(os, "fsync", full_once)
    done = run("make", "night.txt", "-o", "{job}.wav", "-q")
    assert (done.code, done.out.split()) == (1, ["1.wav", "3.wav"])
    assert "audiogen: night.txt, line 2: Could not write 2.wav" in done.err
    assert visible_and_hidden(tiny) == ["1.wav", "3.wav", "night.txt"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
def test_a_full_stdout(start):
    with open("/dev/full", "wb") as full:
        process = start("make", "piano 1 s", "-o", "-", "-q", stdout=full)
        _, err = process.communicate()
    assert process.returncode == 1
    assert err == f"audiogen: Could not write to stdout: {os.strerror(errno.ENOSPC)}.\n"


@pytest.mark.slow
def test_the_sound_goes_through_a_pipe(start):
    process = start("make", "piano 1 s", "-o", "-", "-q", "--format", "flac", text=False)
    out, err = process.communicate()
    assert (process.returncode, err, out[:4]) == (0, b"", b"fLaC")


@pytest.mark.slow
def test_a_reader_that_goes_away(start):
    process = start("make", "piano 5 s", "-o", "-", "-q", text=False)
    process.stdout.read(4)
    process.stdout.close()
    assert process.stderr.read() == b""
    assert process.wait() == 1


@pytest.fixture(params=[0o555, 0o600], ids=["read-only", "closed"])
def locked(request, tiny, run):
    """A folder in which nothing may be written; root gives up its rights for the time being."""
    run("make", "piano", "--dry-run")  # imports what is imported late, which nobody else may be able to
    folder = tiny / "folder"
    folder.mkdir()
    (folder / "there.wav").write_bytes(b"mine")
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    if root and not hasattr(os, "setresuid"):
        pytest.skip("root may write anywhere")
    tiny.chmod(0o755)
    folder.chmod(request.param)
    if root:
        os.setresuid(65534, 65534, 0)
    yield folder
    if root:
        os.setresuid(0, 0, 0)
    folder.chmod(0o755)
    assert visible_and_hidden(folder) == ["there.wav"]


@pytest.mark.parametrize(
    "where",
    [["folder/x.wav"], ["folder/"], ["folder/new/x.wav", "--mkdir"], ["folder/there.wav", "--force"]],
    ids=" ".join,
)
def test_a_read_only_folder(run, locked, where):
    done = run("make", "piano", "-o", *where)
    assert done.code == 2
    assert "not writable; choose another" in done.err


PLAYER_TABLE = [
    ("make", "piano 1 s", "-o", "x.wav"),
    ("make", "piano 1 s", "-o", "x.wav", "--json"),
    ("decode", "mine.mid", "-o", "x.wav"),
    ("again", "before.wav", "-o", "x.wav"),
]


@pytest.mark.parametrize("arguments", PLAYER_TABLE, ids=" ".join)
def test_without_a_player_the_file_is_there_and_one_line_says_so(tiny, run, monkeypatch, arguments):
    run("make", "piano 1 s", "-o", "before.wav", "--keep-structure")
    (tiny / "before.mid").rename(tiny / "mine.mid")
    monkeypatch.setenv("PATH", str(tiny))
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    done = run(*arguments, "--play", "-q")
    assert done.code == 5
    assert "x.wav" in done.out
    assert done.err.startswith("audiogen: x.wav is written, but nothing here plays it; install ")
    assert len(done.err.splitlines()) == 1
    assert Waveform.load(tiny / "x.wav").seconds >= 1.0


def test_a_long_sound_is_heard_while_it_is_made_and_its_file_is_the_same(tiny, run, monkeypatch):
    monkeypatch.setattr("audiogen.cli.work.LIVE_S", 1.0)
    monkeypatch.setattr("audiogen.render.blocks.BLOCK_FRAMES", 150)
    device = Device()
    monkeypatch.setattr("audiogen.media.live.device", lambda: device)
    monkeypatch.setattr("audiogen.media.player.play", lambda files: pytest.fail("played twice"))
    monkeypatch.setattr(Device, "OutputStream", lambda self, rate, channels, dtype: self)
    rain = ("make", "rain, 4 s", "--seed", 7, "-q")
    assert run(*rain, "-o", "heard.wav", "--play").code == 0
    assert device.sound.shape == (2, 4 * 44_100)
    assert run(*rain, "-o", "plain.wav").code == 0
    assert Path("heard.wav").read_bytes() == Path("plain.wav").read_bytes()


def test_takes_are_played_in_order_when_all_are_written(tiny, run, monkeypatch):
    played = []

    def listen(files):
        played.extend(map(str, files))
        assert all(file.exists() for file in files)

    monkeypatch.setattr("audiogen.media.player.play", listen)
    assert run("make", "piano 1 s", "-n", 2, "-o", "x.wav", "--play", "--keep-structure").code == 0
    assert played == ["x-1.wav", "x-2.wav"]
    (tiny / "night.txt").write_text("piano 1 s\ncalm piano 1 s\n")
    assert run("make", "night.txt", "-o", "{job}.wav", "--play").code == 0
    assert played[2:] == ["1.wav", "2.wav"]
    assert "leave one of them out" in run("make", "piano 1 s", "-o", "-", "--play").err


def test_a_failed_job_outranks_a_missing_player(tiny, run, monkeypatch):
    from audiogen.errors import MissingPackage
    from audiogen.render.vocoder import Vocoder

    real, calls = Vocoder.__call__, []

    def failing(self, *given):
        calls.append(1)
        if len(calls) == 1:
            raise RuntimeError("oh no")
        return real(self, *given)

    def no_player(files):
        raise MissingPackage("nothing here plays it")

    monkeypatch.setattr(Vocoder, "__call__", failing)
    monkeypatch.setattr("audiogen.media.player.play", no_player)
    (tiny / "night.txt").write_text("piano 1 s\ncalm piano 1 s\n")
    done = run("make", "night.txt", "-o", "{job}.wav", "--play", "-q")
    assert done.code == 1
    assert [line.split(": ")[1] for line in done.err.splitlines()] == [
        *(
            "night.txt, line 1",
            "--play",
            "1 of 2 jobs failed (night.txt, line 1); everything else is complete.",
        ),
    ]


def test_pictures_need_matplotlib_before_the_work_begins(tiny, run, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    done = run("make", "piano 1 s", "-o", "x.wav", "--plot")
    assert (done.code, "audiogen[eval]" in done.err) == (5, True)
    assert "decoder" not in done.err
    assert visible_and_hidden(tiny) == []
