"""Level: against known values of BS.1770 and pyloudnorm's meter, and the promises of limiter and finish."""

from __future__ import annotations

import numpy as np
import pytest
import soxr

from audiogen.media.finish import end_levels_db, exact_length, finish, resampled, soft_ends, without_dc
from audiogen.media.limiter import peak_envelope
from audiogen.media.loudness import (
    Level,
    loudness_lufs,
    measure,
    piano_target_lufs,
    to_loudness,
    true_peak_dbtp,
)
from tests.conftest import DC_LIMIT, RATE, assert_good_audio, struck, tone

LU = 0.05  # the standard itself asks for 0.1


def brought_to(sound: np.ndarray, target: float | None, **how: float) -> tuple[np.ndarray, Level]:
    out = sound.copy()
    return out, to_loudness(out, RATE, target, **how)


def music(seconds: float, rng: np.random.Generator) -> np.ndarray:
    """Struck strings of many pitches and strengths, loud and soft passages."""
    out = np.zeros((2, round(seconds * RATE)), np.float32)
    for start in np.arange(0.05, seconds - 0.6, 0.11):
        hz, level = 55 * 2 ** rng.uniform(0, 4), rng.uniform(0.03, 0.4) * (0.3 if 3 < start < 5 else 1)
        sound = struck(hz, min(3.0, seconds - start - 0.01), level)
        sound[:, :44] *= np.linspace(0, 1, 44, dtype=np.float32)
        at = round(start * RATE)
        out[:, at : at + sound.shape[1]] += sound
    return out


def test_the_reference_tone_of_bs1770():
    """A full-scale 997 Hz sine in one channel is -3.01 LUFS."""
    assert loudness_lufs(tone(997, 3, 1.0)[:1], RATE) == pytest.approx(-3.01, abs=LU)
    assert loudness_lufs(tone(997, 3, 1.0), RATE) == pytest.approx(0.0, abs=LU)


@pytest.mark.parametrize("rate", [44_100, 48_000, 22_050])
@pytest.mark.parametrize("seconds", [0.45, 1.23, 1.27, 7.349, 14.0])
def test_blocks_measure_what_pyloudnorm_measures_of_the_whole(rate, seconds, rng):
    import pyloudnorm

    count = int(seconds * rate)
    sound = 0.2 * rng.standard_normal((2, count)) * np.exp(-np.linspace(0, 5, count))
    sound[:, count // 3 : count // 2] *= 0.01  # a passage for the gates
    meter = pyloudnorm.Meter(rate, filter_class="DeMan")
    assert loudness_lufs(sound, rate) == pytest.approx(meter.integrated_loudness(sound.T), abs=0.001)


def test_loudness_range_of_ebu_tech_3342():
    """Its test signal 1: 20 s at -20 dBFS, then 20 s at -30 dBFS, is 10 LU."""
    sound = np.concatenate([tone(1000, 20, 0.1), tone(1000, 20, 0.1 / 10**0.5)], 1)
    level = measure(sound, RATE)
    assert level.range_lu == pytest.approx(10, abs=0.5)
    assert level.short_term_lufs == pytest.approx(-20, abs=LU)
    assert level.momentary_lufs == pytest.approx(-20, abs=LU)


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
    out, level = brought_to(tone(level=0.05), target)
    assert loudness_lufs(out, RATE) == pytest.approx(target, abs=LU)
    assert level.integrated_lufs == pytest.approx(target, abs=LU)


def test_target_yields_to_the_ceiling():
    clicks = np.zeros((2, RATE), np.float32)
    clicks[:, ::4410] = 0.5
    out, level = brought_to(clicks, -10.0)
    assert true_peak_dbtp(out, RATE) == pytest.approx(-1.0, abs=0.03)
    assert loudness_lufs(out, RATE) < -10.5
    assert level.limited_db <= 3.05


def test_no_target_only_lowers_what_exceeds_the_ceiling():
    quiet = tone(level=0.1)
    assert np.array_equal(brought_to(quiet, None)[0], quiet)
    loud, level = brought_to(tone(level=1.2), None)
    assert true_peak_dbtp(loud, RATE) == pytest.approx(-1.0, abs=0.01)
    np.testing.assert_allclose(loud / loud.max(), tone(level=1.2) / tone(level=1.2).max(), atol=1e-6)
    assert level.limited_db == 0


def test_silence_and_noise_floor_are_not_blown_up(rng):
    assert not brought_to(np.zeros((2, RATE), np.float32), -20.0)[0].any()
    hiss = rng.normal(0, 1e-5, (2, RATE)).astype(np.float32)
    assert np.abs(brought_to(hiss, -20.0)[0]).max() < 0.01


# The limiter.


def loudest_without(sound: np.ndarray) -> float:
    """The loudness that this sound reaches below the ceiling as it is, LUFS."""
    return brought_to(sound, 0.0, most_limiting_db=0.0)[1].integrated_lufs


@pytest.mark.parametrize("more_lu", [0.4, 1.0, 1.6])
def test_the_limiter_meets_a_target_beyond_the_ceiling(more_lu, rng):
    sound = music(8.0, rng)
    target = loudest_without(sound) + more_lu
    out, level = brought_to(sound, target)
    assert loudness_lufs(out, RATE) == pytest.approx(target, abs=0.1)
    assert true_peak_dbtp(out, RATE) <= -0.999
    assert 0 < level.limited_db <= 3.05
    said = measure(out, RATE)
    assert level.integrated_lufs == pytest.approx(said.integrated_lufs, abs=0.01)
    assert level.peak_dbtp == pytest.approx(said.peak_dbtp, abs=0.01)


def test_the_limiter_holds_back_three_decibels_and_no_more(rng):
    sound = music(8.0, rng)
    out, level = brought_to(sound, -3.0)
    assert level.limited_db == pytest.approx(3.0, abs=0.05)
    assert true_peak_dbtp(out, RATE) <= -0.999


def test_the_limiter_leaves_alone_what_needs_it_not(rng):
    sound = music(6.0, rng)
    target = loudest_without(sound) - 0.5
    out, level = brought_to(sound, target)
    assert level.limited_db == 0
    np.testing.assert_allclose(out, sound * (out[0, 40_000] / sound[0, 40_000]), atol=1e-6)


def test_the_limiters_gain_is_smooth_and_the_same_in_both_channels(rng):
    sound = music(8.0, rng)
    sound[1] *= 0.5
    out, _ = brought_to(sound, loudest_without(sound) + 2.0)
    heard = np.abs(sound[0]) > 0.02
    gain = out[0][heard] / sound[0][heard]
    np.testing.assert_allclose(out[1][heard] / sound[1][heard], gain, rtol=1e-3)
    gain_db = 20 * np.log10(gain)
    at = np.flatnonzero(heard)
    slope = np.abs(np.diff(gain_db)) / np.diff(at)
    assert slope.max() * RATE / 1000 < 1.5, "dB in a millisecond"
    assert gain_db.max() - np.median(gain_db) < 0.5, "most of the music is hardly touched"


@pytest.mark.parametrize("hz", [27.5, 110.0, 1000.0, 4000.0])
def test_the_limiter_adds_no_products_and_no_clicks(hz):
    """Energy far from a swelling tone does not rise, and the top octave never exceeds its share."""
    t = np.arange(4 * RATE) / RATE
    sound = tone(hz, 4.0, 0.5) * (1 + 0.8 * np.exp(-(t % 1) / 0.08)).astype(np.float32)
    sound *= np.minimum(1, 40 * np.minimum(t, 4 - t)).astype(np.float32)
    plain, _ = brought_to(sound, 0.0, most_limiting_db=0.0)
    out, level = brought_to(sound, loudest_without(sound) + 1.5)
    assert level.limited_db > 1

    def far(samples: np.ndarray) -> float:
        power = np.abs(np.fft.rfft(samples[0] * np.hanning(samples.shape[1]))) ** 2
        return float(power[np.fft.rfftfreq(samples.shape[1], 1 / RATE) > 3 * hz + 300].sum() / power.sum())

    assert far(out) < 1.2 * far(plain) + 1e-8


def test_the_envelope_holds_the_true_peak_of_every_segment(rng):
    sound = rng.uniform(-0.5, 0.5, (2, 70_001)).astype(np.float32)
    envelope = peak_envelope(sound, RATE)
    over = np.abs(soxr.resample(sound.T, RATE, 4 * RATE)).max(1)
    over = np.maximum(over, np.repeat(np.abs(sound).max(0), 4))
    whole = [over[k * 128 : (k + 1) * 128].max() for k in range(len(envelope))]
    np.testing.assert_allclose(envelope, whole, rtol=1e-3)


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
    after = lead.copy()
    soft_ends(after, RATE)
    assert np.array_equal(after, lead)


def test_what_is_cut_is_faded_and_only_at_the_end():
    sound = tone(seconds=12.0)
    soft_ends(sound, RATE)
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
    out, level = finish(struck(seconds=3.0) + np.float32(0.01), RATE, seconds, -20.0, rate)
    assert out.dtype == np.float32
    assert level.peak_dbtp == pytest.approx(true_peak_dbtp(out, rate or RATE), abs=0.01)
    assert_good_audio(out, rate or RATE, seconds)


def test_finish_of_silence_is_silence():
    assert not finish(np.zeros((2, RATE), np.float32), RATE, 1.0, -20.0)[0].any()


def test_a_long_sound_is_finished_as_a_short_one(rng, monkeypatch):
    """Blocks leave no trace: the same samples whatever their length."""
    from audiogen.media import finish as room

    sound = 0.1 * rng.standard_normal((2, 5 * RATE)).astype(np.float32)
    whole, _ = finish(sound, RATE, 4.7, -20.0)
    monkeypatch.setattr(room, "_BLOCK_S", 1)
    parts, _ = finish(sound, RATE, 4.7, -20.0)
    np.testing.assert_array_equal(parts, whole)


@pytest.mark.parametrize("seconds", [0.01, 1.0, 23.4567])
def test_resampling_in_blocks_is_resampling(seconds, rng):
    sound = 0.1 * rng.standard_normal((2, int(seconds * RATE))).astype(np.float32)
    whole = soxr.resample(sound.T, RATE, 48_000).T
    parts = resampled(sound, RATE, 48_000)
    assert abs(parts.shape[1] - whole.shape[1]) <= 1
    shared = min(parts.shape[1], whole.shape[1])
    np.testing.assert_allclose(parts[:, :shared], whole[:, :shared], atol=1e-6)


@pytest.mark.parametrize("rate", [44_100, 48_000])
def test_a_minute_is_finished_in_little_more_than_its_own_memory(rate, rng):
    import tracemalloc

    sound = 0.3 * rng.standard_normal((2, 60 * RATE), dtype=np.float32)
    finish(sound[:, :RATE].copy(), RATE, 1.0, -8.0, rate, overwrite=True)  # imports
    tracemalloc.start()
    out, level = finish(sound, RATE, 60.0, -8.0, rate, overwrite=True)
    more = tracemalloc.get_traced_memory()[1] / out.nbytes
    tracemalloc.stop()
    assert level.limited_db > 0  # the limiter takes part
    assert more < (1.0 if rate == RATE else 2.0)


def test_end_levels_of_silence():
    assert end_levels_db(np.zeros((2, 10)), RATE) == (float("-inf"), float("-inf"))


def test_the_true_peak_of_a_long_sound_is_found_in_any_block(rng: np.random.Generator) -> None:
    from audiogen.media import limiter

    sound = 0.1 * rng.standard_normal((2, 3 * limiter._BLOCK // 2)).astype(np.float32)
    over = soxr.resample(sound.T.astype(np.float64), 44_100, 4 * 44_100)
    whole_dbtp = 20 * np.log10(np.abs(over).max())
    assert true_peak_dbtp(sound, 44_100) == pytest.approx(whole_dbtp, abs=1e-3)
    at = limiter._BLOCK + 7
    sound[0, at] = 2.0
    assert true_peak_dbtp(sound, 44_100) >= 20 * np.log10(2.0)
