"""Flow matching on the straight path (arXiv 2210.02747), and its solvers.

Everywhere t = 0 is data, t = 1 is noise: x_t = (1 - t) x0 + t noise, v = noise - x0, dx/dt = v.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass

import torch
from torch import Tensor

from audiogen import memory

DRAWN = 1600  # frames of noise at a time, a multiple of 16
Velocity = Callable[[Tensor, float], Tensor]
Step = Callable[[int, int], None]
# a solver: it yields (x_t, t), is sent the velocity there, and returns where it has come to
Walk = Generator[tuple[Tensor, float], Tensor, Tensor]
Solver = Callable[[Tensor, Tensor, Step], Walk]


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


def grid(steps: int, default: int, shift: float = 1.0) -> Tensor:
    """The `times` of a walk that more steps than the default do not spoil.

    A step that is long near the data leaves some of the noise that texture is made of. What a flow trained
    for an hour has there instead is texture of its own, too strong and alike from frame to frame: the more
    exactly it is solved, the less rain is heard as rain (card of `ambience-flow`). So the last step stays
    as long as it is by default, and those beyond the default go where it is decided what happens.
    """
    if steps <= default:
        return times(steps, shift)
    last = times(default, shift)[-2]
    share = torch.linspace(0, 1, steps, dtype=torch.float64)
    return torch.cat([1 + share * (last - 1), last.new_zeros(1)])


def euler(x: Tensor, t: Tensor, step: Step) -> Walk:
    """First order, one evaluation a step."""
    for i in range(len(t) - 1):
        step(i, len(t) - 1)
        x = x + float(t[i + 1] - t[i]) * (yield x, float(t[i]))
    return x


def midpoint(x: Tensor, t: Tensor, step: Step) -> Walk:
    """Second order, two evaluations a step: the slope in the middle of the step."""
    for i in range(len(t) - 1):
        step(i, len(t) - 1)
        h = float(t[i + 1] - t[i])
        half = x + h / 2 * (yield x, float(t[i]))
        x = x + h * (yield half, float(t[i]) + h / 2)
    return x


def heun(x: Tensor, t: Tensor, step: Step) -> Walk:
    """Second order, two evaluations a step but the last: the mean slope of both ends."""
    for i in range(len(t) - 1):
        step(i, len(t) - 1)
        h = float(t[i + 1] - t[i])
        first = yield x, float(t[i])
        ahead = x + h * first
        if float(t[i + 1]) > 0:
            ahead = x + h / 2 * (first + (yield ahead, float(t[i + 1])))
        x = ahead
    return x


def dpm_solver(x: Tensor, t: Tensor, step: Step) -> Walk:
    """Second order, one evaluation a step: DPM-Solver++(2M) (arXiv 2211.01095, alg. 2) on the straight path.

    It integrates the estimate of x0 over the logarithm of signal to noise, log((1 - t) / t), along the line
    through the last two estimates; at both ends of the path, where that is infinite, as Euler's method does.
    """
    clean, span = None, math.inf  # the estimate before, and the length of the step that began with it
    for i in range(len(t) - 1):
        step(i, len(t) - 1)
        now, then = float(t[i]), float(t[i + 1])
        x0 = x - now * (yield x, now)
        if then == 0:
            return x0
        length = math.inf if now == 1 else math.log((1 - then) * now / (then * (1 - now)))
        ahead = x0 if clean is None or math.isinf(span) else x0 + length / (2 * span) * (x0 - clean)
        x = then / now * x + (1 - then - then / now * (1 - now)) * ahead
        clean, span = x0, length
    return x


def walked(walk: Walk, velocity: Velocity) -> Tensor:
    """Where a walk ends."""
    try:
        asked = next(walk)
        while True:
            asked = walk.send(velocity(*asked))
    except StopIteration as end:
        return end.value


def draw_noise(shape: tuple[int, int], seed: int) -> Tensor:
    """Standard normal noise [D, F] on the CPU, drawn frame after frame.

    A longer piece starts with the noise of a shorter one, and CPU and GPU start alike.
    """
    return noise_frames(shape, seed).T.contiguous()


def noise_frames(shape: tuple[int, int], seed: int) -> Tensor:
    """The same [F, D], part by part; of a long piece it lies in a file."""
    generator = torch.Generator().manual_seed(seed)
    dimensions, frames = shape
    out = memory.zeros(frames, dimensions)
    for first in range(0, frames, DRAWN):  # torch draws in blocks of 16 and redraws an incomplete last one
        count = min(DRAWN, -(-(frames - first) // 16) * 16)
        part = torch.randn(count, dimensions, generator=generator).numpy()
        out[first : first + DRAWN] = part[: frames - first]
        memory.leave()
    return torch.from_numpy(out)
