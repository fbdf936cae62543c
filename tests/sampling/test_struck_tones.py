"""The tones are the sum of modes that WaveNet is told, in any cut and on any number of threads."""

from __future__ import annotations

import numpy as np
import torch

from audiogen.sampling.modal_source import ModeTable, source
from audiogen.sampling.struck_keys import Strikes
from audiogen.sampling.struck_tones import FAINT, tones

RATE = 44_100
MODES = np.array([[3.0, 300.0, 0.4, 0.1], [8.0, 1500.0, 0.0, -0.3], [20.0, 4000.0, 0.2, 0.0]])
TABLE = ModeTable(np.array([0, 2, 3]), MODES, 66, RATE)
STRUCK = Strikes(
    key=np.array([0, 1, 0]),
    onset=np.array([-2000, 4800, 20_000]),
    stop=np.array([8000, 160_000, 30_000]),
    gain=np.array([0.5, 1.0, 0.8]),
    decay=np.array([800.0, 800.0, 800.0]),
    pitch=np.array([60.0, 84.0, 60.0]),
    velocity=np.array([64.0, 96.0, 70.0]),
)
COUNT = 44_100


def test_they_are_the_sum_of_the_modes() -> None:
    whole = source(TABLE, STRUCK, 0, COUNT).sum(1)
    assert np.abs(tones(TABLE, STRUCK, 0, COUNT) - whole).max() < 4 * FAINT  # what is left of a mode


def test_a_part_is_cut_from_the_whole() -> None:
    part = tones(TABLE, STRUCK, 19_001, 9000)
    assert np.abs(part - tones(TABLE, STRUCK, 0, COUNT)[19_001:28_001]).max() < 4 * FAINT
    assert np.abs(part).max() > 0.1


def test_threads_change_nothing() -> None:
    before = torch.get_num_threads()
    try:
        found = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(tones(TABLE, STRUCK, 0, COUNT))
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(*found)


def test_before_the_first_strike_all_is_still() -> None:
    assert not tones(TABLE, STRUCK, -30_000, 20_000).any()
