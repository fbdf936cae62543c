"""The sketch stage: sources become a coarse mel that the decoder can follow."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import audiogen.structure.sketch as sketch
from audiogen.artifacts import SOURCES, Conditioning, Structure
from audiogen.sampling.flow import draw_noise
from audiogen.stage import Sampling, silent
from audiogen.structure.sketch import SketchConfig, SketchStage

TINY = SketchConfig(width=16, dilations=(1, 2), condition=8, scenes=12, components=2, steps=3)
RAIN = Conditioning(path="ambience", seconds=4.02, sources={"rain": 1.0})
BF16_KERNELS = 1e-2  # of the normalised mel: kernels differ by shape


@pytest.fixture(scope="module")
def stage() -> SketchStage:
    made = SketchStage.from_config(TINY)
    generator = torch.Generator().manual_seed(1)
    for parameter in made.network.parameters():  # zero-initialised layers would hide mistakes
        parameter.add_(0.05 * torch.randn(parameter.shape, generator=generator))
    weights = torch.eye(len(SOURCES))[torch.arange(40) % 4]
    spectra = torch.randn(40, 34, generator=generator)
    made.network.bank.fit(spectra, weights, torch.rand(40, generator=generator), generator)
    return made


def draw(stage: SketchStage, asked: Conditioning = RAIN, **sampling: object) -> np.ndarray:
    structure = stage(asked, asked, Sampling(**sampling), silent)  # type: ignore[arg-type]
    assert isinstance(structure, Structure) and structure.mel is not None
    return structure.mel


def test_a_coarse_mel_of_the_asked_length(stage: SketchStage) -> None:
    mel = draw(stage)
    assert mel.shape == (34, 101) and np.isfinite(mel).all()
    assert mel.min() >= np.log(1e-5) - 1e-5


def test_seeds_sources_and_guidance_matter(stage: SketchStage) -> None:
    first = draw(stage, seed=1)
    np.testing.assert_array_equal(first, draw(stage, seed=1))
    np.testing.assert_array_equal(first, draw(stage, seed=1, decoder_seed=9))
    assert np.abs(first - draw(stage, seed=2)).mean() > 0.05
    birds = Conditioning(path="ambience", seconds=4.02, sources={"birds": 1.0})
    assert np.abs(first - draw(stage, birds, seed=1)).mean() > 1e-5
    assert np.abs(first - draw(stage, seed=1, guidance=4.0)).mean() > 1e-5


def test_long_sketches_have_no_seams_and_loops_close(
    stage: SketchStage, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = draw(stage)
    monkeypatch.setattr(sketch, "WINDOW_FRAMES", 30)
    assert np.abs(draw(stage) - whole).max() < 10 * BF16_KERNELS
    guide = stage.guide(RAIN, 101, np.random.default_rng(0))
    field = stage.estimate(guide, Sampling(), circular=True)
    x = draw_noise((34, 101), 3).T[None]
    turned = field(x.roll(40, 1), 0.6).roll(-40, 1)
    assert float((turned - field(x, 0.6)).abs().max()) < 10 * BF16_KERNELS
