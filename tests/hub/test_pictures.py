"""Pretrained pictures: the adapter gives what the bare call gives; same recipes, same `again`."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from audiogen.artifacts import Picture
from audiogen.cli import main
from audiogen.compat import import_diffusers
from audiogen.errors import InvalidRequest, MissingModel
from audiogen.hub import ModelChoice
from audiogen.making import Request, make, understand
from audiogen.media import png
from audiogen.stage import Sampling

pytestmark = pytest.mark.slow
Hub = Callable[[str], Path]
WORDS = "a violin on the moon"  # nothing that our own models know
LOADED: dict[Any, Any] = {}  # the toys, shared by all tests here


def sampling(**more: Any) -> Sampling:
    return Sampling(**{"seed": 7, "steps": 2, **more})


def picture(request: Request) -> np.ndarray:
    (take,) = make(dataclasses.replace(request, watermark=False), loaded=LOADED)
    assert take.picture is not None
    return take.picture.pixels


def bare(folder: Path, auto: str = "Text2Image", seed: int = 7, **call: Any) -> np.ndarray:
    """The call of diffusers itself, with the noise of a seed of ours."""
    pipe = getattr(import_diffusers(), f"AutoPipelineFor{auto}").from_pretrained(folder)
    pipe.set_progress_bar_config(disable=True)
    noise = torch.Generator("cpu").manual_seed(Sampling(seed=seed).seed_for("decoder"))
    made = pipe(WORDS, num_inference_steps=2, generator=noise, output_type="np", **call)
    return made.images[0].transpose(2, 0, 1)


@pytest.fixture
def request_(hub: Hub) -> Request:
    return Request(WORDS, sampling=sampling(), model=ModelChoice(str(hub("pictures"))), device="cpu")


def test_words_become_the_very_pixels_of_the_bare_call(hub: Hub, request_: Request) -> None:
    np.testing.assert_array_equal(picture(request_), bare(hub("pictures")))
    asked = dataclasses.replace(
        request_, negative="blurry", size=48, sampling=sampling(guidance=3.0, scheduler="euler")
    )
    call = {"negative_prompt": "blurry", "guidance_scale": 3.0, "height": 48, "width": 48}
    pipe = import_diffusers().AutoPipelineForText2Image.from_pretrained(hub("pictures"))
    pipe.set_progress_bar_config(disable=True)
    pipe.scheduler = import_diffusers().EulerDiscreteScheduler.from_config(pipe.scheduler.config)
    noise = torch.Generator("cpu").manual_seed(Sampling(seed=7).seed_for("decoder"))
    made = pipe(WORDS, num_inference_steps=2, generator=noise, output_type="np", **call).images[0]
    np.testing.assert_array_equal(picture(asked), made.transpose(2, 0, 1))


def test_a_batch_is_its_items_and_seeds_differ(request_: Request) -> None:
    batch = [
        take.picture.pixels
        for take in make(
            dataclasses.replace(request_, sampling=sampling(n=2), watermark=False), loaded=LOADED
        )
        if take.picture is not None
    ]
    np.testing.assert_array_equal(batch[1], picture(dataclasses.replace(request_, sampling=sampling(seed=8))))
    assert np.abs(batch[0] - batch[1]).max() > 1e-3


def test_a_picture_is_changed_everywhere_or_within_a_mask(hub: Hub, request_: Request) -> None:
    begun = picture(request_)
    image = Image.fromarray(np.round(255 * begun).astype(np.uint8).transpose(1, 2, 0))
    changed = dataclasses.replace(request_, init=Picture(begun), strength=0.6, sampling=sampling(seed=9))
    np.testing.assert_array_equal(
        picture(changed), bare(hub("pictures"), "Image2Image", 9, image=image, strength=0.6)
    )
    mask = np.zeros((3, 32, 32), np.float32)
    mask[:, :, 16:] = 1
    within = picture(dataclasses.replace(changed, mask=Picture(mask), strength=1.0))
    np.testing.assert_array_equal(within[:, :, :16], begun[:, :, :16])
    assert np.abs(within[:, :, 20:] - begun[:, :, 20:]).max() > 0.01
    np.testing.assert_array_equal(picture(dataclasses.replace(changed, strength=0.0)), begun)


def test_our_contour_steers_their_controlnet(tiny: Path, hub: Hub) -> None:
    """The structure stage of ours draws the 7; strength 0 is the model without a ControlNet."""
    choice = ModelChoice(str(hub("pictures")), controlnet=str(hub("controlnet")))
    asked = Request("digit 7, neon", sampling=sampling(), model=choice, device="cpu", watermark=False)
    assert understand(asked).stages == {"structure": "pixelcnn", "decoder": "controlnet"}
    (take,) = make(asked, loaded=LOADED)
    assert take.contour is not None and take.picture is not None
    steered = take.picture.pixels
    none = picture(dataclasses.replace(asked, sampling=sampling(structure_strength=0.0)))
    half = picture(dataclasses.replace(asked, sampling=sampling(structure_strength=0.5)))
    plain = picture(dataclasses.replace(asked, model=ModelChoice(str(hub("pictures")))))
    np.testing.assert_array_equal(none, plain)
    assert np.abs(steered - plain).max() > np.abs(half - plain).max() > 1e-3
    with pytest.raises(InvalidRequest, match="draw"):
        understand(dataclasses.replace(asked, prompt="nothing that is known"))


def test_again_is_bit_for_bit(tiny: Path, hub: Hub, capsys: pytest.CaptureFixture[str]) -> None:
    model = ["--model", str(hub("pictures")), "--steps", "2", "--seed", "3", "-q", "--device", "cpu"]
    words = ["--style", "watercolor", "--quality", "good", "--negative", "people"]
    assert main(["make", WORDS, *model, *words, "-o", "a.png"]) == 0
    recipe = png.read_recipe(tiny / "a.png")
    assert recipe is not None and recipe["pipeline"] == {"decoder": "text-to-image"}
    assert recipe["conditioning"]["wording"].startswith(f"{WORDS}, watercolor painting")
    assert recipe["conditioning"]["negative"].startswith("people, photo")
    assert main(["again", "a.png", "-q"]) == 0
    assert (tiny / "a.png").read_bytes() == (tiny / "a-again.png").read_bytes()
    steered = [*model, "--controlnet", str(hub("controlnet"))]
    assert main(["make", "digit 7", *steered, "-o", "c.png", "--keep-structure"]) == 0
    assert main(["again", "c.png", "-q"]) == 0
    assert (tiny / "c.png").read_bytes() == (tiny / "c-again.png").read_bytes()
    assert main(["decode", "c.contour.png", "digit 7", *steered, "-o", "d.png"]) == 0
    np.testing.assert_array_equal(Picture.load("c.png").pixels, Picture.load("d.png").pixels)
    assert main(["make", WORDS, *model, "--init", "a.png", "--strength", "0.6", "-o", "e.png"]) == 0
    assert main(["again", "e.png", "-q"]) == 0
    assert (tiny / "e.png").read_bytes() == (tiny / "e-again.png").read_bytes()
    gone = ["again", "a.png", "--model", "./gone", "-o", "b.png", "-q"]
    assert main(gone) == MissingModel.exit_code
    capsys.readouterr()


def test_a_half_broken_folder_is_refused_in_one_line(
    hub: Hub, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import shutil

    folder = tmp_path / "broken"
    shutil.copytree(hub("pictures"), folder)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    arguments = ["make", WORDS, "--steps", "1", "-o", str(tmp_path / "x.png"), "-q", "--device", "cpu"]
    assert main([*arguments, "--model", str(folder)]) == MissingModel.exit_code
    weights.unlink()
    assert main([*arguments, "--model", str(folder)]) == MissingModel.exit_code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len([line for line in lines if line.startswith("audiogen: ")]) == 2
    assert "Traceback" not in "".join(lines) and not (tmp_path / "x.png").exists()


def test_a_model_in_one_file_gives_the_pixels_of_its_folder(
    hub: Hub, request_: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    folder = hub("pictures")
    file = hub("single") / "toy.safetensors"
    choice = ModelChoice(str(file), config=str(folder))
    np.testing.assert_array_equal(picture(dataclasses.replace(request_, model=choice)), bare(folder))
    with pytest.raises(MissingModel, match="--config FOLDER"):
        picture(dataclasses.replace(request_, model=ModelChoice(str(file), config="owner/name")))
