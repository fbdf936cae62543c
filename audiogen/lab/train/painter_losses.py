"""What the networks on pixels are trained by: levels, edges, and a critic of patches that joins late.

The critic is trained in the same step and by the same optimizer: the networks get its verdict through frozen
weights, and it gets what they made without a way back.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import functional_call
from torch.nn.functional import avg_pool2d, relu

from audiogen.networks.patch_critic import PatchCritic


def pixel_losses(made: Tensor, real: Tensor, edge_weight: float) -> dict[str, Tensor]:
    """L1 of the levels at three scales and of the differences between neighbours, [B, 3, H, W] in 0..1."""
    level, edge = made.new_zeros(()), made.new_zeros(())
    for scale in range(3):
        if scale:
            made, real = avg_pool2d(made, 2), avg_pool2d(real, 2)
        error = made - real
        level = level + error.abs().mean() / 2**scale
        edge = edge + (error.diff(dim=2).abs().mean() + error.diff(dim=3).abs().mean()) / 2**scale
    return {"loss": level + edge_weight * edge, "level": level.detach(), "edge": edge.detach()}


def critic_losses(critic: PatchCritic, made: Tensor, real: Tensor) -> dict[str, Tensor]:
    """Hinge losses of both sides (arXiv 1705.02894) and feature matching (arXiv 1711.11585).

    Returns: "fool" and "match" move the maker, "judge" the critic.
    """
    frozen = {name: value.detach() for name, value in critic.named_parameters()}
    verdict, features = functional_call(critic, frozen, (made,))
    with torch.no_grad():
        wanted = functional_call(critic, frozen, (real,))[1]
    match = torch.stack(
        [(f - w).abs().mean() / w.abs().mean().clamp_min(1e-3) for f, w in zip(features, wanted, strict=True)]
    ).mean()
    judge = relu(1 - critic(real)[0]).mean() + relu(1 + critic(made.detach())[0]).mean()
    return {"fool": -verdict.mean(), "match": match, "judge": judge}


def psnr(made: Tensor, real: Tensor) -> float:
    """Peak signal-to-noise ratio of clamped pixels, dB, the mean over the batch."""
    error = (made.clamp(0, 1) - real).square().flatten(1).mean(1).clamp_min(1e-8)
    return float((-10 * error.log10()).mean())
