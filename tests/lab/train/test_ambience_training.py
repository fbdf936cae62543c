"""A toy training of the ambience decoder, and what its crops look like."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from audiogen.artifacts import SOURCES
from audiogen.lab.data.ambience_windows import overlay, read_ambience
from audiogen.lab.train.ambience import AmbienceTask
from audiogen.lab.train.ambience_mel import mixtures
from audiogen.lab.train.ambience_windows import crop
from audiogen.lab.train.recipe import Recipe
from audiogen.lab.train.runner import train
from audiogen.media.mel import MelSettings

STAGE = {
    "width": 24,
    "dilations": [1, 2],
    "templates": 0,
    "condition": 16,
    "scenes": 8,
    "attributes": [*SOURCES, "intensity"],
    "take_names": ["colour_1", "colour_2"],
    "take_centre": [],
    "take_spread": [],
    "steps": 2,
}
TASK = {"batch_size": 4, "frames": 60}


def test_a_crop_keeps_its_spectrum_beside_its_mel(data: Path) -> None:
    windows = read_ambience(data, "train", None)
    mel = MelSettings()
    plain = crop(windows, 120, np.random.default_rng(1), mel, vary=False)
    varied = crop(windows, 120, np.random.default_rng(1), mel, vary=True)
    assert plain.window == varied.window
    change = varied.packed[:170].mean(1) - plain.packed[:170].mean(1)
    assert float(change.abs().max()) > 0.05
    torch.testing.assert_close(varied.spectrum - plain.spectrum, change, atol=2e-2, rtol=0)
    assert plain.coarse.shape == (34, 40) and plain.onsets.shape == (120,)


def test_every_condition_is_sometimes_absent(data: Path) -> None:
    task = AmbienceTask(STAGE, {**TASK, "batch_size": 64}, data, 0)
    batch = task.batch(torch.Generator().manual_seed(0))
    present, known = batch["present"], batch["attributes"][:, len(SOURCES) + 1 :]
    assert set(map(tuple, present.int().tolist())) == {(0, 0, 0), (1, 0, 0), (0, 1, 0), (0, 1, 1)}
    assert 0.7 < float(known[:, 0].mean()) < 1
    assert float(known[:, -1].mean()) < float(known[:, 0].mean())  # the intensity is unknown more often


def test_training_lowers_the_loss_and_goes_on(data: Path, tmp_path: Path) -> None:
    recipe = Recipe(
        "ambience-decoder",
        train=_settings(steps=60, eval_every=30),
        task_settings=TASK,
        stage=STAGE,
    )
    result = train(recipe, data, tmp_path)
    assert result.finished and result.metric is not None
    first = AmbienceTask(STAGE, TASK, data, 0)
    assert result.metric < first.evaluate(first.network)["metric"]
    assert (tmp_path / "samples" / "mels.png").exists()
    assert (tmp_path / "weights" / "config.json").exists()


def _settings(**rows: object):
    from audiogen.lab.train.recipe import TrainSettings

    return TrainSettings(**rows, lr=3e-3, warmup=5, log_every=10)  # type: ignore[arg-type]


MEL_STAGE = {
    "attributes": [["rain", 0, 1, "linear"], ["fire", 0, 1, "linear"], ["intensity", 0, 1, "linear"]],
    "ends": False,
    "damp_s": 0,
    "quiet_frames": 0,
    "retries": 0,
    "colours": 2,
    "scenes": 8,
    "entries": 8,
    "width": 32,
    "layers": 1,
    "heads": 2,
    "hidden": 32,
    "head_hidden": 16,
    "context": 32,
    "keep_frames": 16,
}
MEL_TASK = {"batch_size": 4, "frames": 32, "fit_windows": 8, "mixtures": 6, "valid_windows": 8}


def test_the_coarse_mel_stage_learns_scenes_and_their_mixtures(data: Path, tmp_path: Path) -> None:
    recipe = Recipe(
        "ambience-mel", train=_settings(steps=60, eval_every=30), task_settings=MEL_TASK, stage=MEL_STAGE
    )
    result = train(recipe, data, tmp_path / "run")
    rows = (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()
    losses = [json.loads(row)["metric"] for row in rows if '"valid"' in row]
    assert result.finished and losses[-1] < losses[0]
    assert (tmp_path / "run" / "weights" / "model.safetensors").exists()


def test_mixtures_are_an_event_over_a_bed_in_power(data: Path) -> None:
    windows = read_ambience(data, "train", None)
    more = mixtures(windows, 6, np.random.default_rng(0), MelSettings())
    assert more.mel.shape == (6, 170, 120)
    assert set(np.flatnonzero(more.sources.any(0))) == {SOURCES.index("rain"), SOURCES.index("fire")}
    assert more.sources.max(1) == pytest.approx(np.ones(6))
    quiet, loud = np.full((2, 3), -8.0), np.full((2, 3), -4.0)
    twice = overlay(loud, loud, 0.0)
    assert twice == pytest.approx(np.full((2, 3), -4.0 + np.log(2) / 2))  # 3 dB
    assert overlay(quiet, loud, -200.0) == pytest.approx(quiet)
