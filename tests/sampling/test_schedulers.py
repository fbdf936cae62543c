"""Every scheduler on data whose best estimate is known: independent normals.

There the ODE's end is known too: x0 = mean + std * noise, whatever the path.
"""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from audiogen.errors import InvalidRequest
from audiogen.registry import FAMILIES
from audiogen.sampling.flow import draw_noise, times
from audiogen.sampling.schedulers import SCHEDULERS, sample, scheduler

MEAN, STD = 1.5, 0.5
ALL = [(family, name) for family, table in SCHEDULERS.items() for name in table]
STOCHASTIC = ("ddpm", "euler-ancestral")
QUIET = [(f, n) for f, n in ALL if n not in STOCHASTIC]


def best(x_t: Tensor, t: float) -> Tensor:
    """E[x0 | x_t] for data N(MEAN, STD)."""
    variance = ((1 - t) * STD) ** 2 + t**2
    return MEAN + (1 - t) * STD**2 / variance * (x_t - (1 - t) * MEAN)


def walk(family: str, name: str, steps: int, frames: int = 100, seed: int = 5, shift: float = 1.0) -> Tensor:
    noise = draw_noise((10, frames), 3).T[None]
    return sample(scheduler(family, name), best, noise, times(steps, shift), seed, lambda done, total: None)


@pytest.mark.parametrize(("family", "name"), QUIET)
@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_deterministic_schedulers_reach_the_end_of_the_ode(family: str, name: str, shift: float) -> None:
    end = MEAN + STD * draw_noise((10, 100), 3).T[None]
    errors = [float((walk(family, name, n, shift=shift) - end).abs().max()) for n in (5, 20, 80)]
    assert errors[0] > 2 * errors[1] > 4 * errors[2]
    second_order = name in ("heun", "midpoint", "dpm-solver++")
    assert errors[1] < (0.1 if second_order else 0.3) and errors[2] < (0.02 if second_order else 0.1)


@pytest.mark.parametrize("name", STOCHASTIC)
def test_stochastic_schedulers_reach_the_distribution(name: str) -> None:
    x = walk("diffusion", name, 150, frames=2000)
    assert float(x.mean()) == pytest.approx(MEAN, abs=0.02)
    assert float(x.std()) == pytest.approx(STD, abs=0.02)
    noise = draw_noise((10, 2000), 3).T
    assert abs(float(torch.corrcoef(torch.stack([x.flatten(), noise.flatten()]))[0, 1])) < 0.9


def test_ddim_is_its_closed_form() -> None:
    """x' = alpha' x0 + sigma' noise_hat (arXiv 2010.02502, eq. 12 with sigma_t = 0), on the cosine path."""
    steps = 7
    x = draw_noise((10, 100), 3).T[None].double()
    angles = torch.linspace(math.pi / 2, 0, steps + 1, dtype=torch.float64)
    for k in range(steps):
        alpha, sigma = float(angles[k].cos()), float(angles[k].sin())
        x0 = best(x / (alpha + sigma), sigma / (alpha + sigma))
        noise = (x - alpha * x0) / sigma
        x = angles[k + 1].cos() * x0 + angles[k + 1].sin() * noise
    t = angles.sin() / (angles.sin() + angles.cos())
    start = draw_noise((10, 100), 3).T[None]
    ours = sample(scheduler("diffusion", "ddim"), best, start, t, 0, lambda done, total: None)
    torch.testing.assert_close(ours.double(), x, atol=2e-3, rtol=0)  # the first alpha is not quite 0


def test_one_step_gives_the_first_estimate() -> None:
    for family, name in ALL:
        if name == "midpoint":
            continue  # it looks in the middle of its step
        torch.testing.assert_close(walk(family, name, 1), torch.full((1, 100, 10), MEAN), atol=2e-3, rtol=0)


@pytest.mark.parametrize(("family", "name"), ALL)
@pytest.mark.parametrize("steps", [1, 2, 5, 50])
def test_a_longer_piece_begins_like_a_shorter_one(family: str, name: str, steps: int) -> None:
    short, long = walk(family, name, steps, frames=37), walk(family, name, steps, frames=60)
    assert torch.isfinite(short).all() and short.shape == (1, 37, 10)
    torch.testing.assert_close(short, long[:, :37])


@pytest.mark.parametrize("name", STOCHASTIC)
def test_a_seed_is_a_result_and_another_seed_another(name: str) -> None:
    first, again, other = (walk("diffusion", name, 8, seed=s) for s in (1, 1, 2))
    torch.testing.assert_close(first, again, atol=0, rtol=0)
    assert float((first - other).abs().mean()) > 0.1


@pytest.mark.parametrize(("family", "name"), ALL)
def test_steps_and_estimates_are_shown_on_the_way(family: str, name: str) -> None:
    done, seen = [], []
    noise = draw_noise((4, 9), 0).T[None]
    x0 = sample(
        scheduler(family, name),
        best,
        noise,
        times(3),
        0,
        lambda k, total: done.append((k, total)),
        lambda k, total, estimate: seen.append((k, estimate)),
    )
    assert done == [(0, 3), (1, 3), (2, 3), (3, 3)]
    assert [k for k, _ in seen] == [1, 2, 3]
    assert all(estimate.shape == noise.shape for _, estimate in seen)
    torch.testing.assert_close(seen[-1][1], x0)


def test_a_scheduler_that_does_not_fit_names_those_that_do() -> None:
    with pytest.raises(InvalidRequest, match="'flow' has no scheduler 'ddim'; it has: euler, heun, midpoint"):
        scheduler("flow", "ddim")
    with pytest.raises(InvalidRequest, match=r"dpm-solver\+\+"):
        scheduler("diffusion", "heun")


def test_the_registry_knows_them_without_torch() -> None:
    for family, table in SCHEDULERS.items():
        assert set(FAMILIES[family]) == set(table)
