"""Envelopes of sub-bands can be laid upon another sound, and the energy of a stretch stays."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from audiogen.sampling.envelopes import BANDS, HOP, STRETCH, around, envelopes, imposed, shares

RATE = 44_100


@pytest.fixture(scope="module")
def hiss() -> torch.Tensor:
    rng = np.random.default_rng(1)
    return torch.from_numpy(0.05 * rng.standard_normal((2, RATE)).astype(np.float32))


@pytest.fixture(scope="module")
def clicks() -> torch.Tensor:
    """Soft noise, and a click of 2 ms every 100 ms."""
    rng = np.random.default_rng(2)
    level = np.full(RATE, 0.02)
    for at in range(2_000, RATE, RATE // 10):
        level[at : at + 88] = 1.0
    return torch.from_numpy((rng.standard_normal((2, RATE)) * level).astype(np.float32))


def test_every_bin_belongs_to_bands_in_full() -> None:
    torch.testing.assert_close(shares().sum(1), torch.ones(len(shares())))
    assert shares().shape[1] == BANDS and (shares() >= 0).all()


def test_a_click_stands_out_in_every_band_when_it_falls(clicks: torch.Tensor) -> None:
    found = envelopes(clicks)
    assert found.shape == (BANDS, RATE // HOP)
    struck = torch.arange(2_000, RATE, RATE // 10)[1:-1] // HOP
    near = torch.stack([found[:, k - 1 : k + 3].amax(1) for k in struck.tolist()])
    assert (near[:, 1:] > 1.0).all() and found.median() < 0  # power is e times the mean around, and more


def test_envelopes_are_laid_upon_another_sound(hiss: torch.Tensor, clicks: torch.Tensor) -> None:
    wanted = envelopes(clicks)
    got, before = envelopes(imposed(hiss, wanted)), envelopes(hiss)

    def likeness(rows: torch.Tensor) -> float:
        return float(np.corrcoef(rows[1:].flatten(), wanted[1:].flatten())[0, 1])

    assert likeness(before) < 0.1 and likeness(got) > 0.8


def test_the_energy_of_a_stretch_and_what_lies_beyond_stay(hiss: torch.Tensor, clicks: torch.Tensor) -> None:
    half = envelopes(clicks)[:, : RATE // HOP // 2]
    made = imposed(hiss, half)
    assert made.shape == hiss.shape
    torch.testing.assert_close(made[:, RATE // 2 + 500 :], hiss[:, RATE // 2 + 500 :], atol=1e-4, rtol=0)
    size = 2 * STRETCH * HOP
    before, after = (
        x[:, : RATE // size * size].unflatten(1, (-1, size)).square().sum((0, 2)) for x in (hiss, made)
    )
    np.testing.assert_allclose(after.log(), before.log(), atol=0.5)


def test_the_mean_of_what_is_constant_is_itself() -> None:
    torch.testing.assert_close(around(torch.full((2, 300), 3.0)), torch.full((2, 300), 3.0))
