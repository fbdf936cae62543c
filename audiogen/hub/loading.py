"""What loading a pretrained model has in common: device, dtype, memory, and its errors in words."""

from __future__ import annotations

import importlib.util
import inspect
import logging
import os
import shutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch

from audiogen.compat import import_diffusers, import_transformers
from audiogen.errors import AudiogenError, InvalidRequest, MissingModel, MissingPackage
from audiogen.hub import finding, memory
from audiogen.hub.choice import ModelChoice
from audiogen.licences import sources_of
from audiogen.stage import Progress, report

SAVE_MEMORY = "--dtype bfloat16, --quantize int8, --tiles 256, --offload model or a smaller --size take less"
DENOISERS = ("unet", "transformer")
COMPILERS = ("c++", "g++", "clang++", "cl")


def dtype_of(choice: ModelChoice, device: torch.device) -> torch.dtype:
    """The dtype that is asked for; by default what a pretrained model is usually run in."""
    if choice.dtype == "auto":
        return torch.bfloat16 if device.type == "cuda" else torch.float32
    found: torch.dtype = getattr(torch, choice.dtype)
    return found


@contextmanager
def loading(source: str) -> Iterator[None]:
    """Errors of diffusers and transformers while they load, in words; and their bars out of the way.

    Raises:
        MissingPackage: the model needs a package that is not installed.
        MissingModel: it is incomplete, damaged, or of another kind.
    """
    try:
        with quiet():
            yield
    except AudiogenError:
        raise
    except MemoryError as problem:
        raise AudiogenError(f"{source} does not fit into memory; {SAVE_MEMORY}.") from problem
    except ImportError as problem:
        raise MissingPackage(f"{source} needs a package that is not installed: {line(problem)}") from problem
    except Exception as problem:
        finding.check_whole(source)
        raise MissingModel(
            f"{source} cannot be loaded ({line(problem)}). Only safetensors are read; is the folder "
            "complete, and a model of this kind?"
        ) from problem


@contextmanager
def quiet() -> Iterator[None]:
    """The bars, warnings and logs of diffusers and transformers out of the way."""
    loggers = [logging.getLogger(name) for name in ("diffusers", "transformers")]
    levels = [logger.level for logger in loggers]
    for library in (import_diffusers(), import_transformers()):
        library.utils.logging.disable_progress_bar()
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)  # an error that they raise they also log, with its traceback
    try:
        with warnings.catch_warnings():
            # old versions of diffusers know only `torch_dtype`, new ones would rather hear `dtype`
            warnings.simplefilter("ignore", FutureWarning)
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


@contextmanager
def running(source: str) -> Iterator[None]:
    """Errors of a model at work, in words.

    Raises:
        InvalidRequest: it does not take what it was given. AudiogenError: no memory.
    """
    try:
        yield
    except AudiogenError:
        raise
    except (torch.OutOfMemoryError, MemoryError) as problem:
        raise AudiogenError(f"{source} ran out of memory; {SAVE_MEMORY}.") from problem
    except (ValueError, TypeError, RuntimeError) as problem:
        if type(problem).__module__.startswith(("torch._dynamo", "torch._inductor")):
            raise AudiogenError(
                f"{source} cannot be compiled ({line(problem)}); leave out --compile."
            ) from problem
        if "alloc" in str(problem).lower() or "out of memory" in str(problem).lower():
            raise AudiogenError(f"{source} ran out of memory; {SAVE_MEMORY}.") from problem
        raise InvalidRequest(f"{source} does not take this: {line(problem)}") from problem


def line(problem: Exception) -> str:
    """An error as one short line."""
    words = " ".join(str(problem).split()) or type(problem).__name__
    return words if len(words) <= 240 else f"{words[:237]}..."


def placed(pipe: Any, choice: ModelChoice, device: torch.device) -> Any:
    """A pipeline of diffusers where it computes, as sparing of memory as asked.

    Raises:
        MissingPackage, InvalidRequest: offloading needs accelerate, and an accelerator.
    """
    pipe.set_progress_bar_config(disable=True)
    if choice.offload is None:
        pipe.to(device)
    elif device.type == "cpu":
        raise InvalidRequest(
            "--offload keeps in main memory what the accelerator does not need, and here is none; leave "
            "it out."
        )
    else:
        offloaded(pipe, choice.offload, device)
    if choice.slicing:
        pipe.enable_attention_slicing()
        for saving in ("enable_slicing", "enable_tiling"):
            if hasattr(getattr(pipe, "vae", None), saving):
                getattr(pipe.vae, saving)()
    if choice.tiles is not None:
        memory.tile(pipe, choice.tiles)
    if choice.channels_last:
        for name in (*DENOISERS, "vae"):
            part = getattr(pipe, name, None)
            if part is not None:
                part.to(memory_format=torch.channels_last)
    if choice.compile:
        networks = (getattr(pipe, name, None) for name in DENOISERS)
        compiled(next(network for network in networks if network is not None), device)
    return pipe


def offloaded(pipe: Any, how: str, device: torch.device) -> None:
    """Let a pipeline wait in main memory: whole parts, or ("sequential") every layer.

    Raises:
        MissingPackage: no accelerate. InvalidRequest: this pipeline cannot.
    """
    if importlib.util.find_spec("accelerate") is None:
        raise MissingPackage("--offload needs accelerate: pip install accelerate.")
    offloads = {"model": "enable_model_cpu_offload", "sequential": "enable_sequential_cpu_offload"}
    try:
        getattr(pipe, offloads[how])(device=device)
    except (ValueError, NotImplementedError, RuntimeError) as problem:
        raise InvalidRequest(f"--offload {how} does not go with this model ({line(problem)}).") from problem


def compiled(network: torch.nn.Module, device: torch.device) -> None:
    """Have a network compiled in its first call; once is enough.

    Raises:
        MissingPackage: a CPU needs a C++ compiler for it, and there is none.
    """
    if device.type == "cpu" and not os.environ.get("CXX") and not any(map(shutil.which, COMPILERS)):
        raise MissingPackage("--compile needs a C++ compiler (g++ or clang++); install one, or leave it out.")
    if network._compiled_call_impl is None:
        network.compile()


def add_loras(pipe: Any, choice: ModelChoice) -> list[Path]:
    """Load the LoRAs of a choice into a pipeline, each with its scale; returns where they lie.

    Raises:
        MissingPackage: no peft. InvalidRequest: the model takes none, or they are of another one.
    """
    if not choice.loras:
        return []
    if importlib.util.find_spec("peft") is None:
        raise MissingPackage("--lora needs peft: pip install 'audiogen[lora]'.")
    if not hasattr(pipe, "load_lora_weights"):
        raise InvalidRequest(f"{choice.source} takes no LoRA; leave out --lora.")
    folders = []
    for number, lora in enumerate(choice.loras):
        path = finding.part_folder(lora.source)
        file = finding.single_file(str(path if path.is_file() else _only_weights(path)))
        try:
            with quiet():
                pipe.load_lora_weights(str(file.parent), weight_name=file.name, adapter_name=f"lora{number}")
        except Exception as problem:
            raise InvalidRequest(
                f"The LoRA {lora.source} does not fit {choice.source} ({line(problem)}); was it made for "
                "another model?"
            ) from problem
        folders.append(file)
    names = [f"lora{number}" for number in range(len(choice.loras))]
    try:
        pipe.set_adapters(names, [lora.scale for lora in choice.loras])
    except ValueError as problem:
        raise InvalidRequest(
            f"A LoRA changes nothing of {choice.source} ({line(problem)}); was it made for another model?"
        ) from problem
    return folders


def _only_weights(folder: Path) -> Path:
    files = sorted(folder.glob("*.safetensors"))
    usual = [file for file in files if file.name == "pytorch_lora_weights.safetensors"]
    if len(usual or files) != 1:
        what = "no .safetensors" if not files else f"{len(files)} .safetensors; name one of them"
        raise MissingModel(f"The LoRA {folder} holds {what}.")
    return (usual or files)[0]


def source_of(choice: ModelChoice, folders: list[Path]) -> dict[str, str]:
    """What a recipe says about the weights; the first folder is that of the model."""
    row = {"name": choice.source, "sha256": finding.digest(folders)}
    commit = finding.commit_of(folders[0])
    return row if commit is None else {**row, "revision": commit}


def card_folder(folder: Path) -> Path | None:
    """The folder where its card can be read for the licence; None: there is nothing that audiogen reads."""
    if not folder.is_dir():
        return None
    try:
        sources_of(folder)
    except InvalidRequest:
        return None
    return folder


def taken(call: Callable[..., Any]) -> set[str]:
    """Names of the arguments that a call takes."""
    return set(inspect.signature(call).parameters)


def reporting(pipe: Any, stage: str, progress: Progress) -> dict[str, Any]:
    """Arguments by which a pipeline tells each of its steps; a refusing `progress` stops it (Cancelled)."""

    def told(step: int) -> None:
        total = int(getattr(pipe, "num_timesteps", 0)) or len(pipe.scheduler.timesteps)
        report(progress, stage, min(step + 1, total), total)

    def at_step(pipe_: Any, step: int, timestep: Any, more: dict[str, Any]) -> dict[str, Any]:
        told(step)
        return more

    names = taken(pipe.__call__)
    if "callback_on_step_end" in names:
        return {"callback_on_step_end": at_step}
    if "callback" in names:
        return {"callback": lambda step, timestep, latents: told(step), "callback_steps": 1}
    return {}


def worded(pipe: Any, conditioning: Any, sampling: Any, source: str) -> dict[str, Any]:
    """Words, steps and guidance as a pipeline of diffusers takes them; what is not asked keeps its default.

    Raises:
        InvalidRequest: something is asked for that this model does not know.
    """
    asked = {
        "negative_prompt": conditioning.negative or None,
        "num_inference_steps": sampling.steps,
        "guidance_scale": sampling.guidance,
        "guidance_rescale": sampling.guidance_rescale,
    }
    flags = {
        "negative_prompt": "--negative (or the negative words of --style, --quality)",
        "num_inference_steps": "--steps",
        "guidance_scale": "--guidance",
        "guidance_rescale": "--guidance-rescale",
    }
    names = taken(pipe.__call__)
    given = {name: value for name, value in asked.items() if value is not None}
    for name in given:
        if name not in names:
            raise InvalidRequest(f"{source} knows no {flags[name]}; leave it out.")
    return {"prompt": conditioning.wording or conditioning.prompt, **given}


@contextmanager
def seeded(sampling: Any, device: torch.device) -> Iterator[None]:
    """What a pipeline draws with no generator has the seed of the decoder; PyTorch's own is as before."""
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(sampling.seed_for("decoder"))
        yield


def drawn(sampling: Any, stage: str = "decoder") -> torch.Generator:
    """The noise of a take: on the CPU, so that every device starts from the same."""
    return torch.Generator("cpu").manual_seed(sampling.seed_for(stage))
