"""Many prompts in one run: from stdin and files; checked first, loaded once, one failure stops no other."""

from __future__ import annotations

import io
import json
import re
import sys

import numpy as np
import pytest

from audiogen.artifacts import Notes, Structure
from audiogen.media.audio import read_recipe

LINES = "# for the night\ncalm piano, 1 s\n\n  stormy piano, 1 s  \n舒缓的钢琴,1 秒\n"
NAMES = "{job:02}-{slug}.wav"


@pytest.fixture
def stdin(monkeypatch):
    """stdin("piano") stands in for what comes through a pipe."""

    def give(text: str | bytes) -> None:
        raw = text.encode() if isinstance(text, str) else text
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"))

    return give


@pytest.fixture
def loads(monkeypatch):
    """The names of the stages whose weights are read, as they are."""
    from audiogen.pretrained import Pretrained

    real, seen = Pretrained.from_pretrained.__func__, []

    def counted(cls, *given, **named):
        seen.append(cls.name)
        return real(cls, *given, **named)

    monkeypatch.setattr(Pretrained, "from_pretrained", classmethod(counted))
    return seen


def test_prompts_from_stdin_are_made_as_each_alone(tiny, run, stdin, loads):
    stdin(LINES)
    done = run("make", "-", "-o", NAMES, "--seed", 3)
    assert done.code == 0
    assert done.out.split() == ["01-calm-piano-1-s.wav", "02-stormy-piano-1-s.wav", "03-舒缓的钢琴-1-秒.wav"]
    assert sorted(loads) == ["flow", "score", "vocoder"]
    assert "job 2 of 3: decoder ..." in done.err
    assert done.err.endswith("3 jobs: 3 takes made\n")
    run("make", "stormy piano, 1 s", "--seed", 3, "-o", "alone.wav")
    assert (tiny / "alone.wav").read_bytes() == (tiny / "02-stormy-piano-1-s.wav").read_bytes()


def test_a_text_file_with_a_byte_order_mark_and_windows_lines(tiny, run):
    (tiny / "night.TXT").write_bytes(b"\xef\xbb\xbf" + LINES.replace("\n", "\r\n").encode())
    assert len(run("make", "night.TXT", "-o", NAMES).out.split()) == 3


JOBS = [
    {"prompt": "calm piano", "seconds": 1.5, "seed": 7, "decoder_seed": 2, "n": 2, "output": "a-{n}.flac"},
    {"prompt": "piano 1 s", "structure": "mine.mid", "decoder": "flow", "loudness": -25, "rate": 48000},
    {"prompt": "low piano 1 s", "structure": "none", "steps": 3, "guidance": 1.5, "loudness": "off"},
    {"prompt": "high piano 1 s", "structure": "mel", "keep-structure": True, "seed": None, "format": "ogg"},
    "soft piano, 1 s",
]


@pytest.mark.parametrize("suffix", [".json", ".jsonl"])
def test_a_job_takes_the_options_of_make(tiny, run, loads, suffix):
    """Those of the command line hold where it does not say otherwise."""
    Structure(1.0, Notes.from_rows(np.array([[60, 0.1, 0.6, 70]]))).save(tiny / "mine.mid")
    lines = [json.dumps(job) for job in JOBS]
    text = "[" + ",".join(lines) + "]" if suffix == ".json" else "\n".join([*lines, "", "# the end"])
    (tiny / f"night{suffix}").write_text(text)
    done = run("make", f"night{suffix}", "-o", "takes/", "--seed", 5, "--steps", 2, "--mkdir", "--json")
    assert done.code == 0, done.err
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [(row["job"], row["file"], row["seed"]) for row in rows] == [
        *((1, "a-1.flac", 7), (1, "a-2.flac", 8), (2, "takes/piano-1-s-5.wav", 5)),
        *((3, "takes/low-piano-1-s-5.wav", 5), (4, "takes/high-piano-1-s-5.ogg", 5)),
        (5, "takes/soft-piano-1-s-5.wav", 5),
    ]
    assert [row["seconds"] for row in rows[:2]] == [1.5, 1.5]
    assert rows[4]["beside"] == ["takes/high-piano-1-s-5.npz"]
    assert sorted(loads) == ["flow", "mel", "score", "vocoder"]
    recipes = [row["recipe"] for row in rows]
    assert [recipe["sampling"]["steps"] for recipe in recipes] == [2, 2, 2, 3, 2, 2]
    assert [recipe["sampling"]["decoder_seed"] for recipe in recipes[:3]] == [2, 3, None]
    assert (recipes[2]["rate"], recipes[2]["loudness"]) == (48_000, -25.0)
    assert recipes[3]["loudness"] == "off"
    assert read_recipe(tiny / "a-2.flac")["prompt"] == "calm piano"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"prompt": "piano"', "no JSON"),
        ("[1]", "A job is a prompt or an object"),
        ("7", "not 7"),
        ('{"prompt": 7}', "prompt must be words, not 7"),
        ('{"seconds": 5}', "The prompt is empty"),
        ('{"prompt": "violin"}', "cannot make violin"),
        ('{"prompt": "piano", "secs": 5}', "A job has no secs; did you mean"),
        ('{"prompt": "piano", "xyz": 5}', "there are prompt, output"),
        ('{"prompt": "piano", "seconds": "soon"}', "seconds: 'soon' is not a valid float"),
        ('{"prompt": "piano", "seconds": [5]}', "seconds must be one value, not \\[5\\]"),
        ('{"prompt": "piano", "seconds": 500}', "1 to 300 seconds, not 500"),
        ('{"prompt": "piano", "seed": 1.5}', "seed: '1.5' is not a valid integer"),
        ('{"prompt": "piano", "n": true}', "n must be one value, not true"),
        ('{"prompt": "piano", "n": 0}', "n: 0 is not in the range"),
        ('{"prompt": "piano", "rate": 8000}', "rate: '8000' is not one of"),
        ('{"prompt": "piano", "plot": "yes"}', 'plot must be true or false, not "yes"'),
        ('{"prompt": "piano", "loudness": "loud"}', "neither a number of LUFS nor off"),
        ('{"prompt": "piano", "force": true}', "force is for the whole run; give it on the command line"),
        ('{"prompt": "piano", "output": "{sed}.wav"}', "no field {sed}"),
        ('{"prompt": "piano", "output": "x.aac"}', "Cannot write audio as '.aac'"),
        ('{"prompt": "piano", "output": "nowhere/x.wav"}', "--mkdir"),
        ('{"prompt": "piano", "output": "a\\u0000.wav"}', "control character"),
        ('{"prompt": "piano", "output": "-"}', "-o - writes one file"),
        ('{"prompt": "piano", "structure": "absent.mid"}', "absent.mid"),
        ('{"prompt": "calm piano", "output": "1.wav"}', "1.wav is written by night.jsonl, line 2 as well"),
    ],
)
def test_a_bad_line_is_named_and_the_others_go_on(tiny, run, line, words):
    (tiny / "night.jsonl").write_text(f'# first\n{{"prompt": "piano 1 s"}}\n{line}\n')
    done = run("make", "night.jsonl", "-o", "{job}.wav", "-q")
    first, last = done.err.splitlines()
    assert first.startswith("audiogen: night.jsonl, line 3: left out: ")
    assert re.search(words, first), first
    assert last.startswith("audiogen: 1 of 2 jobs failed (night.jsonl, line 3)")
    assert (done.code, done.out.split()) == (1, ["1.wav"])
    assert sorted(f.name for f in tiny.iterdir()) == ["1.wav", "night.jsonl"]


def test_bad_lines_are_said_before_anything_is_made(tiny, run, stdin):
    stdin("piano 1 s\nviolin\npiano, 900 s\n")
    done = run("make", "-", "-o", "{job}.wav")
    assert [line.split(": ")[1] for line in done.err.splitlines()[:2]] == ["stdin, line 2", "stdin, line 3"]
    assert done.err.splitlines()[-1].startswith("audiogen: 2 of 3 jobs failed (stdin, line 2, stdin, line 3)")
    assert (done.code, done.out.split()) == (1, ["1.wav"])


def test_a_dry_run_shows_the_good_ones_and_fails_for_the_bad(tiny, run, stdin, loads):
    stdin("piano 1 s\nviolin\n")
    done = run("make", "-", "-o", "{job}.wav", "--dry-run")
    assert "1.wav" in done.out
    assert (done.code, loads) == (2, [])


def test_where_no_line_can_be_made_nothing_is_loaded(tiny, run, stdin, loads):
    stdin("violin\npiano, 900 s\n")
    done = run("make", "-", "-o", "{job}.wav")
    *lines, last = done.err.splitlines()
    assert [line.split(": ")[1] for line in lines] == ["stdin, line 1", "stdin, line 2"]
    assert last.startswith("audiogen: 2 of 2 jobs cannot be made, so none was begun")
    assert (done.code, loads) == (2, [])


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("absent.txt", None, "Cannot read the jobs in absent.txt: No such file"),
        ("folder.json", "folder", "Cannot read the jobs in folder.json: Is a directory"),
        ("a.txt", "\n# nothing\n", "a.txt holds no job; write one prompt per line"),
        ("a.json", "[]", "a.json holds no job"),
        ("a.json", '{"prompt": "piano"}', "a.json must hold a list of jobs"),
        ("a.json", '[\n{"prompt": "piano",}\n]', "a.json, line 2: no JSON"),
        ("a.json", '[{"prompt": "drums"}]', "a.json, job 1: audiogen cannot make drums"),
        ("a.txt", b"caf\xe9", "a.txt is no UTF-8 text"),
    ],
)
def test_lists_that_cannot_be_read(tiny, run, name, content, words):
    if content == "folder":
        (tiny / name).mkdir()
    elif content is not None:
        (tiny / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    done = run("make", name, "-o", "{job}.wav")
    assert done.code == 2
    assert words in done.err
    assert len(done.err.splitlines()) == 1


def test_existing_output_is_3(tiny, run, stdin):
    (tiny / "2.wav").write_bytes(b"mine")
    stdin("piano 1 s\ncalm piano 1 s")
    done = run("make", "-", "-o", "{job}.wav")
    assert (done.code, "line 2: 2.wav exists" in done.err) == (3, True)
    assert not (tiny / "1.wav").exists()


def test_two_jobs_do_not_write_one_file(tiny, run, stdin):
    stdin("piano 1 s\ncalm piano 1 s")
    assert "as well; put a field such as {job}" in run("make", "-", "-o", "x.wav").err
    stdin('{"prompt": "piano 1 s", "output": "x.wav"}\n{"prompt": "piano 1 s", "output": "./x.flac"}')
    assert "x.mid is written by stdin, line 1 as well" in run("make", "-", "--keep-structure", "--force").err
    stdin("piano 1 s")
    assert run("make", "-", "-o", "x.wav", "--force").code == 0


def test_one_failure_stops_no_other(tiny, run, stdin, monkeypatch):
    from audiogen.decoder.flow import FlowDecoder

    real, calls = FlowDecoder.__call__, []

    def failing(self, *given):
        calls.append(1)
        if len(calls) == 2:
            raise MemoryError
        if len(calls) == 3:
            raise RuntimeError("oh\nno")
        return real(self, *given)

    monkeypatch.setattr(FlowDecoder, "__call__", failing)
    stdin("piano 1 s\n" * 4)
    done = run("make", "-", "-o", "{job}.wav", "-q")
    assert (done.code, done.out.split()) == (1, ["1.wav", "4.wav"])
    assert done.err.splitlines() == [
        "audiogen: stdin, line 2: out of memory; ask for fewer seconds.",
        "audiogen: stdin, line 3: unexpected RuntimeError: oh no (-vv shows where it happened).",
        "audiogen: 2 of 4 jobs failed (stdin, line 2, stdin, line 3); everything else is complete.",
    ]


def test_ctrl_c_stops_the_whole_list_and_skip_existing_goes_on(tiny, run, stdin, monkeypatch, loads):
    from audiogen.render.vocoder import Vocoder

    real, calls = Vocoder.__call__, []

    def interrupted(self, *given):
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(self, *given)

    monkeypatch.setattr(Vocoder, "__call__", interrupted)
    jobs = '{"prompt": "piano 1 s", "n": 2}\npiano 1 s\n'
    stdin(jobs)
    done = run("make", "-", "-o", "{job}-{n}.wav", "--seed", 4)
    assert (done.code, done.out.split()) == (130, ["1-1.wav", "1-2.wav"])
    (tiny / "1-1.wav").unlink()
    before = (tiny / "1-2.wav").stat()
    stdin(jobs)
    done = run("make", "-", "-o", "{job}-{n}.wav", "--seed", 4, "--skip-existing")
    assert (done.code, done.out.split()) == (0, ["1-1.wav", "2-1.wav"])
    assert "1-2.wav exists; left alone" in done.err
    assert done.err.endswith("2 jobs: 2 takes made, 1 left alone\n")
    assert (tiny / "1-2.wav").stat() == before
    run("make", "piano 1 s", "-n", 2, "--seed", 4, "-o", "x-{n}.wav")
    assert (tiny / "x-1.wav").read_bytes() == (tiny / "1-1.wav").read_bytes()
    loads.clear()
    stdin(jobs)
    done = run("make", "-", "-o", "{job}-{n}.wav", "--seed", 4, "--skip-existing")
    assert (done.code, done.out, loads) == (0, "", [])


def test_skip_existing_alone(tiny, run):
    (tiny / "x.wav").write_bytes(b"mine")
    done = run("make", "piano 1 s", "-o", "x.wav", "--skip-existing")
    assert (done.code, done.out, done.err) == (0, "", "x.wav exists; left alone\n")
    assert (tiny / "x.wav").read_bytes() == b"mine"
    assert "give one of them" in run("make", "piano", "--skip-existing", "--force").err
    assert "give a seed" in run("make", "piano", "--skip-existing").err
    assert run("make", "piano 1 s", "--skip-existing", "--seed", 1).code == 0


def test_the_best_takes_of_every_job(tiny, run, stdin):
    jobs = '{"prompt": "piano 1 s", "n": 2, "best": 1}\ncalm piano 1 s\n'
    for words in ("2 jobs: 2 takes made\n", "2 jobs: 0 takes made, 2 left alone\n"):
        stdin(jobs)
        done = run("make", "-", "-o", "{job}.wav", "--skip-existing")
        assert (done.code, done.err.endswith(words)) == (0, True), done.err
    assert sorted(f.name for f in tiny.iterdir()) == ["1.wav", "2.wav"]


def test_a_dry_run_shows_every_job(tiny, run, stdin, loads):
    stdin(LINES)
    rows = [
        json.loads(r) for r in run("make", "-", "-o", "{job}.wav", "--dry-run", "--json").out.splitlines()
    ]
    assert [(row["job"], row["files"]) for row in rows] == [(k, [f"{k}.wav"]) for k in (1, 2, 3)]
    stdin(LINES)
    assert run("make", "-", "-o", "{job}.wav", "--dry-run").out.count("would write") == 3
    assert (loads, list(tiny.iterdir())) == ([], [])


def test_what_was_not_understood_is_said_with_its_line(tiny, run, stdin):
    stdin("piano 1 s\npiano zeugma 1 s")
    assert "stdin, line 2: not understood, and left out: zeugma" in run("make", "-", "-o", "{job}.wav").err


def test_pictures_and_structures_beside_every_take(tiny, run, stdin):
    stdin("piano 1 s\ncalm piano 1 s")
    done = run("make", "-", "-n", 2, "-o", "p/{job}-{n}.ogg", "--mkdir", "--plot", "--keep-structure")
    assert len(done.out.split()) == 12
    for name in ("1-1", "1-2", "2-1", "2-2"):
        assert (tiny / f"p/{name}.png").read_bytes()[:4] == b"\x89PNG"
        assert (tiny / f"p/{name}.mid").exists() and (tiny / f"p/{name}.ogg").exists()


def test_a_terminal_is_told_what_to_type(tiny, run, stdin, monkeypatch):
    stdin("piano 1 s")
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    assert "one prompt per line; Ctrl-D ends the list" in run("make", "-", "-o", "x.wav").err


def test_the_suffix_says_what_to_make_where_the_words_do_not(tiny, run):
    assert "says what to make; name it in the prompt" in run("make", "1 s").err
    assert run("make", "1 s", "-o", "x.wav").code == 0
    assert run("make", "1 s", "-o", "{slug}-{n}.flac").code == 0
    assert run("make", "1 s", "-o", "-", "--format", "mp3").code == 0
    assert run("structure", "2 s", "-o", "x.mid").code == 0
    dry = run("make", "rain, 1 s", "-o", "y.wav", "--dry-run", "--json")  # the words count for more
    assert json.loads(dry.out)["conditioning"]["path"] == "ambience"
    assert "No word of 'xyzzy plugh' is understood" in run("make", "xyzzy plugh", "-o", "y.wav").err
    assert read_recipe(tiny / "x.wav")["conditioning"]["path"] == "piano"


def test_decode_and_structure_name_files_the_same_way(tiny, run):
    Structure(1.0, Notes.from_rows(np.array([[60, 0.1, 0.6, 70]]))).save(tiny / "mine.mid")
    done = run("decode", "mine.mid", "-o", "d/{slug}-{seed:03}.flac", "--mkdir", "--seed", 4, "-n", 2)
    assert done.out.split() == ["d/mine-004.flac", "d/mine-005.flac"]
    again = run(
        "decode", "mine.mid", "-o", "d/{slug}-{seed:03}.flac", "--skip-existing", "--seed", 4, "-n", 3
    )
    assert again.out.split() == ["d/mine-006.flac"]
    assert run("structure", "waltz in D minor, 2 s", "-o", "d/{key}-{n}.mid", "-n", 2).out.split() == [
        *("d/D-minor-1.mid", "d/D-minor-2.mid"),
    ]
    assert run("structure", "waltz 2 s", "-o", "d", "--seed", 1).out == "d/waltz-2-s-1.mid\n"
