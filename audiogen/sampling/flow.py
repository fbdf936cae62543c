"""Flow matching on the straight path (arXiv 2210.02747), and its solvers.

Everywhere t = 0 is data, t = 1 is noise: x_t = (1 - t) x0 + t noise, v = noise - x0, dx/dt = v.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

Velocity = Callable[[Tensor, float], Tensor]
Step = Callable[[int, int], None]


@dataclass(frozen=True)
class FlowSample:
    """A point on the path: x_t and the velocity v there, shapes as x0; t [B]."""

    x_t: Tensor
    v: Tensor
    t: Tensor


def flow_target(x0: Tensor, noise: Tensor, t: Tensor) -> FlowSample:
    """Point and velocity on the straight path.

    Args:
        x0: data, normalised to std about 1, [B, ...].
        noise: standard normal, same shape.
        t: times in [0, 1], [B].
    Raises:
        ValueError: t is not [B].
    """
    if t.shape != x0.shape[:1]:
        raise ValueError(f"t must have shape {tuple(x0.shape[:1])}, not {tuple(t.shape)}")
    wide = t.reshape(-1, *[1] * (x0.dim() - 1))
    return FlowSample((1 - wide) * x0 + wide * noise, noise - x0, t)


def logit_normal_times(
    count: int, mean: float, std: float, uniform_share: float, generator: torch.Generator
) -> Tensor:
    """Times in (0, 1), [count]: logit-normal (arXiv 2403.03206) mixed with a uniform share for the ends."""
    t = torch.sigmoid(mean + std * torch.randn(count, generator=generator))
    uniform = torch.rand(count, generator=generator)
    return torch.where(torch.rand(count, generator=generator) < uniform_share, uniform, t).clamp(1e-3, 1)


def times(steps: int, shift: float = 1.0, start: float = 1.0) -> Tensor:
    """steps + 1 times from `start` to 0; shift > 1: more of them near noise (arXiv 2403.03206, eq. 23)."""
    first = start / (shift - (shift - 1) * start)  # before the shift
    t = first * torch.linspace(1, 0, steps + 1, dtype=torch.float64)
    return shift * t / (1 + (shift - 1) * t)


def euler(velocity: Velocity, x: Tensor, t: Tensor, step: Step) -> Tensor:
    """First order, one evaluation a step."""
    for i in range(len(t) - 1):
        step(i, len(t) - 1)
        x = x + float(t[i + 1] - t[i]) * velocity(x, float(t[i]))
    return x


def midpoint(velocity: Velocity, x: Tensor, t: Tensor, step: Step) -> Tensor:
    """Second order, two evaluations a step: the slope in the middle of the step."""
    for i in range(len(t) - 1):
        step(i, len(t) - 1)
        h = float(t[i + 1] - t[i])
        half = x + h / 2 * velocity(x, float(t[i]))
        x = x + h * velocity(half, float(t[i]) + h / 2)
    return x


def heun(velocity: Velocity, x: Tensor, t: Tensor, step: Step) -> Tensor:
    """Second order, two evaluations a step but the last: the mean slope of both ends."""
    for i in range(len(t) - 1):
        step(i, len(t) - 1)
        h = float(t[i + 1] - t[i])
        first = velocity(x, float(t[i]))
        ahead = x + h * first
        if float(t[i + 1]) > 0:
            ahead = x + h / 2 * (first + velocity(ahead, float(t[i + 1])))
        x = ahead
    return x


def draw_noise(shape: tuple[int, int], seed: int) -> Tensor:
    """Standard normal noise [D, F] on the CPU, drawn frame after frame.

    A longer piece starts with the noise of a shorter one, and CPU and GPU start alike.
    """
    generator = torch.Generator().manual_seed(seed)
    dimensions, frames = shape
    whole = -(-frames // 16) * 16  # torch draws in blocks of 16 and redraws an incomplete last one
    return torch.randn(whole, dimensions, generator=generator)[:frames].T.contiguous()
