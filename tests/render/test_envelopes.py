"""Fine envelopes of a fire: drawn from the mel by a seed, the same where blocks overlap, and only then."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import audiogen.render.blocks as blocks
from audiogen.artifacts import Conditioning, MelSpectrogram
from audiogen.media.mel import MelSettings, analyse
from audiogen.networks.envelope_flow import EnvelopeFlow, EnvelopeFlowConfig, levels, packed
from audiogen.render.envelopes import Envelopes, FineEnvelopes
from audiogen.render.vocoder import Vocoder, VocoderConfig
from audiogen.sampling.envelopes import BANDS
from audiogen.stage import Sampling, silent

MEL = MelSettings()
CONFIG = EnvelopeFlowConfig(sources=("rain", "fire"), width=16, dilations=(1,), condition=8, steps=2)


@pytest.fixture(scope="module")
def stage() -> Envelopes:
    """A network of random weights that says something."""
    made = Envelopes.from_config(CONFIG)
    with torch.no_grad():
        for weight in made.network.parameters():
            weight.normal_(0, 0.2, generator=torch.Generator().manual_seed(2))
    return made  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def mid() -> torch.Tensor:
    return torch.randn(MEL.n_bands, 90, generator=torch.Generator().manual_seed(3)) - 6


def test_envelopes_are_packed_frame_by_frame_and_restored() -> None:
    rows = torch.randn(BANDS, 7 * 20 + 3)
    network = EnvelopeFlow(CONFIG)
    network.mean += 0.5
    frames = packed(rows, CONFIG.per_frame)
    assert frames.shape == (20, BANDS * 7)
    torch.testing.assert_close(frames[4].unflatten(0, (7, BANDS)), rows[:, 28:35].T)
    torch.testing.assert_close(network.restore(network.normalise(frames)), rows[:, :140])


def test_a_level_is_the_loudness_of_a_group() -> None:
    told = levels(torch.full((MEL.n_bands, 3), -3.0), MEL)
    assert told.shape == (3, MEL.n_groups)
    torch.testing.assert_close(told, torch.full_like(told, 1.0), atol=0.01, rtol=0)  # a spread above -6


def test_noise_mel_and_sources_decide(stage: Envelopes, mid: torch.Tensor) -> None:
    noise = torch.randn(90, stage.network.values, generator=torch.Generator().manual_seed(4))
    drawn = stage.draw(mid, ("fire",), noise)
    assert drawn.shape == (BANDS, 90 * 7)
    torch.testing.assert_close(drawn, stage.draw(mid, ("fire",), noise))
    for other in (stage.draw(mid + 1, ("fire",), noise), stage.draw(mid, ("rain",), noise)):
        assert (other - drawn).abs().mean() > 1e-3


def test_blocks_begin_with_the_noise_that_the_one_before_ended_with(
    stage: Envelopes, mid: torch.Tensor
) -> None:
    fine = FineEnvelopes(stage, ("fire",), torch.Generator().manual_seed(1))
    sound = 0.1 * torch.randn(2, 90 * MEL.hop_length)
    assert fine.lay(sound, mid, again=0).shape == sound.shape
    first = fine.last
    fine.lay(sound, mid, again=40)
    assert torch.equal(fine.last[:40], first[-40:]) and len(fine.last) == 90


def test_a_mel_of_another_layout_has_none(stage: Envelopes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Envelopes, "shipped", lambda: stage)
    other = replace(MEL, n_fft=2048)
    assert FineEnvelopes.of(("fire",), other, torch.Generator()) is None
    assert FineEnvelopes.of(("fire",), MEL, torch.Generator()) is not None


@pytest.mark.parametrize(
    ("sources", "phases", "drawn"),
    [(("fire",), 5, True), (("fire", "wind"), 5, True), (("fire",), 4, False), (("fire", "rain"), 5, False)],
)
def test_a_fire_alone_has_them_and_recipes_of_before_do_not(
    sources: tuple[str, ...], phases: int, drawn: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def lay(self: FineEnvelopes, sound: torch.Tensor, mid: torch.Tensor, again: int) -> torch.Tensor:
        calls.append(mid.shape[1])
        return sound

    monkeypatch.setattr(FineEnvelopes, "lay", lay)
    monkeypatch.setattr(blocks, "BLOCK_FRAMES", 160)
    wave = 0.1 * np.random.default_rng(1).standard_normal((1, 3 * MEL.sample_rate)).astype(np.float32)
    centre, side = analyse(torch.from_numpy(np.repeat(wave, 2, 0)))
    mel = MelSpectrogram(centre.numpy(), side.numpy(), 3.0, sources=sources)
    vocoder = Vocoder.from_config(VocoderConfig(width=16, blocks=1))
    vocoder(mel, Conditioning(), Sampling(phases=phases), silent)
    assert bool(calls) == drawn
    assert sum(calls) >= 225 if drawn else not calls


def test_shipped_weights_know_a_fire_from_surf(mid: torch.Tensor) -> None:
    """For one mel, in which nothing happens: the envelope of a fire has clicks, that of surf has none."""
    shipped = Envelopes.shipped()
    even = mid.mean(1, keepdim=True).expand(-1, 300)
    noise = torch.randn(300, shipped.network.values, generator=torch.Generator().manual_seed(6))
    peaks = {
        source: float(shipped.draw(even, (source,), noise)[2:].quantile(0.999))
        for source in ("fire", "waves")
    }
    assert peaks["fire"] > peaks["waves"] + 0.3
