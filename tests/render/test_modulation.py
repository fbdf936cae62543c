"""What moves faster than the window of a mel can show is taken out of it, and nothing else."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch

from audiogen.artifacts import Conditioning, MelSpectrogram
from audiogen.media.mel import TEXTURE, MelSettings
from audiogen.render.modulation import TAPS, slowed
from audiogen.render.vocoder import Vocoder, VocoderConfig
from audiogen.stage import Sampling, silent

MEL = MelSettings()


def moving(hz: float, frames: int = 150) -> torch.Tensor:
    """Bands whose level swings by one nat, so many times a second."""
    time = torch.arange(frames) / MEL.frame_rate
    return (-5 + torch.sin(2 * math.pi * hz * time)).repeat(MEL.n_bands, 1)


@pytest.mark.parametrize(("hz", "left"), [(0.0, 1.0), (3.0, 1.0), (12.0, 1.0), (32.0, 0.0)])
def test_slow_movement_stays_and_fast_goes(hz: float, left: float) -> None:
    before = moving(hz)
    inner = slice(TAPS, -TAPS)
    after = slowed(before, MEL)
    assert after.shape == before.shape
    torch.testing.assert_close(after[:, inner], -5 + left * (before[:, inner] + 5), atol=0.03, rtol=0)


def test_blocks_see_what_a_whole_sees() -> None:
    mid = torch.randn(MEL.n_bands, 200, generator=torch.Generator().manual_seed(1))
    part = slowed(mid[:, 50:150], MEL)
    torch.testing.assert_close(part[:, TAPS:-TAPS], slowed(mid, MEL)[:, 50 + TAPS : 150 - TAPS])


def test_short_windows_show_everything() -> None:
    mid = torch.randn(TEXTURE.n_bands, 60)
    assert slowed(mid, TEXTURE) is mid


@pytest.mark.parametrize(
    ("sources", "phases", "slows"), [(("rain",), 5, True), (("rain",), 4, False), ((), 5, False)]
)
def test_a_sound_of_nature_is_slowed_and_recipes_of_before_are_not(
    sources: tuple[str, ...], phases: int, slows: bool
) -> None:
    mid = moving(32.0).numpy()
    side = torch.zeros(2, MEL.n_groups, mid.shape[1]).numpy()
    mel = MelSpectrogram(mid, side, mid.shape[1] / MEL.frame_rate, sources=sources)
    still = replace(mel, mid=slowed(torch.from_numpy(mid), MEL).numpy())
    vocoder = Vocoder.from_config(VocoderConfig(width=16, blocks=1))

    def rendered(x: MelSpectrogram) -> torch.Tensor:
        return torch.from_numpy(vocoder(x, Conditioning(), Sampling(phases=phases), silent).samples)

    difference = (rendered(mel) - rendered(still)).square().mean() / rendered(still).square().mean()
    assert bool(difference < 0.2) == slows
