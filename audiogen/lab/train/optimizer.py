"""How weights move: AdamW, warm-up and cosine, the running average."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import nn

from audiogen.lab.train.recipe import TrainSettings


def make_optimizer(network: nn.Module, settings: TrainSettings) -> torch.optim.Optimizer:
    """AdamW over what is not frozen."""
    groups = parameter_groups(network, settings.weight_decay)
    return torch.optim.AdamW(groups, lr=settings.lr, betas=settings.betas)


def parameter_groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Weights with two or more axes decay; biases, gains and frozen parameters do not."""
    parameters = [p for p in network.parameters() if p.requires_grad]
    return [
        {"params": [p for p in parameters if p.ndim >= 2], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim < 2], "weight_decay": 0.0},
    ]


def learning_rate(settings: TrainSettings, step: int, progress: float) -> float:
    """Linear warm-up over `warmup` steps, then cosine in `progress` down to `final_lr` of the peak."""
    warm = min(1.0, (step + 1) / settings.warmup) if settings.warmup else 1.0
    cosine = 0.5 * (1 + math.cos(math.pi * progress))
    return settings.lr * warm * (settings.final_lr + (1 - settings.final_lr) * cosine)


def set_learning_rate(optimizer: torch.optim.Optimizer, lr: float) -> None:
    for group in optimizer.param_groups:
        group["lr"] = lr


def ema_update(decay: float) -> Any:
    """The `multi_avg_fn` of AveragedModel; the decay grows from 0.1, so that short runs average too."""

    def update(averaged: Any, current: Any, count: Any) -> None:
        now = min(decay, (1 + float(count)) / (10 + float(count)))
        torch._foreach_lerp_(list(averaged), list(current), 1 - now)

    return update
