"""From prepared pictures to a painter and its decoders, at toy size."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from audiogen.artifacts import LOOKS, Conditioning, Contour
from audiogen.decoder.picture import PictureDiffusionDecoder, PictureFlowDecoder
from audiogen.errors import InvalidRequest
from audiogen.lab.data.picture_index import names_of
from audiogen.lab.train.contour_wear import worn_contour
from audiogen.lab.train.painter import PainterTask, random_crops
from audiogen.lab.train.painter_losses import critic_losses, pixel_losses
from audiogen.lab.train.picture import (
    PictureDiffusionTask,
    PictureFlowTask,
    choose,
    favoured,
    guide_of,
    seen_weights,
)
from audiogen.lab.train.picture_latents import code_of, read_latents
from audiogen.lab.train.picture_views import view
from audiogen.lab.train.recipe import Recipe, TrainSettings
from audiogen.lab.train.runner import train
from audiogen.lab.train.upsampler import UpsamplerTask
from audiogen.recipe import read_recipe
from audiogen.render.painter import Painter
from audiogen.sampling.diffusion import levels
from audiogen.sampling.flow import flow_target
from audiogen.stage import Sampling, silent

RECIPES = Path(__file__).parents[3] / "recipes"
PAINTER: dict[str, Any] = {
    "channels": 4,
    "encoder": [8, 8],
    "decoder": [8, 8, 8],
    "encoder_blocks": [1, 1],
    "decoder_blocks": [1, 1, 1],
    "upsampler_width": 8,
    "upsampler_blocks": 1,
    "size": 64,
}
DECODER: dict[str, Any] = {
    "widths": [8, 8, 16],
    "blocks": [1, 1, 1],
    "heads": 2,
    "hidden": 16,
    "word": 8,
    "condition": 16,
}
CROPS = {"batch_size": 2, "crop": 32, "critic_width": 4, "valid_pictures": 4}
WORDS = ["", "1", "2", "cat"]


def pictures(count: int, size: int, seed: int) -> dict[str, np.ndarray]:
    """Dark bars on light paper: lying (digit 1), standing (digit 2), and slanted cats."""
    rng = np.random.default_rng(seed)
    label = np.arange(count) % 3
    y, x = np.mgrid[:size, :size] / size
    ink = np.zeros((count, size, size), bool)
    for k, kind in enumerate(label):
        along = (y, x, (x + y) / 2)[kind]
        ink[k] = np.abs(along - rng.uniform(0.3, 0.7)) < 0.12
    paper = rng.uniform(180, 255, (count, 1, 1, 3)) + rng.normal(0, 4, (count, size, size, 3))
    shown = np.where(ink[..., None], rng.uniform(0, 90, (count, 1, 1, 3)), paper)
    step = size // 16
    words = np.zeros((count, 12), np.int64)
    words[:, 0] = label + 1
    return {
        "pictures": shown.clip(0, 255).astype(np.uint8),
        "contour": (ink[:, ::step, ::step] * 255).astype(np.uint8),
        "has_contour": np.arange(count) % 4 > 0,
        "style": (np.arange(count) % 2).astype(np.int64),
        "words": words,
        "label": np.where(label < 2, label + 1, -1),
    }


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pictures")
    np.savez(folder / "train-000.npz", **pictures(12, 64, 0))
    np.savez(folder / "valid-000.npz", **pictures(6, 64, 1))
    for name, seed in (("fine", 2), ("valid-fine", 3)):
        np.savez(folder / f"{name}-000.npz", pictures=pictures(4, 64, seed)["pictures"])
    index = {"styles": ["watercolor", "oil"], "words": WORDS}
    (folder / "index.json").write_text(json.dumps(index))
    return folder


@pytest.fixture(scope="module")
def painter(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The run of a painter that has been trained a little."""
    run = tmp_path_factory.mktemp("painter")
    settings = TrainSettings(steps=30, eval_every=30, lr=2e-3, warmup=2, ema=0.9, log_every=5)
    recipe = Recipe("picture-autoencoder", settings, {**CROPS, "critic_from": 0.8}, stage=PAINTER)
    train(recipe, data, run)
    return run


def test_the_autoencoder_learns_and_leaves_its_critic_behind(data: Path, painter: Path) -> None:
    fresh = PainterTask(PAINTER, CROPS, data, 0)
    before = fresh.evaluate(fresh.network.eval())
    rows = [json.loads(line) for line in (painter / "metrics.jsonl").read_text().splitlines()]
    after = [row for row in rows if row["split"] == "valid"][-1]
    assert after["metric"] < before["metric"] and after["psnr"] > before["psnr"]
    assert any("judge" in row for row in rows), "the critic joined"
    weights = Painter.from_pretrained(painter / "weights", device="cpu").network.state_dict()
    assert not any(name.startswith("critic") for name in weights)


def test_exported_latents_are_normalised(data: Path, painter: Path) -> None:
    stage = Painter.from_pretrained(painter / "weights", device="cpu")
    latents = read_latents(data, "train", stage).latents.astype(np.float32)
    np.testing.assert_allclose(latents.std((0, 2, 3)), 1, atol=0.3)
    assert (painter / "samples" / "pictures.png").exists()


def test_the_upsampler_goes_on_from_the_autoencoder(data: Path, painter: Path, tmp_path: Path) -> None:
    settings = TrainSettings(steps=4, eval_every=4, lr=1e-3, warmup=1, ema=0.5)
    recipe = Recipe("upsampler", settings, {**CROPS, "critic_from": 0.5}, stage=PAINTER)
    train(recipe, data, tmp_path, init_from=painter)
    before, after = (
        Painter.from_pretrained(run / "weights", device="cpu").network.state_dict()
        for run in (painter, tmp_path)
    )
    same = {name: torch.equal(before[name], after[name]) for name in before}
    assert all(kept for name, kept in same.items() if name.startswith("autoencoder"))
    assert not all(kept for name, kept in same.items() if name.startswith("upsampler"))


def test_what_decodes_can_be_trained_on_while_latents_stay(data: Path, painter: Path, tmp_path: Path) -> None:
    settings = TrainSettings(steps=3, eval_every=3, lr=1e-3, warmup=1, ema=0.5)
    recipe = Recipe("picture-autoencoder", settings, {**CROPS, "keep_latents": True}, stage=PAINTER)
    train(recipe, data, tmp_path, init_from=painter)
    before, after = (Painter.from_pretrained(run / "weights", device="cpu") for run in (painter, tmp_path))
    assert code_of(before) == code_of(after)
    pairs = (each.network.autoencoder.from_latents.weight for each in (before, after))
    assert not torch.equal(*pairs)


def test_the_critic_moves_the_maker_and_itself_apart(data: Path) -> None:
    network: Any = PainterTask(PAINTER, CROPS, data, 0).network
    made, real = torch.rand(2, 3, 32, 32, requires_grad=True), torch.rand(2, 3, 32, 32)
    told = critic_losses(network.critic, made, real)
    (told["fool"] + told["match"]).backward()
    assert made.grad is not None and made.grad.abs().sum() > 0
    assert all(p.grad is None for p in network.critic.parameters())
    made.grad = None
    critic_losses(network.critic, made, real)["judge"].backward()
    assert made.grad is None and all(p.grad is not None for p in network.critic.parameters())


def test_edges_are_seen_apart_from_levels() -> None:
    flat = torch.full((1, 3, 16, 16), 0.5)
    stripes = flat.clone()
    stripes[..., ::2] += 0.1
    brighter, striped = (pixel_losses(other, flat, 1.0) for other in (flat + 0.05, stripes))
    assert float(brighter["edge"]) == pytest.approx(0, abs=1e-6) and float(striped["edge"]) > 0.1


def test_livelier_crops_are_preferred() -> None:
    half = np.full((1, 64, 64, 3), 255, np.uint8)
    half[:, :, :32] = np.random.default_rng(0).integers(0, 255, (1, 64, 32, 3))
    crops = random_crops(half, 60, 16, torch.Generator().manual_seed(0)).float()
    assert crops.shape == (60, 3, 16, 16)
    assert float((crops.std((1, 2, 3)) > 20).float().mean()) > 0.7


@pytest.mark.parametrize("task", [PainterTask, UpsamplerTask])
def test_a_crop_that_does_not_fit_is_refused(task: Any, data: Path) -> None:
    with pytest.raises(InvalidRequest, match="multiple of 16"):
        task(PAINTER, {"crop": 40}, data, 0)


def test_a_critic_needs_one_process(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(InvalidRequest, match="critic_from: 1"):
        PainterTask(PAINTER, CROPS, data, 0)
    PainterTask(PAINTER, {**CROPS, "critic_from": 1.0}, data, 0)


def flow_task(data: Path, painter: Path, kind: Any = PictureFlowTask, **more: Any) -> Any:
    return kind(DECODER, {"painter": str(painter / "weights"), "batch_size": 8, **more}, data, 0)


def test_names_and_sizes_come_from_the_data(data: Path, painter: Path) -> None:
    config = flow_task(data, painter).config
    assert config.styles == ("watercolor", "oil") and config.vocabulary == ("1", "2", "cat")
    assert (config.channels, config.grid, config.size) == (4, 8, 64)


def test_without_an_index_the_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match="index.json"):
        names_of(tmp_path)


def test_latents_are_encoded_once_and_others_than_digits_mirrored(data: Path, painter: Path) -> None:
    stage = Painter.from_pretrained(painter / "weights", device="cpu")
    first = read_latents(data, "train", stage)
    cats = pictures(12, 64, 0)["label"] < 0
    assert len(first) == 12 + cats.sum() and (first.label[12:] < 0).all()
    np.testing.assert_array_equal(first.contour[12:], first.contour[:12][cats][:, :, ::-1])
    assert set(first.style) == {1, 2}
    cached = data / "latents" / f"{code_of(stage)}-train-000.npz"
    made_s = cached.stat().st_mtime
    np.testing.assert_array_equal(read_latents(data, "train", stage).latents, first.latents)
    assert cached.stat().st_mtime == made_s


def test_illustrations_are_seen_otherwise_and_paintings_are_not(tmp_path: Path, painter: Path) -> None:
    stage = Painter.from_pretrained(painter / "weights", device="cpu")
    rows = pictures(12, 64, 0)
    np.savez(tmp_path / "train-000.npz", **rows)
    (tmp_path / "index.json").write_text(json.dumps({"styles": ["watercolor", LOOKS[0]], "words": WORDS}))
    plain, more = (read_latents(tmp_path, "train", stage, views=views) for views in (0, 3))
    illustrations = (rows["label"] < 0) & (rows["style"] == 1)
    assert len(more) == len(plain) + 3 * illustrations.sum() and illustrations.any()
    assert set(more.style[len(plain) :]) == {2} and (more.label[len(plain) :] < 0).all()
    assert len(np.unique(more.latents[len(plain) :].reshape(3 * illustrations.sum(), -1), axis=0)) > 1


def test_a_view_moves_picture_and_contour_together_on_white() -> None:
    ink = np.zeros((64, 64), np.uint8)
    ink[20:44, 28:36] = 255
    picture = 255 - np.repeat(np.repeat(ink, 4, 0), 4, 1)[..., None].repeat(3, -1)
    views = [view(picture, ink, np.random.default_rng(k)) for k in range(8)]
    for seen, drawn in views:
        assert (seen[0] == 255).all() and (seen[-1] == 255).all()
        black = seen[..., 0].reshape(64, 4, 64, 4).mean((1, 3)) < 128
        overlap = (black & (drawn > 127)).sum() / (black | (drawn > 127)).sum()
        assert overlap > 0.85
    assert len({seen.tobytes() for seen, _ in views}) == 8


def test_only_what_encodes_makes_latents_new(painter: Path) -> None:
    stage = Painter.from_pretrained(painter / "weights", device="cpu")
    before = code_of(stage)
    stage.network.upsampler.enter.weight += 1
    stage.network.autoencoder.to_pixels.weight += 1
    assert code_of(stage) == before
    stage.network.autoencoder.leave.weight += 1
    assert code_of(stage) != before


def test_a_split_without_shards_is_refused(painter: Path, tmp_path: Path) -> None:
    stage = Painter.from_pretrained(painter / "weights", device="cpu")
    (tmp_path / "train-000.part.npz").write_bytes(b"half a shard")
    with pytest.raises(InvalidRequest, match="No train shards"):
        read_latents(tmp_path, "train", stage)


def test_conditions_are_dropped_only_in_training(data: Path, painter: Path) -> None:
    task = flow_task(data, painter, batch_size=64)
    dropped = task.batch(torch.Generator().manual_seed(0))
    kept = task._drawn(task.train, np.random.default_rng(0), drop=False)
    for name in ("style", "words"):
        assert (dropped[name].view(64, -1)[:, 0] == 0).any() and (kept[name].view(64, -1)[:, 0] > 0).all()
    assert dropped["present"].mean() < kept["present"].mean()
    assert (dropped["contour"][dropped["present"] == 0] == 0).all()
    assert 0.2 < float(dropped["digit"].mean()) < 0.8


def test_the_share_of_digits_is_as_asked() -> None:
    label = np.array([-1] * 90 + [3] * 10)
    rng = np.random.default_rng(0)
    assert (label[choose(label, 400, 0.5, rng)] >= 0).mean() == pytest.approx(0.5, abs=0.1)
    assert (label[choose(label, 400, None, rng)] >= 0).mean() == pytest.approx(0.1, abs=0.06)
    assert (choose(label[:5], 9, 0.5, rng) < 5).all()
    weight = np.where(np.arange(100) == 7, 90.0, 1.0)
    assert (choose(label, 400, 0.5, rng, weight) == 7).mean() == pytest.approx(0.25, abs=0.08)


def test_favoured_words_must_be_known(data: Path, painter: Path) -> None:
    task = flow_task(data, painter, favour={"cat": 5.0})
    cats = task.train.label < 0
    weight = favoured(task.train.words, task.config.vocabulary, {"cat": 5.0})
    assert (weight[cats] == 5).all() and (weight[~cats] == 1).all()
    with pytest.raises(InvalidRequest, match="cat"):
        flow_task(data, painter, favour={"cats": 5.0}).batch(torch.Generator())


def test_losses_are_the_errors_of_both_velocities(data: Path, painter: Path) -> None:
    for kind in (PictureFlowTask, PictureDiffusionTask):
        task = flow_task(data, painter, kind)
        batch = task.batch(torch.Generator().manual_seed(0))
        with torch.no_grad():
            point = flow_target(batch["x0"], batch["noise"], batch["t"])
            x0 = task.network(point.x_t, point.t, guide_of(batch))
            t = point.t[:, None, None]
            if kind is PictureFlowTask:
                error = (point.x_t - x0) / t - point.v
            else:
                alpha, sigma = (level[:, None, None] for level in levels(point.t))
                x_vp = alpha * batch["x0"] + sigma * batch["noise"]
                error = (alpha * x_vp - x0) / sigma - (alpha * batch["noise"] - sigma * batch["x0"])
            wanted = (error.square() * task.weight).mean()
            torch.testing.assert_close(
                task.loss(task.network, batch, 0.0)["loss"], wanted, rtol=1e-3, atol=1e-3
            )


def test_a_channel_counts_as_much_as_it_is_seen(data: Path, painter: Path) -> None:
    stage = Painter.from_pretrained(painter / "weights", device="cpu")
    coder = stage.network.autoencoder
    coder.std[0] *= 20  # now the same change of channel 0 is a large one
    with torch.inference_mode():
        latents = coder.encode(torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(0)))
    weight = seen_weights(stage, latents.numpy())
    assert float(weight.mean()) == pytest.approx(1) and weight.argmax() == 0 and weight[0] > 2


def test_both_objectives_draw_the_same_pictures(data: Path, painter: Path) -> None:
    flow, diffusion = (
        flow_task(data, painter, kind).batch(torch.Generator().manual_seed(3))
        for kind in (PictureFlowTask, PictureDiffusionTask)
    )
    assert all(torch.equal(flow[name], diffusion[name]) == (name != "t") for name in flow)


def test_the_recipes_differ_only_in_objective_and_length() -> None:
    flow, diffusion = (read_recipe(RECIPES / f"picture-{name}.yaml") for name in ("flow", "diffusion"))
    for rows in (flow, diffusion):
        del rows["task"]["name"]
        for pace in ("minutes", "lr", "warmup"):
            del rows["train"][pace]
    assert yaml.safe_dump(flow) == yaml.safe_dump(diffusion)


def test_a_decoder_learns_and_the_other_objective_starts_from_it(
    data: Path, painter: Path, tmp_path: Path
) -> None:
    settings = TrainSettings(steps=60, eval_every=60, lr=4e-3, warmup=5, ema=0.9)
    told = {"painter": str(painter / "weights"), "batch_size": 8, "valid_batches": 2}
    result = train(Recipe("picture-flow", settings, told, stage=DECODER), data, tmp_path / "flow")
    fresh = flow_task(data, painter, valid_batches=2)
    assert result.metric is not None and result.metric < 0.9 * fresh.evaluate(fresh.network)["metric"]
    stage = PictureFlowDecoder.from_pretrained(tmp_path / "flow" / "weights", device="cpu")
    latents = stage(Contour.empty(16), Conditioning(path="digit", subject="1"), Sampling(steps=2), silent)
    assert latents.values.shape == (4, 8, 8) and np.isfinite(latents.values).all()
    short = TrainSettings(steps=2, eval_every=2, warmup=1)
    recipe = Recipe("picture-diffusion", short, told, stage=DECODER)
    train(recipe, data, tmp_path / "diffusion", init_from=tmp_path / "flow")
    other = PictureDiffusionDecoder.from_pretrained(tmp_path / "diffusion" / "weights", device="cpu")
    assert other.config.scheduler == "dpm-solver++" and other.config.vocabulary == ("1", "2", "cat")


def test_worn_contours_stay_the_same_drawing() -> None:
    ink = torch.zeros(64, 64)
    ink[10:54, 30:36] = 1
    rng = np.random.default_rng(0)
    worn = [worn_contour(ink, rng) for _ in range(60)]
    assert all(each.shape == ink.shape and each.min() >= 0 and each.max() <= 1 for each in worn)
    assert sum(torch.equal(each, ink) for each in worn) < 40
    shared = [float(((each > 0.5) & (ink > 0.5)).sum() / ((each > 0.5) | (ink > 0.5)).sum()) for each in worn]
    assert min(shared) > 0.5
    assert float(ink.sum()) == 44 * 6, "the original is left alone"
