"""The network that decodes pictures: what it hears, and what it must not notice."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from audiogen.networks.latent_decoder import LatentDecoder, PictureGuide, to_depth, to_space

KERNELS = 1e-5  # float32 kernels differ by shape


@pytest.fixture(scope="module")
def network() -> LatentDecoder:
    torch.manual_seed(0)
    made = LatentDecoder(3, 8, (8, 8, 16), (1, 1, 2), 2, 16, styles=4, words=9, word=8, condition=16)
    with torch.no_grad():
        for parameter in made.parameters():  # zero-initialised layers would hide mistakes
            parameter.add_(0.1 * torch.randn_like(parameter))
    return made.eval().requires_grad_(False)


def guide(count: int = 2) -> PictureGuide:
    generator = torch.Generator().manual_seed(1)
    return PictureGuide(
        contour=torch.rand(count, 16, 16, generator=generator),
        present=torch.ones(count),
        style=torch.arange(count) % 4 + 1,
        words=torch.tensor([[3, 5, 0, 0], [1, 0, 0, 0]])[:count],
    )


def noise(count: int = 2) -> torch.Tensor:
    return torch.randn(count, 64, 3, generator=torch.Generator().manual_seed(2))


HALF = torch.tensor([0.5, 0.5])


def test_near_data_the_estimate_is_what_is_there(network: LatentDecoder) -> None:
    x = noise()
    near = network(x, torch.tensor([1e-4, 1e-4]), guide())
    torch.testing.assert_close(near, x, atol=1e-2, rtol=1e-2)


def test_it_hears_contour_style_and_every_word(network: LatentDecoder) -> None:
    told = guide()
    others = {
        "contour": replace(told, contour=1 - told.contour),
        "style": replace(told, style=told.style % 4 + 1),
        "second word": replace(told, words=torch.tensor([[3, 6, 0, 0], [1, 4, 0, 0]])),
        "no contour": told.without_structure(),
        "no words": told.without_attributes(),
    }
    first = network(noise(), HALF, told)
    for name, other in others.items():
        change = (network(noise(), HALF, other) - first).abs().amax((1, 2))
        assert (change > 1e-4).all(), name


def test_a_contour_that_is_not_given_is_not_seen(network: LatentDecoder) -> None:
    free = guide().without_structure()
    drawn = replace(free, contour=guide().contour)
    torch.testing.assert_close(network(noise(), HALF, drawn), network(noise(), HALF, free))


def test_places_without_a_word_change_nothing(network: LatentDecoder) -> None:
    told = guide()
    longer = replace(told, words=torch.nn.functional.pad(told.words, (0, 3)))
    torch.testing.assert_close(
        network(noise(), HALF, longer), network(noise(), HALF, told), atol=KERNELS, rtol=KERNELS
    )


def test_an_item_of_a_batch_is_as_it_is_alone(network: LatentDecoder) -> None:
    told = guide()
    alone = PictureGuide(*(getattr(told, name)[1:] for name in PictureGuide.__dataclass_fields__))
    together = network(noise(), HALF, told)[1:]
    torch.testing.assert_close(network(noise()[1:], HALF[1:], alone), together, atol=KERNELS, rtol=KERNELS)


def test_space_becomes_depth_and_comes_back() -> None:
    x = torch.arange(2 * 4 * 6 * 3.0).view(2, 4, 6, 3)
    deep = to_depth(x)
    assert deep.shape == (2, 2, 3, 12)
    torch.testing.assert_close(deep[0, 0, 0, :3], x[0, 0, 0])
    torch.testing.assert_close(deep[0, 0, 0, 9:], x[0, 1, 1])
    torch.testing.assert_close(to_space(deep), x)
