"""Guidance moves away from the untold; rescale takes back the contrast that it adds."""

from __future__ import annotations

import pytest
import torch

from audiogen.sampling.guidance import guided_x0

TOLD = torch.randn(1, 20, 30, generator=torch.Generator().manual_seed(0)) + 0.5
UNTOLD = 0.3 * TOLD


def test_guidance_of_one_is_off_and_more_exaggerates() -> None:
    torch.testing.assert_close(guided_x0(TOLD, UNTOLD, 1.0), TOLD)
    torch.testing.assert_close(guided_x0(TOLD, UNTOLD, 3.0), 2.4 * TOLD)


@pytest.mark.parametrize("rescale", [0.5, 1.0])
def test_rescale_takes_contrast_back_and_keeps_the_level(rescale: float) -> None:
    plain, held = guided_x0(TOLD, UNTOLD, 3.0), guided_x0(TOLD, UNTOLD, 3.0, rescale)
    torch.testing.assert_close(held.mean(-1), plain.mean(-1))
    wanted = (1 - rescale) * plain.std(-1) + rescale * TOLD.std(-1)
    torch.testing.assert_close(held.std(-1), wanted)
