"""Pretrained sound: the adapter gives what the bare call gives, as 44.1 kHz stereo with our finishing."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from audiogen.cli import main
from audiogen.compat import import_diffusers, import_transformers
from audiogen.errors import Cancelled, InvalidRequest
from audiogen.hub import ModelChoice
from audiogen.hub.sound import stereo
from audiogen.making import Request, make, understand
from audiogen.media.audio import read_audio, read_recipe
from audiogen.stage import Sampling, silent

pytestmark = pytest.mark.slow
Hub = Callable[[str], Path]
WORDS = "drums and a choir"
LOADED: dict[Any, Any] = {}  # the toys, shared by all tests here
PIPELINES = {"audioldm2": "audio_length_in_s", "stable": "audio_end_in_s"}


def raw(request: Request) -> np.ndarray:
    """What the stage gives, before it is finished."""
    plan = understand(request).sharing(LOADED)
    return plan.parts[0](plan.conditioning, plan.conditioning, request.sampling, silent).samples


def asked(folder: Path, steps: int | None = 2, **sampling: Any) -> Request:
    settings = Sampling(**{"seed": 7, "steps": steps, **sampling})
    return Request(WORDS, seconds=1.0, sampling=settings, model=ModelChoice(str(folder)), device="cpu")


@pytest.mark.parametrize("name", list(PIPELINES))
def test_a_pipeline_gives_the_very_samples_of_the_bare_call(hub: Hub, name: str) -> None:
    pipe = import_diffusers().DiffusionPipeline.from_pretrained(hub(name))
    pipe.set_progress_bar_config(disable=True)
    noise = torch.Generator("cpu").manual_seed(Sampling(seed=7).seed_for("decoder"))
    length = {PIPELINES[name]: 1.0}
    made = pipe(WORDS, negative_prompt="hiss", num_inference_steps=2, generator=noise, **length)
    rate = {"audioldm2": 1000, "stable": 400}[name]
    request = dataclasses.replace(asked(hub(name)), negative="hiss")
    np.testing.assert_array_equal(raw(request), stereo(made.audios[0], rate).samples)
    assert not np.array_equal(raw(asked(hub(name), seed=8)), raw(asked(hub(name))))


def test_musicgen_gives_the_very_samples_of_the_bare_call(hub: Hub) -> None:
    transformers = import_transformers()
    model = transformers.MusicgenForConditionalGeneration.from_pretrained(hub("musicgen")).eval()
    inputs = transformers.AutoProcessor.from_pretrained(hub("musicgen"))(text=[WORDS], return_tensors="pt")
    torch.manual_seed(Sampling(seed=7).seed_for("decoder"))
    with torch.no_grad():
        made = model.generate(**inputs, do_sample=True, max_new_tokens=52)
    request = asked(hub("musicgen"), steps=None)
    np.testing.assert_array_equal(raw(request), stereo(made[0], 500).samples)
    before = torch.random.get_rng_state()
    assert raw(request).shape[1] >= 44_100
    assert torch.equal(before, torch.random.get_rng_state())  # the caller's own randomness is left alone
    with pytest.raises(InvalidRequest, match="--steps is for diffusion"):
        raw(asked(hub("musicgen"), steps=2))


@pytest.mark.parametrize("name", ["musicgen", "audioldm2", "stable"])
def test_a_file_is_finished_by_us_and_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: Hub, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    steps = [] if name == "musicgen" else ["--steps", "2"]
    arguments = ["make", f"{WORDS}, 1 s", "--model", str(hub(name)), *steps, "--seed", "3", "--device", "cpu"]
    assert main([*arguments, "-o", "a.wav", "-q"]) == 0
    samples, rate = read_audio(tmp_path / "a.wav")
    assert samples.shape == (2, 44_100) and rate == 44_100 and np.isfinite(samples).all()
    recipe = read_recipe(tmp_path / "a.wav")
    assert recipe is not None and recipe["model"]["source"] == str(hub(name))
    assert main(["again", "a.wav", "-q"]) == 0
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "a-again.wav").read_bytes()


def test_work_can_be_cancelled(hub: Hub) -> None:
    for name in ("musicgen", "audioldm2"):
        request = asked(hub(name), steps=None if name == "musicgen" else 2)
        with pytest.raises(Cancelled):
            next(make(request, progress=lambda stage, step, total: False, loaded=LOADED))


def test_more_than_a_model_can_make_is_refused(hub: Hub) -> None:
    with pytest.raises(InvalidRequest, match="longer than the model maximum"):
        raw(dataclasses.replace(asked(hub("stable")), seconds=10.0))


def test_any_rate_becomes_44100_hz_stereo() -> None:
    one = stereo(np.zeros(16_000, np.float32), 16_000)
    assert one.samples.shape[0] == 2 and one.sample_rate == 44_100 and abs(one.seconds - 1) < 1e-3
    many = stereo(torch.ones(4, 44_100), 44_100).samples
    np.testing.assert_array_equal(many, np.ones((2, 44_100), np.float32))
