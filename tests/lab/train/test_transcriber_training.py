"""The transcriber's task: its targets, its disturbances, and that it learns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from audiogen.errors import InvalidRequest
from audiogen.lab.train.transcriber import TranscriberTask, disturb, onset_target
from audiogen.ranking.transcribe import TranscriberStage, pick_onsets

TINY = {"channels": 6, "squeezed": 1, "width": 12}


def test_target_peaks_at_every_onset_of_the_crop() -> None:
    rows = np.array([[60, -0.5], [60, 0.5], [62, 1.013], [64, 3.0]])
    target = onset_target(rows, start=0, frames=150, frame_rate=75.0)
    found = pick_onsets(target.numpy(), 75.0, threshold=0.9)
    assert found[:, 0].tolist() == [60, 62]
    np.testing.assert_allclose(found[:, 1], [0.5, 1.013], atol=1 / 150)
    later = onset_target(rows, start=30, frames=120, frame_rate=75.0)
    torch.testing.assert_close(later, target[:, 30:])


def test_disturbed_mels_keep_their_range_and_differ_between_draws() -> None:
    mel = torch.randn(4, 170, 50) * 2 - 8
    first, again, other = (disturb(mel, torch.Generator().manual_seed(s)) for s in (0, 0, 1))
    torch.testing.assert_close(first, again)
    assert (first - other).abs().mean() > 0.1
    assert torch.isfinite(first).all() and first.min() >= np.log(1e-5) - 1e-5
    assert first.shape == mel.shape


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """Mels in which every note is a bright column of bands at its onset."""
    rng = np.random.default_rng(0)
    for name, windows in (("train-000", 8), ("valid-000", 3)):
        mid = np.full((windows, 170, 200), -10.0, np.float16)
        notes = []
        for w in range(windows):
            for onset in np.arange(0.2, 2.5, 0.3):
                pitch = int(rng.integers(60, 64))
                frame = int(onset * 75)
                mid[w, 20 + 4 * (pitch - 60) : 24 + 4 * (pitch - 60), frame : frame + 8] = -3.0
                notes.append([w, pitch, onset, onset + 0.2, 64])
        np.savez(tmp_path / f"{name}.npz", mid=mid, notes=np.array(notes))
    return tmp_path


def test_task_learns_evaluates_samples_and_exports(shards: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    task = TranscriberTask(TINY, {"batch_size": 4, "frames": 100}, shards, 0)
    generator = torch.Generator().manual_seed(0)
    batch = task.batch(generator)
    assert batch["mel"].shape == (4, 170, 100) and batch["target"].shape == (4, 88, 100)
    optimizer = torch.optim.AdamW(task.network.parameters(), lr=1e-2)
    losses = []
    for _ in range(25):
        loss = task.loss(task.network, task.batch(generator), 0.0)["loss"]
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert np.mean(losses[-5:]) < 0.7 * np.mean(losses[:5])
    found = task.evaluate(task.network)
    assert found["metric"] == pytest.approx(1 - found["f1"]) and 0 <= found["shuffled_f1"] <= 1
    task.sample(task.network, tmp_path)
    assert (tmp_path / "posterior.png").stat().st_size > 0
    task.export(task.network, tmp_path / "weights")
    assert TranscriberStage.from_pretrained(tmp_path / "weights").config.width == 12


def test_missing_shards_are_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="audiogen data"):
        TranscriberTask(TINY, {}, tmp_path, 0)
