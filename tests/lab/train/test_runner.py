"""The training loop on a toy: resuming, time limits, signals, warm starts, the run folder."""

from __future__ import annotations

import itertools
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from audiogen.errors import AudiogenError, InvalidRequest, MissingModel
from audiogen.lab.train import runner, tasks
from audiogen.lab.train.recipe import Recipe, TrainSettings
from audiogen.lab.train.runner import learning_rate, train
from audiogen.recipe import read_recipe


class ToyTask:
    """Learns y = 3x - 1 with a little dropout, so that the global generator matters too."""

    def __init__(self, stage: dict[str, Any], settings: dict[str, Any], data: Path, seed: int) -> None:
        self.network: nn.Module = nn.Sequential(nn.Linear(1, 8), nn.Dropout(0.1), nn.Linear(8, 1))
        self.settings = settings
        self.steps = 0

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        return {"x": torch.randn(16, 1, generator=generator)}

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        self.steps += 1
        if self.steps == self.settings.get("kill_at"):
            os.kill(os.getpid(), signal.SIGTERM)
        error = (network(batch["x"]) - (3 * batch["x"] - 1)) ** 2
        return {"loss": error.mean() * self.settings.get("scale", 1.0)}

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        assert not network.training
        x = torch.linspace(-1, 1, 9)[:, None]
        return {"metric": float(((network(x) - (3 * x - 1)) ** 2).mean())}

    def sample(self, network: nn.Module, folder: Path) -> None:
        (folder / "sample.txt").write_text(str(network(torch.ones(1, 1)).item()))

    def export(self, network: nn.Module, folder: Path) -> None:
        from safetensors.torch import save_file

        folder.mkdir(exist_ok=True)
        save_file({k: v.contiguous() for k, v in network.state_dict().items()}, folder / "model.safetensors")


@pytest.fixture(autouse=True)
def toy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(tasks.TASKS, "toy", f"{__name__}:ToyTask")


def recipe(task: dict[str, Any] | None = None, **train_settings: Any) -> Recipe:
    settings = {"steps": 40, "eval_every": 10, "save_every": 10, "log_every": 5, "warmup": 5, "lr": 0.03}
    settings |= {"ema": 0.9, "precision": "fp32"} | train_settings
    return Recipe("toy", TrainSettings(**settings), task_settings=task or {})


def weights(folder: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    return load_file(folder / "weights" / "model.safetensors")


def test_training_learns_and_fills_the_run_folder(tmp_path: Path) -> None:
    long = recipe(steps=400, eval_every=40, save_every=80)
    result = train(long, tmp_path, tmp_path / "run")
    assert result.finished and result.step == 400
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    valid = [row["metric"] for row in rows if row["split"] == "valid"]
    assert valid[-1] < 0.1 * valid[0]
    for name in ("recipe.yaml", "environment.json", "checkpoint.pt", "samples/sample.txt", "loss.png"):
        assert (tmp_path / "run" / name).exists(), name
    assert Recipe.load(tmp_path / "run" / "recipe.yaml") == long


def test_a_batch_is_told_how_far_the_training_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []
    draw = ToyTask.batch

    def watched(task: ToyTask, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        asked.append(progress)
        return draw(task, generator, progress)

    monkeypatch.setattr(ToyTask, "batch", watched)
    train(recipe(steps=4, eval_every=4), tmp_path, tmp_path / "run")
    assert asked == [0.0, 0.25, 0.5, 0.75]


def test_resumed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    train(recipe(), tmp_path, tmp_path / "whole")
    stopped = train(recipe({"kill_at": 17}), tmp_path, tmp_path / "parts")
    assert not stopped.finished and stopped.step == 17
    (tmp_path / "parts" / "recipe.yaml").write_text(
        recipe().dump()
    )  # the toy's kill switch is a task setting
    resumed = train(recipe(), tmp_path, tmp_path / "parts")
    assert resumed.finished and resumed.step == 40
    for name, value in weights(tmp_path / "whole").items():
        assert torch.equal(value, weights(tmp_path / "parts")[name]), name
    steps = [json.loads(r)["step"] for r in (tmp_path / "parts" / "metrics.jsonl").read_text().splitlines()]
    whole = [json.loads(r)["step"] for r in (tmp_path / "whole" / "metrics.jsonl").read_text().splitlines()]
    assert steps == whole


def test_signal_handlers_are_put_back(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    train(recipe({"kill_at": 3}), tmp_path, tmp_path / "run")
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_time_limit_ends_the_training_and_its_decay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readings = itertools.count()
    monkeypatch.setattr(runner, "now", lambda: next(readings) * 0.01)  # every look at the clock takes 10 ms
    result = train(recipe(steps=None, minutes=0.01, log_every=1), tmp_path, tmp_path / "run")
    assert result.finished
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    rates = [row["lr"] for row in rows if row["split"] == "train"]
    assert len(rates) > 20 and rates[-1] < 0.05 * max(rates)
    again = train(recipe(steps=None, minutes=0.01), tmp_path, tmp_path / "run")
    assert again.step == result.step  # the time already used counts


def test_a_finished_run_can_be_asked_to_go_on(tmp_path: Path) -> None:
    first = train(recipe(steps=7, eval_every=5), tmp_path, tmp_path / "run")
    again = train(recipe(steps=7, eval_every=5), tmp_path, tmp_path / "run")
    assert (again.step, again.finished) == (7, True)
    assert again.metric == pytest.approx(first.metric)


def test_init_from_a_run_and_its_refusals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = train(recipe(steps=300, eval_every=100, save_every=100), tmp_path, tmp_path / "first")
    tuned = train(recipe(steps=1, lr=1e-9), tmp_path, tmp_path / "tuned", init_from=tmp_path / "first")
    assert tuned.metric == pytest.approx(first.metric, rel=1e-3)
    with pytest.raises(MissingModel):
        train(recipe(), tmp_path, tmp_path / "x", init_from=tmp_path / "nowhere")
    monkeypatch.setattr(ToyTask, "__init__", lambda self, *a: setattr(self, "network", nn.Linear(3, 4)))
    with pytest.raises(InvalidRequest, match="fits"):
        train(recipe(), tmp_path, tmp_path / "y", init_from=tmp_path / "first")


def test_keep_best_exports_the_best_and_patience_stops(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    curve = iter([3.0, 1.0, 2.0, 2.5, 2.0, 0.0])
    monkeypatch.setattr(ToyTask, "evaluate", lambda self, network: {"metric": next(curve)})
    exports: list[Path] = []
    monkeypatch.setattr(ToyTask, "export", lambda self, network, folder: exports.append(folder))
    result = train(recipe(steps=1000, keep="best", patience=3), tmp_path, tmp_path / "run")
    assert result.finished and result.step == 50 and result.metric == 1.0
    assert len(exports) == 2


def test_gradients_that_are_not_finite_end_the_training(tmp_path: Path) -> None:
    with pytest.raises(AudiogenError, match="finite"):
        train(recipe({"scale": float("nan")}), tmp_path, tmp_path / "run")


def test_another_recipe_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    train(recipe(steps=2), tmp_path, tmp_path / "run")
    with pytest.raises(InvalidRequest, match="another run folder"):
        train(recipe({"scale": 2.0}, steps=2), tmp_path, tmp_path / "run")


def test_accelerate_engine_gives_the_same_training(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("accelerate")
    from audiogen.lab.train.engine import AccelerateEngine

    train(recipe(), tmp_path, tmp_path / "plain")
    monkeypatch.setattr(runner, "make_engine", lambda precision: AccelerateEngine(precision, "cpu"))
    train(recipe(), tmp_path, tmp_path / "accelerated")
    for name, value in weights(tmp_path / "plain").items():
        torch.testing.assert_close(value, weights(tmp_path / "accelerated")[name])


def test_learning_rate_warms_up_and_decays_to_its_floor() -> None:
    settings = TrainSettings(steps=100, lr=1.0, warmup=10, final_lr=0.1)
    assert learning_rate(settings, 0, 0.0) == pytest.approx(0.1)
    assert learning_rate(settings, 9, 0.0) == pytest.approx(1.0)
    assert learning_rate(settings, 99, 1.0) == pytest.approx(0.1)


def test_recipes_are_strict_and_merge_one_base(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("task: {name: toy, depth: 2}\ntrain: {steps: 5, lr: 1e-3}\n")
    (tmp_path / "b.yaml").write_text("base: a.yaml\ntrain: {minutes: 3}\nseed: 4\n")
    loaded = Recipe.load(tmp_path / "b.yaml")
    assert (loaded.train.steps, loaded.train.minutes, loaded.train.lr) == (5, 3, 1e-3)
    assert loaded.task_settings == {"depth": 2} and loaded.seed == 4
    bad = {
        "tasks: toy": "did you mean 'task'",
        "task: toi\ntrain: {steps: 1}": "did you mean 'toy'",
        "task: toy\ntrain: {stepz: 1}": "did you mean 'steps'",
        "task: toy\ntrain: {steps: 1, precision: fp8}": "precision",
        "task: toy": "steps or minutes",
        "train: {steps: 1}": "names no task",
        "[1]": "sections",
        "task: [": "YAML",
        "base: b.yaml": "at most one",
        "base: none.yaml": "Cannot read",
        "task: toy\ntrain: 3": "must hold settings",
    }
    for text, words in bad.items():
        (tmp_path / "bad.yaml").write_text(text + "\n")
        with pytest.raises(InvalidRequest, match=words):
            Recipe.load(tmp_path / "bad.yaml")
    assert read_recipe(tmp_path / "a.yaml")["data"] == {}
