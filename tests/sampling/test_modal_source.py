"""The source is the sum of modes that its formula says, in any cut; the roll knows the notes."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.sampling.modal_source import (
    AGES_S,
    BANDS_HZ,
    LEAST_LEVEL,
    ModeTable,
    expected,
    roll,
    source,
)
from audiogen.sampling.struck_keys import Strikes

RATE = 16_000
MODES = np.array([[3.0, 300.0, 0.4, 0.1], [8.0, 1500.0, 0.0, -0.3], [20.0, 4000.0, 0.2, 0.0]])
TABLE = ModeTable(np.array([0, 2, 3]), MODES, 24, RATE)
STRUCK = Strikes(
    key=np.array([0, 1]),
    onset=np.array([1600, 4800]),
    stop=np.array([8000, 160_000]),
    gain=np.array([0.5, 1.0]),
    decay=np.array([800.0, 800.0]),
    pitch=np.array([60.0, 84.0]),
    velocity=np.array([64.0, 96.0]),
)


def by_formula(count: int) -> np.ndarray:
    """[count, 3]: every mode written out."""
    out = np.zeros((count, 3))
    for key, onset, stop, gain, decay in zip(
        STRUCK.key, STRUCK.onset, STRUCK.stop, STRUCK.gain, STRUCK.decay, strict=True
    ):
        late = np.arange(count) - onset - TABLE.start
        damped = np.exp(-np.maximum(np.arange(count) - stop, 0) / decay)
        for rate, hz, real, imaginary in MODES[TABLE.first[key] : TABLE.first[key + 1]]:
            wave = (complex(real, imaginary) * np.exp((-rate + 2j * np.pi * hz) * late / RATE)).real
            out[:, np.searchsorted(BANDS_HZ, hz)] += gain * damped * wave * (late >= 0)
    return out


def test_it_is_the_sum_of_modes():
    np.testing.assert_allclose(source(TABLE, STRUCK, 0, 16_000), by_formula(16_000), atol=2e-4)


@pytest.mark.parametrize("cut", [1000, 1624, 5001])
def test_cut_anywhere_it_is_the_same(cut):
    whole = source(TABLE, STRUCK, 0, 12_000)
    np.testing.assert_allclose(source(TABLE, STRUCK, cut, 12_000 - cut), whole[cut:], atol=1e-4)


def test_the_level_follows_peaks_from_part_to_part():
    bands = source(TABLE, STRUCK, 0, 12_000)
    whole, _ = expected(bands, RATE)
    first, level = expected(bands[:5000], RATE)
    second, _ = expected(bands[5000:], RATE, level)
    np.testing.assert_allclose(np.concatenate([first, second]), whole, rtol=1e-5)
    assert (np.abs(whole[:, 0]) <= whole[:, 1]).all()
    assert (whole[:1600, 1] == np.float32(LEAST_LEVEL)).all()
    np.testing.assert_allclose(whole[:, 0], bands.sum(1), atol=1e-6)


def test_the_roll_tells_which_keys_how_hard_and_how_long_ago():
    rows = roll(STRUCK, 0, 1000, 16, RATE)
    struck_at = 1600 // 16
    group = (60 - 21) // 8 * len(AGES_S)
    assert not rows[:struck_at].any()
    assert rows[struck_at, group] == pytest.approx(np.exp(-0.001 / AGES_S[0]), abs=1e-6)
    assert rows[struck_at + 100, group + 2] == pytest.approx(np.exp(-0.101 / AGES_S[2]), abs=1e-6)
    other = (84 - 21) // 8 * len(AGES_S)
    assert not rows[: 4800 // 16, other].any() and rows[4800 // 16, other] > 1
    damped = rows[:, -1]
    assert not damped[: 8000 // 16].any() and damped[8000 // 16] > 0.9
