"""audiogen listen and audiogen listen report as a user runs them."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.listen.conftest import folders, noise, write  # noqa: F401

COMMAND = [sys.executable, "-c", "import sys; from audiogen.cli import main; sys.exit(main(sys.argv[1:]))"]
PATIENCE_S = 240  # of a busy machine


@pytest.fixture
def start(folders):  # noqa: F811
    """start("old", "new") -> (process, address of the page, stderr so far)."""
    running = []

    def begin(*arguments):
        command = [*COMMAND, "listen", *arguments, "--no-open"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        running.append(process)
        said = []
        for line in process.stderr:
            said.append(line)
            if found := re.match(r"open (http://127\.0\.0\.1:\d+/[\w-]+/) ", line):
                return process, found[1], said
        raise AssertionError("".join(said))

    yield begin
    for process in running:
        process.kill()
        process.communicate()


def ask(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, data, PATIENCE_S) as response:
        return json.load(response)


def answer(url, choice="A"):
    url += ask(f"{url}join", {})["key"]
    trial = ask(f"{url}/state")["trial"]["id"]
    heard = {"A": 2, "B": 2}
    return ask(
        f"{url}/answer",
        {"trial": trial, "answer": choice, "listened_s": heard, "switches": 1, "seconds": 5, "comment": ""},
    )


def test_ctrl_c_keeps_what_was_answered_and_the_same_command_goes_on(start, run):
    given = ("old", "new", "--rater", "ann", "--seed", "5", "--answers", "a.jsonl")
    process, url, said = start(*given)
    assert "3 trials for ann, seed 5\n" in said
    assert any("equal loudness: turned down old by up to 0.0 dB and new by up to 6.0 dB" in s for s in said)
    answer(url)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (130, "a.jsonl\n")
    assert err == "stopped after 1 of 3; the answers are in a.jsonl, and the same command goes on\n"

    process, url, said = start(*given)
    assert "3 trials for ann, seed 5; 1 are answered already\n" in said
    answer(url, "B")
    assert answer(url, "none")["trial"] is None
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (0, "a.jsonl\n")
    assert err == "all 3 answers are in a.jsonl; see `audiogen listen report a.jsonl`\n"

    done = run("listen", *given)
    assert (done.code, done.out) == (0, "a.jsonl\n")
    assert "all 3 trials are answered already by ann" in done.err
    done = run("listen", "report", "a.jsonl")
    assert done.code == 0
    assert "3 answers of 1 rater on 3 items" in done.out
    assert "No difference shown" in done.out


def test_ctrl_c_before_the_first_answer(start):
    process, url, _ = start("old", "new")
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, out) == (130, "")
    assert err == "stopped before the first answer; listen-old-new.jsonl was not written\n"
    assert not Path("listen-old-new.jsonl").exists()
    with pytest.raises(OSError):
        ask(f"{url}join", {})


def test_what_can_go_wrong(folders, run):  # noqa: F811
    Path("empty").mkdir()
    write(Path("broken/one.wav"), noise())
    Path("broken/one.wav").write_bytes(b"RIFF and nothing")
    write(Path("few/other.wav"), noise())
    Path("diary.jsonl").write_text("dear diary\n")
    before = sorted(folders.rglob("*"))
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        for arguments, code, words in (
            (["old"], 2, "--kind ab compares 2 to 12 systems, not 1"),
            (
                ["old", "absent"],
                2,
                "The folder absent does not exist; give folders of sounds or of pictures.",
            ),
            (["old", "empty"], 2, "holds no sounds"),
            (["old", "old"], 2, "are the same"),
            (["old", "few"], 2, "no file name in common and 3 against 1 sounds"),
            (["old", "broken"], 2, "broken/one.wav is no readable audio file"),
            (["old", "new", "--port", port], 2, f"Port {port} is in use; choose another with --port"),
            (["old", "new", "--port", "70000"], 2, "--port"),
            (["old", "new", "--answers", "nowhere/a.jsonl"], 2, "folder nowhere does not exist"),
            (["old", "new", "--answers", "old"], 2, "old is a folder"),
            (["old", "new", "--answers", "diary.jsonl"], 2, "diary.jsonl is no answers file"),
            (["old", "new", "--repeats", "0"], 2, "--repeats"),
            (["old", "new", "--kind", "olympics"], 2, "No kind of test 'olympics'"),
            (["old", "new", "--kind", "mushra"], 2, "--kind mushra needs the folder of the originals"),
            (["old", "new", "--share", "--static", "x.html"], 2, "take one of them"),
            (["old", "new", "--static", "diary.jsonl"], 3, "diary.jsonl exists; use --force"),
            (["diary.yaml"], 2, "diary.yaml cannot be read (No such file or directory)"),
            (["report", "diary.jsonl", "--html", "diary.jsonl"], 3, "diary.jsonl exists; use --force"),
            (["old", "new", "--rater", " "], 2, "A rater has a name"),
            (["report"], 2, "Missing argument"),
            (["report", "absent.jsonl"], 2, "absent.jsonl does not exist"),
            (["report", "diary.jsonl"], 2, "no answers to report on (1 damaged line)"),
            (["report", "old"], 2, "cannot be read"),
        ):
            done = (
                run("listen", *arguments, "--no-open")
                if arguments[0] != "report"
                else run("listen", *arguments)
            )
            line = done.err.splitlines()[-1]
            assert (done.code, done.out) == (code, ""), done.err
            assert line.startswith("audiogen: ")
            assert words in line
    assert sorted(folders.rglob("*")) == before
    assert Path("diary.jsonl").read_text() == "dear diary\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_answers_file(folders, run):  # noqa: F811
    Path("a.jsonl").write_text("")
    Path("a.jsonl").chmod(0o400)
    done = run("listen", "old", "new", "--answers", "a.jsonl")
    assert (done.code, "a.jsonl cannot be written" in done.err) == (2, True)


def test_an_answers_file_that_cannot_be_opened(folders, run, monkeypatch):  # noqa: F811
    import audiogen.listen.answers as answers

    def refuse(path, mode="r", **_):
        raise PermissionError(13, "Permission denied")

    Path("a.jsonl").write_text("")
    monkeypatch.setattr(answers, "open", refuse, raising=False)
    done = run("listen", "old", "new", "--answers", "a.jsonl")
    assert done.code == 2
    assert "a.jsonl cannot be written (Permission denied); choose another with --answers." in done.err


def test_a_folder_in_which_no_file_can_be_made_is_refused_before_the_first_answer(folders, run):  # noqa: F811
    done = run("listen", "old", "new", "--answers", "/proc/a.jsonl")  # even root writes nothing there
    assert done.code == 2
    assert "audiogen: " in done.err and "/proc" in done.err and done.err.count("\n") == 1


def test_report_as_json_and_its_notes(tmp_path, run, monkeypatch):
    from tests.listen.test_report import row
    from tests.listen.test_report import write as write_rows

    monkeypatch.chdir(tmp_path)
    write_rows("a.jsonl", [row(k, "new") for k in range(8)], "{torn")
    done = run("listen", "report", "a.jsonl", "--json")
    assert (done.code, done.err) == (0, "note: lines left out: 1 (damaged)\n")
    found = json.loads(done.out)
    assert found["comparisons"][0]["preferred"]["new"]["count"] == 8
    assert found["comparisons"][0]["p"] == pytest.approx(2 / 2**8)
    assert run("listen", "report", "a.jsonl", "-q").err == ""


def test_a_page_in_one_file_and_a_configuration(folders, run):  # noqa: F811
    done = run("listen", "old", "new", "--kind", "mos", "--static", "test.html", "--yaml", "test.yaml")
    assert (done.code, done.out) == (0, "test.html\ntest.yaml\n")
    assert "send test.html; keep test.key.json, without it the answers cannot be read" in done.err
    assert Path("test.key.json").exists()
    again = run("listen", "test.yaml", "--static", "again.html")
    assert (again.code, again.out) == (0, "again.html\n"), again.err


def test_report_as_a_page_and_as_tables(tmp_path, run, monkeypatch):
    from tests.listen.test_report import row
    from tests.listen.test_report import write as write_rows

    monkeypatch.chdir(tmp_path)
    write_rows("a.jsonl", [row(k, "new", comment="<b>&") for k in range(8)])
    done = run("listen", "report", "a.jsonl", "--html", "a.html", "--csv", "tables")
    assert done.code == 0, done.err
    page = Path("a.html").read_text("utf-8")
    assert "new is preferred to old in 8 of 8 decided answers" in page
    assert "<svg" in page and "&lt;b&gt;&amp;" in page and "<b>" not in page
    assert len(Path("tables/paired_comparison.csv").read_text().splitlines()) == 9
    assert run("listen", "report", "a.jsonl", "--html", "a.html").code == 3


def test_help_tells_both(run):
    assert "audiogen listen report" in run("listen", "--help").out
    assert "ANSWERS.jsonl..." in run("listen", "report", "--help").out


def test_the_browser_that_is_opened_has_windows(monkeypatch):
    import webbrowser

    from audiogen.cli.listen import _open

    opened = []

    class Window(webbrowser.BaseBrowser):
        def open(self, url, new=0, autoraise=True):
            opened.append(url)
            return True

    for found, calls in ((Window("x"), ["http://x/"]), (webbrowser.GenericBrowser("w3m"), [])):
        opened.clear()
        monkeypatch.setattr(webbrowser, "get", lambda found=found: found)
        _open("http://x/")
        assert opened == calls

    def none():
        raise webbrowser.Error

    monkeypatch.setattr(webbrowser, "get", none)
    _open("http://x/")
