"""Classifier-free guidance (arXiv 2207.12598) with rescale (arXiv 2305.08891, 3.4), on estimates of x0."""

from __future__ import annotations

from torch import Tensor


def guided_x0(told: Tensor, untold: Tensor, guidance: float, rescale: float = 0.0) -> Tensor:
    """Away from what would come untold, towards what was asked.

    Args:
        told, untold: estimates of x0 with and without the condition, [..., F, D].
        guidance: 1 is off, above 1 exaggerates.
        rescale: 0 .. 1. Guidance also widens the contrast between bands; 1 gives every frame the standard
            deviation over its bands back that it had in `told`, about its own mean.

    The paper takes one standard deviation of the whole picture, about zero. Here it is taken frame by frame,
    so that a longer piece begins like a shorter one, and the level stays.
    """
    x0 = untold + guidance * (told - untold)
    if not rescale:
        return x0
    mean = x0.mean(-1, keepdim=True)
    ratio = told.std(-1, keepdim=True) / x0.std(-1, keepdim=True).clamp_min(1e-6)
    return mean + (x0 - mean) * (1 + rescale * (ratio - 1))
