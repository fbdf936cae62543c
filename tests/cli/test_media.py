"""Kept MIDI, MIDI of strangers, formats and what is inside them, as a user meets them."""

from __future__ import annotations

import struct

import numpy as np
import pytest
import soundfile

from audiogen.artifacts import Notes, Structure
from audiogen.media import riff, smf
from audiogen.media.audio import read_audio, read_recipe
from tests.media.wild_midi import END, header, off, on, pedal, plain, program, smpte, track

WALTZ = "waltz at 97 bpm in D minor, 6 s"


def test_a_kept_midi_file_plays_as_its_take_did(tiny, run):
    """Same words and seed: the same samples, from the notes in the file."""
    assert run("make", WALTZ, "--seed", 4, "-o", "a.wav", "--keep-structure").code == 0
    assert run("decode", "a.mid", WALTZ, "--seed", 4, "-o", "b.wav").code == 0
    first, second = read_audio(tiny / "a.wav")[0], read_audio(tiny / "b.wav")[0]
    np.testing.assert_array_equal(first, second)


def test_quantize_writes_whole_steps_of_the_grid(tiny, run):
    assert run("structure", WALTZ, "--seed", 4, "--quantize", "-o", "grid.mid").code == 0
    file = smf.parse((tiny / "grid.mid").read_bytes())
    step = file.ticks_per_quarter // 24
    strikes = [e.tick for e in file.tracks[1] if e.status == smf.NOTE_ON]
    assert strikes and not any(tick % step for tick in strikes)
    assert smf.tempos(file.tracks[0]) == [(0, round(60e6 / 97))]
    refused = run("structure", "calm piano, 3 s", "--quantize", "-o", "free.mid")
    assert (refused.code, (tiny / "free.mid").exists()) == (2, False)
    assert "ask for a tempo" in refused.err


def test_strange_midi_is_played_and_what_was_done_to_it_is_said(tiny, run):
    raw = header(smpte(25, 40)) + track(
        (0, program(40, 1)),
        (0, pedal(80)),
        (0, on(60)),
        (0, on(64, 64, 1)),
        (0, on(36, 64, 9)),
        (500, off(60)),
        (0, off(64, 1)),
        (0, pedal(0)),
        END,
    )
    (tiny / "strange.mid").write_bytes(raw)
    done = run("decode", "strange.mid", "-o", "x.wav", "--seed", 1)
    assert done.code == 0
    for words in ("merged 2 channels", "left out 1 drum note", "(strings) played by the piano"):
        assert f"note: {words}" in done.err or words in done.err
    assert soundfile.info(str(tiny / "x.wav")).duration == 2.0  # half a second, and what rings on


def test_hours_are_refused_and_their_beginning_can_be_played(tiny, run):
    (tiny / "hours.mid").write_bytes(
        header(480) + track((0, on(60)), (480, off(60)), (480 * 2 * 3600 * 5, on(62)), (480, off(62)), END)
    )
    done = run("decode", "hours.mid", "-o", "x.wav")
    assert done.code == 2
    line = done.err.splitlines()[-1]
    assert "5.0 hours long; decode takes 0.5 to 600 s" in line and "--seconds 600" in line
    assert run("decode", "hours.mid", "-o", "x.wav", "--seconds", 2, "--seed", 1).code == 0
    assert soundfile.info(str(tiny / "x.wav")).duration == 2.0


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "it is empty"),
        (b"just text", "does not begin with MThd"),
        (plain()[:12], "ends inside its header"),
        (header(96) + track((0, on(36, 64, 9)), (96, off(36, 9)), END), "it has 1 drum note"),
        (header(480) + track(END), "no piano notes"),
    ],
)
def test_no_piano_midi_is_one_line(tiny, run, raw, words):
    (tiny / "x.mid").write_bytes(raw)
    done = run("decode", "x.mid", "-o", "x.wav")
    assert (done.code, len(done.err.splitlines())) == (2, 1)
    assert words in done.err


def test_ten_minutes_are_taken_and_what_rings_after_them(tiny, run):
    Structure(600.0, Notes.from_rows(np.array([[60, 599.0, 599.9, 64]]))).save(tiny / "ten.mid")
    raw = header(480) + track((480 * 2 * 599, on(60)), (960, off(60)), END)
    (tiny / "foreign.mid").write_bytes(raw)
    for name in ("ten.mid", "foreign.mid"):
        assert run("decode", name, "--dry-run", "-o", "x.wav").code == 0


def test_a_wav_says_its_tempo_only_where_there_is_one(tiny, run):
    run("make", WALTZ, "--seed", 4, "-o", "waltz.wav")
    chunks = dict(riff.chunks((tiny / "waltz.wav").read_bytes()))
    kind, _, _, _, quarters, unit, beats, bpm = struct.unpack("<IHHfIHHf", chunks["acid"])
    assert (kind, quarters, beats, unit) == (1, round(6 * 97 / 60), 3, 4)
    assert bpm == pytest.approx(97, abs=0.001)
    assert "smpl" not in chunks
    assert read_recipe(tiny / "waltz.wav")["music"] == {"tempo": 97.0, "metre": [3, 4], "key": "D minor"}
    (tiny / "smpte.mid").write_bytes(header(smpte(25, 40)) + track((0, on(60)), (500, off(60)), END))
    run("decode", "smpte.mid", "--seed", 4, "-o", "smpte.wav")
    Structure(2.0, Notes.from_rows(np.array([[60, 0.1, 0.9, 64]]))).save(tiny / "free.mid")
    run("decode", "free.mid", "--seed", 4, "-o", "free.wav")  # a clock of 120, but no metre
    for name in ("smpte.wav", "free.wav"):
        assert "acid" not in dict(riff.chunks((tiny / name).read_bytes()))
        assert "tempo" not in read_recipe(tiny / name)["music"]


def test_the_level_in_the_recipe_is_that_of_the_file(tiny, run):
    from audiogen.media.loudness import measure

    run("make", "loud piano, 3 s", "--seed", 4, "-o", "a.wav", "--bits", "float")
    said = read_recipe(tiny / "a.wav")["level"]
    heard = measure(*read_audio(tiny / "a.wav"))
    assert said["integrated_lufs"] == pytest.approx(heard.integrated_lufs, abs=0.02)
    assert said["peak_dbtp"] == pytest.approx(heard.peak_dbtp, abs=0.02)
    run("make", "loud piano, 3 s", "--seed", 4, "-o", "b.wav", "--loudness", "off")
    assert read_recipe(tiny / "b.wav")["level"]["limited_db"] == 0


@pytest.mark.parametrize(
    ("name", "options", "subtype"),
    [
        ("a.wav", ["--bits", "16"], "PCM_16"),
        ("a.wav", ["--bits", "float", "--rate", "48000"], "FLOAT"),
        ("a.flac", ["--bits", "16"], "PCM_16"),
        ("a.flac", ["--rate", "48000"], "PCM_24"),
        ("a.ogg", ["--rate", "48000"], "VORBIS"),
        ("a.mp3", ["--rate", "48000"], "MPEG_LAYER_III"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else "",
)
def test_every_format_tells_its_recipe_and_is_made_again_bit_for_bit(tiny, run, name, options, subtype):
    assert run("make", "piano 1 s", "-o", name, "--seed", 1, *options).code == 0
    facts = soundfile.info(str(tiny / name))
    assert facts.subtype == subtype
    assert facts.samplerate == (48_000 if "48000" in options else 44_100)
    assert facts.duration == 1.0
    assert '"prompt": "piano 1 s"' in run("info", name).out
    again = tiny / run("again", name).out.strip()
    assert again.read_bytes() == (tiny / name).read_bytes()


def test_flac_cannot_hold_floats(tiny, run):
    done = run("make", "piano 1 s", "-o", "a.flac", "--bits", "float")
    assert done.code == 2 and "FLAC holds whole numbers" in done.err
