"""The second network of an adversarial task: trained before every step of the first, on batches of its own.

It is thrown away in the end: no average is kept of it, and it is not exported, but a resumed run needs it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from audiogen.lab.train.engine import Engine
from audiogen.lab.train.optimizer import make_optimizer, set_learning_rate
from audiogen.lab.train.recipe import TrainSettings
from audiogen.lab.train.task import AdversarialTask


class Critic:
    """A task's critic with its optimizer."""

    def __init__(self, task: AdversarialTask, settings: TrainSettings, engine: Engine) -> None:
        self.task, self.settings, self.engine = task, settings, engine
        self.bare = task.critic.to(engine.device)
        optimizer = make_optimizer(self.bare, settings)
        self.network, self.optimizer = engine.prepare(self.bare, optimizer)

    def train(
        self, network: nn.Module, draw: Callable[[], dict[str, Tensor]], progress: float, lr: float
    ) -> dict[str, Tensor]:
        """Its steps, each on a new batch; the losses of the last one, as "critic_NAME"."""
        set_learning_rate(self.optimizer, lr * self.task.critic_settings.lr)
        self.network.train()
        losses: dict[str, Tensor] = {}
        for _ in range(self.task.critic_settings.steps):
            batch = draw()
            with self.engine.autocast():
                losses = self.task.critic_loss(self.network, network, batch, progress)
            self.engine.backward(losses["loss"])
            norm = torch.nn.utils.clip_grad_norm_(self.bare.parameters(), self.settings.clip)
            if torch.isfinite(norm):
                self.optimizer.step()
            self.optimizer.zero_grad(set_to_none=True)
        return {f"critic_{name}": value.detach() for name, value in losses.items()}

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """While the network takes its step through the critic, the critic learns nothing."""
        trained = [p for p in self.bare.parameters() if p.requires_grad]
        for parameter in trained:
            parameter.requires_grad_(False)
        try:
            yield
        finally:
            for parameter in trained:
                parameter.requires_grad_(True)

    def state(self) -> dict[str, Any]:
        return {"network": self.bare.state_dict(), "optimizer": self.optimizer.state_dict()}

    def restore(self, state: dict[str, Any]) -> None:
        self.bare.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])
