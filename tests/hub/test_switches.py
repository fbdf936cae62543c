"""What saves memory and time of a pretrained model: what each switch leaves as it is, and what it refuses."""

from __future__ import annotations

import dataclasses
import importlib.util
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from audiogen.cli import main
from audiogen.compat import import_diffusers
from audiogen.errors import AudiogenError, InvalidRequest, MissingPackage
from audiogen.hub import ModelChoice, loading, memory, quantizing
from audiogen.hub.pictures import TextToImage
from audiogen.making import Request, make
from audiogen.media import png
from audiogen.stage import Sampling

pytestmark = pytest.mark.slow
Hub = Callable[[str], Path]
WORDS = "a violin on the moon"
INT8_DISTANCE = 0.02  # of pixels in 0..1: weights off by up to 0.4 % of their row's largest, over two steps
TILED_DISTANCE = 0.35  # tiles are normalised each by itself, and random weights do not smooth it


def has(*packages: str) -> bool:
    return all(importlib.util.find_spec(package) for package in packages)


def pixels(folder: Path, **how: Any) -> np.ndarray:
    model = ModelChoice(str(folder), **how)
    asked = Sampling(seed=7, steps=2)
    (take,) = make(Request(WORDS, sampling=asked, model=model, device="cpu", watermark=False))
    assert take.picture is not None
    return take.picture.pixels


@pytest.mark.skipif(not has("torchao", "accelerate"), reason="needs torchao")
def test_int8_leaves_the_picture_nearly_as_it_is(hub: Hub) -> None:
    whole, few = pixels(hub("pictures")), pixels(hub("pictures"), quantize="int8")
    np.testing.assert_allclose(few, whole, atol=INT8_DISTANCE)
    assert not np.array_equal(few, whole)
    stage = TextToImage.from_pretrained(ModelChoice(str(hub("pictures")), quantize="int8"), "cpu")
    layer = stage.pipe.unet.mid_block.attentions[0].transformer_blocks[0].attn1.to_q
    assert "Int8" in type(layer.weight).__name__ and stage.dtype == torch.float32


@pytest.mark.skipif(not has("torchao", "accelerate"), reason="needs torchao")
def test_quantized_files_are_made_again_bit_for_bit(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = ["--model", str(hub("pictures")), "--quantize", "int8", "--steps", "2", "--device", "cpu", "-q"]
    assert main(["make", WORDS, *given, "--seed", "3", "-o", "a.png"]) == 0
    recipe = png.read_recipe(tmp_path / "a.png")
    assert recipe is not None and recipe["model"]["quantize"] == "int8"
    assert main(["again", "a.png", "-q"]) == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "a-again.png").read_bytes()


@pytest.mark.parametrize(("how", "package"), [("int8", "torchao"), ("nf4", "bitsandbytes")])
def test_quantizing_music(hub: Hub, how: str, package: str) -> None:
    if not has(package, "accelerate"):
        pytest.skip(f"needs {package}")
    asked = Request(
        "lofi guitar, 2 s",
        sampling=Sampling(seed=1),
        model=ModelChoice(str(hub("musicgen")), quantize=how),
        device="cpu",
        watermark=False,
    )
    (first,), (second,) = make(asked), make(asked)
    assert first.waveform is not None and second.waveform is not None
    np.testing.assert_array_equal(first.waveform.samples, second.waveform.samples)


def test_what_quantizing_needs_is_said(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidRequest, match="--quantize is int8 or nf4, not 'int3'"):
        ModelChoice("a/b", quantize="int3")
    with pytest.raises(InvalidRequest, match="not for a single"):
        ModelChoice("a.safetensors", quantize="int8")
    with monkeypatch.context() as patched:
        patched.setattr(quantizing, "find_spec", lambda name: object())
        with pytest.raises(InvalidRequest, match="nf4 needs an accelerator.*take --quantize int8"):
            pixels(hub("pictures"), quantize="nf4")
    monkeypatch.setattr(quantizing, "find_spec", lambda name: None)
    with pytest.raises(
        MissingPackage, match=r"needs torchao and accelerate: pip install 'audiogen\[quantize\]'"
    ):
        pixels(hub("pictures"), quantize="int8")


def test_the_network_that_works_most_is_compiled_once(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Compiling takes a minute; that the result stays is measured by benchmarks/pretrained.py."""
    compiled: list[Any] = []

    def counted(network: Any) -> None:
        compiled.append(network)
        network._compiled_call_impl = network._call_impl

    monkeypatch.setattr(torch.nn.Module, "compile", counted)
    stage = TextToImage.from_pretrained(ModelChoice(str(hub("pictures")), compile=True), "cpu")
    stage._pipe("image", False)  # image to image has the same network
    assert compiled == [stage.pipe.unet]


def test_attention_is_computed_in_blocks(hub: Hub) -> None:
    stage = TextToImage.from_pretrained(ModelChoice(str(hub("pictures"))), "cpu")
    assert {type(each).__name__ for each in stage.pipe.unet.attn_processors.values()} == {"AttnProcessor2_0"}


def test_compiling_needs_a_compiler(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(MissingPackage, match="--compile needs a C\\+\\+ compiler"):
        pixels(hub("pictures"), compile=True)


@pytest.mark.skipif(not has("accelerate"), reason="needs accelerate")
def test_offloaded_parts_paint_the_same(hub: Hub) -> None:
    """The hooks of accelerate, with a CPU in the accelerator's place; it cannot do that layer by layer."""
    pipe = import_diffusers().AutoPipelineForText2Image.from_pretrained(hub("pictures"))
    pipe.set_progress_bar_config(disable=True)

    def painted() -> np.ndarray:
        noise = torch.Generator().manual_seed(1)
        return pipe(WORDS, num_inference_steps=2, generator=noise, output_type="np").images[0]

    plain = painted()
    loading.offloaded(pipe, "model", torch.device("cpu"))
    assert all(hasattr(part, "_hf_hook") for part in (pipe.text_encoder, pipe.unet, pipe.vae))
    np.testing.assert_array_equal(painted(), plain)
    loading.offloaded(pipe, "sequential", torch.device("cpu"))
    assert hasattr(pipe.unet.conv_in, "_hf_hook") and pipe.unet.conv_in.weight.device.type == "meta"


def test_tiles_are_taken_where_memory_is_short_and_stand_in_the_recipe(
    hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(memory, "TILES", (16,))
    given = ["--model", str(hub("pictures")), "--steps", "2", "--device", "cpu", "--seed", "3"]
    assert main(["make", WORDS, *given, "-o", "whole.png"]) == 0
    told = capsys.readouterr().err
    assert "memory: weights 0.0 GiB, work about 0.0 GiB, free" in told and "tiles" not in told
    with monkeypatch.context() as short:
        short.setattr(memory, "free", lambda device: 100_000)
        assert main(["make", WORDS, *given, "-o", "a.png"]) == 0
    assert "memory is short: the image decoder works in tiles of 16 pixels" in capsys.readouterr().err
    recipe = png.read_recipe(tmp_path / "a.png")
    assert recipe is not None and recipe["model"]["tiles"] == 16
    assert main(["again", "a.png", "-q"]) == 0  # where there is room
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "a-again.png").read_bytes()
    whole, tiled = (png.read(tmp_path / name)[0] for name in ("whole.png", "a.png"))
    assert 0 < np.abs(whole - tiled).max() < TILED_DISTANCE


def test_the_estimate_follows_size_and_dtype(hub: Hub) -> None:
    stage = TextToImage.from_pretrained(ModelChoice(str(hub("pictures"))), "cpu")
    one = memory.estimated(stage.pipe, 512, None, torch.device("cpu"))
    assert one.weights == sum(
        p.numel() * 4
        for part in ("unet", "vae", "text_encoder")
        for p in getattr(stage.pipe, part).parameters()
    )
    assert memory.decoding(stage.pipe, 1024) == 4 * one.work
    assert memory.estimated(stage.pipe, 1024, 512, torch.device("cpu")).work == one.work
    assert one.free is None or one.free > 0
    assert dataclasses.replace(one, free=one.work).is_short
    assert not dataclasses.replace(one, free=2 * one.work).is_short
    assert not dataclasses.replace(one, free=None).is_short


@pytest.mark.parametrize(
    "problem",
    [
        RuntimeError(
            "[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you "
            "tried to allocate 34359738368 bytes. Error code 12 (Cannot allocate memory)"
        ),
        torch.OutOfMemoryError(
            "CUDA out of memory. Tried to allocate 20.00 GiB. GPU 0 has a total capacity of 8"
        ),
        MemoryError(),
        RuntimeError("MPS backend out of memory (MPS allocated: 1.00 GB, other allocations: 2.00 GB)"),
    ],
)
def test_out_of_memory_names_the_switches_that_help(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    def failing(*given: Any, **more: Any) -> Any:
        raise problem

    monkeypatch.setattr(import_diffusers().UNet2DConditionModel, "forward", failing)
    switches = "ran out of memory; --dtype.*--quantize int8.*--offload model"
    with pytest.raises(AudiogenError, match=switches) as told:
        pixels(hub("pictures"))
    assert told.value.exit_code == 1 and "\n" not in str(told.value)
