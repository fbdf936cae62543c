"""The variance-preserving path of diffusion (arXiv 2006.11239), seen from the straight path of flow.

x_vp = alpha x0 + sigma noise, alpha = cos(pi u / 2), sigma = sin(pi u / 2), u in 0..1 (the cosine path of
v-diffusion, arXiv 2202.00512). Divided by alpha + sigma it is x_t = (1 - t) x0 + t noise at
t = sigma / (alpha + sigma): the two paths pass through the same points. So a network that estimates x0 from
(x_t, t) serves both; they differ in where a training looks, how it weighs errors, and in the schedulers.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def straight_time(u: Tensor) -> Tensor:
    """Diffusion time u in 0..1 -> t in 0..1 of the same signal-to-noise ratio on the straight path."""
    alpha, sigma = (math.pi / 2 * u).cos(), (math.pi / 2 * u).sin()
    return sigma / (alpha + sigma)


def levels(t: Tensor) -> tuple[Tensor, Tensor]:
    """alpha and sigma at t of the straight path; alpha^2 + sigma^2 = 1."""
    norm = (t.square() + (1 - t).square()).sqrt()
    return (1 - t) / norm, t / norm


def uniform_times(count: int, generator: torch.Generator) -> Tensor:
    """t in (0, 1], [count], of a u that is uniform."""
    return straight_time(torch.rand(count, generator=generator)).clamp(1e-3, 1)


def v_from_x0(x_vp: Tensor, x0: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
    """v = alpha noise - sigma x0 = (alpha x_vp - x0) / sigma, of x_vp and an estimate of x0."""
    return (alpha * x_vp - x0) / sigma
