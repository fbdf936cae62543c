"""LoRAs and the switches that save memory: what they change, and what they leave."""

from __future__ import annotations

import dataclasses
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from audiogen.cli import main
from audiogen.compat import import_diffusers
from audiogen.errors import InvalidRequest, MissingModel
from audiogen.hub import Lora, ModelChoice
from audiogen.making import Request, make
from audiogen.media import png
from audiogen.stage import Sampling

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("peft") is None, reason="needs peft"),
]
Hub = Callable[[str], Path]
WORDS = "a violin on the moon"
BF16_DISTANCE = 0.05  # of pixels in 0..1: eight bits of precision over two steps and a decoder
SLICED_DISTANCE = 1e-4  # the same sums in another order


def pixels(folder: Path, **how: Any) -> np.ndarray:
    model = ModelChoice(str(folder), **how)
    asked = Sampling(seed=7, steps=2)
    (take,) = make(Request(WORDS, sampling=asked, model=model, device="cpu", watermark=False))
    assert take.picture is not None
    return take.picture.pixels


def lora(hub: Hub) -> Path:
    hub("pictures")
    return hub("lora")


def test_a_lora_gives_the_very_pixels_of_the_bare_call(hub: Hub) -> None:
    pipe = import_diffusers().AutoPipelineForText2Image.from_pretrained(hub("pictures"))
    pipe.set_progress_bar_config(disable=True)
    pipe.load_lora_weights(lora(hub), weight_name="pytorch_lora_weights.safetensors", adapter_name="a")
    pipe.set_adapters(["a"], [0.5])
    noise = torch.Generator("cpu").manual_seed(Sampling(seed=7).seed_for("decoder"))
    made = pipe(WORDS, num_inference_steps=2, generator=noise, output_type="np").images[0]
    half = pixels(hub("pictures"), loras=(Lora(str(lora(hub)), 0.5),))
    np.testing.assert_array_equal(half, made.transpose(2, 0, 1))


def test_loras_add_up_and_scale_0_is_none(hub: Hub) -> None:
    one = Lora(str(lora(hub)), 0.5)
    none, half = pixels(hub("pictures")), pixels(hub("pictures"), loras=(one,))
    twice = pixels(hub("pictures"), loras=(one, one))
    whole = pixels(hub("pictures"), loras=(dataclasses.replace(one, scale=1.0),))
    assert np.abs(half - none).max() > 1e-3
    np.testing.assert_allclose(twice, whole, atol=SLICED_DISTANCE)
    np.testing.assert_allclose(
        pixels(hub("pictures"), loras=(dataclasses.replace(one, scale=0.0),)), none, atol=SLICED_DISTANCE
    )


def test_a_lora_stands_in_the_recipe(hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    given = ["--model", str(hub("pictures")), "--lora", f"{lora(hub)}:0.5", "--steps", "2", "--device", "cpu"]
    assert main(["make", WORDS, *given, "--seed", "3", "-o", "a.png", "-q"]) == 0
    recipe = png.read_recipe(tmp_path / "a.png")
    assert recipe is not None and recipe["model"]["loras"] == [{"source": str(lora(hub)), "scale": 0.5}]
    assert main(["again", "a.png", "-q"]) == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "a-again.png").read_bytes()


def test_a_lora_of_another_model_is_refused_in_one_line(hub: Hub, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    rows = load_file(lora(hub) / "pytorch_lora_weights.safetensors")
    (tmp_path / "wide").mkdir()
    wide = {name: torch.zeros(part.shape[0] * 2, part.shape[1] * 2) for name, part in rows.items()}
    save_file(wide, tmp_path / "wide" / "pytorch_lora_weights.safetensors")
    (tmp_path / "empty").mkdir()
    (tmp_path / "pickle.bin").write_bytes(b"")
    for source, problem, words in (
        ("wide", InvalidRequest, "does not fit"),
        ("empty", MissingModel, "no .safetensors"),
        ("pickle.bin", InvalidRequest, "is a pickle"),
        ("nowhere", MissingModel, "There is no folder"),
    ):
        with pytest.raises(problem, match=words) as refused:
            pixels(hub("pictures"), loras=(Lora(str(tmp_path / source)),))
        assert "\n" not in str(refused.value)


def test_what_saves_memory_or_time_leaves_the_picture_nearly_as_it_is(hub: Hub) -> None:
    whole = pixels(hub("pictures"))
    for how in ("slicing", "channels_last"):
        np.testing.assert_allclose(pixels(hub("pictures"), **{how: True}), whole, atol=SLICED_DISTANCE)
    narrow = pixels(hub("pictures"), dtype="bfloat16")
    np.testing.assert_allclose(narrow, whole, atol=BF16_DISTANCE)
    assert not np.array_equal(narrow, whole)


@pytest.mark.parametrize("how", ["model", "sequential"])
def test_offloading_needs_an_accelerator(hub: Hub, how: str) -> None:
    with pytest.raises(InvalidRequest, match="here is none"):
        pixels(hub("pictures"), offload=how)
