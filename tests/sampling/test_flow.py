"""The mathematics of the flow: path, times, and the order of the solvers on known fields."""

from __future__ import annotations

import math

import pytest
import torch

from audiogen.sampling.flow import draw_noise, flow_target, grid, logit_normal_times, times, walked
from audiogen.sampling.schedulers import SOLVERS


def quiet(step: int, total: int) -> None:
    """No progress."""


def test_the_path_runs_from_data_to_noise_with_constant_velocity() -> None:
    x0, noise = torch.randn(3, 4, 5), torch.randn(3, 4, 5)
    for t in (0.0, 0.3, 1.0):
        point = flow_target(x0, noise, torch.full((3,), t))
        torch.testing.assert_close(point.x_t, x0 + t * point.v)
    torch.testing.assert_close(point.x_t, noise)


def test_every_item_has_its_own_time_even_when_the_batch_equals_the_last_axis() -> None:
    x0, noise, t = torch.randn(4, 4), torch.randn(4, 4), torch.tensor([0.0, 0.2, 0.5, 1.0])
    point = flow_target(x0, noise, t)
    for k in range(4):
        torch.testing.assert_close(point.x_t[k], (1 - t[k]) * x0[k] + t[k] * noise[k])


def test_times_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        flow_target(torch.zeros(3, 2), torch.zeros(3, 2), torch.zeros(2))


@pytest.mark.parametrize(("name", "order"), [("euler", 1), ("midpoint", 2), ("heun", 2)])
def test_order_of_a_solver(name: str, order: int) -> None:
    """dx/dt = -x from t = 1 to 0 with x(1) = 1 ends at e; the error falls as h ** order."""

    def error(steps: int) -> float:
        x = walked(SOLVERS[name](torch.ones(1, dtype=torch.float64), times(steps), quiet), lambda x, t: -x)
        return abs(float(x) - math.e)

    measured = math.log2(error(64) / error(128))
    assert measured == pytest.approx(order, abs=0.15)


def test_a_multistep_solver_comes_nearer_than_euler_with_as_many_evaluations() -> None:
    def error(name: str) -> float:
        asked: list[float] = []

        def decay(x: torch.Tensor, t: float) -> torch.Tensor:
            asked.append(t)
            return x

        x = walked(SOLVERS[name](torch.ones(1, dtype=torch.float64), times(64), quiet), decay)
        assert len(asked) == 64
        return abs(float(x) - 1 / math.e)

    assert error("dpm-solver++") < error("euler") / 20


@pytest.mark.parametrize("name", SOLVERS)
def test_straight_paths_need_one_step(name: str) -> None:
    x0, noise = torch.randn(2, 3), torch.randn(2, 3)
    x = walked(SOLVERS[name](noise, times(1), quiet), lambda x, t: noise - x0)
    torch.testing.assert_close(x, x0, atol=1e-6, rtol=1e-5)


def test_shifted_times_still_run_from_noise_to_data_and_linger_near_noise() -> None:
    plain, shifted = times(8), times(8, shift=3.0)
    assert float(shifted[0]) == 1 and float(shifted[-1]) == 0
    assert (shifted[1:-1] > plain[1:-1]).all()


@pytest.mark.parametrize("shift", [1.0, 3.0])
def test_more_steps_than_the_default_are_no_finer_near_the_data(shift: float) -> None:
    default = times(4, shift)
    assert torch.equal(grid(3, 4, shift), times(3, shift))
    assert torch.equal(grid(4, 4, shift), default)
    more = grid(16, 4, shift)
    assert len(more) == 17 and more[0] == 1 and more[-1] == 0
    assert more[-2] == pytest.approx(float(default[-2]))  # the last step is as long
    assert (more.diff() < 0).all()


def test_logit_normal_times_stay_inside_and_follow_their_mean() -> None:
    t = logit_normal_times(4000, 0.4, 1.0, 0.2, torch.Generator().manual_seed(0))
    assert float(t.min()) > 0 and float(t.max()) <= 1
    assert 0.52 < float(t.median()) < 0.64  # sigmoid(0.4) = 0.60, pulled down by the uniform share


def test_a_longer_piece_starts_with_the_noise_of_a_shorter_one() -> None:
    short, long = draw_noise((5, 10), 3), draw_noise((5, 20), 3)
    torch.testing.assert_close(short, long[:, :10], atol=0, rtol=0)
    assert not torch.equal(short, draw_noise((5, 10), 4))
