"""What a recipe trains: the one seam between the training loop and every model.

The loop (`runner.py`) owns optimizer, EMA, checkpoints, logging, devices and precision; a task owns
data, loss and metrics. A network does not know its objective, a loss does not know its optimizer.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from audiogen.errors import InvalidRequest


class Task(Protocol):
    """One trainable thing, made from a recipe's `task:` settings.

    Attributes:
        network: what is trained; the loop moves it, wraps it and keeps its EMA.
    """

    network: nn.Module

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        """One training batch on the CPU; all randomness from `generator`, `progress` as in `loss`."""
        ...

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        """Scalars by name; the key "loss" is minimised. `progress` runs 0..1 over the training."""
        ...

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Held-out metrics of `network` (the EMA copy, in eval mode); lower `metric` is better."""
        ...

    def sample(self, network: nn.Module, folder: Path) -> None:
        """Write samples at fixed seeds into `folder` (plots, audio, MIDI)."""
        ...

    def export(self, network: nn.Module, folder: Path) -> Any:
        """Write config and weights as the stage's `save_pretrained` does."""
        ...


@dataclass(frozen=True)
class CriticSettings:
    """How the critic is trained beside the network.

    Attributes:
        steps: of the critic before each of the network.
        lr: its learning rate, as a multiple of the network's.
    """

    steps: int = 1
    lr: float = 1.0

    def __post_init__(self) -> None:
        if self.steps < 1 or self.lr <= 0:
            raise InvalidRequest(
                f"critic: steps must be at least 1 and lr above 0, not {self.steps}, {self.lr}."
            )


class AdversarialTask(Task, Protocol):
    """A task whose network learns from a second one; the loop trains that before every step.

    Attributes:
        critic: the second network; it stands still while `loss` is computed.
        critic_settings: how often and how fast it is trained.
    """

    critic: nn.Module
    critic_settings: CriticSettings

    def critic_loss(
        self, critic: nn.Module, network: nn.Module, batch: dict[str, Tensor], progress: float
    ) -> dict[str, Tensor]:
        """As `loss`, for the critic; `network` must get no gradient from it."""
        ...
