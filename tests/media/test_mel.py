"""The mel holds what it should: levels, pitches, stereo."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from audiogen.media.mel import (
    TEXTURE,
    MelSettings,
    analyse,
    band_centres_hz,
    coarse_mel,
    filterbank,
    framed,
    group_of_band,
    group_of_bin,
    log_bands,
    onset_strength,
    stft,
    unframed,
)
from tests.conftest import struck, tone

SETTINGS = MelSettings()
SPECTRUM_TOLERANCE = 0.01  # of the amplitude: a sine between two bins of a Hann window is not used here


def test_a_frame_is_a_75th_of_a_second_and_15_s_are_1125_frames() -> None:
    assert SETTINGS.frames(15.0) == 1125
    assert SETTINGS.frame_rate == 75
    mid, side = analyse(torch.from_numpy(tone(seconds=15.0)))
    assert mid.shape == (170, 1125)
    assert side.shape == (2, 34, 1125)


def test_a_sine_on_a_bin_shows_its_amplitude() -> None:
    hz = 100 * SETTINGS.sample_rate / SETTINGS.n_fft
    spectrum = stft(torch.from_numpy(tone(hz, level=0.25))[0], SETTINGS).abs()
    assert float(spectrum[100, 30]) == pytest.approx(0.25, rel=SPECTRUM_TOLERANCE)


def test_neighbouring_semitones_of_the_left_hand_lie_in_different_bands() -> None:
    centres = band_centres_hz(SETTINGS)
    for midi in range(54, 109):  # from 185 Hz on, where a semitone is wider than a bin
        low, high = (440 * 2 ** ((m - 69) / 12) for m in (midi, midi + 1))
        assert np.abs(centres - low).argmin() != np.abs(centres - high).argmin(), midi


def test_bands_are_means_and_every_bin_up_to_the_top_is_covered() -> None:
    bank = filterbank(SETTINGS)
    np.testing.assert_allclose(bank.sum(1), 1, rtol=1e-5)
    covered = np.flatnonzero(bank.sum(0) > 0)
    assert (np.diff(covered) == 1).all()
    assert covered[0] == SETTINGS.first_bin
    assert covered[-1] * SETTINGS.sample_rate / SETTINGS.n_fft > 19_000


def test_groups_rise_with_frequency_and_all_are_used() -> None:
    groups = group_of_bin(SETTINGS)
    assert (np.diff(groups) >= 0).all()
    assert set(groups) == set(range(SETTINGS.n_groups))


@pytest.mark.parametrize("pan", [-0.8, 0.0, 0.5])
def test_pan_is_the_factor_that_predicts_side_from_mid(pan: float) -> None:
    mid = tone(500.0, seconds=2.0)[0]
    wave = torch.from_numpy(np.stack([mid * (1 + pan), mid * (1 - pan)]))
    _, side = analyse(wave)
    group = int(group_of_bin(SETTINGS)[round(500 * SETTINGS.n_fft / SETTINGS.sample_rate)])
    assert float(side[0, group, 75]) == pytest.approx(pan, abs=0.01)
    assert float(side[1, group, 75]) < -4  # nothing is left after prediction


def test_width_of_independent_channels_is_even(rng: np.random.Generator) -> None:
    wave = torch.from_numpy(rng.standard_normal((2, 44_100 * 4)).astype(np.float32) * 0.1)
    _, side = analyse(wave)
    assert float(side[0].mean()) == pytest.approx(0, abs=0.05)
    assert float(side[1, 10:].mean()) == pytest.approx(0, abs=0.15)


def test_silence_is_the_floor_and_finite() -> None:
    mid, side = analyse(torch.zeros(2, 44_100))
    assert float(mid.max()) == pytest.approx(math.log(SETTINGS.floor))
    assert torch.isfinite(side).all()


def test_coarse_mel_is_the_log_of_the_mean_magnitude() -> None:
    mid = torch.randn(170, 30)
    coarse = coarse_mel(mid)
    assert coarse.shape == (34, 10)
    assert float(coarse[2, 3]) == pytest.approx(math.log(float(mid[10:15, 9:12].exp().mean())), rel=1e-4)


def test_onset_strength_rises_where_a_note_begins() -> None:
    wave = np.zeros((2, 44_100 * 2), np.float32)
    wave[:, 44_100:] = struck(seconds=1.0)
    mid = log_bands(stft(torch.from_numpy(wave).mean(0), SETTINGS).abs(), SETTINGS)
    assert abs(int(onset_strength(mid).argmax()) - 75) <= 3  # the window reaches 46 ms ahead


def test_a_frame_of_short_windows_holds_three_spectra_in_turn() -> None:
    mid, side = analyse(torch.from_numpy(tone(seconds=2.0)), TEXTURE)
    assert mid.shape == (228, 150)
    spectra = unframed(mid, TEXTURE)
    assert spectra.shape == (76, 450)
    torch.testing.assert_close(spectra[:, 3:6].T.reshape(-1), mid[:, 1])
    torch.testing.assert_close(framed(spectra, TEXTURE), mid)
    torch.testing.assert_close(side, analyse(torch.from_numpy(tone(seconds=2.0)))[1])


def test_two_clicks_eight_milliseconds_apart_are_told_apart_by_short_windows_only() -> None:
    wave = np.zeros((2, 44_100), np.float32)
    wave[:, [22_050, 22_050 + 353]] = 0.5

    def dips(settings: MelSettings) -> bool:
        loudness = unframed(analyse(torch.from_numpy(wave), settings)[0], settings)[-30:].mean(0).numpy()
        near = loudness[int(0.49 * settings.spectrum_rate) : int(0.52 * settings.spectrum_rate) + 1]
        peaks = (near[1:-1] > near[:-2]) & (near[1:-1] > near[2:])
        return bool(peaks.sum() >= 2)

    assert dips(TEXTURE)
    assert not dips(SETTINGS)


def test_every_band_of_short_windows_belongs_to_the_group_at_its_frequency() -> None:
    groups = group_of_band(TEXTURE).reshape(3, -1)
    assert (groups == groups[0]).all()
    assert (np.diff(groups[0]) >= 0).all()
    centres = band_centres_hz(SETTINGS).reshape(-1, 5).mean(1)
    own = band_centres_hz(TEXTURE)[: TEXTURE.bands_per_spectrum]
    assert np.abs(np.log2(centres[groups[0]] / own)).max() < 0.35  # octaves; the lowest groups lie far apart
