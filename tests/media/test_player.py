"""Playing files: with the programs that are there, with what they say, and without any."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import pytest

from audiogen.errors import AudiogenError, MissingPackage
from audiogen.media import player
from audiogen.media.audio import write_audio


@pytest.fixture
def wav(tmp_path):
    file = tmp_path / "-x.wav"  # must not be taken for an option
    write_audio(file, np.zeros((2, 4410)), 44_100)
    return file


@pytest.fixture
def program(tmp_path, monkeypatch):
    """program("ffplay", "exit 0") puts a shell script on the PATH, and nothing else is there."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr("sys.platform", "linux")

    def put(name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    return put


def test_files_are_played_in_order_without_touching_stdout(program, wav, tmp_path, capfd):
    program("ffplay", f'for a; do :; done; echo "$a" >> {tmp_path}/log; /bin/sleep 0.1; echo noise')
    player.play([wav, wav])
    assert (tmp_path / "log").read_text() == f"{wav}\n{wav}\n"
    assert capfd.readouterr().out == ""


@pytest.mark.parametrize(
    ("here", "suffix", "chosen"),
    [
        (["aplay", "play", "ffplay"], ".mp3", "ffplay"),
        (["aplay", "mpv"], ".wav", "mpv"),
        (["aplay", "paplay"], ".FLAC", "paplay"),
        (["aplay"], ".wav", "aplay"),
        (["aplay"], ".flac", None),
        (["afplay"], ".ogg", None),
        ([], ".wav", None),
    ],
)
def test_a_player_must_know_the_format(program, here, suffix, chosen):
    for name in here:
        program(name, "exit 0")
    found = player.find_player(suffix)
    assert (found.command[0] if found else None) == chosen


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("echo first >&2; echo no device >&2; exit 1", r"ffplay could not play it \(no device\)"),
        ("exit 3", r"it ended after .* code 3"),
        ("exit 0", r"it ended after .* code 0"),  # as ffplay does without a sound device
        ("kill -8 $$", "code -8"),
    ],
)
def test_a_player_that_fails_is_named(program, tmp_path, script, words):
    file = tmp_path / "long.wav"
    write_audio(file, np.zeros((2, 44_100 * 60)), 44_100)
    program("ffplay", script)
    with pytest.raises(AudiogenError, match=words):
        player.play([file])
    assert file.exists()


def test_a_program_that_cannot_be_started(program, wav, tmp_path):
    program("ffplay", "")
    (tmp_path / "bin" / "ffplay").write_text("#!/no/such/interpreter\n")
    with pytest.raises(AudiogenError, match="ffplay failed"):
        player.play([wav])


def test_without_a_player_it_says_what_to_install(program, wav, monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(MissingPackage, match="nothing here plays it; install ffmpeg, mpv or SoX"):
        player.play([wav])


def test_sounddevice_is_used_where_no_program_is(program, wav, monkeypatch):
    played = []
    fake = types.SimpleNamespace(PortAudioError=OSError)
    fake.play = lambda samples, rate, blocking: played.append((samples.shape, rate, blocking))
    monkeypatch.setitem(sys.modules, "sounddevice", fake)
    player.play([wav])
    assert played == [((4410, 2), 44_100, True)]

    def broken(*_, **__):
        raise OSError("no device")

    fake.play = broken
    with pytest.raises(AudiogenError, match="could not be played: no device"):
        player.play([wav])


def test_windows_plays_by_itself(program, wav, monkeypatch):
    played = []
    fake = types.SimpleNamespace(SND_FILENAME=1, PlaySound=lambda name, flags: played.append(Path(name)))
    monkeypatch.setitem(sys.modules, "winsound", fake)
    monkeypatch.setattr("sys.platform", "win32")
    player.play([wav])
    assert played == [wav]
