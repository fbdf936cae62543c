"""Classifier-free guidance (arXiv 2207.12598) with rescale (arXiv 2305.08891, 3.4), on estimates of x0."""

from __future__ import annotations

import torch
from torch import Tensor

REACH_FRAMES = 300  # on both sides: a wave rises and falls within 8 s


def guided_x0(
    told: Tensor,
    untold: Tensor,
    guidance: float,
    rescale: float = 0.0,
    circular: bool = False,
    reach: int = REACH_FRAMES,
) -> Tensor:
    """Away from what would come untold, towards what was asked.

    Args:
        told, untold: estimates of x0 with and without the condition, [B, F, D].
        guidance: 1 is off, above 1 exaggerates.
        rescale: 0 .. 1. Guidance also exaggerates how a sound moves; 1 gives every band the standard
            deviation over time back that it had in `told`, about its own mean.
        circular: the end goes over into the beginning, for a loop.
        reach: how far around a frame time is seen; of the places of a picture, as many as there are.

    The paper takes one standard deviation of the whole picture, about zero. Here the level of a band is left
    alone, and time is seen for `reach` around, so that it does not matter how long a piece goes on.
    """
    x0 = untold + guidance * (told - untold)
    if not rescale:
        return x0
    _, wanted = nearby(told, circular, reach)
    mean, spread = nearby(x0, circular, reach)
    ratio = wanted / spread.clamp_min(1e-3)
    return mean + (x0 - mean) * (1 + rescale * (ratio - 1))


def nearby(x: Tensor, circular: bool, reach: int = REACH_FRAMES) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation over the frames within reach of every frame, [B, F, D]."""
    frames = x.shape[1]
    reach = min(reach, (frames - 1) // 2 if circular else frames - 1)
    wide = torch.cat([x[:, frames - reach :], x, x[:, :reach]], 1) if circular else x
    at = torch.arange(frames, device=x.device) + (reach if circular else 0)
    low, high = (at - reach).clamp_min(0), (at + reach + 1).clamp_max(wide.shape[1])
    share = 1 / (high - low)[:, None]

    def mean_of(values: Tensor) -> Tensor:
        summed = torch.nn.functional.pad(values.double().cumsum(1), (0, 0, 1, 0))
        return (summed[:, high] - summed[:, low]) * share

    mean = mean_of(wide)
    variance = mean_of(wide.double().square()) - mean.square()
    return mean.to(x.dtype), variance.clamp_min(0).sqrt().to(x.dtype)
