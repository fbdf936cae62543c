"""Level: against known values of BS.1770, and the promises of the finish."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from audiogen.media.finish import end_levels_db, exact_length, finish, soft_ends, without_dc
from audiogen.media.loudness import loudness_lufs, piano_target_lufs, to_loudness, true_peak_dbtp
from tests.conftest import DC_LIMIT, RATE, assert_good_audio, struck, tone

LU = 0.05  # the standard itself asks for 0.1


def test_the_reference_tone_of_bs1770():
    """A full-scale 997 Hz sine in one channel is -3.01 LUFS."""
    assert loudness_lufs(tone(997, 3, 1.0)[:1], RATE) == pytest.approx(-3.01, abs=LU)
    assert loudness_lufs(tone(997, 3, 1.0), RATE) == pytest.approx(0.0, abs=LU)


def test_short_and_silent_sounds_have_a_loudness():
    assert loudness_lufs(tone(997, 0.1, 1.0)[:1], RATE) == pytest.approx(-3.01, abs=0.5)
    assert loudness_lufs(np.zeros((2, 100)), RATE) == float("-inf")
    assert loudness_lufs(np.zeros((2, RATE)), RATE) == float("-inf")


def test_true_peak_sees_between_the_samples():
    """A sine at a quarter of the rate, sampled 45 degrees off its peaks, hides 3 dB."""
    t = np.arange(RATE)
    hidden = np.sin(2 * np.pi * t / 4 + np.pi / 4)[None] * np.hanning(RATE)
    assert 20 * np.log10(np.abs(hidden).max()) == pytest.approx(-3.01, abs=0.01)
    assert true_peak_dbtp(hidden, RATE) == pytest.approx(0.0, abs=0.05)
    assert true_peak_dbtp(np.zeros((1, 500)), RATE) == float("-inf")


@pytest.mark.parametrize("target", [-30.0, -20.0, -16.0])
def test_target_is_met_where_the_peaks_allow(target):
    out = to_loudness(tone(level=0.05), RATE, target)
    assert loudness_lufs(out, RATE) == pytest.approx(target, abs=LU)


def test_target_yields_to_the_ceiling():
    clicks = np.zeros((2, RATE), np.float32)
    clicks[:, ::4410] = 0.5
    out = to_loudness(clicks, RATE, -10.0)
    assert true_peak_dbtp(out, RATE) == pytest.approx(-1.0, abs=0.01)
    assert loudness_lufs(out, RATE) < -10.5


def test_no_target_only_lowers_what_exceeds_the_ceiling():
    quiet = tone(level=0.1)
    assert np.array_equal(to_loudness(quiet, RATE, None), quiet)
    assert true_peak_dbtp(to_loudness(tone(level=1.2), RATE, None), RATE) == pytest.approx(-1.0, abs=0.01)


def test_silence_and_noise_floor_are_not_blown_up(rng):
    assert not to_loudness(np.zeros((2, RATE), np.float32), RATE, -20.0).any()
    hiss = rng.normal(0, 1e-5, (2, RATE)).astype(np.float32)
    assert np.abs(to_loudness(hiss, RATE, -20.0)).max() < 0.01


def test_piano_levels_follow_the_asked_dynamics():
    assert piano_target_lufs(None) == piano_target_lufs(64) == -20
    assert piano_target_lufs(20) == -26
    assert piano_target_lufs(127) == -16
    curve = [piano_target_lufs(v) for v in range(1, 128)]
    assert curve == sorted(curve)


def test_dc_goes_and_the_lowest_string_stays():
    a0 = tone(27.5, 2.0, 0.3)
    out = without_dc(a0 + np.float32(0.05), RATE)
    assert np.abs(out.mean(1)).max() < DC_LIMIT
    middle = slice(RATE // 2, 3 * RATE // 2)
    assert np.abs(out[:, middle]).max() == pytest.approx(0.3, rel=0.01)


def test_exact_length_cuts_and_fills():
    assert exact_length(tone(), 100).shape == (2, 100)
    filled = exact_length(tone(seconds=0.5), RATE)
    assert filled.shape == (2, RATE)
    assert not filled[:, RATE // 2 :].any()


def test_what_ends_by_itself_is_not_faded():
    sound = struck(seconds=3.0)
    sound[:, :200] *= np.linspace(0, 1, 200, dtype=np.float32) ** 4
    lead = np.concatenate([np.zeros((2, 1000), np.float32), sound], 1)
    assert end_levels_db(lead, RATE)[1] < -60
    assert np.array_equal(soft_ends(lead, RATE), lead)


def test_what_is_cut_is_faded_and_only_at_the_end():
    sound = soft_ends(tone(seconds=12.0), RATE)
    assert np.array_equal(sound[:, RATE : 10 * RATE], tone(seconds=12.0)[:, RATE : 10 * RATE])
    assert np.abs(sound[:, -1]).max() < 1e-4
    assert np.abs(sound[:, 0]).max() < 1e-4
    level = [
        np.abs(sound[:, k - RATE // 10 : k]).max() for k in range(int(10.6 * RATE), len(sound[0]), RATE // 5)
    ]
    assert level == sorted(level, reverse=True)


@pytest.mark.parametrize("seconds", [0.05, 0.9, 2.0, 3.0, 4.5])
@pytest.mark.parametrize("rate", [None, 48_000])
def test_finish_makes_good_audio(seconds, rate):
    out = finish(struck(seconds=3.0) + np.float32(0.01), RATE, seconds, -20.0, rate)
    assert out.dtype == np.float32
    assert_good_audio(out, rate or RATE, seconds)


def test_finish_of_silence_is_silence():
    assert not finish(np.zeros((2, RATE), np.float32), RATE, 1.0, -20.0).any()


def test_end_levels_of_silence():
    assert end_levels_db(np.zeros((2, 10)), RATE) == (float("-inf"), float("-inf"))


def test_the_true_peak_of_a_long_sound_is_found_in_any_block(rng: np.random.Generator) -> None:
    from audiogen.media import loudness

    sound = 0.1 * rng.standard_normal((2, 3 * loudness._PEAK_BLOCK // 2)).astype(np.float32)
    over = soxr.resample(sound.T.astype(np.float64), 44_100, 4 * 44_100)
    whole_dbtp = 20 * np.log10(np.abs(over).max())
    assert loudness.true_peak_dbtp(sound, 44_100) == pytest.approx(whole_dbtp, abs=1e-3)
    at = loudness._PEAK_BLOCK + 7
    sound[0, at] = 2.0
    assert loudness.true_peak_dbtp(sound, 44_100) >= 20 * np.log10(2.0)
