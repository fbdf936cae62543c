"""Sounds are made equal in everything but what is compared."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pyloudnorm
import pytest
import soundfile

from audiogen.errors import InvalidRequest
from audiogen.listen.folders import checksum, gather
from audiogen.listen.levels import encode, gains_db, measure, remarks
from audiogen.listen.trials import Item, Stimulus
from tests.listen.conftest import RATE, noise, write

LOUDNESS_LU = 0.05  # two filters, one measurement at another rate


def item_of(*files: Path) -> Item:
    return Item("x", tuple(Stimulus(f.parent.name, f, checksum(f)) for f in files))


def played(item):
    """Samples [T, channels] and rate of every WAV that would be served, and the WAVs."""
    levels = measure(item)
    wavs = [encode(s, levels, gain) for s, gain in zip(item.stimuli, levels.gain_db, strict=True)]
    return levels, wavs, [soundfile.read(io.BytesIO(wav), always_2d=True) for wav in wavs]


def test_the_louder_is_turned_down_to_the_other(folders):
    items, *_ = gather([Path("old"), Path("new")])
    for item in items:
        levels, _, sounds = played(item)
        assert levels.gain_db == pytest.approx((0.0, -6.02), abs=0.01)
        loudness = [pyloudnorm.Meter(rate).integrated_loudness(samples) for samples, rate in sounds]
        assert loudness[0] == pytest.approx(loudness[1], abs=LOUDNESS_LU)
    said = remarks(items, [measure(item) for item in items])
    assert said == ["equal loudness: turned down old by up to 0.0 dB and new by up to 6.0 dB"]


def test_other_rates_channels_lengths_and_formats_become_equal(tmp_path):
    a = write(tmp_path / "old" / "x.wav", noise(1.5, rate=22_050), rate=22_050, subtype="PCM_16")
    b = write(
        tmp_path / "new" / "x.flac", noise(2.0, rate=48_000), noise(2.0, seed=1, rate=48_000), rate=48_000
    )
    item = item_of(a, b)
    levels, wavs, sounds = played(item)
    assert len(wavs[0]) == len(wavs[1])
    assert wavs[0][:44] == wavs[1][:44], "the headers are the same"
    assert [(s.shape, rate) for s, rate in sounds] == [((96_000, 2), 48_000)] * 2
    assert not sounds[0][0][72_200:].any(), "the shorter ends in silence"
    assert levels.seconds == (1.5, 2.0)
    assert remarks([item], [levels])[1:] == [
        "x: lengths differ (1.50 s and 2.00 s); the shorter ends in silence",
        "x: rates or channels differ; all are played as 48000 Hz, stereo",
    ]


def test_the_same_moment_stays_the_same_moment_at_another_rate(tmp_path):
    click = np.zeros(RATE)
    click[RATE // 2] = 0.5
    late = np.zeros(2 * RATE)
    late[RATE] = 0.5
    a = write(tmp_path / "old" / "x.wav", click)
    b = write(tmp_path / "new" / "x.wav", late, rate=2 * RATE)
    _, _, sounds = played(item_of(a, b))
    assert [np.abs(samples[:, 0]).argmax() / rate for samples, rate in sounds] == [0.5, 0.5]


def test_nothing_clips_and_both_yield_alike(tmp_path):
    a = write(tmp_path / "old" / "x.wav", 3 * noise(level=1.0), subtype="FLOAT")
    b = write(tmp_path / "new" / "x.wav", 6 * noise(level=1.0), subtype="FLOAT")
    levels, _, sounds = played(item_of(a, b))
    assert levels.gain_db[0] < -10
    assert levels.gain_db[0] - levels.gain_db[1] == pytest.approx(6.02, abs=0.01)
    assert max(np.abs(samples).max() for samples, _ in sounds) < 10 ** (-1 / 20)


def test_gains_never_raise():
    assert gains_db([-30.0, -20.0], [-10.0, -3.0]) == [0.0, -10.0]
    assert gains_db([-30.0, -30.0], [0.5, -3.0]) == [-1.5, -1.5]
    assert gains_db([float("-inf"), -20.0], [float("-inf"), -3.0]) == [0.0, 0.0]
    assert gains_db([float("-inf")] * 2, [float("-inf")] * 2) == [0.0, 0.0]


def test_silence_has_no_loudness_to_match(tmp_path):
    item = item_of(
        write(tmp_path / "old" / "x.wav", np.zeros(RATE)), write(tmp_path / "new" / "x.wav", noise(1.0))
    )
    levels, _, _ = played(item)
    assert (levels.loudness_lufs[0], levels.gain_db, levels.matched) == (None, (0.0, 0.0), False)
    assert "x: a sound is silent, so loudness was not matched" in remarks([item], [levels])


def test_what_cannot_be_compared(tmp_path):
    good = write(tmp_path / "old" / "x.wav", noise())
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF")
    for file, words in (
        (broken, "no readable audio"),
        (write(tmp_path / "empty.wav", np.zeros(0)), "holds no samples"),
        (write(tmp_path / "many.wav", *[noise()] * 3), "3 channels"),
        (write(tmp_path / "nan.wav", np.full(RATE, np.nan), subtype="FLOAT"), "NaN"),
    ):
        with pytest.raises(InvalidRequest, match=words):
            measure(item_of(good, file))


def test_a_file_that_changes_is_not_played(folders):
    item = gather([Path("old"), Path("new")])[0][0]
    levels = measure(item)
    write(item.stimuli[0].file, noise(seed=99), noise())
    with pytest.raises(InvalidRequest, match="changed since"):
        encode(item.stimuli[0], levels, 0.0)
