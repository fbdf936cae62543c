"""Whatever AutoPipeline loads: SDXL with its refiner and ControlNets, Stable Diffusion 3, Flux."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from audiogen.artifacts import Contour, Picture
from audiogen.cli import main
from audiogen.compat import import_diffusers
from audiogen.errors import InvalidRequest
from audiogen.hub import CallSettings, ModelChoice
from audiogen.hub.images import levels
from audiogen.making import Request, make, understand
from audiogen.media import drawing, png
from audiogen.stage import Sampling

pytestmark = pytest.mark.slow
Hub = Callable[[str], Path]
WORDS = "a violin on the moon"
STEPS, SIZE = 3, 32
LOADED: dict[Any, Any] = {}  # the toys, shared by all tests here
BARE: dict[Any, Any] = {}  # the pipelines of the bare calls
MASK = np.zeros((3, SIZE, SIZE), np.float32)
MASK[:, :, SIZE // 2 :] = 1
INSIDE = np.s_[:, :, 3 * SIZE // 4 :]  # beyond the soft edge of the mask


def asked(folder: Path, **more: Any) -> Request:
    choice = ModelChoice(str(folder), **more.pop("how", {}))
    settings = CallSettings(**more.pop("settings", {}))
    sampling = Sampling(**{"seed": 7, "steps": STEPS, **more.pop("sampling", {})})
    base = Request(WORDS, sampling=sampling, model=choice, settings=settings, device="cpu", watermark=False)
    return dataclasses.replace(base, **{"size": SIZE, **more})


def picture(request: Request) -> np.ndarray:
    (take,) = make(request, loaded=LOADED)
    assert take.picture is not None
    return take.picture.pixels


def noise() -> torch.Generator:
    return torch.Generator("cpu").manual_seed(Sampling(seed=7).seed_for("decoder"))


def pipeline(auto: str, folder: Path, **parts: Any) -> Any:
    if (auto, folder) not in BARE:
        made = getattr(import_diffusers(), auto).from_pretrained(folder, **parts)
        made.set_progress_bar_config(disable=True)
        BARE[auto, folder] = made
    return BARE[auto, folder]


def bare(auto: str, folder: Path, **call: Any) -> np.ndarray:
    """The call of diffusers itself, with the noise of a seed of ours."""
    made = pipeline(f"AutoPipelineFor{auto}", folder)(
        WORDS, num_inference_steps=STEPS, generator=noise(), output_type="np", **call
    )
    return made.images[0].transpose(2, 0, 1)


@pytest.mark.parametrize("family", ["xl", "sd3", "flux"])
def test_every_family_gives_the_very_pixels_of_the_bare_call(hub: Hub, family: str) -> None:
    """Words, a picture that is changed, and within a mask."""
    folder, size = hub(family), {"height": SIZE, "width": SIZE}
    begun = picture(asked(folder))
    np.testing.assert_array_equal(begun, bare("Text2Image", folder, **size))
    changed = asked(folder, init=Picture(begun), strength=0.7)
    call = {"image": levels(begun), "strength": 0.7}
    np.testing.assert_array_equal(
        picture(changed), bare("Image2Image", folder, **call, **(size if family != "xl" else {}))
    )
    within = picture(dataclasses.replace(changed, mask=Picture(MASK)))
    wanted = bare("Inpainting", folder, **call, **size, mask_image=levels(MASK))
    np.testing.assert_allclose(within[INSIDE], wanted[INSIDE], atol=1e-6)  # of the blend with the old
    np.testing.assert_array_equal(within[:, :, : SIZE // 2], begun[:, :, : SIZE // 2])
    assert np.abs(wanted[INSIDE] - begun[INSIDE]).max() > 0.01


def test_a_model_of_flow_matching_names_its_schedulers(hub: Hub) -> None:
    heun = asked(hub("sd3"), sampling={"scheduler": "heun"})
    assert np.abs(picture(heun) - picture(asked(hub("sd3")))).max() > 1e-3
    with pytest.raises(InvalidRequest, match="learned flow matching"):
        picture(asked(hub("sd3"), sampling={"scheduler": "ddim"}))


def test_a_refiner_takes_the_last_steps(hub: Hub) -> None:
    base, refiner = hub("xl"), hub("refiner")
    request = asked(base, how={"refiner": str(refiner)}, settings={"refine_from": 0.5}, sampling={"steps": 4})
    generator, steps = noise(), {"num_inference_steps": 4}
    half = pipeline("AutoPipelineForText2Image", base)(
        WORDS,
        generator=generator,
        height=SIZE,
        width=SIZE,
        denoising_end=0.5,
        output_type="latent",
        **steps,
    ).images
    made = pipeline("StableDiffusionXLImg2ImgPipeline", refiner)(
        WORDS, image=half, denoising_start=0.5, generator=generator, output_type="np", **steps
    ).images[0]
    np.testing.assert_array_equal(picture(request), made.transpose(2, 0, 1))


@pytest.mark.parametrize(
    ("family", "shown"), [("xl", "image"), ("sd3", "control_image"), ("flux", "control_image")]
)
def test_a_controlnet_steers_from_one_step_to_another(tiny: Path, hub: Hub, family: str, shown: str) -> None:
    """Our contour and its share of the steps; strength 0 is no ControlNet; a refiner refines the picture."""
    base, net = hub(family), hub(f"{family}control")
    ring = np.zeros((64, 64), np.float32)
    ring[16:48, 16:48] = 1
    ring[20:44, 20:44] = 0
    request = asked(base, how={"controlnet": str(net)}, source=Contour(ring))
    window = dataclasses.replace(request, settings=CallSettings(control_start=0.3, control_end=0.7))
    diffusers = import_diffusers()
    control = levels(np.repeat(drawing.enlarged(ring, SIZE)[None], 3, 0))
    pipe = diffusers.AutoPipelineForText2Image.from_pipe(
        pipeline("AutoPipelineForText2Image", base), controlnet=diffusers.AutoModel.from_pretrained(str(net))
    )
    pipe.set_progress_bar_config(disable=True)
    torch.manual_seed(Sampling(seed=7).seed_for("decoder"))  # with it SD 3 encodes the control picture
    made = pipe(
        WORDS,
        **{shown: control},
        controlnet_conditioning_scale=1.0,
        control_guidance_start=0.3,
        control_guidance_end=0.7,
        num_inference_steps=STEPS,
        generator=noise(),
        height=SIZE,
        width=SIZE,
        output_type="np",
    ).images[0]
    np.testing.assert_array_equal(picture(window), made.transpose(2, 0, 1))
    whole, none = picture(request), picture(asked(base))
    assert np.abs(whole - made.transpose(2, 0, 1)).max() > 1e-3 and np.abs(whole - none).max() > 1e-3
    off = dataclasses.replace(request, sampling=Sampling(seed=7, steps=STEPS, structure_strength=0.0))
    np.testing.assert_array_equal(picture(off), none)
    if family != "xl":
        return
    refined = dataclasses.replace(
        request,
        model=ModelChoice(str(base), controlnet=str(net), refiner=str(hub("refiner"))),
        settings=CallSettings(refine_from=0.5),
    )
    assert np.abs(picture(refined) - whole).max() > 1e-3


def test_a_controlnet_sees_a_picture_of_the_users_as_it_is(hub: Hub, tmp_path: Path) -> None:
    base, net = hub("pictures"), hub("controlnet")
    across = np.linspace(0, 1, 48, dtype=np.float32)
    depth = np.stack(np.broadcast_arrays(across[None], across[:, None], 0.5 * across[None]))
    levels(depth).save(tmp_path / "depth.png")
    how = {"controlnet": str(net)}
    shown = asked(base, how=how, source=tmp_path / "depth.png", settings={"control_as": "is"})
    diffusers = import_diffusers()
    pipe = diffusers.StableDiffusionControlNetPipeline.from_pretrained(
        base, controlnet=diffusers.ControlNetModel.from_pretrained(net)
    )
    pipe.set_progress_bar_config(disable=True)
    image = levels(drawing.resized(Picture.load(tmp_path / "depth.png").pixels, SIZE))
    made = pipe(
        WORDS,
        image=image,
        num_inference_steps=STEPS,
        generator=noise(),
        height=SIZE,
        width=SIZE,
        output_type="np",
    ).images[0]
    np.testing.assert_array_equal(picture(shown), made.transpose(2, 0, 1))
    edges = dataclasses.replace(shown, settings=CallSettings(control_as="canny"))
    assert np.abs(picture(edges) - picture(shown)).max() > 1e-3
    for wrong, words in (
        (asked(base, settings={"control_as": "is"}), "--control-as is for a ControlNet"),
        (asked(base, settings={"control_end": 0.5}), "--control-end is for a ControlNet"),
        (asked(base, how=how, settings={"control_as": "is"}), "give it with --structure FILE.png"),
    ):
        with pytest.raises(InvalidRequest, match=words):
            understand(wrong)


def test_a_family_that_only_paints_words_says_so(hub: Hub) -> None:
    """Sana has a text encoder and an image decoder of its own, and AutoPipeline loads it all the same."""
    sana = asked(hub("sana"), size=512)
    np.testing.assert_array_equal(picture(sana), bare("Text2Image", hub("sana"), height=512, width=512))
    tiled = dataclasses.replace(sana, model=ModelChoice(str(hub("sana")), tiles=256))
    assert np.abs(picture(tiled) - picture(sana)).max() > 0
    changed = dataclasses.replace(sana, init=Picture(picture(sana)), strength=0.7)
    with pytest.raises(InvalidRequest, match="knows no --init; leave it out"):
        picture(changed)


@pytest.mark.parametrize(("name", "auto"), [("x4", "Upscale"), ("x2", "LatentUpscale")])
def test_an_upscaler_makes_any_picture_larger(hub: Hub, name: str, auto: str) -> None:
    small = picture(asked(hub("pictures"), size=64))
    request = asked(
        hub("pictures"), size=64, upscale=ModelChoice(str(hub(name))), settings={"upscale_steps": 2}
    )
    pipe = pipeline(f"StableDiffusion{auto}Pipeline", hub(name))
    generator = torch.Generator("cpu").manual_seed(Sampling(seed=7).seed_for("upscaler"))
    made = pipe(
        prompt=WORDS, image=levels(small), num_inference_steps=2, generator=generator, output_type="np"
    ).images[0]
    side = 64 * int(name[1])
    assert made.shape == (side, side, 3)
    np.testing.assert_array_equal(picture(request), made.transpose(2, 0, 1))


def test_a_picture_of_ours_is_made_larger_and_again(
    tiny: Path, hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["make", "watercolor digit 7", "--size", "384", "--steps", "1", "--seed", "3", "--device", "cpu"]
    larger = ["--upscale", str(hub("x2")), "--upscale-steps", "1"]
    assert main([*words, *larger, "-o", "a.png", "-q"]) == 0
    assert Image.open("a.png").size == (768, 768)
    recipe = png.read_recipe(tiny / "a.png")
    assert recipe is not None and recipe["upscale"]["source"] == str(hub("x2"))
    assert recipe["weights"]["upscaler"]["sha256"] and recipe["settings"] == {"upscale_steps": 1}
    assert main(["again", "a.png", "-q"]) == 0
    assert (tiny / "a.png").read_bytes() == (tiny / "a-again.png").read_bytes()
    refused = ["make", "watercolor digit 7", "--upscale"]
    assert main([*refused, str(hub("pictures")), "-o", "b.png", "-q"]) == InvalidRequest.exit_code
    assert "and no upscaler" in capsys.readouterr().err
    assert (
        main(["make", "calm piano", "--upscale", str(hub("x2")), "-o", "b.wav"]) == InvalidRequest.exit_code
    )
    sized = ["make", WORDS, "--model", str(hub("pictures")), "--size", "2048", "--upscale", str(hub("x4"))]
    assert main([*sized, "-o", "b.png", "-q"]) == InvalidRequest.exit_code
    assert "at most 4096" in capsys.readouterr().err


def test_parts_of_another_model_are_refused_in_one_line(
    tiny: Path, hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = ["make", "digit 7", "--steps", "1", "--device", "cpu", "-q", "-o", "x.png", "--model"]
    for parts, words in (
        ([hub("pictures"), "--controlnet", hub("xlcontrol")], "is of a model of another size"),
        ([hub("pictures"), "--controlnet", hub("pictures")], "and no ControlNet"),
        ([hub("sd3"), "--controlnet", hub("fluxcontrol")], "does not go with a StableDiffusion3Pipeline"),
        ([hub("pictures"), "--refiner", hub("refiner")], "A refiner is for Stable Diffusion XL"),
        ([hub("xl"), "--refiner", hub("pictures")], "and no Stable Diffusion XL refiner"),
        ([hub("x4")], "is an upscaler: give it with --upscale"),
    ):
        assert main([*drawn, *map(str, parts)]) == InvalidRequest.exit_code
        said = [line for line in capsys.readouterr().err.splitlines() if line.startswith("audiogen: ")]
        assert len(said) == 1 and words in said[0] and not (tiny / "x.png").exists()
