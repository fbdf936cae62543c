"""Starting in the middle of the path, and holding what must stay: for every scheduler of both families."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from audiogen.sampling.field import kept, steered
from audiogen.sampling.flow import times
from audiogen.sampling.guidance import guided_x0
from audiogen.sampling.schedulers import DIFFUSION, FLOW, SCHEDULERS, sample, scheduler

ALL = [(family, name) for family, names in SCHEDULERS.items() for name in names]
WHERE = torch.arange(32)[None, :, None] % 3 == 0  # what may change
STOCHASTIC = ("ddpm", "euler-ancestral")


def drawn(seed: int) -> Tensor:
    return torch.randn(1, 32, 4, generator=torch.Generator().manual_seed(seed))


def quiet(done: int, total: int) -> None:
    pass


def gaussian(x_t: Tensor, t: float) -> Tensor:
    """The exact estimate where data are standard normal: the mean of x0 at x_t."""
    return (1 - t) / ((1 - t) ** 2 + t**2) * x_t


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_times_start_where_they_are_asked_to(shift: float) -> None:
    t = times(5, shift, start=0.4)
    assert len(t) == 6 and float(t[0]) == pytest.approx(0.4) and float(t[-1]) == 0
    torch.testing.assert_close(times(5, shift), times(5, shift, start=1.0))
    assert bool((t.diff() < 0).all())


@pytest.mark.parametrize(("family", "name"), ALL)
def test_a_start_on_the_path_leads_to_the_data_it_came_from(family: str, name: str) -> None:
    known = drawn(1)
    start = known + 0.5 * (drawn(2) - known)
    made = sample(scheduler(family, name), lambda x, t: known, start, times(6, start=0.5), 0, quiet)
    torch.testing.assert_close(made, known, atol=2e-3, rtol=0)


@pytest.mark.parametrize(("family", "name"), [each for each in ALL if each[1] not in STOCHASTIC])
def test_little_noise_leaves_most_of_a_picture(family: str, name: str) -> None:
    """Every scheduler takes the start for what it is: with the exact estimate its scale is kept."""
    known = drawn(1)
    start = known + 0.2 * (drawn(2) - known)
    made = sample(scheduler(family, name), gaussian, start, times(20, start=0.2), 0, quiet)
    assert float((made * known).mean()) > 0.9 * float(known.square().mean())
    assert float(made.std()) == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize(
    ("family", "name"), [("flow", n) for n in FLOW] + [("diffusion", n) for n in DIFFUSION]
)
def test_what_is_masked_stays_and_the_rest_is_new(family: str, name: str) -> None:
    known, mask = drawn(1), WHERE.float()
    held = kept(gaussian, known, mask)
    made = sample(scheduler(family, name), held, drawn(2), times(6), 0, quiet)
    stays = WHERE.expand_as(known)
    torch.testing.assert_close(made[~stays], known[~stays], atol=2e-3, rtol=0)
    assert float((made - known)[stays].abs().mean()) > 0.3


def test_rescaled_guidance_gives_a_channel_its_deviation_back() -> None:
    told, untold = drawn(3), 0.3 * drawn(4) + 1
    rescaled = guided_x0(told, untold, 4.0, rescale=1.0, reach=32)
    torch.testing.assert_close(rescaled.std(1), told.std(1), atol=1e-4, rtol=1e-4)
    plain = guided_x0(told, untold, 4.0)
    torch.testing.assert_close(rescaled.mean(1), plain.mean(1), atol=1e-4, rtol=1e-4)


def test_the_reach_is_handed_to_the_guidance() -> None:
    told, untold = drawn(3), drawn(4)
    near, far = (
        steered(lambda x, t: told, lambda x, t: untold, 3.0, 1.0, reach=reach)(told, 0.5) for reach in (2, 32)
    )
    assert float((near - far).abs().max()) > 0.01
