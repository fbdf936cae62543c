"""Eight bits: silence is one code, errors are small beside the sound, pre-emphasis comes off again."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.media.mulaw import LEVELS, SILENCE, code_values, decode, encode


@pytest.mark.parametrize("emphasis", [0.0, 0.9])
def test_silence_is_one_code_and_comes_back_as_nothing(emphasis):
    codes = encode(np.zeros(100), emphasis)
    assert (codes == SILENCE).all()
    assert (decode(codes, emphasis) == 0).all()


def test_every_code_but_the_unused_one_survives_the_round_trip():
    codes = np.arange(1, LEVELS)
    assert (encode(decode(codes)) == codes).all()
    assert (np.diff(code_values()[1:]) > 0).all()


def test_error_stays_below_a_fiftieth_of_the_amplitude():
    """mu-law rounds in proportion: half a step is 2.2 %, and about 1/11000 of full scale near zero."""
    wave = np.linspace(-1, 1, 10_001)
    error = np.abs(decode(encode(wave)) - wave)
    assert (error <= 0.0223 * np.abs(wave) + 1e-4).all()


def test_pre_emphasis_comes_off_again():
    time = np.arange(16_000) / 16_000
    wave = 0.5 * np.sin(2 * np.pi * 220 * time)
    back = decode(encode(wave, 0.9), 0.9)
    assert np.sqrt(np.mean((back - wave) ** 2)) < 0.02


def test_louder_than_full_scale_is_clipped_at_the_outer_codes():
    assert encode(np.array([-3.0, 3.0])).tolist() == [1, 255]
