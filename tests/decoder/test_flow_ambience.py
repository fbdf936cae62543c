"""The flow decoder without notes: sources, intensity and colours, tiny and with random weights."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import audiogen.decoder.flow as flow
from audiogen.artifacts import SOURCES, Conditioning, Notes, Structure
from audiogen.decoder.flow import FlowDecoder, FlowDecoderConfig
from audiogen.decoder.guide import fine_rate, make_guide
from audiogen.errors import InvalidRequest
from audiogen.media.mel import MelSettings
from audiogen.sampling.flow import draw_noise
from audiogen.stage import Sampling, silent

TINY = FlowDecoderConfig(
    width=32,
    dilations=(1, 2),
    templates=0,
    condition=16,
    scenes=12,
    attributes=(*SOURCES, "intensity"),
    take_names=("colour_1", "colour_2"),
    take_centre=(),
    take_spread=(),
    steps=3,
    noise_scale=1.0,
)
BF16_KERNELS = 1e-2  # of the normalised mel: kernels differ by shape
MEMORY_PLACE = 1e-4  # some kernels sum in another order where memory is not aligned, as in a mapped file
RAIN = {"rain": 1.0}


@pytest.fixture(scope="module")
def decoder() -> FlowDecoder:
    stage = FlowDecoder.from_config(TINY)
    generator = torch.Generator().manual_seed(1)
    for parameter in stage.network.parameters():  # zero-initialised layers would hide mistakes
        parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
    scenes = torch.randn(40, 170, generator=generator)
    weights = torch.eye(len(SOURCES))[torch.arange(40) % 4]
    stage.network.bank.fit(scenes, weights, torch.rand(40, generator=generator), generator)
    return stage


def decode(
    decoder: FlowDecoder,
    sources: dict[str, float],
    structure: Structure | None = None,
    intensity: float | None = None,
    **sampling: object,
) -> np.ndarray:
    asked = Conditioning(path="ambience", seconds=4.0, sources=sources, intensity=intensity)
    x = structure or Structure.empty(4.0)
    return decoder(x, asked, Sampling(**sampling), silent).mid  # type: ignore[arg-type]


def test_a_seed_is_a_place_and_another_seed_another_place(decoder: FlowDecoder) -> None:
    first, again, other = (decode(decoder, RAIN, seed=s) for s in (1, 1, 2))
    assert first.shape == (170, 300)
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 0.05


def test_sources_intensity_and_guidance_are_heard(decoder: FlowDecoder) -> None:
    rain = decode(decoder, RAIN, intensity=0.5)
    for changed in (
        decode(decoder, {"rain": 1.0, "birds": 0.7}, intensity=0.5),
        decode(decoder, RAIN, intensity=1.0),
        decode(decoder, RAIN, intensity=0.5, guidance=3.0),
    ):
        assert np.abs(changed - rain).mean() > 1e-5  # random weights: little, but not nothing


def test_a_coarse_mel_is_followed_and_notes_are_refused(decoder: FlowDecoder) -> None:
    rising = np.repeat(np.linspace(-9, -3, 100, dtype=np.float32)[None], 34, 0)
    mid = decode(decoder, RAIN, Structure(4.0, mel=rising))
    free = decode(decoder, RAIN, Structure(4.0, mel=rising), structure_strength=0.0)
    assert np.corrcoef(mid.mean(0), np.repeat(rising[0], 3))[0, 1] > 0.6
    assert abs(np.corrcoef(free.mean(0), np.repeat(rising[0], 3))[0, 1]) < 0.6
    notes = Notes.from_rows(np.array([[60, 0.2, 1.0, 80]], float))
    with pytest.raises(InvalidRequest, match="no notes"):
        decode(decoder, RAIN, Structure(4.0, notes))


def test_without_a_structure_a_bed_keeps_to_what_lasts_in_one_place(decoder: FlowDecoder) -> None:
    def heard_throughout(seed: int, *sources: str, scenes: int = 5) -> Structure:
        asked = Conditioning(path="ambience", seconds=4.0, sources=dict.fromkeys(sources, 1.0))
        return decoder.lasting(Structure.empty(4.0), asked, Sampling(seed=seed, scenes=scenes))

    network, bank = decoder.network, decoder.network.bank
    places = network.gathered(bank(bank.scenes[bank.weights[:, 0] > 0])).numpy()
    one, other = (heard_throughout(seed, "rain").mel for seed in (1, 2))
    assert one.shape == (34, 100) and (one == one[:, :1]).all()
    assert min(np.abs(place - one[:, 0]).mean() for place in places) < 0.08
    assert np.abs(one - other).max() > 0.01
    assert heard_throughout(1, "rain", "birds").is_empty  # what lives by its events is left free
    assert heard_throughout(1, "rain", scenes=4).is_empty  # files of earlier versions


def test_long_sounds_have_no_seams(decoder: FlowDecoder, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = decode(decoder, RAIN)
    monkeypatch.setattr(flow, "WINDOW_FRAMES", 70)
    assert np.abs(decode(decoder, RAIN) - whole).max() < 10 * BF16_KERNELS


def test_in_a_circle_the_beginning_follows_the_end(decoder: FlowDecoder) -> None:
    asked = Conditioning(path="ambience", seconds=4.0, sources=RAIN)
    take = decoder.draw_take(3, asked, Structure.empty(4.0))
    guide = make_guide(Structure.empty(4.0), asked, take, TINY.attributes, 300, MelSettings(), keys=0)
    x = draw_noise((decoder.network.dimensions, 300), 5).T[None]
    field = decoder.estimate(guide, Sampling(), circular=True)
    turned = field(x.roll(100, 1), 0.7).roll(-100, 1)
    assert float((turned - field(x, 0.7)).abs().max()) < 10 * BF16_KERNELS
    line = decoder.estimate(guide, Sampling())
    assert float((line(x.roll(100, 1), 0.7).roll(-100, 1) - line(x, 0.7)).abs().max()) > 0.1


def test_the_colour_of_a_looped_mel_goes_around() -> None:
    """Between the last coarse frame and the first it is drawn straight, as between any two."""
    mel = MelSettings()
    coarse = torch.randn(34, 20, generator=torch.Generator().manual_seed(0))
    fine = fine_rate(coarse, 60, mel, circular=True)
    turned = fine_rate(coarse.roll(7, 1), 60, mel, circular=True)
    torch.testing.assert_close(turned, fine.roll(21, 1))
    assert not torch.allclose(fine_rate(coarse, 60, mel)[:, 0], fine[:, 0])


def test_weights_travel(decoder: FlowDecoder, tmp_path) -> None:
    decoder.save_pretrained(tmp_path, storage="fp32")
    again, once_more = (FlowDecoder.from_pretrained(tmp_path) for _ in range(2))
    np.testing.assert_array_equal(decode(again, RAIN), decode(once_more, RAIN))
    np.testing.assert_allclose(decode(again, RAIN), decode(decoder, RAIN), atol=MEMORY_PLACE)
