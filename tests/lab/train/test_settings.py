"""Settings of the tasks do what they say: none is read by nobody, and what depends on progress gets it."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from audiogen.lab.train.decoder import DecoderTask
from audiogen.lab.train.tasks import TASKS, task_class

TRAINING = "audiogen.lab.train"


def modules_of(task: type) -> set[str]:
    """The modules of the training room that a task's classes are written in, and what those import."""
    own = {cls.__module__ for cls in task.__mro__ if cls.__module__.startswith(TRAINING)}
    imported = {
        node.module
        for name in own
        for node in ast.walk(ast.parse(inspect.getsource(sys.modules[name])))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith(TRAINING)
    }
    return own | imported


def settings_of(task: type) -> type:
    """The dataclass of its settings: named by the class, or handed to `from_rows` in its `__init__`."""
    if hasattr(task, "settings_class"):
        return task.settings_class
    first = next(cls for cls in task.__mro__ if "__init__" in vars(cls))
    module = sys.modules[first.__module__]
    names = {node.id for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.Name)}
    (found,) = (
        value
        for name, value in vars(module).items()
        if name in names
        and dataclasses.is_dataclass(value)
        and value.__module__ == module.__name__
        and isinstance(value, type)
        and name.endswith("Settings")
    )
    return found


@pytest.mark.parametrize("name", sorted(TASKS))
def test_every_setting_of_a_task_is_read(name: str) -> None:
    task = task_class(name)
    read = {
        node.attr
        for module in modules_of(task)
        for node in ast.walk(ast.parse(inspect.getsource(sys.modules[module])))
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }
    given = {field.name for field in dataclasses.fields(settings_of(task))}
    assert not given - read, "these change nothing"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two windows of three seconds, in the form that `audiogen data` prepares."""
    rng = np.random.default_rng(0)
    frames = 225
    rows: dict[str, Any] = {
        "mid": rng.normal(-6, 1, (2, 170, frames)).astype(np.float16),
        "side": rng.normal(-6, 1, (2, 2, 34, frames)).astype(np.float16),
        "take": np.zeros((2, 4), np.float32),
        "notes": np.array([[0, 60, 0.5, 1.0, 64], [1, 64, 0.2, 2.0, 80]]),
        "pedal": np.zeros((0, 3)),
    }
    for split in ("train", "valid"):
        np.savez(tmp_path / f"{split}-000.npz", **rows)
    return tmp_path


STAGE = {"width": 16, "dilations": [1, 2], "templates": 2}


@pytest.mark.parametrize(("progress", "shape"), [(0.0, (8, 48)), (0.89, (8, 48)), (0.91, (2, 192))])
def test_the_end_of_a_training_is_on_longer_crops(
    data: Path, progress: float, shape: tuple[int, int]
) -> None:
    task = DecoderTask(STAGE, {"batch_size": 8, "frames": 48, "whole_share": 0.1}, data, 0)
    packed = task.batch(torch.Generator().manual_seed(0), progress)["packed"]
    assert (packed.shape[0], packed.shape[2]) == shape


def test_a_long_crop_is_at_most_the_whole_window(data: Path) -> None:
    task = DecoderTask(STAGE, {"batch_size": 8, "frames": 96, "whole_share": 0.5}, data, 0)
    assert task.batch(torch.Generator().manual_seed(0), 1.0)["packed"].shape[2] == 225
