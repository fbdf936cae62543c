"""Stable Audio 3 and ACE-Step; a sound that a model begins with, lyrics, and what is said of tempo."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from audiogen.artifacts import Waveform
from audiogen.cli import main
from audiogen.compat import import_diffusers
from audiogen.errors import InvalidRequest
from audiogen.hub import CallSettings, ModelChoice
from audiogen.hub.sound import stereo
from audiogen.making import Request, understand
from audiogen.media.audio import read_recipe
from audiogen.stage import Edit, Options, Sampling, silent

pytestmark = pytest.mark.slow
Hub = Callable[[str], Path]
WORDS = "a choir in D minor, 90 bpm"
RATE = 400  # of the toys, Hz
LENGTHS = {"stable": "audio_end_in_s", "stable3": "duration", "ace": "audio_duration"}
SUNG = "[verse] moon and sea"
LOADED: dict[Any, Any] = {}  # the toys, shared by all tests here


def asked(folder: Path, **more: Any) -> Request:
    settings = CallSettings(**more.pop("settings", {}))
    sampling = Sampling(seed=7, steps=2)
    model = ModelChoice(str(folder))
    return Request(
        WORDS, seconds=1.0, sampling=sampling, model=model, settings=settings, device="cpu", **more
    )


def raw(request: Request) -> np.ndarray:
    """What the stage gives, before it is finished."""
    plan = understand(request).sharing(LOADED)
    edit = None if plan.begun is None else Edit(plan.begun, request.strength or 0.0)
    known = plan.conditioning
    options = Options(edit=edit, settings=request.settings)
    return plan.parts[0](known, known, request.sampling, silent, options).samples


def bare(folder: Path, name: str = "DiffusionPipeline", **call: Any) -> np.ndarray:
    """The call of diffusers with the same noise."""
    pipe = getattr(import_diffusers(), name).from_pretrained(folder)
    pipe.set_progress_bar_config(disable=True)
    if "sigma_max" in call:
        pipe.scheduler = type(pipe.scheduler).from_config(
            pipe.scheduler.config, sigma_max=call.pop("sigma_max")
        )
    seed = Sampling(seed=7).seed_for("decoder")
    torch.manual_seed(seed)
    noise = torch.Generator("cpu").manual_seed(seed)
    made = pipe(WORDS, num_inference_steps=2, generator=noise, **{LENGTHS[folder.name]: 1.0}, **call)
    return stereo(made.audios[0], RATE).samples


def tune(seconds: float = 1.0) -> np.ndarray:
    """Stereo, [2, T] at the rate of the toys."""
    t = np.arange(int(seconds * RATE)) / RATE
    return (0.5 * np.sin(2 * np.pi * np.array([[50.0], [60.0]]) * t)).astype(np.float32)


def test_every_model_gives_the_very_samples_of_the_bare_call(hub: Hub) -> None:
    """ACE-Step is told tempo and key apart, as the words say them, and what is sung."""
    np.testing.assert_array_equal(raw(asked(hub("stable3"))), bare(hub("stable3")))
    told = {"bpm": 90, "keyscale": "D minor"}
    spoken = bare(hub("ace"), **told)
    np.testing.assert_array_equal(raw(asked(hub("ace"))), spoken)
    sung = raw(asked(hub("ace"), settings={"lyrics": SUNG}))
    np.testing.assert_array_equal(sung, bare(hub("ace"), lyrics=SUNG, **told))
    assert not np.array_equal(sung, spoken)
    in_chinese = raw(asked(hub("ace"), settings={"lyrics": "月亮"}))
    np.testing.assert_array_equal(in_chinese, bare(hub("ace"), lyrics="月亮", vocal_language="zh", **told))


def test_a_sound_that_is_begun_with_gives_the_samples_of_the_bare_call(hub: Hub) -> None:
    wave = tune()
    given = {"init": Waveform(wave, RATE), "strength": 0.25}
    sound = torch.from_numpy(wave)
    scheduler = import_diffusers().EDMDPMSolverMultistepScheduler.from_pretrained(
        hub("stable"), subfolder="scheduler"
    )
    low, high = scheduler.config.sigma_min, scheduler.config.sigma_max
    for name, pipe, call in (
        ("stable3", "StableAudio3AudioToAudioPipeline", {"audio": sound[None], "init_noise_level": 0.25}),
        (
            "ace",
            "AceStepPipeline",
            {"src_audio": sound, "task_type": "cover", "audio_cover_strength": 0.75}
            | {"bpm": 90, "keyscale": "D minor"},
        ),
        (
            "stable",
            "StableAudioPipeline",
            {"initial_audio_waveforms": sound[None], "initial_audio_sampling_rate": RATE}
            | {"sigma_max": low * (high / low) ** 0.25},
        ),
    ):
        made = raw(asked(hub(name), **given))
        np.testing.assert_array_equal(made, bare(hub(name), pipe, **call))
        assert not np.array_equal(made, raw(asked(hub(name))))  # the model is as it was
        kept = raw(asked(hub(name), **given | {"strength": 0.0}))
        np.testing.assert_array_equal(kept, stereo(wave, RATE).samples)


def test_a_file_begun_with_a_sound_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hub: Hub, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Waveform(tune(0.5), RATE).save("begun.wav")
    (tmp_path / "words.txt").write_text(SUNG)
    words = ["make", f"{WORDS}, 1 s", "--model", str(hub("ace")), "--lyrics", "words.txt", "--steps", "2"]
    begun = ["--init", "begun.wav", "--strength", "0.5", "--seed", "3", "--device", "cpu", "-q"]
    assert main([*words, *begun, "-o", "a.wav"]) == 0
    recipe = read_recipe(tmp_path / "a.wav")
    assert recipe is not None and recipe["settings"] == {"lyrics": SUNG} and recipe["strength"] == 0.5
    (tmp_path / "begun.wav").unlink()
    assert main(["again", "a.wav", "-q"]) == 0
    assert (tmp_path / "a.wav").read_bytes() == (tmp_path / "a-again.wav").read_bytes()


def test_what_a_model_of_sound_does_not_take_is_refused(hub: Hub) -> None:
    wave = Waveform(tune(), RATE)
    for request, words in (
        (asked(hub("audioldm2"), init=wave, strength=0.5), "begins with no sound; leave out --init"),
        (asked(hub("stable"), settings={"lyrics": SUNG}), "does not sing"),
    ):
        with pytest.raises(InvalidRequest, match=words):
            raw(request)
    with pytest.raises(InvalidRequest, match="--init of a sound is for a Stable Audio or ACE-Step"):
        understand(asked(hub("musicgen"), init=wave))
    with pytest.raises(InvalidRequest, match="--mask is for pictures"):
        understand(dataclasses.replace(asked(hub("stable"), init=wave), mask=Path("mask.png")))
