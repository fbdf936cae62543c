"""A toy training of WaveNet: from windows of codes to weights that expect them better."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from audiogen.media.mulaw import LEVELS, SILENCE, encode
from audiogen.stage import Sampling
from audiogen.structure.wavenet import WaveNetAudio
from audiogen.train.recipe import Recipe, TrainSettings
from audiogen.train.runner import train
from audiogen.train.wavenet import WavenetTask, beginning, measured, mixture_bits, quiet_before

RATE = 16_000
SIZES = {"width": 8, "skip": 8, "dilations": [1, 2], "block": 4, "slow_width": 8, "slow_dilations": [1, 2]}
STAGE = {"network": SIZES}
TASK = {"batch_size": 2, "span": 512, "valid_crops": 4}
NOTES = np.array(
    [[60, 0.5, 0.9, 50], [64, 1.0, 1.4, 70], [67, 2.2, 2.8, 90]]
)  # pitch, onset, offset, velocity


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wavenet")
    time = np.arange(3 * RATE) / RATE
    rng = np.random.default_rng(0)
    for split, count in (("train", 3), ("valid", 2)):
        tones = [0.3 * np.sin(2 * np.pi * hz * time) for hz in rng.uniform(200, 900, count)]
        codes = np.stack([encode(tone + rng.normal(0, 0.01, len(time))) for tone in tones])
        rows = [np.column_stack([np.full(3, window), NOTES]) for window in range(count)]
        np.savez(folder / f"{split}-000.npz", codes=codes, notes=np.concatenate(rows))
    return folder


def test_training_lowers_the_bits_and_its_weights_play(data, tmp_path):
    settings = TrainSettings(
        steps=40, lr=5e-3, warmup=5, eval_every=20, save_every=40, ema=0.9, precision="fp32"
    )
    before = WavenetTask(STAGE, TASK, data, 0)
    first = before.evaluate(before.network)["metric"]
    result = train(Recipe("wavenet", settings, TASK, stage=STAGE), data, tmp_path / "run")
    assert result.metric is not None and result.metric < first - 0.05
    stage = WaveNetAudio.from_pretrained(result.weights)
    assert stage.config.network.slow_dilations == (1, 2)
    assert (tmp_path / "run" / "samples" / "0.wav").exists()
    assert Sampling().temperature == 1


def test_bits_of_all_codes_sum_to_one():
    torch.manual_seed(0)
    mixture = (
        torch.randn(3, 1, 3, 4) * torch.tensor([1.0, 60.0, 1.0])[:, None]
        + torch.tensor([0.0, 128.0, 1.0])[:, None]
    )
    codes = torch.arange(1, LEVELS).expand(3, -1)
    share = (-mixture_bits(mixture.expand(3, LEVELS - 1, 3, 4), codes) * np.log(2)).exp()
    torch.testing.assert_close(share.sum(-1), torch.ones(3), atol=1e-4, rtol=0)


def test_gradients_are_finite_at_the_outermost_codes_and_far_off():
    mixture = torch.tensor([[0.0], [128.0], [-2.5]]).expand(4, 3, 1).clone().requires_grad_()
    mixture_bits(mixture, torch.tensor([1, 255, 128, 60])).sum().backward()
    assert torch.isfinite(mixture.grad).all()


def test_attributes_are_those_of_the_notes_around():
    near = measured(NOTES, 1.0, 0.5)  # 1.5 s more on both sides
    assert near["density"] == pytest.approx(3 / 3.5)
    assert near["loudness"] == pytest.approx(70)
    assert measured(NOTES, 20.0, 0.5) == {"density": 0.0, "loudness": None, "register": None}


def test_crops_forget_what_is_asked_at_times(data):
    task = WavenetTask(STAGE, {**TASK, "batch_size": 64, "attribute_dropout": 0.3}, data, 0)
    batch = task.batch(torch.Generator().manual_seed(0))
    known = batch["attributes"][:, 3:]
    assert 0.3 < known.mean() < 0.9
    assert batch["codes"].shape == (64, task.before + 512)
    assert torch.equal(batch["attributes"][:, :3] * (1 - known), torch.zeros(64, 3))


def test_a_beginning_is_silence_and_then_an_onset(data):
    rng = np.random.default_rng(0)
    begin = beginning(NOTES, 3 * RATE, RATE, 512, rng)
    assert begin is not None and min(abs(begin / RATE - NOTES[:, 1])) < 0.011
    codes = np.full(512, 200, np.uint8)
    crop = quiet_before(codes, 2000, RATE, rng)
    sounding = np.flatnonzero(crop != SILENCE)
    assert len(crop) == 2000 and (crop[:1488] == SILENCE).all()
    assert 1488 <= sounding[0] < 1488 + 256 + 10
    assert crop[-1] == 200 and (np.diff(crop) >= 0).all()  # faded in, then as it was
