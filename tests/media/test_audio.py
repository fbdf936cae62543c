"""Files: every format keeps the sound and a long recipe; the same sound is the same bytes."""

from __future__ import annotations

import errno
import io
import os
import struct
import time
import wave
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from audiogen.artifacts import Waveform
from audiogen.errors import AudiogenError, InvalidRequest, WouldOverwrite
from audiogen.media import riff
from audiogen.media.audio import audio_bytes, read_audio, read_recipe, write_audio
from audiogen.media.facts import Facts, title_of
from audiogen.media.loudness import Level
from audiogen.media.ogg import page_crc, with_serial
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
        ({"suffix": ".flac", "bits": "float"}, "FLAC holds whole numbers"),
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


FACTS = Facts(
    "soft waltz, 舒缓",
    tempo=90.0,
    metre=(3, 4),
    key="D minor",
    level=Level(-20.123, 6.5, -15.0, -17.25, -1.5),
)


def chunk(wav: bytes, name: str) -> bytes:
    return dict(riff.chunks(wav))[name]


def test_the_chunks_of_a_wav_come_in_the_order_that_readers_expect():
    wav = audio_bytes(tone(seconds=0.01), RATE, ".wav", {"a": 1}, "float", FACTS)
    assert [name for name, _ in riff.chunks(wav)] == ["fmt ", "fact", "bext", "data", "acid", "LIST"]
    plain = audio_bytes(tone(seconds=0.01), RATE)
    assert [name for name, _ in riff.chunks(plain)] == ["fmt ", "data"]
    odd = audio_bytes(tone(seconds=0.01)[:1, :31], RATE, facts=FACTS)  # 93 bytes of samples: padded
    assert [name for name, _ in riff.chunks(odd)] == ["fmt ", "bext", "data", "acid", "LIST"]
    assert struct.unpack("<I", odd[4:8])[0] == len(odd) - 8


@pytest.mark.parametrize("bits", ["16", "24", "float"])
def test_other_readers_open_a_wav_with_all_chunks(tmp_path, bits):
    file = tmp_path / "x.wav"
    write_audio(file, tone(seconds=0.5), RATE, RECIPE, bits=bits, facts=replace(FACTS, loop=(0, RATE // 2)))
    assert np.abs(read_audio(file)[0] - tone(seconds=0.5)).max() < 1e-4
    assert read_recipe(file) == RECIPE
    if bits != "float":  # the standard library knows PCM only
        with wave.open(str(file)) as opened:
            said = (opened.getnchannels(), opened.getframerate(), opened.getnframes(), opened.getsampwidth())
        assert said == (2, RATE, RATE // 2, int(bits) // 8)


def test_acid_says_tempo_metre_and_length_and_that_a_piece_is_a_one_shot():
    body = chunk(audio_bytes(tone(seconds=4.0), RATE, facts=FACTS), "acid")
    kind, root, _, _, beats, unit, top, tempo = struct.unpack("<IHHfIHHf", body)
    assert (kind, beats, top, unit, tempo) == (1, 6, 3, 4, 90.0)
    assert "acid" not in dict(riff.chunks(audio_bytes(tone(), RATE, facts=Facts("free"))))


def test_libsndfile_reads_the_tempo_and_the_loop(tmp_path):
    """Through its own structures, by the C interface that python-soundfile wraps."""
    file = tmp_path / "x.wav"
    write_audio(file, tone(seconds=4.0), RATE, facts=replace(FACTS, loop=(100, 4 * RATE)))
    ffi, library = soundfile._ffi, soundfile._snd
    with soundfile.SoundFile(str(file)) as opened:
        info = ffi.new("char[64]")  # SF_LOOP_INFO: 2 shorts, 3 ints, ...
        assert library.sf_command(opened._file, 0x10E0, info, 44)
        top, unit, mode, beats = struct.unpack_from("<hhii", ffi.buffer(info))
        (bpm,) = struct.unpack_from("<f", ffi.buffer(info), 12)
        assert (top, unit, beats, bpm) == (3, 4, 6, 90.0)
        assert mode == 801  # SF_LOOP_FORWARD: it may be stretched
        points = ffi.new("char[512]")  # SF_INSTRUMENT
        assert library.sf_command(opened._file, 0x10D0, points, 272)
        loops = struct.unpack_from("<i", ffi.buffer(points), 12)[0]
        loop = struct.unpack_from("<iIII", ffi.buffer(points), 16)
        assert (loops, loop[1], loop[2]) == (1, 100, 4 * RATE)


def test_a_loop_knows_its_root_note():
    for key, root in (("D minor", 62), ("Bb major", 70), ("F# minor", 66), (None, 60)):
        body = riff.acid(replace(FACTS, key=key, loop=(0, 9)), 4.0)
        kind, said = struct.unpack_from("<IH", body)
        assert (kind, said) == (4 | (2 if key else 0), root)


def test_bext_holds_words_levels_and_history_and_no_date():
    body = chunk(audio_bytes(tone(), RATE, bits="16", facts=FACTS), "bext")
    assert body[:256].rstrip(b"\0") == b"generated by audiogen; its title is in the INAM tag"
    assert body[256:288].rstrip(b"\0") == b"audiogen"
    assert not any(body[288:346])
    assert struct.unpack_from("<H", body, 346) == (2,)
    assert struct.unpack_from("<5h", body, 412) == (-2012, 650, -150, -1500, -1725)
    assert body[602:] == b"A=PCM,F=44100,W=16,M=stereo,T=audiogen\r\n"
    unknown = chunk(audio_bytes(tone(), RATE, facts=Facts()), "bext")
    assert struct.unpack_from("<5h", unknown, 412) == (0x7FFF,) * 5


@pytest.mark.parametrize(
    ("title", "ascii_"),
    [("calm piano", "calm piano"), ("Étude – “à la façon”", 'Etude - "a la facon"')],
)
def test_a_latin_title_is_spelled_in_ascii_where_it_must_be(title, ascii_):
    body = chunk(audio_bytes(tone(), RATE, facts=Facts(title)), "bext")
    assert body[:256].rstrip(b"\0") == ascii_.encode()


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
@pytest.mark.parametrize("title", ["calm piano, 15 s", "舒缓的钢琴独奏,15 秒", "Étude №3 ♩ = 66"])
def test_every_format_carries_the_title_as_it_was_written(tmp_path, suffix, title):
    file = tmp_path / f"x{suffix}"
    write_audio(file, tone(), RATE, RECIPE, facts=Facts(title))
    with soundfile.SoundFile(str(file)) as opened:  # which reads the tags of all four by itself
        assert opened.title == title
    assert read_recipe(file) == RECIPE


def test_the_tag_of_an_mp3_says_in_which_encoding_its_title_is():
    data = audio_bytes(tone(), RATE, ".mp3", {"a": 1}, facts=Facts("雨"))
    assert data.startswith(b"ID3\x03\x00")
    at = data.index(b"TIT2")
    (size,) = struct.unpack_from(">I", data, at + 4)
    encoding, text = data[at + 10], data[at + 11 : at + 10 + size]
    assert (encoding, text.decode("utf-16")) == (1, "雨")
    assert b"TAG" not in data[-128:]  # an old tag would hold it in no encoding at all


@pytest.mark.parametrize(
    ("recipe", "title"),
    [
        ({"prompt": "rain", "source": {"file": "a.mid"}}, "rain"),
        ({"prompt": "", "source": {"file": "a waltz.mid"}}, "a waltz"),
        ({"prompt": "two\nlines \x1b[31m"}, "two lines [31m"),
        ({"prompt": "long " * 400}, "long " * 49 + "long…"),
        ({"prompt": 7}, ""),
        (None, ""),
    ],
)
def test_a_title_is_the_prompt_or_the_file_in_one_line(recipe, title):
    assert title_of(recipe) == title


def test_tags_of_no_wav_are_none():
    assert riff.read_tags(io.BytesIO(b"fLaC....")) == {}


# Bits.


def test_dither_is_triangular_and_leaves_no_trace_of_the_sound():
    """Error of a sound at 16 bits: mean 0, variance 1/4 + 1/12 + ... = 1/4 of a step squared, white."""
    sound = tone(997, 4.0, 0.3)
    raw, _ = soundfile.read(io.BytesIO(audio_bytes(sound, RATE, bits="16")), dtype="int16", always_2d=True)
    error = raw.T - 32767.0 * sound
    assert abs(error.mean()) < 0.005
    assert error.var() == pytest.approx(1 / 6 + 1 / 12, rel=0.02)  # two uniform noises, and rounding
    assert np.abs(error).max() <= 1.5
    for power in (1, 2):  # neither the error nor its size follows the sound
        assert abs(np.corrcoef(error[0] ** power, sound[0])[0, 1]) < 0.01
        assert abs(np.corrcoef(error[0] ** power, sound[0] ** 2)[0, 1]) < 0.01
    assert abs(np.corrcoef(error[0], error[1])[0, 1]) < 0.01
    spectrum = np.abs(np.fft.rfft(error[0])) ** 2
    thirds = [part.mean() for part in np.array_split(spectrum, 3)]
    assert max(thirds) < 1.1 * min(thirds)


def test_a_tone_of_minus_100_dbfs_is_kept_without_harmonics_at_16_bits():
    quiet = tone(997, 8.0, 10 ** (-100 / 20))
    raw, _ = soundfile.read(io.BytesIO(audio_bytes(quiet, RATE, bits="16")))
    spectrum = np.abs(np.fft.rfft(raw[:, 0])) / len(raw) * 2
    assert 20 * np.log10(spectrum[8 * 997]) == pytest.approx(-100, abs=1)
    noise = np.sqrt((spectrum**2).mean())
    for harmonic in range(2, 12):
        assert spectrum[8 * 997 * harmonic] < 4 * noise
    rounded = np.round(quiet[0] * 32767) / 32767
    assert not rounded.any(), "without dither there would be nothing"


@pytest.mark.parametrize(("bits", "subtype", "step"), [("16", "PCM_16", 2**-14), ("24", "PCM_24", 2**-22)])
def test_flac_bits(tmp_path, bits, subtype, step):
    file = tmp_path / "x.flac"
    write_audio(file, tone(), RATE, RECIPE, bits=bits)
    assert soundfile.info(str(file)).subtype == subtype
    assert np.abs(read_audio(file)[0] - tone()).max() <= step
    assert read_recipe(file) == RECIPE


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg", ".mp3"])
def test_one_sound_is_one_file_in_every_format(suffix):
    first = audio_bytes(tone(seconds=2.0), RATE, suffix, RECIPE, facts=FACTS)
    assert audio_bytes(tone(seconds=2.0), RATE, suffix, RECIPE, facts=FACTS) == first


@pytest.mark.parametrize("suffix", [".wav", ".flac", ".ogg"])
def test_long_sounds_are_encoded_in_blocks_without_seams(suffix):
    """Three blocks of a tone: no sample differs from the one that belongs there."""
    sound = tone(440, 4.0, 0.2)
    back, _ = soundfile.read(io.BytesIO(audio_bytes(sound, RATE, suffix)), always_2d=True)
    assert len(back) == sound.shape[1]
    assert np.abs(back.T - sound)[:, 2000:-2000].max() < (0.01 if suffix == ".ogg" else 1e-6)


@pytest.mark.parametrize("bits", ["16", "24", "float"])
def test_a_minute_is_encoded_in_twice_the_size_of_its_file(bits, rng):
    import tracemalloc

    sound = 0.1 * rng.standard_normal((2, 60 * RATE), dtype=np.float32)
    tracemalloc.start()
    data = audio_bytes(sound, RATE, bits=bits)
    more = tracemalloc.get_traced_memory()[1] / len(data)
    tracemalloc.stop()
    assert more < 2.5


def test_an_ogg_page_has_the_sum_of_the_standard():
    """RFC 3533's sum, bit by bit, of every page; and a damaged file is no Ogg."""
    data = audio_bytes(tone(seconds=0.3), RATE, ".ogg")
    at = pages = 0
    while at < len(data):
        table = data[at + 26]
        stop = at + 27 + table + sum(data[at + 27 : at + 27 + table])
        assert data[at + 14 : at + 18] == (1).to_bytes(4, "little")
        page = data[at : at + 22] + bytes(4) + data[at + 26 : stop]
        crc = 0
        for byte in page:
            crc ^= byte << 24
            for _ in range(8):
                crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
        assert struct.unpack_from("<I", data, at + 22)[0] == crc == page_crc(page)
        at, pages = stop, pages + 1
    assert pages >= 3
    with pytest.raises(ValueError, match="no Ogg page"):
        with_serial(b"nothing of the kind")
