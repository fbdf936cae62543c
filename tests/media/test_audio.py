"""Files: every format keeps the sound and a long recipe; the same sound is the same bytes."""

from __future__ import annotations

import errno
import io
import os
import time

import numpy as np
import pytest
import soundfile

from audiogen.artifacts import Waveform
from audiogen.errors import AudiogenError, InvalidRequest, WouldOverwrite
from audiogen.media import riff
from audiogen.media.audio import audio_bytes, read_audio, read_recipe, write_audio
from tests.conftest import RATE, tone

# A whole structure travels in the recipe: longer than libsndfile's own INFO comment can be.
RECIPE = {"prompt": "舒缓的钢琴独奏,15 秒", "structure": {"npz": "A" * 150_000}, "n": [1, 2.5, None]}


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
def test_recipe_and_length_survive_in_every_format(tmp_path, suffix):
    file = tmp_path / f"x{suffix}"
    sound = tone(seconds=0.7)
    write_audio(file, sound, RATE, recipe=RECIPE)
    assert read_recipe(file) == RECIPE
    back, rate = read_audio(file)
    assert (back.shape, rate) == (sound.shape, RATE)
    loss = np.sqrt(((back - sound)[:, 2000:-2000] ** 2).mean() / (sound**2).mean())
    assert loss < (0.05 if suffix in (".ogg", ".mp3") else 1e-5)


@pytest.mark.parametrize(
    ("bits", "subtype", "step"), [("16", "PCM_16", 2**-14), ("24", "PCM_24", 2**-22), ("float", "FLOAT", 0)]
)
def test_wav_bits(tmp_path, bits, subtype, step):
    file = tmp_path / "x.wav"
    sound = tone()
    write_audio(file, sound, RATE, bits=bits)
    assert soundfile.info(str(file)).subtype == subtype
    assert np.abs(read_audio(file)[0] - sound).max() <= step


@pytest.mark.parametrize("bits", ["16", "24", "float"])
def test_same_sound_same_bytes(bits):
    first = audio_bytes(tone(), RATE, ".wav", RECIPE, bits)
    if bits == "float":
        time.sleep(1.1)  # libsndfile's PEAK chunk would carry the second it was written
    assert audio_bytes(tone(), RATE, ".wav", RECIPE, bits) == first


def test_dither_hides_the_steps_of_16_bits():
    """A sine of half a step vanishes when rounded; with dither it is there, below the noise."""
    quiet = tone(1000, 1.0, level=0.45 / 32767)
    raw, _ = soundfile.read(io.BytesIO(audio_bytes(quiet, RATE, ".wav", bits="16")))
    spectrum = np.abs(np.fft.rfft(raw[:, 0]))
    assert spectrum[1000] > 20 * np.median(spectrum)


def test_float_keeps_what_is_beyond_full_scale_and_pcm_clips(tmp_path):
    loud = tone(level=1.5)
    write_audio(tmp_path / "f.wav", loud, RATE, bits="float")
    write_audio(tmp_path / "i.wav", loud, RATE)
    assert np.array_equal(read_audio(tmp_path / "f.wav")[0], loud)
    assert np.abs(read_audio(tmp_path / "i.wav")[0]).max() <= 1.0


def test_a_file_without_recipe_has_none(tmp_path):
    soundfile.write(str(tmp_path / "plain.wav"), tone().T, RATE)
    assert read_recipe(tmp_path / "plain.wav") is None


def test_a_foreign_comment_is_no_recipe(tmp_path):
    with soundfile.SoundFile(str(tmp_path / "x.flac"), "w", RATE, 2) as file:
        file.comment = "recorded in a church"
        file.write(tone().T)
    assert read_recipe(tmp_path / "x.flac") is None


@pytest.mark.parametrize("read", [read_audio, read_recipe])
def test_unreadable(tmp_path, read):
    (tmp_path / "noise.wav").write_bytes(b"RIFF nothing of the kind")
    with pytest.raises(InvalidRequest, match="no readable audio"):
        read(tmp_path / "noise.wav")
    with pytest.raises(InvalidRequest, match="does not exist"):
        read(tmp_path / "absent.wav")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"suffix": ".aac"}, "use .wav"),
        ({"suffix": ""}, "without suffix"),
        ({"bits": "32"}, "bits must be"),
        ({"sample_rate": 96_000, "suffix": ".mp3"}, "cannot hold 96000"),
        ({"samples": np.zeros(5)}, "shape"),
        ({"samples": np.full((2, 5), np.nan)}, "NaN"),
    ],
)
def test_what_cannot_be_written(options, words):
    with pytest.raises(InvalidRequest, match=words):
        audio_bytes(**{"samples": tone(), "sample_rate": RATE, **options})


def test_never_overwrites_unasked(tmp_path):
    file = tmp_path / "x.wav"
    Waveform(tone()).save(file, recipe={"a": 1})
    with pytest.raises(WouldOverwrite):
        Waveform(tone()).save(file)
    Waveform(tone(seconds=0.5)).save(file, force=True)
    assert Waveform.load(file).seconds == 0.5


def test_a_full_disk_leaves_nothing_behind(tmp_path, monkeypatch):
    def full(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(AudiogenError, match="No space left"):
        write_audio(tmp_path / "x.wav", tone(), RATE)
    assert list(tmp_path.iterdir()) == []


def test_riff_replaces_tags_and_keeps_the_rest():
    wav = audio_bytes(tone(seconds=0.01), RATE, ".wav", {"a": 1}, bits="float")
    assert riff.chunk_names(wav) == ["fmt ", "fact", "data", "LIST"]
    again = riff.with_tags(wav, {"INAM": "奇"})  # three bytes and a zero: even without padding
    assert riff.chunk_names(again) == ["fmt ", "fact", "data", "LIST"]
    assert riff.read_tags(io.BytesIO(again)) == {"INAM": "奇"}
    odd = riff.with_tags(again, {"INAM": "four", "ISFT": "x"})  # five bytes with the zero: padded
    assert riff.read_tags(io.BytesIO(odd)) == {"INAM": "four", "ISFT": "x"}
    assert len(odd) % 2 == 0
    assert riff.read_tags(io.BytesIO(b"fLaC....")) == {}
