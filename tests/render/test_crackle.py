"""Fire crackles: within what a window smears, loud moments are louder, and its energy stays."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from audiogen.render.crackle import crackling
from audiogen.sampling.envelopes import HOP, STRETCH

RATE = 44_100


@pytest.fixture(scope="module")
def smeared() -> torch.Tensor:
    """Two seconds of soft noise; at 0.5 and 1.3 s a burst of 20 ms, as a smeared click."""
    rng = np.random.default_rng(5)
    level = np.full(2 * RATE, 0.01)
    for at in (0.5, 1.3):
        burst = np.hanning(882)
        begin = round(at * RATE)
        level[begin : begin + len(burst)] += 0.2 * burst
    return torch.from_numpy((rng.standard_normal((1, len(level))) * level).astype(np.float32).repeat(2, 0))


def peakedness(sound: torch.Tensor) -> float:
    """Kurtosis of the 1 ms envelope."""
    envelope = sound[0, : len(sound[0]) // 44 * 44].reshape(-1, 44).square().mean(1).sqrt()
    normal = (envelope - envelope.mean()) / envelope.std()
    return float((normal**4).mean())


@pytest.mark.parametrize("told", [5, 6])
def test_clicks_are_gathered(smeared: torch.Tensor, told: int) -> None:
    assert peakedness(crackling(smeared, told)) > 1.1 * peakedness(smeared)


def test_clicks_stay_apart_where_they_lie_closer_than_before() -> None:
    """Four clicks of a millisecond, 4 ms apart, in soft noise: shorter windows leave them four."""
    rng = np.random.default_rng(6)
    level = np.full(RATE, 0.01)
    ticks = RATE // 2 + np.arange(4) * 176
    for at in ticks:
        level[at : at + 44] = 0.3
    sound = torch.from_numpy((rng.standard_normal((1, RATE)) * level).astype(np.float32).repeat(2, 0))

    def between(told: int) -> float:
        """Power between the clicks over that in them."""
        power = crackling(sound, told)[0].square()
        inside, outside = (
            torch.cat([power[at + a : at + b] for at in ticks[:3]]).mean() for a, b in ((0, 44), (88, 132))
        )
        return float(outside / inside)

    assert between(6) < 0.5 * between(5)


@pytest.mark.parametrize("told", [5, 6])
def test_the_energy_of_a_stretch_stays(smeared: torch.Tensor, told: int) -> None:
    made, stretch = crackling(smeared, told), 4 * STRETCH * HOP
    before, after = (
        x[0, : len(x[0]) // stretch * stretch].reshape(-1, stretch).square().sum(1) for x in (smeared, made)
    )
    np.testing.assert_allclose(after.log(), before.log(), atol=0.25)


def test_low_tones_are_left_alone() -> None:
    tone = 0.3 * torch.sin(torch.arange(RATE) * 2 * torch.pi * 150 / RATE).repeat(2, 1)
    np.testing.assert_allclose(crackling(tone)[:, 500:-500], tone[:, 500:-500], atol=5e-3)
