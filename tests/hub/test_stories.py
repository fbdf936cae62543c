"""One-Prompt-One-Story on toy models: what is changed is changed, and everything else is as it was."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from audiogen.artifacts import Conditioning, Picture
from audiogen.cli import main
from audiogen.compat import import_diffusers
from audiogen.errors import Cancelled, InvalidRequest
from audiogen.hub import ModelChoice
from audiogen.hub.identity import Identity, attending, cross_attentions
from audiogen.hub.one_prompt import OnePrompt
from audiogen.hub.pictures import TextToImage
from audiogen.hub.stories import Telling
from audiogen.making import Request, make
from audiogen.media import png
from audiogen.stage import Sampling
from audiogen.story import StoryRequest, tell

pytestmark = pytest.mark.slow
Hub = Callable[[str], Path]
FRAMES = ("in snow", "at sea", "at home")
LOADED: dict[Any, Any] = {}
STOCK = 1e-6  # two ways of summing the same attention in float32


def request(hub: Hub, toy: str = "pictures", **more: Any) -> StoryRequest:
    given: dict[str, Any] = {"sampling": Sampling(seed=7, steps=2), "device": "cpu"}
    return StoryRequest("a fox", FRAMES, **{**given, "model": ModelChoice(str(hub(toy))), **more})


def pixels(asked: StoryRequest, **how: Any) -> list[np.ndarray]:
    return [frame.picture.pixels for frame in tell(asked, loaded=LOADED, **how)]


@pytest.fixture
def unet(hub: Hub) -> Any:
    folder = hub("pictures") / "unet"
    return import_diffusers().UNet2DConditionModel.from_pretrained(folder).eval()


def run(unet: Any, identity: Identity | None, words: torch.Tensor, seed: int = 0) -> torch.Tensor:
    noise = torch.randn(len(words), 4, 16, 16, generator=torch.Generator().manual_seed(seed))
    with torch.no_grad(), attending(unet, identity):
        return unet(noise, 10, words).sample


def words(*shape: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def test_an_empty_identity_is_the_stock_attention(unet: Any) -> None:
    told = words(2, 77, 16)
    nobody = Identity(words(1, 77, 16, seed=2), torch.zeros(77, dtype=torch.bool), guided=True)
    torch.testing.assert_close(run(unet, nobody, told), run(unet, None, told), atol=STOCK, rtol=0)


def test_the_half_that_hears_the_negative_prompt_is_untouched(unet: Any) -> None:
    told = words(2, 77, 16)
    fox = Identity(words(1, 77, 16, seed=2), torch.arange(77) < 3, guided=True)
    stock, ours = run(unet, None, told), run(unet, fox, told)
    torch.testing.assert_close(ours[0], stock[0], atol=STOCK, rtol=0)
    assert (ours[1] - stock[1]).abs().max() > 1e-4
    without = dataclasses.replace(fox, guided=False, keys={})
    assert (run(unet, without, told)[0] - stock[0]).abs().max() > 1e-4


def test_attention_is_that_of_the_formula(unet: Any) -> None:
    """softmax(Q [K; K_id]^T / sqrt d) [V; V_id], with the identity's masked columns left out of the sum."""
    name = cross_attentions(unet)[0]
    attn = unet.get_submodule(name.removesuffix(".processor"))
    told, who, keep = words(1, 5, 16), words(1, 4, 16, seed=2), torch.tensor([True, True, False, False])
    hidden = words(1, 9, attn.to_q.in_features, seed=3)
    with torch.no_grad(), attending(unet, Identity(who, keep, guided=False)):
        ours = attn(hidden, encoder_hidden_states=told)
    with torch.no_grad():
        both = torch.cat([told, who[:, keep]], 1)
        q, k, v = attn.to_q(hidden), attn.to_k(both), attn.to_v(both)
        q, k, v = (x.view(1, -1, attn.heads, x.shape[-1] // attn.heads).transpose(1, 2) for x in (q, k, v))
        weights = (q @ k.transpose(-1, -2) / q.shape[-1] ** 0.5).softmax(-1)
        wanted = attn.to_out[0]((weights @ v).transpose(1, 2).flatten(2))
    torch.testing.assert_close(ours, wanted, atol=STOCK, rtol=1e-5)


def test_the_keys_of_the_identity_are_those_of_a_whole_pass_at_any_step(unet: Any) -> None:
    """The published code denoises the identity prompt first and stores K and V of every layer and step."""
    who = words(1, 77, 16, seed=2)
    fox = Identity(who, torch.arange(77) < 3, guided=False)
    run(unet, fox, words(1, 77, 16))
    for step in (1, 500):
        stored = keys_of_a_pass(unet, who, step)
        for name, (key, value) in fox.keys.items():
            layer = name.removesuffix(".processor")
            torch.testing.assert_close(stored[f"{layer}.to_k"], key)
            torch.testing.assert_close(stored[f"{layer}.to_v"], value)


def keys_of_a_pass(unet: Any, told: torch.Tensor, step: int) -> dict[str, torch.Tensor]:
    """What `to_k` and `to_v` of every cross-attention give at a step, from noise of its own."""
    stored: dict[str, torch.Tensor] = {}

    def keep(name: str) -> Any:
        return lambda part, x, out: stored.__setitem__(name, out)

    hooks = [
        part.register_forward_hook(keep(name))
        for name, part in unet.named_modules()
        if "attn2" in name and name.endswith(("to_k", "to_v"))
    ]
    with torch.no_grad():
        unet(words(1, 4, 16, 16, seed=step), step, told)
    for hook in hooks:
        hook.remove()
    return stored


def test_before_its_first_step_it_is_not_at_work(unet: Any) -> None:
    told = words(1, 77, 16)
    late = Identity(words(1, 77, 16, seed=2), torch.arange(77) < 3, guided=False, begin=5)
    torch.testing.assert_close(run(unet, late, told), run(unet, None, told))
    late.step = 5
    assert (run(unet, late, told) - run(unet, None, told)).abs().max() > 1e-4


def test_dropout_leaves_out_looks_and_follows_its_seed(unet: Any) -> None:
    told = words(1, 77, 16)
    fox = Identity(words(1, 77, 16, seed=2), torch.arange(77) < 20, guided=False)

    def dropped(share: float, seed: int) -> torch.Tensor:
        noise = torch.Generator().manual_seed(seed)
        return run(unet, dataclasses.replace(fox, dropout=share, noise=noise), told)

    torch.testing.assert_close(dropped(0.5, 1), dropped(0.5, 1))
    assert (dropped(0.5, 1) - dropped(0.5, 2)).abs().max() > 1e-6
    nothing_left = dropped(0.999999, 1)
    torch.testing.assert_close(nothing_left, run(unet, None, told), atol=1e-4, rtol=0)


@pytest.mark.parametrize("toy", ["pictures", "xl"])
def test_a_frame_alone_is_the_frame_of_the_story_and_the_model_is_as_before(hub: Hub, toy: str) -> None:
    asked = request(hub, toy)
    whole = pixels(asked)
    assert len(whole) == 3 and np.abs(whole[0] - whole[1]).max() > 1e-4
    np.testing.assert_array_equal(pixels(asked, only=[2])[0], whole[1])
    plain = Request("a fox in snow at sea at home", sampling=asked.sampling, model=asked.model, device="cpu")
    (before,) = make(dataclasses.replace(plain, path="picture"))
    (after,) = make(dataclasses.replace(plain, path="picture"), loaded=LOADED)
    assert before.picture is not None and after.picture is not None
    np.testing.assert_array_equal(before.picture.pixels, after.picture.pixels)


@pytest.mark.parametrize("toy", ["pictures", "xl"])
def test_with_everything_off_a_frame_is_its_long_prompt(hub: Hub, toy: str) -> None:
    off = OnePrompt(svr="original", ipca=False)
    made = pixels(request(hub, toy, how=off), only=[1])[0]
    plain = Request(
        "a fox in snow at sea at home",
        path="picture",
        sampling=Sampling(seed=7, steps=2),
        model=ModelChoice(str(hub(toy))),
        device="cpu",
    )
    (take,) = make(plain, loaded=LOADED)
    assert take.picture is not None
    np.testing.assert_array_equal(made, take.picture.pixels)


def test_a_story_of_one_frame_is_a_plain_picture(hub: Hub) -> None:
    asked = dataclasses.replace(request(hub), frames=("in snow",))
    plain = Request("a fox in snow", path="picture", sampling=asked.sampling, model=asked.model, device="cpu")
    (take,) = make(plain, loaded=LOADED)
    assert take.picture is not None
    np.testing.assert_array_equal(pixels(asked)[0], take.picture.pixels)


def test_each_part_does_something(hub: Hub) -> None:
    made = [
        pixels(request(hub, how=how), only=[1])[0]
        for how in (OnePrompt(), OnePrompt(svr="svr-eot"), OnePrompt(ipca=False), OnePrompt(ipca_from=1))
    ]
    for k, one in enumerate(made):
        for other in made[:k]:
            assert np.abs(one - other).max() > 1e-6


def test_in_slices_it_is_the_same_story(hub: Hub) -> None:
    how = OnePrompt(ipca_from=1)  # both the stock attention and ours
    sliced = request(hub, model=ModelChoice(str(hub("pictures")), slicing=True), how=how)
    made, whole = pixels(sliced, only=[1])[0], pixels(request(hub, how=how), only=[1])[0]
    np.testing.assert_allclose(made, whole, atol=1e-3)


def test_guidance_off(hub: Hub) -> None:
    asked = request(hub, sampling=Sampling(seed=7, steps=2, guidance=1.0))
    made = pixels(asked, only=[1])[0]
    assert np.isfinite(made).all()
    without = pixels(dataclasses.replace(asked, how=OnePrompt(ipca=False)), only=[1])[0]
    assert np.abs(made - without).max() > 1e-6


@pytest.fixture
def stage(hub: Hub) -> TextToImage:
    return TextToImage.from_pretrained(ModelChoice(str(hub("pictures"))), device="cpu")


def test_processors_are_restored_after_an_error(stage: TextToImage) -> None:
    before = dict(stage.pipe.unet.attn_processors)
    telling = Telling(stage, "a fox", FRAMES, OnePrompt())

    def stop(name: str, step: int, total: int) -> bool:
        return False

    with pytest.raises(Cancelled):
        telling.frame(0)(Conditioning("x"), Conditioning("x"), Sampling(steps=2), stop)
    assert stage.pipe.unet.attn_processors == before


def test_both_encoders_of_xl_are_reweighted_apart(hub: Hub) -> None:
    stage = TextToImage.from_pretrained(ModelChoice(str(hub("xl"))), device="cpu")
    telling = Telling(stage, "a fox", FRAMES, OnePrompt())
    assert telling.how.rescale is False
    embeds = words(77, 40)
    made = telling.weighed(embeds, telling.windows[0])
    changed = embeds.clone()
    changed[:, 16:] += 1.0  # the second encoder alone
    torch.testing.assert_close(telling.weighed(changed, telling.windows[0])[:, :16], made[:, :16])
    told = telling.embeds(stage.pipe, telling.windows[0], "", True)
    assert told["pooled_prompt_embeds"].abs().max() > 0
    telling.how = OnePrompt(without_pooled=True, rescale=False)
    assert not telling.embeds(stage.pipe, telling.windows[0], "", True)["pooled_prompt_embeds"].any()


def test_what_stands_before_and_in_the_identity_is_never_touched(stage: TextToImage) -> None:
    telling = Telling(stage, "a fox", FRAMES, OnePrompt())
    embeds = words(77, 16)
    kept = 1 + telling.count("a fox")
    made = telling.weighed(embeds, telling.windows[0])
    torch.testing.assert_close(made[:kept], embeds[:kept])
    assert ((made - embeds)[kept:].abs().amax(-1) > 0).all()


def test_a_model_without_cross_attention_is_refused(stage: TextToImage) -> None:
    other = copy.copy(stage)
    other.pipe = type("Pipe", (), {"tokenizer": None, "text_encoder": None, "unet": None})()
    with pytest.raises(InvalidRequest, match="has no cross-attention"):
        Telling(other, "a fox", FRAMES, OnePrompt())


def test_it_is_said_where_not_all_frames_fit_into_one_prompt(hub: Hub) -> None:
    long = dataclasses.replace(request(hub), frames=tuple(letter * 30 for letter in "abc"))
    (frame,) = tell(long, only=[1], loaded=LOADED)
    said = frame.recipe["remarks"][0]
    assert "holds 2 of the 3 frames" in said and f"fall 3 ('{'c' * 30}')" in said
    (frame,) = tell(request(hub), only=[1], loaded=LOADED)
    assert "remarks" not in frame.recipe


def test_too_long_is_said_by_name(hub: Hub) -> None:
    long = dataclasses.replace(request(hub), frames=("in snow", "x" * 80))
    with pytest.raises(InvalidRequest, match="frame 2"):
        list(tell(long, loaded=LOADED))
    with pytest.raises(InvalidRequest, match="identity has"):
        list(tell(dataclasses.replace(request(hub), identity="y" * 90), loaded=LOADED))


def test_a_story_costs_its_pictures_and_no_other_pass(hub: Hub) -> None:
    """Steps times frames calls of the UNet with one picture at a time, one more sentence for the text
    encoder, and the identity's keys and values in memory."""
    stage = TextToImage.from_pretrained(ModelChoice(str(hub("pictures"))), device="cpu")
    calls: list[int] = []
    sentences: list[int] = []
    stage.pipe.unet.register_forward_hook(lambda part, x, out: calls.append(len(x[0])))
    stage.pipe.text_encoder.register_forward_hook(lambda part, x, out: sentences.append(1))
    telling = Telling(stage, "a fox", FRAMES, OnePrompt())
    for number in range(len(FRAMES)):
        words_ = Conditioning("x")
        telling.frame(number)(words_, words_, Sampling(steps=3), lambda stage, step, total: True)
    assert calls == [2] * 3 * len(FRAMES), "with the words and without, of one picture"
    assert len(sentences) == 2 * len(FRAMES) + 1, "prompt and negative prompt of each frame, and the identity"
    kept = telling.looks(stage.pipe, True, Sampling())
    assert kept is not None and set(kept.keys) == set(cross_attentions(stage.pipe.unet))
    width = {name: key.shape[-1] for name, (key, _) in kept.keys.items()}
    numbers = sum(key.numel() + value.numel() for key, value in kept.keys.values())
    assert numbers == sum(2 * 77 * each for each in width.values())


def test_the_verb_with_a_model_and_again_bit_for_bit(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    model = ["--model", str(hub("pictures")), "--device", "cpu", "--steps", "2", "--seed", "3", "-q"]
    how = [
        "--window",
        "2",
        "--svr",
        "svr-eot",
        "--ipca-from",
        "1",
        "--svr-weaken",
        "0.02,0.1",
        "--negative",
        "blurry",
        "--style",
        "oil",
    ]
    folder = tmp_path / "fox"
    assert main(["story", "a fox", *FRAMES, *model, *how, "-o", str(folder)]) == 0
    first, second = folder / "01-in-snow.png", folder / "02-at-sea.png"
    recipe = png.read_recipe(second)
    assert recipe is not None and recipe["story"]["how"]["window"] == 2
    assert recipe["story"]["how"]["weaken"] == [0.02, 0.1]
    assert recipe["conditioning"]["negative"].startswith("blurry, photo")
    assert recipe["conditioning"]["prompt"].startswith("a fox, oil painting")
    assert main(["again", str(second), "-q"]) == 0
    assert (folder / "02-at-sea-again.png").read_bytes() == second.read_bytes()
    assert main(["again", str(folder / "recipe.json"), "-q"]) == 0
    assert (tmp_path / "fox-again" / "01-in-snow.png").read_bytes() == first.read_bytes()
    moved = tmp_path / "elsewhere"
    shutil.copytree(hub("pictures"), moved)
    assert main(["again", str(first), "--model", str(moved), "-o", str(tmp_path / "x.png"), "-q"]) == 0
    np.testing.assert_array_equal(Picture.load(tmp_path / "x.png").pixels, Picture.load(first).pixels)
    capsys.readouterr()
    refused = {
        "leave out --controlnet": ["--controlnet", str(hub("controlnet"))],
        "leave out one": ["--decoder", "flow"],
        "frame 3": ["--negative", "x"],
    }
    for words_, more in refused.items():
        frames = ["in snow", "at sea", "y" * 80]
        assert main(["story", "a fox", *frames, *model, *more, "-o", str(tmp_path / "n")]) == 2
        said = capsys.readouterr().err
        assert words_ in said and said.count("audiogen: ") == 1
    assert main(["story", "a fox", "x", "--model", str(hub("musicgen")), "-o", str(tmp_path / "n")]) == 2
    assert "of the stage musicgen" in capsys.readouterr().err
