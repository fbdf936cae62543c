"""The decoders of pictures through their public face, tiny and with random weights."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from audiogen.artifacts import Conditioning, Contour, Latents
from audiogen.decoder.picture import (
    PictureDecoderConfig,
    PictureDiffusionDecoder,
    PictureDiffusionDecoderConfig,
    PictureFlowDecoder,
    word_ids,
)
from audiogen.errors import Cancelled, InvalidRequest
from audiogen.sampling.schedulers import SCHEDULERS
from audiogen.stage import Edit, Options, Sampling, silent

SIZE: dict[str, Any] = {
    "channels": 3,
    "grid": 8,
    "size": 64,
    "widths": (8, 8, 16),
    "blocks": (1, 1, 1),
    "heads": 2,
    "hidden": 16,
    "word": 8,
    "condition": 16,
    "styles": ("watercolor", "oil", "flat"),
    "vocabulary": ("cat", "7", "big eyes", "red", "panda"),
    "words": 4,
    "steps": 3,
}
CAT = Conditioning(path="picture", subject="cat", look="flat")
CONTOUR = Contour(np.eye(28, dtype=np.float32))
NUMERIC = 1e-3  # of latents with std 1, in float32


def loud(stage: Any) -> Any:
    """Random weights everywhere: zero-initialised layers would hide mistakes."""
    stage.dtype = torch.float32
    generator = torch.Generator().manual_seed(1)
    for parameter in stage.network.parameters():
        parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    return stage


@pytest.fixture(scope="module")
def flow() -> PictureFlowDecoder:
    return loud(PictureFlowDecoder.from_config(PictureDecoderConfig(**SIZE), device="cpu"))


@pytest.fixture(scope="module")
def diffusion() -> PictureDiffusionDecoder:
    config = PictureDiffusionDecoderConfig(**SIZE)
    return loud(PictureDiffusionDecoder.from_config(config, device="cpu"))


def made(
    stage: PictureFlowDecoder, contour: Contour = CONTOUR, asked: Conditioning = CAT, **rest: Any
) -> Any:
    edit = rest.pop("edit", None)
    return stage(contour, asked, Sampling(**rest), silent, Options(edit=edit)).values


def test_looks_of_known_subjects_have_a_guidance_of_their_own(flow: PictureFlowDecoder) -> None:
    stage = PictureFlowDecoder(
        dataclasses.replace(flow.config, look_guidance=4.0), flow.network, device="cpu"
    )
    painted = Conditioning(path="picture", subject="cat", style="oil")
    unknown = Conditioning(path="picture", subject="dragonfly", look="flat")
    assert stage.with_defaults(Sampling(), CAT).guidance == 4
    assert stage.with_defaults(Sampling(guidance=1.5), CAT).guidance == 1.5
    for other in (painted, unknown):
        assert stage.with_defaults(Sampling(), other).guidance == flow.config.guidance


def test_a_known_subject_is_laid_in_first_and_painted_over(flow: PictureFlowDecoder) -> None:
    how = dataclasses.replace(flow.config, underpainting="flat", overpainting={"oil": 0.5})
    painter = PictureFlowDecoder(how, flow.network, device="cpu")
    painter.dtype = flow.dtype
    reported: list[tuple[int, int]] = []
    seen: list[tuple[int, int]] = []

    def progress(stage: str, done: int, total: int) -> bool:
        reported.append((done, total))
        return True

    def painted(stage: PictureFlowDecoder, **asked: Any) -> np.ndarray:
        known = Conditioning(path="picture", **asked)
        return stage(
            CONTOUR, known, Sampling(seed=2), progress, Options(lambda *at: seen.append(at[:2]))
        ).values

    cat = painted(painter, subject="cat", style="oil")
    assert seen == [(k, 5) for k in range(1, 6)]  # three steps, and half of them again
    assert reported == sorted(reported) and {total for _, total in reported} == {5}
    assert np.abs(cat - painted(flow, subject="cat", style="oil")).max() > NUMERIC
    known = Conditioning(path="picture", subject="cat", style="oil")
    mask = np.zeros((SIZE["grid"], SIZE["grid"]), np.float32)
    mask[:4] = 1
    begin = Latents(np.zeros_like(cat), SIZE["size"])
    for strength, total in ((0.4, 2), (0.9, 5)):  # a small change keeps the colours that are there
        reported.clear()
        changed = painter(
            CONTOUR, known, Sampling(seed=2), progress, Options(edit=Edit(begin, strength, mask))
        ).values
        assert {of for _, of in reported} == {total}
        assert np.abs(changed[:, 4:]).max() < NUMERIC < np.abs(changed[:, :4]).max()
    for once in ({"subject": "5", "style": "oil"}, {"subject": "cat", "look": "flat"}, {"style": "oil"}):
        np.testing.assert_array_equal(painted(painter, **once), painted(flow, **once))


def test_it_gives_latents_for_the_painter(flow: PictureFlowDecoder) -> None:
    latents = flow(CONTOUR, CAT, Sampling(), silent)
    assert isinstance(latents, Latents) and latents.size == 64 and latents.asked == CAT
    assert latents.values.shape == (3, 8, 8) and latents.values.dtype == np.float32


@pytest.mark.parametrize(("family", "name"), [(f, n) for f, names in SCHEDULERS.items() for n in names])
def test_every_scheduler_paints_and_a_seed_is_a_picture(request: Any, family: str, name: str) -> None:
    stage = request.getfixturevalue(family)
    first, again, other = (made(stage, scheduler=name, seed=seed) for seed in (1, 1, 2))
    assert np.isfinite(first).all()
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).mean() > 0.05


def test_the_same_network_as_flow_walks_the_same_ode(flow: PictureFlowDecoder) -> None:
    """DDIM on the cosine path and Euler on the straight one pass through the same points."""
    other = PictureDiffusionDecoder(PictureDiffusionDecoderConfig(**SIZE), flow.network, device="cpu")
    other.dtype = torch.float32
    rest = {"steps": 60, "guidance": 1.0}
    straight = flow(CONTOUR, CAT, Sampling(scheduler="euler", **rest), silent).values
    cosine = made(other, scheduler="ddim", **rest)
    assert np.abs(straight - cosine).mean() < 0.1 * np.abs(straight - made(flow, seed=1)).mean()


def test_contour_style_and_words_are_heard(flow: PictureFlowDecoder) -> None:
    first = made(flow, guidance=1.0)
    others = [
        made(flow, Contour.empty(), guidance=1.0),
        made(flow, asked=Conditioning(path="picture", subject="cat", style="oil"), guidance=1.0),
        made(flow, asked=Conditioning(path="picture", subject="panda", look="flat"), guidance=1.0),
        made(
            flow,
            asked=Conditioning(path="picture", subject="cat", look="flat", details=("red",)),
            guidance=1.0,
        ),
    ]
    assert all(np.abs(first - other).max() > NUMERIC for other in others)


def test_the_strength_of_the_structure_leads_from_none_to_all(flow: PictureFlowDecoder) -> None:
    none, some, all_of_it = (made(flow, structure_strength=s) for s in (0.0, 0.5, 1.0))
    np.testing.assert_allclose(none, made(flow, Contour.empty()), atol=NUMERIC)
    assert np.abs(some - none).mean() > NUMERIC and np.abs(some - all_of_it).mean() > NUMERIC


def test_without_a_contour_its_strength_does_not_matter(flow: PictureFlowDecoder) -> None:
    weak, strong = (made(flow, Contour.empty(), structure_strength=s) for s in (0.2, 1.0))
    np.testing.assert_array_equal(weak, strong)


def test_guidance_moves_away_from_what_nobody_asked_for(flow: PictureFlowDecoder) -> None:
    off, on, rescaled = (
        made(flow, guidance=w, guidance_rescale=r) for w, r in ((1.0, 0.0), (4.0, 0.0), (4.0, 1.0))
    )
    assert np.abs(off - on).mean() > NUMERIC and np.abs(on - rescaled).mean() > NUMERIC


@pytest.mark.parametrize("family", ["flow", "diffusion"])
def test_a_picture_is_changed_as_much_as_asked(request: Any, family: str) -> None:
    stage = request.getfixturevalue(family)
    before = Latents(np.random.default_rng(0).standard_normal((3, 8, 8)).astype(np.float32), 64)
    same, little, much, new = (made(stage, edit=Edit(before, s), steps=8) for s in (0.0, 0.1, 0.6, 1.0))
    np.testing.assert_allclose(same, before.values, atol=1e-6)
    changes = [np.abs(each - before.values).mean() for each in (little, much, new)]
    assert changes[0] < changes[1] < changes[2]
    np.testing.assert_allclose(new, made(stage, steps=8), atol=NUMERIC)


@pytest.mark.parametrize("family", ["flow", "diffusion"])
def test_outside_the_mask_everything_stays(request: Any, family: str) -> None:
    stage = request.getfixturevalue(family)
    before = Latents(np.random.default_rng(0).standard_normal((3, 8, 8)).astype(np.float32), 64)
    mask = np.zeros((8, 8), np.float32)
    mask[2:5, 3:7] = 1
    after = made(stage, edit=Edit(before, 1.0, mask), steps=6)
    np.testing.assert_allclose(after[:, mask == 0], before.values[:, mask == 0], atol=5e-3)
    assert np.abs(after - before.values)[:, mask == 1].mean() > 0.1


def test_steps_can_be_watched(flow: PictureFlowDecoder) -> None:
    seen: list[tuple[int, int, np.ndarray]] = []
    last = flow(
        CONTOUR,
        CAT,
        Sampling(steps=4),
        silent,
        Options(lambda done, of, x: seen.append((done, of, x.values))),
    )
    assert [(done, of) for done, of, _ in seen] == [(k, 4) for k in (1, 2, 3, 4)]
    np.testing.assert_array_equal(seen[-1][2], last.values)


def test_recipes_of_before_walk_by_heun(flow: PictureFlowDecoder) -> None:
    stage = PictureFlowDecoder(dataclasses.replace(flow.config, heun_steps=4), flow.network, device="cpu")
    np.testing.assert_array_equal(made(stage, grids=2), made(flow, scheduler="heun", steps=4))
    np.testing.assert_array_equal(made(stage, grids=2, steps=2), made(flow, scheduler="heun", steps=2))
    np.testing.assert_array_equal(made(stage), made(flow, scheduler="dpm-solver++", steps=3))


def test_latents_of_another_shape_are_refused(flow: PictureFlowDecoder) -> None:
    wrong = Edit(Latents(np.zeros((4, 8, 8), np.float32), 64), 0.5)
    with pytest.raises(InvalidRequest, match=r"\[4, 8, 8\].*\[3, 8, 8\]"):
        made(flow, edit=wrong)


def test_an_unknown_scheduler_lists_those_there_are(flow: PictureFlowDecoder) -> None:
    with pytest.raises(InvalidRequest, match="euler, heun, midpoint"):
        made(flow, scheduler="ddim")


def test_it_can_be_cancelled(flow: PictureFlowDecoder) -> None:
    with pytest.raises(Cancelled):
        flow(CONTOUR, CAT, Sampling(), lambda stage, step, total: step < 1)


def test_phrases_come_before_their_words_and_unknown_ones_are_left_out() -> None:
    known = ("cat", "big eyes", "big", "red", "panda")
    assert word_ids(("cat", "big eyes"), known, 4) == [1, 2]
    assert word_ids(("red panda", "dog", None), known, 4) == [4, 5]
    assert word_ids(("cat", "cat", "red", "panda"), known, 2) == [1, 4]


def test_what_is_saved_is_what_is_loaded(diffusion: PictureDiffusionDecoder, tmp_path: Path) -> None:
    diffusion.save_pretrained(tmp_path, storage="fp32")
    again = PictureDiffusionDecoder.from_pretrained(tmp_path, device="cpu")
    again.dtype = torch.float32
    assert again.config == diffusion.config
    np.testing.assert_allclose(made(again), made(diffusion), atol=NUMERIC)
