"""A long sound from its beginning: the same values as all windows step by step, the first ones early."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from audiogen.sampling.field import Estimate
from audiogen.sampling.flow import times, walked
from audiogen.sampling.marching import march
from audiogen.sampling.schedulers import SOLVERS
from audiogen.sampling.windows import Span, spans

FRAMES, WINDOW, REACH = 103, 20, 3


def quiet(step: int, total: int) -> None:
    return None


def local(x_t: Tensor, t: float) -> Tensor:
    """An estimate of reach 3 that depends on the time."""
    mean = torch.nn.functional.avg_pool1d(x_t.transpose(1, 2), 2 * REACH + 1, 1, REACH)
    return (mean.transpose(1, 2) * (1 - t)).tanh()


def marched(noise: Tensor, name: str, begun: list[int]) -> Iterator[Tensor]:
    def estimates(span: Span) -> Estimate:
        begun.append(span.first)
        return local

    laid = spans(FRAMES, WINDOW, REACH)
    return march(SOLVERS[name], laid, lambda span: noise[:, span.first : span.stop], times(3, 2.0), estimates)


@pytest.mark.parametrize("name", SOLVERS)
def test_window_by_window_is_the_same_as_step_by_step(name: str) -> None:
    noise = torch.randn(1, FRAMES, 2, generator=torch.Generator().manual_seed(0))
    whole = walked(SOLVERS[name](noise, times(3, 2.0), quiet), lambda x_t, at: (x_t - local(x_t, at)) / at)
    torch.testing.assert_close(torch.cat(list(marched(noise, name, [])), 1), whole)


def test_the_first_window_waits_for_as_many_others_as_there_are_evaluations() -> None:
    begun: list[int] = []
    noise = torch.zeros(1, FRAMES, 2)
    parts = marched(noise, "euler", begun)
    next(parts)
    assert begun == [0, 20, 40, 60]  # three steps
    list(parts)
    assert begun == [0, 20, 40, 60, 80, 100]
