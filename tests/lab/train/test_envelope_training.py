"""The task of the fine envelopes: what its windows hold, that it learns, and what it exports."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from audiogen.artifacts import SOURCES
from audiogen.errors import InvalidRequest
from audiogen.lab.train.envelopes import FULL_SCALE, EnvelopeTask, read_windows
from audiogen.media.mel import analyse
from audiogen.networks.envelope_flow import packed
from audiogen.render.envelopes import Envelopes
from audiogen.sampling.envelopes import envelopes

TINY = {"width": 16, "dilations": [1], "condition": 8, "steps": 1}
SAMPLES = 2 * 44_100 // 588 * 588


def sound(rng: np.random.Generator) -> np.ndarray:
    """Noise that is loud for 4 ms in every 40, int16 [2, T]."""
    level = np.where(np.arange(SAMPLES) % 1764 < 176, 0.3, 0.01)
    wave = np.clip(rng.standard_normal((2, SAMPLES)) * level, -1, 1)
    return (wave * FULL_SCALE).astype(np.int16)


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder, rng = tmp_path_factory.mktemp("windows"), np.random.default_rng(0)
    for name, count in (("train-000", 4), ("valid-000", 2)):
        audio = np.stack([sound(rng) for _ in range(count)])
        mids = [analyse(torch.from_numpy(a.astype(np.float32) / FULL_SCALE))[0].numpy() for a in audio]
        sources = np.zeros((count, len(SOURCES)), np.float32)
        sources[:, SOURCES.index("fire")] = 0.7
        np.savez(folder / f"{name}.npz", mid=np.stack(mids).astype(np.float16), sources=sources, audio=audio)
    return folder


def test_windows_hold_the_envelopes_of_their_sound(shards: Path) -> None:
    windows = read_windows(shards, "valid", None, per_frame=7)
    with np.load(shards / "valid-000.npz") as arrays:
        wave = torch.from_numpy(arrays["audio"][1].astype(np.float32) / FULL_SCALE)
    there = packed(envelopes(wave), 7)[: windows.mid.shape[2]]
    torch.testing.assert_close(windows.envelopes[1].float(), there.clamp(-7, 5), atol=0.01, rtol=0)
    assert windows.sources[0].tolist() == [float(name == "fire") for name in SOURCES]


def test_task_learns_evaluates_samples_and_exports(shards: Path, tmp_path: Path) -> None:
    task = EnvelopeTask(TINY, {"batch_size": 4, "frames": 60}, shards, 0)
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.AdamW(task.network.parameters(), lr=1e-2)
    before = task.evaluate(task.network)["metric"]
    for _ in range(40):
        task.loss(task.network, task.batch(generator), 0.0)["loss"].backward()
        optimizer.step()
        optimizer.zero_grad()
    assert task.evaluate(task.network)["metric"] < 0.8 * before
    task.sample(task.network, tmp_path)
    assert (tmp_path / "envelopes.png").stat().st_size > 0
    task.export(task.network, tmp_path / "weights")
    assert Envelopes.from_pretrained(tmp_path / "weights").config.sources == SOURCES


def test_windows_without_sound_are_no_data(tmp_path: Path) -> None:
    np.savez(tmp_path / "train-000.npz", mid=np.zeros((1, 170, 200)), sources=np.ones((1, len(SOURCES))))
    with pytest.raises(InvalidRequest, match="audio"):
        EnvelopeTask(TINY, {}, tmp_path, 0)
