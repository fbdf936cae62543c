"""The colour bank: what it remembers, and what it draws."""

from __future__ import annotations

import numpy as np
import torch

from audiogen.networks.colour_bank import ColourBank

SOURCES = 3


def fitted() -> ColourBank:
    """Sixty scenes: dull ones of source 0, bright ones of source 1, half of each with a known intensity."""
    generator = torch.Generator().manual_seed(0)
    kind = torch.arange(60) % 2
    tilt = torch.linspace(-2, 2, 20) * (2 * kind[:, None] - 1)
    spectra = tilt + 0.2 * torch.randn(60, 20, generator=generator) - 6
    weights = torch.eye(SOURCES)[kind]
    intensity = torch.where(torch.arange(60) < 30, 0.9, float("nan"))
    bank = ColourBank(20, 4, 48, SOURCES)
    bank.fit(spectra, weights, intensity, generator)
    return bank


def test_components_describe_a_spectrum() -> None:
    bank = fitted()
    components = torch.randn(5, 4, generator=torch.Generator().manual_seed(1))
    torch.testing.assert_close(bank.describe(bank(components)), components, atol=1e-4, rtol=0)
    assert float((bank.scenes.std(0) - 1).abs().max()) < 0.35  # standardised over the scenes


def test_a_draw_fits_the_asked_source_and_differs_between_seeds() -> None:
    bank = fitted()
    tilts = {}
    for source in (0, 1):
        asked = np.eye(SOURCES)[source]
        drawn = [bank.draw(asked, None, np.random.default_rng(seed)) for seed in range(12)]
        again = bank.draw(asked, None, np.random.default_rng(0))
        np.testing.assert_array_equal(drawn[0], again)
        assert len({tuple(d) for d in drawn}) == 12
        spectra = bank(torch.from_numpy(np.stack(drawn)))
        tilts[source] = (spectra[:, 15:].mean(1) - spectra[:, :5].mean(1)).numpy()
    assert (tilts[0] < 0).sum() >= 11 and (tilts[1] > 0).sum() >= 11  # near a scene, not one of them


def test_nothing_asked_draws_any_scene() -> None:
    bank = fitted()
    drawn = [bank.draw(np.zeros(SOURCES), None, np.random.default_rng(seed)) for seed in range(20)]
    spectra = bank(torch.from_numpy(np.stack(drawn)))
    tilt = spectra[:, 15:].mean(1) - spectra[:, :5].mean(1)
    assert (tilt < 0).any() and (tilt > 0).any()
