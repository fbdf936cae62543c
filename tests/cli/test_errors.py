"""The table of what can go wrong: one clear line, the right exit code, nothing half written."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
import soundfile

from audiogen.artifacts import MelSpectrogram, Notes, Structure
from audiogen.cli import main
from audiogen.media.midi import MidiData, midi_bytes


@pytest.fixture
def files(tiny):
    """A folder of things that should not work."""
    (tiny / "there.wav").write_bytes(b"mine")
    (tiny / "there.mid").write_bytes(b"mine")
    (tiny / "folder").mkdir()
    (tiny / "broken.mid").write_bytes(b"MThd and then nothing")
    (tiny / "text.mid").write_text("do re mi")
    (tiny / "broken.npz").write_bytes(b"PK nothing")
    (tiny / "broken.wav").write_bytes(b"RIFF")
    (tiny / "notes.txt").write_text("c d e")
    (tiny / "empty.mid").write_bytes(midi_bytes(MidiData(np.zeros((0, 4)), np.zeros((0, 2)))))
    np.savez(tiny / "other.npz", a=np.zeros(3))
    Structure(700.0, Notes.from_rows(np.array([[60, 0, 698, 60.0]]))).save(tiny / "long.mid")
    Structure(2.0, mel=np.zeros((34, 50), np.float32)).save(tiny / "mel.npz")
    soundfile.write(str(tiny / "plain.wav"), np.zeros((100, 2)), 8000)
    return tiny


TABLE = [
    # usage
    (["make"], 2, "Missing argument"),
    (["mak", "piano"], 2, "did you mean 'make'"),
    (["xyz"], 2, "there are: make"),
    (["make", "piano", "--sed", "1"], 2, "--sed"),
    (["make", "piano", "--seed", "-1"], 2, "--seed"),
    (["make", "piano", "--rate", "8000"], 2, "--rate"),
    (["make", "piano", "-n", "0"], 2, "'-n'"),
    # words
    (["make", ""], 2, "The prompt is empty"),
    (["make", "xyzzy plugh"], 2, "says what to make"),
    (["make", "piano with drums"], 2, "cannot make drums; it makes solo piano"),
    (["make", "heavy rain, 0 s"], 2, "An ambience takes 1 to 300 seconds, not 0"),
    (["make", "heavy rain", "--seconds", "1000"], 2, "1 to 300 seconds, not 1000"),
    (["make", "rain", "--structure", "score"], 2, "score does not make ambience; for ambience there are mel"),
    (["make", "rain", "--structure", "contour.png"], 2, "contour.png does not exist"),
    (["make", "rain", "-o", "-", "--show-steps"], 2, "writes one file"),
    (["explain", "手写数字 12"], 2, "12: a picture has one digit"),
    (["make", "calm", "--path", "video"], 2, "cannot make video"),
    # lengths
    (["make", "piano, 0 s"], 2, "1 to 300 seconds, not 0"),
    (["make", "piano, -5 s"], 2, "1 to 300 seconds, not -5"),
    (["make", "piano, 10,000 seconds"], 2, "1 to 300 seconds"),
    (["make", "piano", "--seconds", "10000"], 2, "not 10000"),
    (["make", "piano", "--seconds", "nan"], 2, "not nan"),
    # settings
    (["make", "piano", "--steps", "0"], 2, "steps must be"),
    (
        ["make", "piano", "--guidance", "99", "--temperature", "0"],
        2,
        "guidance must be .* temperature must be",
    ),
    (["make", "piano", "--structure-strength", "2"], 2, "structure_strength must be"),
    (["make", "piano", "--loudness", "loud"], 2, "neither a number of LUFS nor off"),
    (["make", "piano", "--loudness", "5"], 2, "-50 .. -5 LUFS"),
    (["make", "piano", "--structure", "fugue"], 2, "no structure stage named 'fugue'; there are score, mel"),
    (["make", "piano", "--decoder", "magic"], 2, "no decoder stage named 'magic'"),
    (["make", "piano", "--decoder", "none"], 2, "Without a decoder"),
    (["make", "piano 1 s", "--scheduler", "magic"], 2, "magic"),
    (["make", "piano", "--device", "tpu9"], 2, "tpu9"),
    # output
    (["make", "piano", "-o", "x.aac"], 2, "Cannot write audio as '.aac'; use .wav"),
    (["make", "piano", "-o", "x"], 2, "without suffix"),
    (["make", "piano", "-o", "there.wav"], 3, "there.wav exists; use --force"),
    (["make", "piano", "-o", "there.flac", "--keep-structure"], 3, "there.mid exists"),
    (["make", "piano", "-o", "nowhere/x.wav"], 2, "folder nowhere does not exist"),
    (["make", "piano", "-n", "2", "-o", "-"], 2, "writes one file"),
    (["structure", "piano", "-o", "x.wav"], 2, "Cannot write a structure as '.wav'"),
    (["structure", "piano", "--structure", "mel", "-o", "x.mid"], 2, "writes no notes"),
    (["structure", "piano", "--structure", "none"], 2, "Nothing here makes a structure"),
    # input
    (["decode", "absent.mid"], 2, "No such file"),
    (["decode", "absent.npz"], 2, "does not exist"),
    (["decode", "broken.mid"], 2, "no readable MIDI"),
    (["decode", "text.mid"], 2, "no readable MIDI"),
    (["decode", "empty.mid"], 2, "holds no piano notes"),
    (["decode", "long.mid"], 2, "decode takes 0.5 to 600 s"),
    (["decode", "broken.npz"], 2, "broken.npz is no readable .npz file .File is not a zip file"),
    (["decode", "other.npz"], 2, "holds no structure"),
    (["decode", "notes.txt"], 2, "Cannot start from 'notes.txt'"),
    (["decode", "mel.npz", "--seconds", "5"], 2, "cannot be made 5 s long"),
    (["make", "piano", "--structure", "absent.mid"], 2, "No such file"),
    (["info", "absent.wav"], 2, "does not exist"),
    (["info", "broken.wav"], 2, "no readable audio"),
    (["again", "plain.wav"], 2, "holds no audiogen recipe"),
    (["again", "absent.wav"], 2, "does not exist"),
    (["train", "absent.yaml"], 2, "absent.yaml"),
    (["data", "absent.yaml", "--source", "."], 2, "absent.yaml"),
]


@pytest.mark.parametrize(
    ("arguments", "code", "words"), TABLE, ids=lambda v: " ".join(v) if isinstance(v, list) else ""
)
def test_what_can_go_wrong(files, run, arguments, code, words):
    before = {f.name: f.stat().st_mtime_ns for f in files.iterdir()}
    done = run(*arguments)
    *progress, line = done.err.splitlines()
    assert done.code == code, done.err
    assert line.startswith("audiogen: ")
    assert all(text.endswith(" ...") for text in progress)
    import re

    assert re.search(words, line), line
    assert done.out == ""
    assert {f.name: f.stat().st_mtime_ns for f in files.iterdir()} == before


def test_force_replaces(files, run):
    assert run("make", "piano 1 s", "-o", "there.wav", "--force").code == 0
    assert (files / "there.wav").read_bytes()[:4] == b"RIFF"


def test_missing_and_damaged_weights(files, run, monkeypatch, tiny_weights):
    import shutil

    from audiogen import registry

    shutil.copytree(tiny_weights, files / "weights")
    monkeypatch.setattr(registry, "WEIGHTS_FOLDER", files / "weights")
    with open(files / "weights" / "vocoder" / "model.safetensors", "r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"\xff")
    done = run("make", "piano 1 s", "-o", "x.wav")
    assert (done.code, "are damaged (checksum differs)" in done.err) == (4, True)
    shutil.rmtree(files / "weights" / "vocoder")
    done = run("make", "piano 1 s", "-o", "x.wav")
    assert (done.code, "not in this installation" in done.err) == (4, True)
    assert not (files / "x.wav").exists()


def test_ctrl_c_keeps_finished_takes(files, run, monkeypatch):
    from audiogen.render.vocoder import Vocoder

    real, calls = Vocoder.__call__, []

    def interrupted(self, *arguments):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return real(self, *arguments)

    monkeypatch.setattr(Vocoder, "__call__", interrupted)
    done = run("make", "piano 1 s", "-n", 3, "-o", "x.wav")
    assert done.code == 130
    assert done.out == "x-1.wav\n"
    assert "interrupted" in done.err
    assert sorted(f.name for f in files.glob("x*")) == ["x-1.wav"]


def test_the_unexpected_is_one_line_and_vv_shows_where(files, run, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("oh\nno")

    monkeypatch.setattr("audiogen.making.understand", broken)
    done = run("make", "piano")
    assert done.code == 1
    assert done.err == "audiogen: unexpected ZeroDivisionError: oh no (-vv shows where it happened).\n"
    assert "Traceback" in run("make", "piano", "-vv").err
    monkeypatch.setattr("audiogen.making.understand", lambda *_: (_ for _ in ()).throw(MemoryError()))
    assert "fewer seconds" in run("make", "piano").err


def test_help_loads_no_torch():
    code = (
        "import sys\nfrom audiogen.cli import main\n"
        "assert main(['--help']) == 0 and main(['make', '--help']) == 0 and main(['--version']) == 0\n"
        "main(['explain', 'calm piano']); main(['make', 'oboe'])\n"
        "main(['make', 'rain', '--loop', '--dry-run'])\n"
        "heavy = {'torch', 'transformers', 'diffusers', 'scipy', 'librosa'} & set(sys.modules)\n"
        "sys.exit(f'loaded {heavy}' if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_help_names_every_verb_and_its_exit_code_is_0(run):
    from audiogen.cli.group import VERBS

    text = run("--help").out
    for verb in VERBS:
        assert verb in text
        assert run(verb, "--help").code == 0
    assert run().code == 2


def test_a_closed_pipe_is_no_traceback(tiny):
    command = f"{sys.executable} -c 'from audiogen.cli import main; import sys; sys.exit(main([\"models\"]))'"
    done = subprocess.run(f"{command} | true", shell=True, capture_output=True, text=True)
    assert done.stderr == ""


def test_a_spectrogram_can_be_decoded(files, run):
    mel = MelSpectrogram(np.full((170, 75), -8, np.float32), np.zeros((2, 34, 75), np.float32), 1.0)
    mel.save(files / "whole.npz")
    assert run("decode", "whole.npz", "-o", "x.wav").code == 0
    assert main(["info", "whole.npz"]) == 0
