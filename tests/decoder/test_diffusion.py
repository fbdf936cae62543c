"""The diffusion decoder through its public face, tiny and with random weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import audiogen.decoder.flow as flow
from audiogen.artifacts import SOURCES, Conditioning, MelSpectrogram, Structure
from audiogen.decoder.diffusion import DiffusionDecoder, DiffusionDecoderConfig
from audiogen.decoder.flow import FlowDecoder, FlowDecoderConfig
from audiogen.errors import Cancelled, InvalidRequest
from audiogen.sampling.schedulers import DIFFUSION
from audiogen.stage import Options, Sampling, silent

SIZE: dict[str, Any] = {
    "width": 32,
    "dilations": (1, 2),
    "templates": 0,
    "condition": 16,
    "scenes": 12,
    "attributes": (*SOURCES, "intensity"),
    "take_names": ("colour_1", "colour_2"),
    "take_centre": (),
    "take_spread": (),
    "noise_scale": 1.0,
}
TINY = DiffusionDecoderConfig(**SIZE, steps=3)
KERNELS = 1e-3  # of the normalised mel in float32: kernels differ by shape


@pytest.fixture(scope="module")
def decoder() -> DiffusionDecoder:
    stage = DiffusionDecoder.from_config(TINY, device="cpu")
    stage.dtype = torch.float32
    generator = torch.Generator().manual_seed(1)
    for parameter in stage.network.parameters():  # zero-initialised layers would hide mistakes
        parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
    scenes = torch.randn(40, 170, generator=generator)
    weights = torch.eye(len(SOURCES))[torch.arange(40) % 4]
    stage.network.bank.fit(scenes, weights, torch.rand(40, generator=generator), generator)
    return stage


def decode(decoder: FlowDecoder, seconds: float = 4.0, **sampling: Any) -> np.ndarray:
    asked = Conditioning(path="ambience", seconds=seconds, sources={"rain": 1.0})
    return decoder(Structure.empty(seconds), asked, Sampling(**sampling), silent).mid


@pytest.mark.parametrize("name", DIFFUSION)
def test_every_scheduler_decodes_and_a_seed_is_a_take(decoder: DiffusionDecoder, name: str) -> None:
    first, again, other = (decode(decoder, scheduler=name, seed=s, steps=4) for s in (1, 1, 2))
    assert first.shape == (170, 300) and np.isfinite(first).all()
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 0.05


def test_the_same_network_as_flow_walks_the_same_ode(decoder: DiffusionDecoder) -> None:
    """DDIM on the cosine path and Euler on the straight one pass through the same points."""
    as_flow = FlowDecoder(FlowDecoderConfig(**SIZE), decoder.network, device="cpu")
    as_flow.dtype = torch.float32
    by_flow, by_diffusion = (
        decode(stage, steps=60, scheduler=name, grids=1)
        for stage, name in ((as_flow, "euler"), (decoder, "ddim"))
    )
    noisy = decode(decoder, steps=60, scheduler="ddpm")
    assert np.abs(by_flow - by_diffusion).mean() < 0.1 * np.abs(by_flow - noisy).mean()


@pytest.mark.parametrize("name", ["dpm-solver++", "ddpm"])
def test_long_sounds_have_no_seams(
    decoder: DiffusionDecoder, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = decode(decoder, scheduler=name)
    monkeypatch.setattr(flow, "WINDOW_FRAMES", 70)
    assert np.abs(decode(decoder, scheduler=name) - whole).max() < KERNELS


@pytest.mark.parametrize("name", ["dpm-solver++", "euler-ancestral"])
def test_a_longer_piece_begins_like_a_shorter_one(decoder: DiffusionDecoder, name: str) -> None:
    short, long = decode(decoder, 2.0, scheduler=name), decode(decoder, 4.0, scheduler=name)
    seen = 150 - TINY.steps * decoder.network.receptive_frames
    assert np.abs(short[:, :seen] - long[:, :seen]).max() < KERNELS


def test_rescale_takes_back_movement_that_guidance_adds(decoder: DiffusionDecoder) -> None:
    plain, guided, held = (
        decode(decoder, guidance=w, guidance_rescale=phi) for w, phi in ((1.0, 0.0), (8.0, 0.0), (8.0, 1.0))
    )
    assert np.abs(guided - plain).mean() > 1e-4
    assert np.abs(held - guided).mean() > 1e-5
    with pytest.raises(InvalidRequest, match="guidance_rescale must be 0 .. 1, not 2"):
        Sampling(guidance_rescale=2)


def test_an_observer_sees_what_the_mel_would_be(decoder: DiffusionDecoder) -> None:
    seen: list[tuple[int, int, MelSpectrogram]] = []
    asked = Conditioning(path="ambience", seconds=2.0, sources={"rain": 1.0})
    made = decoder(
        Structure.empty(2.0),
        asked,
        Sampling(),
        silent,
        Options(lambda done, steps, mel: seen.append((done, steps, mel))),
    )
    assert [(done, steps) for done, steps, _ in seen] == [(1, 3), (2, 3), (3, 3)]
    np.testing.assert_array_equal(seen[-1][2].mid, made.mid)
    with pytest.raises(Cancelled, match="decoder"):
        decoder(Structure.empty(2.0), asked, Sampling(), lambda stage, step, total: step < 2)


def test_a_scheduler_of_flow_is_refused(decoder: DiffusionDecoder) -> None:
    with pytest.raises(InvalidRequest, match="'diffusion' has no scheduler 'heun'; it has: ddpm, ddim"):
        decode(decoder, scheduler="heun")


def test_weights_travel(decoder: DiffusionDecoder, tmp_path) -> None:
    decoder.save_pretrained(tmp_path, storage="fp32")
    again = DiffusionDecoder.from_pretrained(tmp_path, device="cpu")
    assert again.config == TINY
    again.dtype = torch.float32
    np.testing.assert_allclose(decode(again), decode(decoder), atol=KERNELS)
