"""Diffusion trains the flow's network: what differs, and that it learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import yaml

from audiogen.artifacts import Conditioning, Structure
from audiogen.decoder.diffusion import DiffusionDecoder
from audiogen.lab.train.ambience import AmbienceTask
from audiogen.lab.train.decoder import DecoderTask, guide_of
from audiogen.lab.train.diffusion import AmbienceDiffusionTask, DiffusionDecoderTask, DiffusionObjective
from audiogen.lab.train.recipe import Recipe, TrainSettings
from audiogen.lab.train.runner import train
from audiogen.recipe import read_recipe
from audiogen.sampling.diffusion import levels
from audiogen.sampling.flow import flow_target
from audiogen.stage import Sampling, silent
from tests.lab.train.test_ambience_training import STAGE, TASK

RECIPES = Path(__file__).parents[3] / "recipes"


@pytest.mark.parametrize(
    "names", [("ambience-flow", "ambience-diffusion"), ("piano-flow-more", "piano-diffusion")]
)
def test_the_recipes_differ_only_in_what_makes_it_diffusion(names: tuple[str, str]) -> None:
    flow, diffusion = (read_recipe(RECIPES / f"{name}.yaml") for name in names)
    for rows in (flow, diffusion):
        del rows["task"]["name"]
        rows.setdefault("stage", {})
        for sampled in ("steps", "scheduler", "shift", "noise_scale"):
            rows["stage"].pop(sampled, None)
    assert yaml.safe_dump(flow) == yaml.safe_dump(diffusion)


def test_the_loss_is_the_error_of_v(data: Path) -> None:
    task = AmbienceDiffusionTask(STAGE, TASK, data, 0)
    batch = task.batch(torch.Generator().manual_seed(0))
    network = task.network
    with torch.no_grad():
        guide = guide_of(batch)
        x0 = network.normalise(batch["packed"].transpose(1, 2))
        point = flow_target(x0, batch["noise"], batch["t"])
        alpha, sigma = (level[:, None, None] for level in levels(point.t))
        x_vp = alpha * x0 + sigma * batch["noise"]
        estimate = network(point.x_t, point.t, guide, network.prior(guide))
        v_hat, v = (alpha * x_vp - estimate) / sigma, alpha * batch["noise"] - sigma * x0
        error = (v_hat - v).square()
        wanted = error[..., :170].mean() + task.settings.side_weight * error[..., 170:].mean()
        torch.testing.assert_close(task.loss(network, batch, 0.0)["loss"], wanted, rtol=1e-4, atol=1e-5)


def test_its_crops_are_those_of_the_flow(data: Path) -> None:
    flow, diffusion = (
        task(STAGE, TASK, data, 0).batch(torch.Generator().manual_seed(3))
        for task in (AmbienceTask, AmbienceDiffusionTask)
    )
    for name in flow:
        assert torch.equal(flow[name], diffusion[name]) == (name != "t")


def test_training_lowers_the_loss_and_the_weights_can_be_sampled(data: Path, tmp_path: Path) -> None:
    stage = {**STAGE, "scheduler": "dpm-solver++", "steps": 4}
    settings = TrainSettings(steps=60, eval_every=60, lr=3e-3, warmup=5, log_every=10)
    recipe = Recipe("ambience-diffusion", train=settings, task_settings=TASK, stage=stage)
    result = train(recipe, data, tmp_path)
    first = AmbienceDiffusionTask(stage, TASK, data, 0)
    assert result.metric is not None and result.metric < first.evaluate(first.network)["metric"]
    decoder = DiffusionDecoder.from_pretrained(tmp_path / "weights")
    assert decoder.config.scheduler == "dpm-solver++"
    asked = Conditioning(path="ambience", seconds=2.0, sources={"rain": 1.0})
    mids = [
        decoder(Structure.empty(2.0), asked, Sampling(scheduler=name), silent).mid
        for name in ("ddim", "ddpm", "dpm-solver++")
    ]
    assert all(np.isfinite(mid).all() and mid.shape == (170, 150) for mid in mids)
    assert np.abs(mids[0] - mids[1]).mean() > 0.01


def test_the_piano_follows_the_same_objective() -> None:
    assert (
        issubclass(DiffusionDecoderTask, DecoderTask) and DiffusionDecoderTask.stage_class is DiffusionDecoder
    )
    for task in (DiffusionDecoderTask, AmbienceDiffusionTask):
        assert task.error is DiffusionObjective.error and task.collate is DiffusionObjective.collate


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_uniform_times_reach_both_ends(data: Path, share: float) -> None:
    task = AmbienceDiffusionTask(STAGE, {**TASK, "batch_size": 256, "coarse_share": share}, data, 0)
    t = task.batch(torch.Generator().manual_seed(0))["t"]
    assert float(t.min()) < 0.05 and float(t.max()) > 0.95
