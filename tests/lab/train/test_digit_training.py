"""Every task of digits at toy size: it learns, draws its grid, and exports a stage that loads."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from audiogen.errors import InvalidRequest
from audiogen.lab.evaluate.digits.judge import DigitClassifier
from audiogen.lab.train.digit_classifier import DigitClassifierSettings, disturb
from audiogen.lab.train.gan import GANTaskSettings, gradient_penalty, settle
from audiogen.lab.train.recipe import Recipe, TrainSettings
from audiogen.lab.train.runner import train
from audiogen.lab.train.tasks import task_class
from audiogen.lab.train.vae import divergence
from audiogen.networks.dcgan import Critic, CriticSizes, Generator, GeneratorSizes
from audiogen.rows import from_rows
from audiogen.stage import Sampling
from audiogen.structure.digits.ddpm import DDPMStage
from audiogen.structure.digits.fine_pixelcnn import FinePixelCNNStage
from audiogen.structure.digits.gan import ConditionalGANStage, DCGANStage, WGANGPStage
from audiogen.structure.digits.pixelcnn import PixelCNNConfig, PixelCNNStage
from audiogen.structure.digits.vae import VAEStage
from tests.lab.train.digit_data import write_digits

SMALL_PIXELCNN = {"network": {"patch": 2, "levels": 2, "width": 8, "dilations": [1, 2], "head": 24}}
SMALL_FINE = {
    "network": {
        "size": 64,
        "patch": 2,
        "levels": 2,
        "width": 4,
        "dilations": [1],
        "head": 8,
        "sketched": True,
    }
}
SMALL_GAN = {"network": {"width": 4, "latent": 8}}
CRITIC = {"width": 4}
TASKS: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "digit-pixelcnn": (PixelCNNStage, SMALL_PIXELCNN, {}),
    "digit-vae": (VAEStage, {"network": {"latent": 4, "hidden": 16}}, {"batch_size": 8}),
    "digit-ddpm": (DDPMStage, {"network": {"width": 8, "deep": 8, "condition": 8}, "steps": 2}, {}),
    "digit-cgan": (ConditionalGANStage, SMALL_GAN, {"critic": CRITIC, "variety": 1.0}),
    "digit-wgan-gp": (
        WGANGPStage,
        SMALL_GAN,
        {"critic": CRITIC | {"norm": "layer"}, "training": {"steps": 2}},
    ),
    "digit-dcgan": (
        DCGANStage,
        {"network": {"size": 64, "width": 2, "latent": 8, "classes": 0}},
        {
            "critic": {"size": 64, "width": 2, "norm": "batch", "classes": 0},
            "noise": 0.5,
            "smoothing": 0.1,
        },
    ),
}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_digits(tmp_path_factory.mktemp("digits") / "data")


def recipe(
    name: str, stage: dict[str, Any], task: dict[str, Any], steps: int = 3, lr: float = 3e-3
) -> Recipe:
    settings = TrainSettings(
        steps=steps,
        eval_every=steps,
        save_every=steps,
        log_every=1,
        warmup=0,
        lr=lr,
        ema=0.5,
        precision="fp32",
    )
    return Recipe(name, settings, task_settings={"batch_size": 10, "valid_digits": 20} | task, stage=stage)


@pytest.mark.parametrize("name", TASKS)
def test_a_toy_training_ends_with_a_grid_a_curve_and_a_stage(name: str, data: Path, tmp_path: Path) -> None:
    stage_class, stage, task = TASKS[name]
    result = train(recipe(name, stage, task), data, tmp_path / "run")
    assert result.finished and math.isfinite(result.metric)
    with Image.open(tmp_path / "run" / "samples" / "grid.png") as grid:
        assert grid.size[0] == grid.size[1] > 600
    assert (tmp_path / "run" / "loss.png").exists()
    loaded = stage_class.from_pretrained(tmp_path / "run" / "weights", device="cpu")
    ink = loaded.draw(torch.tensor([3, 4]), [1, 2], Sampling())
    assert ink.shape == (2, loaded.config.network.size, loaded.config.network.size)
    assert ink.min() >= 0 and ink.max() <= 1


def test_pixelcnn_learns_to_draw_the_class_that_is_asked(data: Path, tmp_path: Path) -> None:
    stage_settings = {"network": SMALL_PIXELCNN["network"] | {"width": 16}}
    train(recipe("digit-pixelcnn", stage_settings, {}, 200, 3e-3), data, tmp_path / "run")
    stage = PixelCNNStage.from_pretrained(tmp_path / "run" / "weights", device="cpu")
    ink = stage.draw(torch.arange(10), list(range(10)), Sampling(temperature=0.5))
    with np.load(data / "train-000.npz") as arrays:
        patterns = torch.from_numpy(arrays["images"][:10]).float() / 255
    nearest = torch.cdist(ink.flatten(1), patterns.flatten(1)).argmin(1)
    assert (nearest == torch.arange(10)).sum() >= 8


def test_the_judge_learns_and_reads_both_sizes(data: Path, tmp_path: Path) -> None:
    stage = {"width": 4, "features": 8}
    plain = {"turn": 0.0, "move": 0.5, "scale": 0.0, "shear": 0.0}
    asked = Recipe(
        "digit-classifier",
        recipe("digit-classifier", {}, {}, 120, 1e-2).train,
        task_settings={"batch_size": 20} | plain,
        stage=stage,
    )
    assert train(asked, data, tmp_path / "run").metric == 0.0
    judge = DigitClassifier.from_pretrained(tmp_path / "run" / "weights", device="cpu")
    with np.load(data / "valid-000.npz") as arrays:
        ink, labels = arrays["images"][:10].astype(np.float32) / 255, arrays["labels"][:10]
    assert (judge.read(ink).digits == labels).all()
    assert (judge.read(ink.repeat(2, 1).repeat(2, 2)).digits == labels).all()


def test_a_critic_with_layer_norm_scores_every_digit_by_itself() -> None:
    """The gradient penalty is one per digit; batch norm would mix them."""
    x = torch.randn(3, 1, 28, 28, requires_grad=True)
    labels = torch.zeros(3, dtype=torch.int64)
    for norm, alone in (("layer", True), ("batch", False)):
        critic = Critic(CriticSizes(width=4, norm=norm))
        for weight in critic.parameters():
            nn.init.normal_(weight, std=0.2)
        (slope,) = torch.autograd.grad(critic(x, labels)[0], x)
        assert bool((slope[1:] == 0).all()) is alone
        assert slope[0].abs().max() > 0


def test_gradient_penalty_is_that_of_a_known_critic() -> None:
    def critic(x: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
        return 3 * x.flatten(1)[:, 0]  # a slope of length 3 everywhere

    real, made = torch.rand(2, 4, 1, 5, 5)
    value = gradient_penalty(critic, real, made, torch.zeros(4, dtype=torch.int64), torch.rand(4, 1, 1, 1))  # type: ignore[arg-type]
    assert float(value) == pytest.approx(4.0, abs=1e-4)


def test_settled_batch_norms_hold_the_statistics_of_the_network_as_it_is() -> None:
    generator = Generator(GeneratorSizes(width=4, latent=8)).eval()
    nn.init.normal_(generator.first.weight, std=1.0)
    noise, labels = torch.randn(512, 8), torch.randint(10, (512,))
    told = torch.cat([noise, generator.told(labels)], 1)
    first = generator.first(told).unflatten(1, (-1, 7, 7))
    before = generator.norms[0](first, labels)
    settle(generator, 8, 10)
    after = generator.norms[0](first, labels)
    assert not generator.training and generator.norms[0].norm.momentum == 0.1
    assert before.detach().std() > 2
    assert float(after.detach().std()) == pytest.approx(1.0, abs=0.1)


def test_divergence_is_that_of_torch() -> None:
    mean, log_variance = torch.randn(5, 3), torch.randn(5, 3)
    q = torch.distributions.Normal(mean, (log_variance / 2).exp())
    wanted = torch.distributions.kl_divergence(q, torch.distributions.Normal(0.0, 1.0)).sum(1)
    assert torch.allclose(divergence(mean, log_variance), wanted, atol=1e-5)


def test_disturbed_digits_stay_digits() -> None:
    ink = torch.zeros(50, 28, 28)
    ink[:, 8:20, 12:16] = 1
    generator = torch.Generator().manual_seed(0)
    still = DigitClassifierSettings(turn=0, move=0, scale=0, shear=0, soften=0)
    assert torch.allclose(disturb(ink, still, generator), ink, atol=1e-5)
    moved = disturb(ink, DigitClassifierSettings(), generator)
    assert moved.min() >= 0 and moved.max() <= 1
    assert not torch.allclose(moved, ink, atol=0.2)
    assert ((moved.mean((1, 2)) / ink.mean((1, 2)) - 1).abs() < 0.5).all()


def test_diffusion_forgets_the_class_of_some(data: Path) -> None:
    task = task_class("digit-ddpm")({}, {"class_dropout": 0.5, "batch_size": 40}, data, 0)
    labels = task.batch(torch.Generator().manual_seed(0))["labels"]
    assert 5 < int((labels == 10).sum()) < 35


def test_nested_sizes_in_a_recipe_are_checked() -> None:
    with pytest.raises(InvalidRequest, match="multiple of patch"):
        from_rows(PixelCNNConfig, {"network": {"size": 28, "patch": 3}})
    with pytest.raises(InvalidRequest, match="symbols"):
        from_rows(PixelCNNConfig, {"network": {"patch": 2, "levels": 8}})
    with pytest.raises(InvalidRequest, match="28 or 64"):
        from_rows(GeneratorSizes, {"size": 32})
    with pytest.raises(InvalidRequest, match="layer"):
        from_rows(CriticSizes, {"norm": "group"})


def test_large_digits_are_learned_over_those_of_a_network_that_stays(data: Path, tmp_path: Path) -> None:
    small = PixelCNNStage.from_config(from_rows(PixelCNNConfig, SMALL_PIXELCNN), seed=5, device="cpu")
    small.save_pretrained(tmp_path / "small", "fp32")
    task = {"sketch": str(tmp_path / "small")}
    train(recipe("digit-pixelcnn-64", SMALL_FINE, task, 40, 1e-2), data, tmp_path / "run")
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert rows[-1]["metric"] / 64**2 < rows[0]["loss"] / 2, "nats per pixel"
    loaded = FinePixelCNNStage.from_pretrained(tmp_path / "run" / "weights", device="cpu")
    assert loaded.config.sketch == small.config
    assert loaded.draw(torch.tensor([3]), [1], Sampling()).shape == (1, 64, 64)
    for name, weight in small.network.state_dict().items():
        assert torch.allclose(loaded.network.sketch.state_dict()[name], weight, atol=1e-6), name


def test_a_recipe_of_large_digits_does_not_speak_of_the_small_network(data: Path) -> None:
    with pytest.raises(InvalidRequest, match="task.sketch"):
        task_class("digit-pixelcnn-64")({"sketch": {}}, {}, data, 0)


def test_a_smoothed_critic_is_not_paid_for_being_sure() -> None:
    """Its best scores are the log odds of smoothed labels; noise on what it sees ends with the training."""
    task = object.__new__(task_class("digit-dcgan"))
    task.settings = from_rows(GANTaskSettings, {"smoothing": 0.1, "noise": 0.5})
    scores = torch.linspace(0, 8, 801)
    losses = torch.stack([task.judged(score[None], -score[None]) for score in scores])
    assert float(scores[losses.argmin()]) == pytest.approx(math.log(0.9 / 0.1), abs=0.01)
    digits = torch.zeros(4, 1, 64, 64)
    assert float(task.disturbed(digits, 0.5).std()) == pytest.approx(0.25, rel=0.05)
    assert torch.equal(task.disturbed(digits, 1.0), digits)


def test_the_log_holds_what_the_critic_said(data: Path, tmp_path: Path) -> None:
    _, stage, task = TASKS["digit-wgan-gp"]
    train(recipe("digit-wgan-gp", stage, task), data, tmp_path / "run")
    rows = [json.loads(line) for line in (tmp_path / "run" / "metrics.jsonl").read_text().splitlines()]
    assert {"loss", "critic_loss", "critic_penalty", "critic_ahead"} <= rows[0].keys()
