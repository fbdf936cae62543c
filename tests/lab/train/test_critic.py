"""A task with a second network: trained first, on batches of its own, and part of what is resumed."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from audiogen.errors import InvalidRequest
from audiogen.lab.train import tasks
from audiogen.lab.train.recipe import Recipe, TrainSettings
from audiogen.lab.train.runner import train
from audiogen.lab.train.task import CriticSettings


class ToyDuel:
    """The network learns one number from a critic that knows the right one is 2."""

    def __init__(self, stage: dict[str, Any], settings: dict[str, Any], data: Path, seed: int) -> None:
        self.network: nn.Module = nn.Linear(1, 1)
        self.critic: nn.Module = nn.Sequential(nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 1))
        self.critic_settings = CriticSettings(steps=settings.get("critic_steps", 1))
        self.kill_at = settings.get("kill_at")
        self.calls: list[str] = []

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        return {"x": torch.randn(8, 1, generator=generator)}

    def critic_loss(
        self, critic: nn.Module, network: nn.Module, batch: dict[str, Tensor], progress: float
    ) -> dict[str, Tensor]:
        self.calls.append("critic")
        self.heard = batch["x"]
        made = network(batch["x"]).detach()
        right = 2 + 0 * made
        return {
            "loss": nn.functional.softplus(critic(made)).mean()
            + nn.functional.softplus(-critic(right)).mean()
        }

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        self.calls.append("network")
        assert not torch.equal(batch["x"], self.heard), "a batch of its own"
        assert not any(p.requires_grad for p in self.critic.parameters()), "the critic stands still"
        if len(self.calls) == self.kill_at:
            os.kill(os.getpid(), signal.SIGTERM)
        return {"loss": nn.functional.softplus(-self.critic(network(batch["x"]))).mean()}

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        last.append(self)
        return {"metric": float((network(torch.zeros(1, 1)) - 2).abs())}

    def sample(self, network: nn.Module, folder: Path) -> None: ...

    def export(self, network: nn.Module, folder: Path) -> None: ...


last: list[ToyDuel] = []


@pytest.fixture(autouse=True)
def duel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tasks.TASKS, "duel", f"{__name__}:ToyDuel")
    last.clear()


def recipe(task: dict[str, Any] | None = None, steps: int = 12, every: int = 6) -> Recipe:
    settings = TrainSettings(
        steps=steps,
        eval_every=every,
        save_every=every,
        log_every=3,
        warmup=0,
        lr=0.03,
        ema=0.5,
        precision="fp32",
    )
    return Recipe("duel", settings, task_settings=task or {})


def checkpoint(folder: Path) -> dict[str, Any]:
    return torch.load(folder / "checkpoint.pt", weights_only=True)


def test_the_network_learns_from_its_critic(tmp_path: Path) -> None:
    assert train(recipe(steps=300, every=100), tmp_path, tmp_path / "run").metric < 0.5
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert all({"loss", "critic_loss"} <= row.keys() for row in rows if row["split"] == "train")


def test_the_critic_takes_so_many_steps_before_each_of_the_network(tmp_path: Path) -> None:
    train(recipe({"critic_steps": 3}, steps=4), tmp_path, tmp_path / "run")
    assert last[-1].calls == ["critic", "critic", "critic", "network"] * 4


def test_a_resumed_duel_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    train(recipe(), tmp_path, tmp_path / "whole")
    stopped = train(recipe({"kill_at": 10}), tmp_path, tmp_path / "parts")
    assert not stopped.finished and stopped.step == 5
    (tmp_path / "parts" / "recipe.yaml").write_text(recipe().dump())
    assert train(recipe(), tmp_path, tmp_path / "parts").finished
    whole, parts = checkpoint(tmp_path / "whole"), checkpoint(tmp_path / "parts")
    for name, value in whole["network"].items():
        assert torch.equal(value, parts["network"][name]), name
    for name, value in whole["critic"]["network"].items():
        assert torch.equal(value, parts["critic"]["network"][name]), name


def test_settings_of_the_critic_are_checked() -> None:
    with pytest.raises(InvalidRequest, match="at least 1"):
        CriticSettings(steps=0)
