"""The networks on pixels: what goes in comes back, and what they start from is sensible."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from audiogen.networks.patch_critic import PatchCritic
from audiogen.networks.picture_autoencoder import FACTOR, PictureAutoencoder
from audiogen.networks.upsampler import Upsampler, bicubic

ROUNDING = 1e-5  # float32


def tiny(channels: int = 4) -> PictureAutoencoder:
    torch.manual_seed(0)
    return PictureAutoencoder(channels, (8, 8), (8, 8, 8), (1, 1), (1, 1, 1))


def smooth(count: int = 6, size: int = 32) -> Tensor:
    """Pictures of slow waves: few components say nearly all about a patch of them."""
    generator = torch.Generator().manual_seed(1)
    coarse = torch.rand(count, 3, 3, 3, generator=generator)
    return torch.nn.functional.interpolate(coarse, size=(size, size), mode="bicubic").clamp(0, 1)


def test_eight_pixels_each_way_become_one_place() -> None:
    coder = tiny()
    latents = coder.encode(torch.rand(2, 3, 48, 32))
    assert latents.shape == (2, 4, 48 // FACTOR, 32 // FACTOR)
    assert coder.decode(latents).shape == (2, 3, 48, 32)


def test_it_begins_as_principal_components() -> None:
    coder, pictures = tiny(12), smooth()
    before = (coder.decode(coder.encode(pictures)) - pictures).square().mean()
    coder.fit(pictures)
    after = (coder.decode(coder.encode(pictures)) - pictures).square().mean()
    assert after < 0.1 * before and after < 0.1 * pictures.var()


def test_normalised_latents_have_mean_zero_and_deviation_one() -> None:
    coder, pictures = tiny(), smooth()
    as_it_comes = coder.decode_raw(coder.encode_raw(pictures))
    coder.measure(coder.encode_raw(pictures))
    latents = coder.encode(pictures)
    torch.testing.assert_close(latents.mean((0, 2, 3)), torch.zeros(4), atol=ROUNDING, rtol=0)
    torch.testing.assert_close(latents.std((0, 2, 3)), torch.ones(4), atol=ROUNDING, rtol=0)
    torch.testing.assert_close(coder.decode(latents), as_it_comes, atol=ROUNDING, rtol=0)


@pytest.mark.parametrize("size", [(16, 16), (32, 48)])
def test_the_upsampler_begins_as_bicubic_enlargement(size: tuple[int, int]) -> None:
    torch.manual_seed(0)
    pixels = torch.rand(1, 3, *size)
    made = Upsampler(8, 1)(pixels)
    assert made.shape == (1, 3, 2 * size[0], 2 * size[1])
    torch.testing.assert_close(made, bicubic(pixels), atol=1e-2, rtol=0)


def test_bicubic_halving_undoes_doubling_of_what_is_smooth() -> None:
    pixels = smooth()
    assert float((bicubic(bicubic(pixels), 0.5) - pixels).abs().max()) < 0.03


def test_the_critic_judges_patches() -> None:
    verdict, features = PatchCritic(4)(torch.rand(2, 3, 32, 40))
    assert verdict.shape == (2, 1, 4, 5)
    assert [f.shape[1] for f in features] == [4, 8, 16]
