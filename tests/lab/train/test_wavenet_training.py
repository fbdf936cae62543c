"""A toy training of WaveNet: from windows of codes to weights that expect them better."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from audiogen.errors import InvalidRequest
from audiogen.lab.train.recipe import Recipe, TrainSettings
from audiogen.lab.train.runner import train
from audiogen.lab.train.wavenet import WavenetTask, code_edges, measured_in, mixture_bits
from audiogen.media.mulaw import LEVELS, encode
from audiogen.networks.wavenet_tiers import WavenetTiers, WavenetTiersConfig
from audiogen.structure.wavenet.stage import WaveNetAudio

RATE = 16_000
SAMPLES = {"width": 8, "skip": 8, "dilations": [1, 2], "block": 4, "slow_width": 8, "slow_dilations": [1, 2]}
STAGE = {"network": {"samples": SAMPLES, "notes": {"width": 8, "dilations": [1, 2]}}}
TASK = {"batch_size": 2, "span": 512, "valid_crops": 4, "notes": 16, "valid_excerpts": 4}
NOTES = np.array([[60, 0.5, 0.9, 50], [64, 1.0, 1.4, 70], [67, 2.2, 2.8, 90]])


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sines struck as the notes say, each with a noise that no table knows."""
    folder = tmp_path_factory.mktemp("wavenet")
    table = WavenetTiers(WavenetTiersConfig())
    np.savez(
        folder / "modes.npz",
        first=table.first.numpy(),
        modes=table.modes.numpy(),
        levels_db=table.levels_db.numpy(),
        velocities=np.array(table.config.velocities),
        start=24,
    )
    time = np.arange(3 * RATE) / RATE
    rng = np.random.default_rng(0)
    song = np.stack(
        [rng.integers(50, 70, 20), np.arange(20) / 4, np.arange(20) / 4 + 0.3, np.full(20, 64)], 1
    )
    for split, count in (("train", 3), ("valid", 2)):
        sound = sum(struck_sine(time - onset - 0.0015, pitch, off - onset) for pitch, onset, off, _ in NOTES)
        codes = np.stack([encode(sound + rng.normal(0, 0.01, len(time))) for _ in range(count)])
        rows = [np.column_stack([np.full(3, window), NOTES]) for window in range(count)]
        np.savez(folder / f"{split}-000.npz", codes=codes, notes=np.concatenate(rows))
        songs = [np.column_stack([np.full(20, number), song]) for number in range(3)]
        np.savez(folder / f"notes-{split}.npz", notes=np.concatenate(songs))
    return folder


def struck_sine(time: np.ndarray, pitch: float, seconds: float) -> np.ndarray:
    """The sine of an unmeasured table, silent before its strike and after its damper."""
    wave = 0.1 * np.cos(2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * time) * np.exp(-3 * time.clip(0))
    return wave * (time >= 0) * (time < seconds)


def test_training_lowers_both_tiers_and_its_weights_play(data, tmp_path):
    settings = TrainSettings(
        steps=40, lr=5e-3, warmup=5, eval_every=20, save_every=40, ema=0.9, precision="fp32"
    )
    before = WavenetTask(STAGE, TASK, data, 0)
    first = before.evaluate(before.network)
    result = train(Recipe("wavenet", settings, TASK, stage=STAGE), data, tmp_path / "run")
    assert result.metric is not None and result.metric < first["metric"] - 0.05
    stage = WaveNetAudio.from_pretrained(result.weights)
    assert stage.config.network.samples.slow_dilations == (1, 2)
    after = before.evaluate(stage.network)
    assert after["notes"] < first["notes"] - 0.5
    assert torch.equal(stage.network.modes, before.network.modes)
    assert (tmp_path / "run" / "samples" / "0.wav").exists()


def test_a_crop_is_told_what_its_notes_sound_like(data):
    """Codes and expectation of the same place: what is left is the noise."""
    task = WavenetTask(STAGE, TASK, data, 0)
    batch = task.batch(torch.Generator().manual_seed(0))
    wanted = task.network.samples.values[batch["codes"]]
    rest = wanted - batch["expected"][..., 0]
    assert rest.std() < 0.02 < 0.05 < wanted.abs().max()
    assert batch["codes"].shape == (2, task.before + 512)
    assert batch["roll"].shape == (2, (task.before + 512) // 4, 34)
    assert batch["notes"].shape == (8, 16, 4) and batch["counts"].any(1).all()


def test_a_stretch_of_what_is_heard_is_noisy_and_the_wanted_codes_stay(data):
    task = WavenetTask(STAGE, {**TASK, "noise_share": 1.0}, data, 0)
    batch = task.batch(torch.Generator().manual_seed(0))
    for heard, wanted in zip(batch["heard"], batch["codes"], strict=True):
        moved = torch.nonzero(heard != wanted)
        assert len(moved) > 50 and moved.max() - moved.min() < 4000
    calm = WavenetTask(STAGE, {**TASK, "noise_share": 0.0}, data, 0).batch(torch.Generator().manual_seed(0))
    assert torch.equal(calm["heard"], calm["codes"])


def test_data_of_another_kind_is_refused_with_the_way_to_make_it(tmp_path):
    with pytest.raises(InvalidRequest, match="No modes.npz .*audiogen data recipes/wavenet-audio.yaml"):
        WavenetTask(STAGE, TASK, tmp_path, 0)


def test_bits_of_all_codes_sum_to_one():
    torch.manual_seed(0)
    mixture = torch.randn(3, 1, 3, 4) * torch.tensor([1.0, 0.3, 1.0])[:, None]
    mixture = mixture + torch.tensor([0.0, 0.0, -3.0])[:, None]
    codes = torch.arange(1, LEVELS).expand(3, -1)
    share = (-mixture_bits(mixture.expand(3, LEVELS - 1, 3, 4), codes) * np.log(2)).exp()
    torch.testing.assert_close(share.sum(-1), torch.ones(3), atol=1e-4, rtol=0)


def test_every_amplitude_lies_between_the_edges_of_its_code():
    wave = np.random.default_rng(0).uniform(-0.99, 0.99, 1000)
    codes, edges = torch.from_numpy(encode(wave).astype(np.int64)), code_edges().double().numpy()
    assert (edges[codes] <= wave + 1e-6).all() and (wave <= edges[codes + 1] + 1e-6).all()


def test_gradients_are_finite_at_the_outermost_codes_and_far_off():
    mixture = torch.tensor([[0.0], [0.0], [-9.0]]).expand(4, 3, 1).clone().requires_grad_()
    mixture_bits(mixture, torch.tensor([1, 255, 128, 60])).sum().backward()
    assert mixture.grad is not None and torch.isfinite(mixture.grad).all()


def test_attributes_are_those_of_the_notes():
    near = measured_in(NOTES)
    assert near["density"] == pytest.approx(2 / 1.7)
    assert near["loudness"] == pytest.approx(70)
    assert near["register"] == pytest.approx((60 + 64 + 67) / 3)


def test_songs_forget_what_is_asked_at_times(data):
    task = WavenetTask(STAGE, {**TASK, "note_batch": 64, "attribute_dropout": 0.3}, data, 0)
    batch = task.batch(torch.Generator().manual_seed(0))
    known = batch["attributes"][:, 3:]
    assert 0.3 < known.mean() < 0.9
    assert torch.equal(batch["attributes"][:, :3] * (1 - known), torch.zeros(64, 3))
