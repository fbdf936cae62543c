"""Partials come to the levels that their keys give; the room, the tilt and the loudness stay the mel's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from audiogen.artifacts import Notes
from audiogen.media.mel import MelSettings, analyse, band_centres_hz
from audiogen.render.partials import led
from audiogen.render.score_guide import Keys, ScoreGuide
from audiogen.sampling.struck_keys import sounding

pytestmark = pytest.mark.weights
MEL = MelSettings()
FRAMES = 150
NOTES = Notes.from_rows(np.array([[48, 0.1, 2.0, 90], [55, 0.5, 2.0, 90], [64, 1.0, 2.0, 90]]))
HZ = torch.from_numpy(band_centres_hz(MEL)).float()


@pytest.fixture(scope="module", autouse=True)
def shipped_keys() -> None:
    """A test with weights of its own may have left the modes of other keys in memory."""
    Keys.load.cache_clear()


@pytest.fixture(scope="module")
def guide() -> Tensor:
    """Complex [bins, F]."""
    return ScoreGuide(sounding(NOTES)).sound(0, FRAMES, MEL).spectrum()


@pytest.fixture(scope="module")
def mid() -> Tensor:
    """Of the sound of the guide, [bands, F]."""
    sound = ScoreGuide(sounding(NOTES)).sound(0, FRAMES, MEL)
    samples = torch.from_numpy(0.1 * sound.samples[sound.pad : sound.pad + FRAMES * MEL.hop_length])
    return analyse(torch.stack([samples, samples]))[0]


def off(mid: Tensor, real: Tensor) -> float:
    """Mean difference of what is loud, nats."""
    return float((mid - real)[real > real.max() - 5].abs().mean())


def test_levels_of_partials_come_nearer_to_those_of_the_keys(guide: Tensor, mid: Tensor) -> None:
    decoded = mid + 0.4 * torch.randn(mid.shape, generator=torch.Generator().manual_seed(0))
    assert off(led(decoded, guide, MEL), mid) < 0.6 * off(decoded, mid)


def test_a_mel_that_is_right_stays(guide: Tensor, mid: Tensor) -> None:
    assert off(led(mid, guide, MEL), mid) < 0.05


@pytest.mark.parametrize("tilt", [-0.25, 0.25])
def test_loudness_and_tilt_of_the_take_are_the_mels(guide: Tensor, mid: Tensor, tilt: float) -> None:
    taken = mid - 2 + (tilt * (HZ / 500).log2().clamp(0))[:, None]
    assert off(led(taken, guide, MEL), taken) < 0.06


def test_a_tail_in_a_room_is_not_cut(guide: Tensor, mid: Tensor) -> None:
    short = ScoreGuide(np.array([[48.0, 0.1, 0.4, 90.0]])).sound(0, FRAMES, MEL).spectrum()
    last = slice(60, None)  # the key was let go at frame 30; the mel rings on
    torch.testing.assert_close(led(mid, short, MEL)[:, last], mid[:, last], atol=0.02, rtol=0)


def test_a_ghost_is_taken_down(guide: Tensor, mid: Tensor) -> None:
    partial = (HZ - 2 * 440 * 2 ** ((64 - 69) / 12)).abs().argmin()
    ghostly = mid.clone()
    ghostly[partial, 80:] += 0.8  # 7 dB too loud from the strike on
    left = (led(ghostly, guide, MEL) - mid)[partial, 80:].mean()
    assert 0 <= float(left) < 0.3


def test_a_silent_guide_or_mel_is_no_harm(guide: Tensor, mid: Tensor) -> None:
    torch.testing.assert_close(led(mid, guide * 0, MEL), mid)
    floor = torch.full_like(mid, float(np.log(MEL.floor)))
    torch.testing.assert_close(led(floor, guide, MEL), floor)
