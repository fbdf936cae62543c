"""Training a LoRA on captioned pictures: it learns, resumes to the bit, and is what `--lora` loads."""

from __future__ import annotations

import csv
import dataclasses
import importlib.util
import json
import os
import resource
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from audiogen.cli import main
from audiogen.compat import import_diffusers
from audiogen.errors import AudiogenError, InvalidRequest, MissingModel
from audiogen.hub import Lora, ModelChoice
from audiogen.lab.data.captioned_pictures import read_captions, square
from audiogen.lab.train.lora import WEIGHTS, LoraTask
from audiogen.lab.train.noising import Diffusion, Flow
from audiogen.lab.train.recipe import Recipe, TrainSettings
from audiogen.lab.train.runner import train
from audiogen.licences import card_head
from audiogen.making import Request, make
from audiogen.stage import Sampling

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("peft") is None, reason="needs peft"),
]
Hub = Callable[[str], Path]
HUES = ("red", "green", "blue")


@pytest.fixture(scope="session")
def album(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures, each of one colour, with captions beside them."""
    folder = tmp_path_factory.mktemp("album")
    for number, hue in enumerate(HUES):
        pixels = np.zeros((40, 48, 3), np.uint8)
        pixels[..., number] = 255
        Image.fromarray(pixels).save(folder / f"{hue}.png")
        (folder / f"{hue}.txt").write_text(f"all {hue}\n")
    return folder


def recipe(model: Path, task: dict[str, Any] | None = None, rank: int = 4, **settings: Any) -> Recipe:
    usual = {"steps": 8, "eval_every": 8, "save_every": 4, "log_every": 2, "warmup": 2, "lr": 0.02}
    usual |= {"ema": 0.5, "precision": "fp32"} | settings
    given = {"batch_size": 3, "sample_steps": 1} | (task or {})
    stage = {"model": str(model), "rank": rank}
    return Recipe("lora", TrainSettings(**usual), given, stage=stage)


@pytest.fixture(scope="module")
def trained(hub: Hub, album: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run folder of a LoRA for the toy."""
    run = tmp_path_factory.mktemp("lora") / "run"
    train(recipe(hub("pictures"), {"prompts": ["all red"], "flip": True, "licence": "cc0-1.0"}), album, run)
    return run


def pixels(model: Path, *loras: Lora) -> np.ndarray:
    asked = Request(
        "all red",
        sampling=Sampling(seed=7, steps=2),
        model=ModelChoice(str(model), loras=loras),
        device="cpu",
        watermark=False,
    )
    (take,) = make(asked)
    assert take.picture is not None
    return take.picture.pixels


def valid(run: Path) -> dict[str, Any]:
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [row for row in rows if row["split"] == "valid"][-1]


def variant(hub: Hub, folder: Path, **scheduler: Any) -> Path:
    """The toy with other settings of its scheduler."""
    shutil.copytree(hub("pictures"), folder)
    file = folder / "scheduler" / "scheduler_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | scheduler))
    return folder


def test_it_learns_and_loads_and_scale_0_is_none(trained: Path, hub: Hub) -> None:
    row = valid(trained)
    assert row["metric"] < row["without"]
    lora = Lora(str(trained / "weights"))
    none, whole = pixels(hub("pictures")), pixels(hub("pictures"), lora)
    assert np.abs(whole - none).max() > 1e-3
    np.testing.assert_allclose(pixels(hub("pictures"), dataclasses.replace(lora, scale=0.0)), none, atol=1e-5)
    assert Image.open(trained / "samples" / "grid.png").size == (32, 32)
    head = card_head(trained / "weights" / "README.md")
    assert head["base_model"] == "pictures" and head["license"] == "cc0-1.0"
    assert str(hub("pictures").parent) not in (trained / "weights" / "README.md").read_text()


def test_the_bare_diffusers_loads_it_and_says_what_was_learned(trained: Path, hub: Hub, album: Path) -> None:
    """The file holds the averaged weights: in the bare UNet they have the loss that the training told."""
    task = LoraTask({"model": str(hub("pictures")), "rank": 4}, {"flip": True}, album, 0)
    pipe = import_diffusers().AutoPipelineForText2Image.from_pretrained(hub("pictures"))
    pipe.load_lora_weights(trained / "weights", weight_name=WEIGHTS)
    task.low_rank.__dict__["base"] = pipe.unet.eval()
    with torch.no_grad():
        loss = task._mean_loss(task.network)
    assert loss == pytest.approx(valid(trained)["metric"], rel=1e-5)


def test_resumed_training_equals_an_unbroken_one(
    hub: Hub, album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = recipe(hub("pictures"), {"flip": True})
    train(settings, album, tmp_path / "whole")
    learn = LoraTask.loss
    steps = 0

    def interrupted(*given: Any) -> Any:
        nonlocal steps
        steps += 1
        if steps == 3:
            os.kill(os.getpid(), signal.SIGINT)
        return learn(*given)

    with monkeypatch.context() as patched:
        patched.setattr(LoraTask, "loss", interrupted)
        assert not train(settings, album, tmp_path / "parts").finished
    assert train(settings, album, tmp_path / "parts").finished
    whole, parts = (tmp_path / name / "weights" / WEIGHTS for name in ("whole", "parts"))
    assert whole.read_bytes() == parts.read_bytes()
    checkpoint = (tmp_path / "whole" / "checkpoint.pt").stat().st_size
    assert checkpoint < 20 * whole.stat().st_size  # without the frozen model


@pytest.mark.parametrize("kind", ["v", "xl", "bf16", "sd3"])
def test_other_objectives_and_models_learn(hub: Hub, album: Path, tmp_path: Path, kind: str) -> None:
    model = hub(kind) if kind in ("xl", "sd3") else hub("pictures")
    if kind == "v":
        model = variant(hub, tmp_path / "v", prediction_type="v_prediction")
    task = {"v": {"snr_gamma": 5.0}, "xl": {"checkpointing": True}}.get(kind, {})
    settings = recipe(model, task, precision="bf16" if kind == "bf16" else "fp32")
    if kind == "bf16":
        settings = dataclasses.replace(settings, stage=settings.stage | {"dtype": "bfloat16"})
    train(settings, album, tmp_path / "run")
    row = valid(tmp_path / "run")
    assert row["metric"] < row["without"]
    if kind in ("xl", "sd3"):
        changed = pixels(model, Lora(str(tmp_path / "run" / "weights")))
        assert np.abs(changed - pixels(model)).max() > 1e-3


def test_a_lora_of_another_base_is_refused_in_one_line(trained: Path, hub: Hub) -> None:
    with pytest.raises(InvalidRequest, match="was it made for another model") as refused:
        pixels(hub("xl"), Lora(str(trained / "weights")))
    assert "\n" not in str(refused.value)


def test_a_training_starts_from_a_lora(trained: Path, hub: Hub, album: Path, tmp_path: Path) -> None:
    begun = recipe(hub("pictures"), {"flip": True}, lr=1e-9, steps=1)
    train(begun, album, tmp_path / "more", init_from=trained)
    assert valid(tmp_path / "more")["metric"] == pytest.approx(valid(trained)["metric"], rel=1e-4)
    with pytest.raises(InvalidRequest, match="another rank"):
        train(recipe(hub("pictures"), rank=2), album, tmp_path / "x", init_from=trained)
    with pytest.raises(MissingModel, match="holds no"):
        train(begun, album, tmp_path / "y", init_from=album)


def test_points_between_picture_and_noise() -> None:
    """At the ends there is picture, or noise; v and flow lead from one to the other."""
    x0, noise = torch.randn(2, 1, 4, 4), torch.randn(2, 1, 4, 4)
    ends = torch.tensor([0.0, 1 - 1e-7])
    schedulers = import_diffusers()
    for kind in ("epsilon", "v_prediction"):
        scheduler = schedulers.DDIMScheduler(prediction_type=kind, beta_schedule="scaled_linear")
        point = Diffusion(scheduler, None).at(x0, noise, ends)
        assert torch.equal(point.times, torch.tensor([0, 999]))
        (signal_,) = (scheduler.alphas_cumprod[point.times].sqrt().view(-1, 1, 1, 1),)
        sigma = (1 - signal_**2).sqrt()
        torch.testing.assert_close(point.x_t, signal_ * x0 + sigma * noise)
        wanted = noise if kind == "epsilon" else signal_ * noise - sigma * x0
        torch.testing.assert_close(point.target, wanted)
        weight = Diffusion(scheduler, 5.0).at(x0, noise, ends).weight
        assert 0 < weight[0] < 0.01 and weight[1] == pytest.approx(1 if kind == "epsilon" else 0, abs=0.01)
    flow = Flow(schedulers.FlowMatchEulerDiscreteScheduler(shift=3.0)).at(x0, noise, ends)
    sigma = (flow.times / 1000).view(-1, 1, 1, 1)
    torch.testing.assert_close(flow.x_t, (1 - sigma) * x0 + sigma * noise)
    torch.testing.assert_close(flow.target, noise - x0)
    assert flow.times[0] > 990 and flow.times[1] < 30


def test_captions_are_read_in_all_forms(album: Path, tmp_path: Path) -> None:
    beside = [row.caption for row in read_captions(album)]
    assert beside == ["all blue", "all green", "all red"]
    shutil.copytree(album, tmp_path / "a")
    rows = [{"file_name": f"{hue}.png", "text": f"{hue} only"} for hue in HUES]
    with open(tmp_path / "a" / "metadata.csv", "w", newline="") as file:
        writer = csv.DictWriter(file, ["file_name", "text"])
        writer.writeheader()
        writer.writerows(rows)
    assert [row.caption for row in read_captions(tmp_path / "a")] == [row["text"] for row in rows]
    lines = [json.dumps({"file_name": row["file_name"], "caption": "x"}) for row in rows]
    (tmp_path / "a" / "metadata.jsonl").write_text("\n".join(lines))
    assert {row.caption for row in read_captions(tmp_path / "a")} == {"x"}
    middle, place = square(album / "red.png", 32)
    assert middle.shape == (3, 32, 32) and place == (40, 48, 0, 3)
    assert (middle[0].min(), middle[1:].max()) == (1, -1)


def nothing(folder: Path) -> None:
    for file in folder.iterdir():
        file.unlink()


def uncaptioned(folder: Path) -> None:
    (folder / "red.txt").unlink()
    (folder / "blue.txt").write_text(" \n")


def broken(folder: Path) -> None:
    file = folder / "red.png"
    file.write_bytes(file.read_bytes()[:60])


def listed_wrongly(folder: Path) -> None:
    (folder / "metadata.jsonl").write_text('{"file_name": "gone.png", "text": "a"}\n')


def no_json(folder: Path) -> None:
    (folder / "metadata.jsonl").write_text("[1, 2\n")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (nothing, "holds no pictures"),
        (uncaptioned, "2 pictures without a caption; write NAME.txt beside each"),
        (broken, "1 picture that cannot be read; repair them or take them out: red.png"),
        (listed_wrongly, "that metadata.jsonl lists and that are not there: gone.png"),
        (no_json, "must hold one JSON object a line"),
        (shutil.rmtree, "There is no folder"),
    ],
)
def test_what_cannot_be_trained_on_is_said_in_one_line(
    album: Path,
    hub: Hub,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    damage: Callable[[Path], None],
    words: str,
) -> None:
    shutil.copytree(album, tmp_path / "data")
    damage(tmp_path / "data")
    (tmp_path / "own.yaml").write_text(
        yaml.safe_dump({"stage": {"model": str(hub("pictures"))}, "task": "lora", "train": {"steps": 1}})
    )
    arguments = [str(tmp_path / "own.yaml"), "--data", str(tmp_path / "data"), "--run", str(tmp_path / "run")]
    assert main(["train", *arguments]) == InvalidRequest.exit_code
    lines = capsys.readouterr().err.splitlines()
    assert words in lines[-1] and sum(line.startswith("audiogen: ") for line in lines) == 1


@pytest.mark.parametrize(
    ("stage", "task", "words"),
    [
        ({"rank": 0}, {}, "rank is 1 to 512"),
        ({"targets": ["to_x"]}, {}, "fits no linear layer"),
        ({"ranks": 3}, {}, "did you mean 'rank'"),
        ({}, {"size": 33}, "must be a multiple of 4"),
        ({}, {"held_out": 3}, "leave some to train on"),
        ({}, {"batch_size": 0, "sample_steps": 0}, "batch_size is 1 to 1024, not 0; sample_steps"),
        ({"model": "./nowhere"}, {}, "no folder"),
    ],
)
def test_bad_settings_are_refused(
    album: Path, hub: Hub, stage: dict[str, Any], task: dict[str, Any], words: str
) -> None:
    with pytest.raises(AudiogenError, match=words) as refused:
        LoraTask({"model": str(hub("pictures"))} | stage, task, album, 0)
    assert "\n" not in str(refused.value)


def test_a_full_disk_keeps_the_last_checkpoint(
    hub: Hub, album: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = recipe(hub("pictures"), eval_every=100)
    save = LoraTask.batch
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    kept = b""

    def filling(task: LoraTask, generator: torch.Generator, progress: float = 0.0) -> Any:
        nonlocal kept
        if progress == 0.5:  # the checkpoint of step 4 is written
            kept = (tmp_path / "checkpoint.pt").read_bytes()
            resource.setrlimit(resource.RLIMIT_FSIZE, (4000, limits[1]))
        return save(task, generator, progress)

    monkeypatch.setattr(LoraTask, "batch", filling)
    try:
        with pytest.raises(AudiogenError, match="is the disk full"):
            train(settings, album, tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert kept and (tmp_path / "checkpoint.pt").read_bytes() == kept
    assert not list(tmp_path.glob("*.part"))


def test_the_recipe_that_ships_is_valid() -> None:
    shipped = Recipe.load(Path(__file__).parents[2] / "recipes" / "lora-style.yaml")
    assert shipped.task == "lora" and shipped.stage["rank"] == 8
