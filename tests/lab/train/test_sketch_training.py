"""From prepared pictures to a sketch of their subjects, at toy size."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from audiogen.artifacts import LOOKS, STYLES, Conditioning
from audiogen.lab.train.recipe import Recipe, TrainSettings
from audiogen.lab.train.runner import train
from audiogen.lab.train.sketch import SketchTask
from audiogen.stage import Sampling, silent
from audiogen.structure.sketch import SketchStage

TINY = {
    "network": {
        "stages": 2,
        "entries": 16,
        "width": 32,
        "layers": 1,
        "heads": 2,
        "hidden": 32,
        "head_hidden": 16,
    }
}
WORDS = ["", "bar", "post"]


def shard(count: int) -> dict[str, np.ndarray]:
    """Lying bars and standing posts, a digit and a picture without a contour among them."""
    rng = np.random.default_rng(count)
    contour = np.zeros((count, 64, 64), np.uint8)
    words = np.zeros((count, 12), np.int64)
    for k in range(count):
        at = int(rng.integers(20, 40))
        words[k, 0] = k % 2 + 1
        (contour[k] if k % 2 == 0 else contour[k].T)[at : at + 8, 10:54] = 255
    label = np.full(count, -1)
    label[0] = 7
    has = np.arange(count) != 1
    return {
        "contour": contour,
        "words": words,
        "style": np.arange(count) % 5,
        "label": label,
        "has_contour": has,
    }


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sketches")
    np.savez(folder / "train-000.npz", **shard(40))
    np.savez(folder / "valid-000.npz", **shard(12))
    (folder / "index.json").write_text(json.dumps({"styles": [*STYLES, *LOOKS], "words": WORDS}))
    return folder


def test_it_learns_what_words_look_like(data: Path, tmp_path: Path) -> None:
    settings = TrainSettings(steps=150, eval_every=150, lr=1e-2, warmup=5, ema=0.9, log_every=50)
    told = {"batch_size": 16, "subjects": ["bar"], "both_dropout": 0.05}
    fresh = SketchTask(TINY, told, data, 0)
    before = fresh.evaluate(fresh.network.eval())["metric"]
    result = train(Recipe("picture-sketch", settings, told, stage=TINY), data, tmp_path)
    assert result.metric is not None and result.metric < 0.6 * before
    assert (tmp_path / "samples" / "grid.png").exists()
    stage = SketchStage.from_pretrained(tmp_path / "weights", device="cpu")
    wide = {"bar": 0, "post": 0}
    for subject in wide:
        asked = Conditioning(path="picture", subject=subject)
        for seed in range(6):
            ink = stage(asked, asked, Sampling(seed=seed), silent).pixels > 0.5
            wide[subject] += int(ink.any(0).sum() > ink.any(1).sum())
    assert wide["bar"] > wide["post"], "bars lie, posts stand"


def test_digits_and_what_has_no_contour_are_left_out_and_words_are_dropped(data: Path) -> None:
    task = SketchTask(TINY, {"batch_size": 64, "favour": {"post": 3.0}}, data, 0)
    assert len(task.train.style) == 38 and task.train.contour.any((1, 2)).all()
    batch = task.batch(torch.Generator().manual_seed(0))
    assert (batch["words"][:, 0] == 0).any() and (batch["style"] == 0).any()
    assert (batch["words"] == 2).sum() > 1.5 * (batch["words"] == 1).sum()
    again = task.batch(torch.Generator().manual_seed(0))
    assert torch.equal(batch["ink"], again["ink"]) and batch["ink"].shape == (64, 64, 64)
