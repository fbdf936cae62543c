"""audiogen check: what was asked beside what is measured, and an exit code that scripts can use."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audiogen.artifacts import Notes, Structure
from audiogen.ranking import asked


@pytest.fixture
def scale(tmp_path: Path) -> Path:
    """A C major scale at 120 bpm, one note a beat, loud, as MIDI."""
    pitch = [60, 62, 64, 65, 67, 69, 71, 72, 60, 64, 67, 72, 67, 64, 60, 60]
    rows = [[p, 0.5 * k, 0.5 * k + 0.45, 100] for k, p in enumerate(pitch)]
    file = tmp_path / "scale.mid"
    Structure(8.0, notes=Notes.from_rows(np.array(rows, float))).save(file)
    return file


def test_a_file_that_is_as_asked_passes(scale: Path, run) -> None:
    ran = run("check", scale, "fortissimo piano in C major, 120 bpm, 2 notes per second, 8 s")
    assert ran.code == 0, ran.out
    assert "as asked" in ran.out.splitlines()[-1]
    named = {line.split()[0] for line in ran.out.splitlines()[1:-1]}
    assert {"seconds", "tempo", "key", "density", "loudness", "closing"} <= named


@pytest.mark.parametrize(
    ("words", "row"),
    [
        ("piano in F# minor", "key"),
        ("piano, 100 bpm", "tempo"),
        ("pianissimo piano", "loudness"),
        ("piano, 12 notes per second", "density"),
        ("piano, 20 s", "seconds"),
    ],
)
def test_what_is_not_as_asked_is_named_and_fails(scale: Path, run, words: str, row: str) -> None:
    ran = run("check", scale, words, "--json")
    assert ran.code == 1
    told = json.loads(ran.out)
    assert row in told["failed"]
    assert not told["as_asked"]


def test_what_only_a_mood_suggests_is_told_and_is_no_fault(scale: Path, run) -> None:
    ran = run("check", scale, "stormy piano, 8 s")
    rows = {line.split()[0]: line for line in ran.out.splitlines() if line.strip()}
    assert "not as the mood suggests" in rows["density"]
    assert "density" not in ran.out.splitlines()[-1]
    assert run("check", scale, "stormy piano with 14 notes per second").code == 1


def test_the_values_are_those_of_the_ranking(tiny: Path, run) -> None:
    run("make", "piano in C major, 4 s", "-o", "a.wav", "-n", 2, "--best", 1, "--seed", 5)
    run("check", "a.wav", "--json")
    from audiogen.media.audio import read_recipe

    told = {row["name"]: row["value"] for row in json.loads(run("check", "a.wav", "--json").out)["rows"]}
    verdict = read_recipe(tiny / "a.wav")["verdict"]["checks"]
    assert told["signal"] == pytest.approx(verdict["signal"]["value"], abs=0.02)


def test_a_sound_of_nature_is_held_against_its_words(tiny: Path, run) -> None:
    run("make", "rain, 2 s", "-o", "rain.wav", "--seed", 1)
    ran = run("check", "rain.wav", "heavy rain, 2 s", "--json")
    rows = {row["name"]: row for row in json.loads(ran.out)["rows"]}
    assert rows["sources"]["value"] is None  # nothing here hears what it is; that is said, not passed over
    assert rows["seconds"]["value"] == 1


@pytest.mark.parametrize("channels", [1, 2])
def test_other_rates_and_channels(tmp_path: Path, run, channels: int) -> None:
    noise = np.random.default_rng(0).normal(0, 0.05, (3 * 22_050, channels))
    soundfile.write(tmp_path / "n.ogg", noise, 22_050)
    assert run("check", tmp_path / "n.ogg", "rain, 3 s").code in (0, 1)


def test_silence_fails(tmp_path: Path, run) -> None:
    soundfile.write(tmp_path / "s.wav", np.zeros((44_100, 2)), 44_100)
    ran = run("check", tmp_path / "s.wav", "rain")
    assert ran.code == 1
    assert "nothing but silence" in ran.out


def test_bad_input_is_one_line(scale: Path, tmp_path: Path, run) -> None:
    (tmp_path / "x.wav").write_bytes(b"no sound")
    soundfile.write(tmp_path / "bare.wav", np.zeros((44_100, 2)), 44_100)
    for arguments, said in (
        ((tmp_path / "x.wav", "piano"), "no readable audio"),
        ((tmp_path / "none.wav", "piano"), "does not exist"),
        ((tmp_path / "bare.wav",), "give the words"),
        ((scale, "digit 7"), "change one of them"),
        ((scale, "a violin"), "violin"),
        ((tmp_path / "bare.wav", "rain", "--yamnet", tmp_path), "yamnet.tflite"),
    ):
        ran = run("check", *arguments)
        assert ran.code != 0
        assert said in ran.err
        assert len(ran.err.strip().splitlines()) == 1
        assert "unexpected" not in ran.err


def test_a_row_fails_where_the_difference_would_be_noticed() -> None:
    assert asked.Row("tempo", "60", "90", 0.3).fails
    assert not asked.Row("tempo", "60", "61", 0.9).fails
    assert not asked.Row("mood", "calm", "not measured").fails
