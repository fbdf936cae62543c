"""Distillation at toy size: in one or two steps the student ends nearer to where its teacher ends."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from audiogen.decoder.flow import FlowDecoder
from audiogen.lab.train.decoder import guide_of
from audiogen.lab.train.distil import FIRST, OWN, TEACHERS, DistilTask, texture_distance, told, unheard
from audiogen.lab.train.recipe import Recipe, TrainSettings
from audiogen.lab.train.runner import train
from audiogen.sampling.flow import midpoint, times, walked
from tests.lab.train.test_ambience_training import STAGE

TASK = {"batch_size": 3, "frames": 60, "walks": 6}


@pytest.fixture(scope="module")
def teacher(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A flow decoder of the toy scenes, with guidance."""
    run = tmp_path_factory.mktemp("teacher")
    settings = TrainSettings(steps=60, eval_every=60, lr=3e-3, warmup=5, log_every=30)
    stage = {**STAGE, "steps": 8, "shift": 3.0, "guidance": 2.0, "noise_scale": 1.0}
    task = {"batch_size": 4, "frames": 60, "coarse_share": 0.5}
    train(Recipe("ambience-decoder", train=settings, task_settings=task, stage=stage), data, run)
    return run / "weights"


@pytest.fixture
def task(data: Path, teacher: Path) -> DistilTask:
    return DistilTask({"steps": 2}, {**TASK, "teacher": str(teacher)}, data, 0)


def test_the_student_starts_as_its_teacher_without_guidance(task: DistilTask, teacher: Path) -> None:
    taught = FlowDecoder.from_pretrained(teacher)
    assert task.config.guidance == 1.0 and taught.config.guidance == 2.0
    assert task.config.steps == 2 and task.config.shift == taught.config.shift == 3.0
    for name, value in task.network.state_dict().items():
        torch.testing.assert_close(value, taught.network.state_dict()[name], equal_nan=True)


@pytest.mark.parametrize("led", [0, 1])
def test_a_walk_is_the_teachers_own(task: DistilTask, led: int) -> None:
    """Under its guidance where no coarse mel leads; half way it stands where one of two steps ends."""
    asked = task._conditions(task.train, np.random.default_rng(0), True, led)
    walk = task.walk(asked)
    assert walk["present"][:, 1].eq(led).all()
    estimate = told(task.teacher, guide_of(asked), 1.0 if led else 2.0)
    with torch.no_grad():
        steps = midpoint(asked["noise"], times(4, 3.0), unheard)
        end = walked(steps, lambda x, t: (x - estimate(x, t)) / t)
    torch.testing.assert_close(walk["end"].float(), end, atol=0.02, rtol=0)  # kept in float16
    noise = 0.75 * asked["noise"]
    assert float((walk["half"] - noise).abs().mean()) < float((walk["end"] - noise).abs().mean())


def test_every_place_is_learned_from_and_old_walks_are_dropped(task: DistilTask) -> None:
    generator = torch.Generator().manual_seed(0)
    batches = [task.batch(generator) for _ in range(60)]
    assert {int(b["place"]) for b in batches} == {FIRST, TEACHERS, OWN}
    assert len(task.walks) == 6
    assert {float(b["present"][:, 1].mean()) for b in batches} == {0.0, 1.0}
    for place in (FIRST, TEACHERS, OWN):
        losses = task.loss(task.network, {**batches[0], "place": torch.tensor(place)}, 0.0)
        assert torch.isfinite(losses["loss"]) and losses["loss"].requires_grad


def test_training_brings_one_and_two_steps_nearer_to_the_teacher(
    data: Path, teacher: Path, task: DistilTask, tmp_path: Path
) -> None:
    before = task.evaluate(task.network.eval())
    settings = TrainSettings(steps=80, eval_every=80, lr=2e-3, warmup=5, log_every=40, ema=0.9)
    recipe = Recipe(
        "ambience-few",
        train=settings,
        task_settings={**TASK, "teacher": str(teacher), "side_weight": 0.0},
        stage={"steps": 2},
    )
    result = train(recipe, data, tmp_path)
    assert result.metric is not None and result.metric < before["metric"]
    student = FlowDecoder.from_pretrained(tmp_path / "weights")
    assert (student.config.steps, student.config.guidance) == (2, 1.0)


def test_texture_is_the_same_in_any_order_of_time_and_hears_blur() -> None:
    mel = torch.randn(2, 512, 170, generator=torch.Generator().manual_seed(0))
    assert float(texture_distance(mel, mel)) == 0
    blurred = torch.nn.functional.avg_pool1d(mel.transpose(1, 2), 3, 1, 1).transpose(1, 2)
    other = torch.randn(2, 512, 170, generator=torch.Generator().manual_seed(1))
    assert float(texture_distance(blurred, mel)) > 2 * float(texture_distance(other, mel))
