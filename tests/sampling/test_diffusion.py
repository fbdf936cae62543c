"""The path of diffusion passes through the points of the straight path; its v belongs to its x0."""

from __future__ import annotations

import math

import torch

from audiogen.sampling.diffusion import levels, straight_time, uniform_times, v_from_x0


def test_both_paths_pass_through_the_same_points() -> None:
    x0, noise = torch.randn(50, 3), torch.randn(50, 3)
    u = torch.linspace(0, 1, 50)
    alpha, sigma = (math.pi / 2 * u).cos(), (math.pi / 2 * u).sin()
    t = straight_time(u)
    x_vp = alpha[:, None] * x0 + sigma[:, None] * noise
    x_t = (1 - t[:, None]) * x0 + t[:, None] * noise
    torch.testing.assert_close(x_vp / (alpha + sigma)[:, None], x_t)
    torch.testing.assert_close(torch.stack(levels(t)), torch.stack([alpha, sigma]))


def test_v_belongs_to_x0() -> None:
    """v = alpha noise - sigma x0, and an error of x0 is one of v, times 1 / sigma."""
    x0, noise = torch.randn(40), torch.randn(40)
    alpha, sigma = levels(torch.tensor(0.3))
    x_vp = alpha * x0 + sigma * noise
    v = v_from_x0(x_vp, x0, alpha, sigma)
    torch.testing.assert_close(v, alpha * noise - sigma * x0)
    wrong = v_from_x0(x_vp, x0 + 0.1, alpha, sigma)
    torch.testing.assert_close(v - wrong, torch.full((40,), 0.1) / sigma)


def test_training_times_are_uniform_in_u() -> None:
    t = uniform_times(20_000, torch.Generator().manual_seed(0))
    assert float(t.min()) > 0 and float(t.max()) <= 1
    u = torch.atan2(t, 1 - t) * 2 / math.pi
    quarters = torch.histc(u, 4, 0, 1) / len(u)
    torch.testing.assert_close(quarters, torch.full((4,), 0.25), atol=0.01, rtol=0)
