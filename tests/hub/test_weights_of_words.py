"""Words with weights, and prompts of any length."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from audiogen.compat import import_diffusers
from audiogen.errors import InvalidRequest
from audiogen.hub import CallSettings, ModelChoice
from audiogen.making import Request, make
from audiogen.stage import Sampling

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(importlib.util.find_spec("compel") is None, reason="needs compel"),
]
Hub = Callable[[str], Path]
LOADED: dict[Any, Any] = {}  # the toys, shared by all tests here
LONG = "a violin on the moon beside a (lake)1.3 " * 4  # the toy's tokenizer reads 75 letters


def picture(folder: Path, words: str, weights: bool = True, **how: Any) -> np.ndarray:
    request = Request(
        words,
        sampling=Sampling(seed=7, steps=2),
        model=ModelChoice(str(folder), **how),
        negative="blurry",
        size=32,
        settings=CallSettings(prompt_weights=weights),
        device="cpu",
        watermark=False,
    )
    (take,) = make(request, loaded=LOADED)
    assert take.picture is not None
    return take.picture.pixels


@pytest.mark.parametrize("family", ["pictures", "xl"])
def test_weights_and_long_prompts_are_those_of_compel(hub: Hub, family: str) -> None:
    pipe = import_diffusers().AutoPipelineForText2Image.from_pretrained(hub(family))
    import compel  # after audiogen.compat has seen to torchaudio

    pipe.set_progress_bar_config(disable=True)
    reads = compel.CompelForSDXL if family == "xl" else compel.CompelForSD
    with torch.no_grad():
        told = reads(pipe)(LONG, negative_prompt="blurry")
    assert told.embeds.shape[1] == 2 * 77  # in two pieces
    given = {"prompt_embeds": told.embeds, "negative_prompt_embeds": told.negative_embeds}
    if family == "xl":
        pooled, negative = told.pooled_embeds, told.negative_pooled_embeds
        given |= {"pooled_prompt_embeds": pooled, "negative_pooled_prompt_embeds": negative}
    noise = torch.Generator("cpu").manual_seed(Sampling(seed=7).seed_for("decoder"))
    call = {"num_inference_steps": 2, "generator": noise, "height": 32, "width": 32}
    made = pipe(**given, **call, output_type="np").images[0]
    np.testing.assert_array_equal(picture(hub(family), LONG), made.transpose(2, 0, 1))
    assert np.abs(picture(hub(family), LONG, weights=False) - picture(hub(family), LONG)).max() > 1e-4


def test_other_models_read_no_weights(hub: Hub) -> None:
    with pytest.raises(InvalidRequest, match="is for Stable Diffusion 1.5, 2 and XL"):
        picture(hub("flux"), LONG)
    with pytest.raises(InvalidRequest, match="A refiner reads no weights"):
        picture(hub("xl"), LONG, refiner=str(hub("refiner")))
