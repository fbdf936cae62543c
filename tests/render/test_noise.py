"""Surf is rendered as noise: its bins scatter as those of noise do, and its blocks go on from one another."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import audiogen.render.blocks as blocks
from audiogen.artifacts import Conditioning, MelSpectrogram
from audiogen.media.mel import MelSettings, analyse
from audiogen.render.noise import Noise
from audiogen.render.vocoder import Vocoder, VocoderConfig
from audiogen.sampling.stft import forward
from audiogen.stage import Sampling, silent

MEL = MelSettings()
SECONDS = 4.0


@pytest.fixture(scope="module")
def vocoder() -> Vocoder:
    return Vocoder.from_config(VocoderConfig(width=16, blocks=1))


@pytest.fixture(scope="module")
def sea() -> MelSpectrogram:
    """White noise that comes and goes, with what is known of it."""
    rng = np.random.default_rng(3)
    swell = 0.1 * np.exp(np.sin(np.arange(round(SECONDS * 44_100)) * 2 * np.pi / 88_200))
    noise = (rng.standard_normal((1, len(swell))) * swell).astype(np.float32)
    mid, side = analyse(torch.from_numpy(np.repeat(noise, 2, 0)))
    return MelSpectrogram(mid.numpy(), side.numpy(), SECONDS, sources=("waves",))


def rendered(vocoder: Vocoder, mel: MelSpectrogram, **how: object) -> np.ndarray:
    return vocoder(mel, Conditioning(), Sampling(**how), silent).samples.mean(0)  # type: ignore[arg-type]


def scatter(sound: np.ndarray) -> float:
    """Standard deviation of log magnitude, nats."""
    spectrum = forward(torch.from_numpy(sound), 4096, 2048).abs()[100:1500, 4:-4].log()
    return float((spectrum - spectrum.mean(1, keepdim=True)).std())


def test_bins_scatter_as_those_of_noise(vocoder: Vocoder, sea: MelSpectrogram) -> None:
    untold = rendered(vocoder, replace(sea, sources=()))
    assert scatter(rendered(vocoder, sea)) > scatter(untold) + 0.05


def test_bands_are_as_strong_as_asked(vocoder: Vocoder, sea: MelSpectrogram) -> None:
    made = rendered(vocoder, sea)
    back = analyse(torch.from_numpy(np.stack([made, made])))[0].numpy()
    assert abs((back - sea.mid)[60:].mean()) < 0.05


def test_recipes_of_before_are_rendered_as_before(vocoder: Vocoder, sea: MelSpectrogram) -> None:
    untold = replace(sea, sources=())
    np.testing.assert_array_equal(rendered(vocoder, sea, phases=3), rendered(vocoder, untold))


def test_a_block_begins_with_the_noise_that_the_one_before_ended_with() -> None:
    noise = Noise(torch.Generator().manual_seed(1))
    noise.block(torch.ones(2049, 100), MEL.hop_length, again=40)
    first = noise.last
    noise.block(torch.ones(2049, 70), MEL.hop_length, again=40)
    assert torch.equal(noise.last[: 40 * MEL.hop_length], first[-40 * MEL.hop_length :])
    assert len(noise.last) == 70 * MEL.hop_length


def test_blocks_keep_the_level_where_they_meet(
    vocoder: Vocoder, sea: MelSpectrogram, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = rendered(vocoder, sea)
    monkeypatch.setattr(blocks, "BLOCK_FRAMES", 160)
    parts = rendered(vocoder, sea)
    level = [np.sqrt(np.convolve(x**2, np.ones(8820) / 8820, "valid")[::4410]) for x in (whole, parts)]
    assert np.abs(np.log(level[1] / level[0])).max() < 0.12


def test_a_file_says_what_it_holds(sea: MelSpectrogram, tmp_path: Path) -> None:
    sea.save(tmp_path / "sea.npz")
    assert MelSpectrogram.load(tmp_path / "sea.npz").sources == ("waves",)
