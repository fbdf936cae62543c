"""Guidance moves away from the untold; rescale takes back the movement that it adds."""

from __future__ import annotations

import pytest
import torch

from audiogen.sampling.guidance import guided_x0, nearby

TOLD = torch.randn(1, 50, 6, generator=torch.Generator().manual_seed(0)) + 0.5
UNTOLD = 0.3 * TOLD


def test_guidance_of_one_is_off_and_more_exaggerates() -> None:
    torch.testing.assert_close(guided_x0(TOLD, UNTOLD, 1.0), TOLD)
    torch.testing.assert_close(guided_x0(TOLD, UNTOLD, 3.0), 2.4 * TOLD)


@pytest.mark.parametrize("rescale", [0.5, 1.0])
def test_rescale_takes_movement_back_and_keeps_the_level(rescale: float) -> None:
    """A short piece lies within reach as a whole."""
    plain, held = guided_x0(TOLD, UNTOLD, 3.0), guided_x0(TOLD, UNTOLD, 3.0, rescale)
    torch.testing.assert_close(held.mean(1), plain.mean(1))
    wanted = (1 - rescale) * plain.std(1) + rescale * TOLD.std(1)
    torch.testing.assert_close(held.std(1), wanted)


@pytest.mark.parametrize("circular", [False, True])
def test_nearby_sees_the_frames_within_reach(circular: bool) -> None:
    x = torch.randn(2, 20, 3, generator=torch.Generator().manual_seed(1))
    mean, spread = nearby(x, circular, reach=4)
    for frame in (0, 3, 10, 19):
        around = torch.arange(frame - 4, frame + 5)
        around = around % 20 if circular else around[(around >= 0) & (around < 20)]
        torch.testing.assert_close(mean[:, frame], x[:, around].mean(1), atol=1e-5, rtol=1e-5)
        torch.testing.assert_close(spread[:, frame], x[:, around].std(1, correction=0), atol=1e-5, rtol=1e-5)


def test_in_a_circle_rescale_does_not_know_where_the_piece_begins() -> None:
    held = guided_x0(TOLD, UNTOLD, 3.0, 0.7, circular=True)
    turned = guided_x0(TOLD.roll(17, 1), UNTOLD.roll(17, 1), 3.0, 0.7, circular=True).roll(-17, 1)
    torch.testing.assert_close(held, turned)
