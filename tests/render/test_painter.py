"""The painter: latents to a picture at twice their size, and back."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from audiogen.artifacts import Conditioning, Latents, Picture
from audiogen.errors import Cancelled, InvalidRequest
from audiogen.render.painter import Painter, PainterConfig, fitted
from audiogen.stage import Sampling, silent

TINY = PainterConfig(
    channels=4,
    encoder=(8, 8),
    decoder=(8, 8, 8),
    encoder_blocks=(1, 1),
    decoder_blocks=(1, 1, 1),
    upsampler_width=8,
    upsampler_blocks=1,
    size=64,
)


@pytest.fixture(scope="module")
def painter() -> Painter:
    return Painter.from_config(TINY, device="cpu")


def test_latents_become_a_picture_of_twice_their_size(painter: Painter) -> None:
    latents = Latents(np.random.default_rng(0).standard_normal((4, 8, 8)).astype(np.float32), 64)
    picture = painter(latents, Conditioning(), Sampling(), silent)
    assert picture.size == (128, 128)
    assert picture.pixels.min() >= 0 and picture.pixels.max() <= 1 and picture.pixels.std() > 0


def test_latents_of_another_painter_are_refused(painter: Painter) -> None:
    with pytest.raises(InvalidRequest, match="3 channels.*takes 4"):
        painter(Latents(np.zeros((3, 8, 8), np.float32), 64), Conditioning(), Sampling(), silent)


def test_it_can_be_cancelled(painter: Painter) -> None:
    with pytest.raises(Cancelled):
        painter(Latents(np.zeros((4, 8, 8), np.float32), 64), Conditioning(), Sampling(), lambda *_: False)


@pytest.mark.parametrize("shape", [(3, 64, 64), (3, 200, 90), (3, 17, 40)])
def test_pictures_of_any_size_can_be_encoded(painter: Painter, shape: tuple[int, int, int]) -> None:
    latents = painter.encode(Picture(np.random.default_rng(1).random(shape).astype(np.float32)))
    assert latents.values.shape == (4, 8, 8) and latents.size == 64


def test_a_picture_is_fitted_without_distortion() -> None:
    """A tall picture gets its own edge at both sides: a square in it stays a square."""
    pixels = torch.zeros(3, 128, 64)
    pixels[:, 48:80, 16:48] = 1
    square = fitted(pixels, 64)
    inked = (square[0] > 0.5).nonzero()
    height, width = (inked.amax(0) - inked.amin(0) + 1).tolist()
    assert square.shape == (3, 64, 64) and height == width == 16
