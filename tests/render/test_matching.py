"""Bands of a magnitude are brought to the asked ones, as products with the filterbank would do it."""

from __future__ import annotations

import pytest
import torch

from audiogen.media.mel import TEXTURE, MelSettings, filterbank
from audiogen.render.matching import LIMIT, Bank


@pytest.fixture
def generator() -> torch.Generator:
    return torch.Generator().manual_seed(4)


def by_products(magnitude: torch.Tensor, target: torch.Tensor, mel: MelSettings, rounds: int) -> torch.Tensor:
    bank = torch.from_numpy(filterbank(mel))
    reach = bank.sum(0)[:, None]
    for _ in range(rounds):
        ratio = (target / (bank @ magnitude).clamp_min(mel.floor / 100)).clamp(1 / LIMIT, LIMIT)
        pull = (bank.T @ ratio) / reach.clamp_min(1e-6)
        magnitude = magnitude * torch.where(reach > 1e-6, pull, torch.ones_like(pull))
    return magnitude


@pytest.mark.parametrize("mel", [MelSettings(), TEXTURE], ids=["default", "texture"])
def test_it_is_what_products_give(mel: MelSettings, generator: torch.Generator) -> None:
    magnitude = torch.rand(mel.n_fft // 2 + 1, 70, generator=generator) + 0.01
    target = torch.rand(mel.bands_per_spectrum, 70, generator=generator)
    target[5] = 0  # silence
    made = Bank.of(mel).matched(magnitude, target, 3)
    torch.testing.assert_close(made, by_products(magnitude, target, mel, 3), rtol=1e-4, atol=1e-9)


def test_asked_bands_are_met(generator: torch.Generator) -> None:
    mel = MelSettings()
    bank = torch.from_numpy(filterbank(mel))
    asked = bank @ (torch.rand(mel.n_fft // 2 + 1, 10, generator=generator) + 0.5)
    made = Bank.of(mel).matched(torch.ones(mel.n_fft // 2 + 1, 10), asked, 8)
    torch.testing.assert_close(bank @ made, asked, rtol=0.02, atol=0)


def test_a_gain_is_bounded_and_leaves_bins_without_a_band() -> None:
    mel = MelSettings()
    loud, soft = torch.ones(mel.n_fft // 2 + 1, 4), torch.full((mel.n_fft // 2 + 1, 4), 0.1)
    gain = Bank.of(mel).gain(loud, soft, limit=1.6)
    assert gain[0, 0] == 1  # the first bins are in no band
    assert gain[100].tolist() == pytest.approx([1.6] * 4)
