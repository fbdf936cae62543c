"""What the switches of pretrained models give, on the true architectures with random weights.

The UNet of Stable Diffusion 1.5 (860 M parameters) and of SDXL (2.6 G) in one denoising step with guidance,
for 512x512 pixels; the image decoder that both have; the decoder of MusicGen-small. Every cell is a process.

`python -m benchmarks.pretrained THREADS [FOLDER]` prints the table. FOLDER keeps every cell (cells.jsonl);
those that are there are not measured again. PART SWITCH THREADS FOLDER: one cell, as JSON; the first of a
part, float32, leaves its result in FOLDER, and the others say how far theirs is from it.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from torch import nn

from benchmarks import musicgen

PLAIN = "float32"
CELLS = {
    "SD 1.5 UNet, a step": (PLAIN, "channels-last", "bfloat16", "slicing", "int8", "compile"),
    "image decoder, 512x512": (PLAIN, "channels-last", "bfloat16", "tiling", "compile"),
    "SDXL UNet, a step": (PLAIN, "bfloat16", "int8"),
    "MusicGen-small, 50 tokens": (PLAIN, "bfloat16", "int8", "nf4"),
}
ROOM_MB = {"SDXL UNet, a step": 13_000}  # of free memory, without which a part is left out
BATCH, WORDS = 2, 77  # with guidance; tokens
TILE = 256  # pixels
PATIENCE_S = 300  # of the processor, for a cell: bf16 without instructions for it is a hundred times slower


def unet(**settings: Any) -> nn.Module:
    from audiogen.compat import import_diffusers

    return import_diffusers().UNet2DConditionModel(sample_size=64, **settings)


def sd15() -> nn.Module:
    return unet(cross_attention_dim=768, attention_head_dim=8)


def sdxl() -> nn.Module:
    return unet(
        cross_attention_dim=2048,
        block_out_channels=(320, 640, 1280),
        attention_head_dim=(5, 10, 20),
        transformer_layers_per_block=(1, 2, 10),
        down_block_types=("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        use_linear_projection=True,
        addition_embed_type="text_time",
        addition_time_embed_dim=256,
        projection_class_embeddings_input_dim=2816,
    )


def image_decoder() -> nn.Module:
    from audiogen.compat import import_diffusers

    return import_diffusers().AutoencoderKL(
        block_out_channels=(128, 256, 512, 512),
        layers_per_block=2,
        latent_channels=4,
        sample_size=512,
        down_block_types=("DownEncoderBlock2D",) * 4,
        up_block_types=("UpDecoderBlock2D",) * 4,
    )


def filled(build: Callable[[], nn.Module], dtype: torch.dtype) -> nn.Module:
    """A network with random weights that keep the size of what goes through; it is made in its dtype."""
    with torch.device("meta"):
        network = build().to(dtype)
    network = network.to_empty(device="cpu").eval().requires_grad_(False)
    torch.manual_seed(0)
    for name, part in network.named_parameters():
        if part.dim() > 1:
            part.normal_(0, part[0].numel() ** -0.5)
        else:
            part.fill_(float("norm" in name and name.endswith("weight")))
    return network


def work_of(part: str, switch: str) -> Callable[[], torch.Tensor]:
    """What is measured, ready to be called."""
    dtype = torch.bfloat16 if switch == "bfloat16" else torch.float32
    if part.startswith("MusicGen"):
        return _musicgen(switch, dtype)
    builds = {"SD 1.5": sd15, "SDXL": sdxl, "image": image_decoder}
    network: Any = filled(next(make for name, make in builds.items() if part.startswith(name)), dtype)
    if switch == "channels-last":
        network.to(memory_format=torch.channels_last)
    if switch == "slicing":
        network.set_attention_slice("auto")
    if switch == "tiling":
        network.enable_tiling()
        network.tile_sample_min_size, network.tile_latent_min_size = TILE, TILE // 8
    if switch == "int8":
        from torchao.quantization import Int8WeightOnlyConfig, quantize_

        quantize_(network, Int8WeightOnlyConfig())
    if switch == "compile":
        network.compile() if hasattr(network, "down_blocks") else network.decoder.compile()
    generator = torch.Generator().manual_seed(1)

    def drawn(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator).to(dtype)

    if part.startswith("image"):
        latents = drawn(1, 4, 64, 64)
        return lambda: network.decode(latents).sample
    x_t, words = drawn(BATCH, 4, 64, 64), drawn(BATCH, WORDS, network.config.cross_attention_dim)
    added = {"text_embeds": drawn(BATCH, 1280), "time_ids": torch.full((BATCH, 6), 512.0)}
    return lambda: network(x_t, 500, words, added_cond_kwargs=added).sample


def _musicgen(switch: str, dtype: torch.dtype) -> Callable[[], torch.Tensor]:
    """Fifty steps of the decoder with its cache, on given tokens: the logits of the last one."""
    network: Any = musicgen.build(dtype).decoder
    if switch == "int8":
        from torchao.quantization import Int8WeightOnlyConfig, quantize_

        quantize_(network, Int8WeightOnlyConfig())
    if switch == "nf4":
        _nf4(network)
    codes = torch.randint(2048, (BATCH * 4, 50), generator=torch.Generator().manual_seed(1))
    words = torch.randn(BATCH, 12, 1024, generator=torch.Generator().manual_seed(2)).to(dtype)

    def work() -> torch.Tensor:
        cache, logits = None, torch.empty(0)
        for step in range(codes.shape[1]):
            made = network(
                codes[:, step : step + 1], encoder_hidden_states=words, past_key_values=cache, use_cache=True
            )
            cache, logits = made.past_key_values, made.logits
        return logits

    return work


def _nf4(network: nn.Module) -> None:
    """Every linear layer of four bits, as transformers does it while it loads."""
    from bitsandbytes.nn import LinearNF4

    for module in list(network.modules()):
        for name, part in list(module.named_children()):
            if type(part) is nn.Linear:
                four = LinearNF4(part.in_features, part.out_features, part.bias is not None, torch.float32)
                four.load_state_dict(part.state_dict())
                setattr(module, name, four.to("cpu"))


@torch.inference_mode()
def measure(part: str, switch: str, threads: int, folder: Path) -> dict[str, Any]:
    """One cell: seconds, memory, and how far the result is from float32.

    `cpu_s` is what the processor worked; on a busy machine and one thread it says more than `seconds`.
    """
    torch.set_num_threads(threads)
    work = work_of(part, switch)
    before = _memory_mb("VmRSS")
    first = _processor_s()
    if switch == "compile":
        work()
    first = _processor_s() - first
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    start, used = time.perf_counter(), _processor_s()
    made = work().float()
    seconds, used = time.perf_counter() - start, _processor_s() - used
    file = folder / f"{re.sub('[^a-z0-9]', '-', part.lower())}.pt"
    if switch == PLAIN:
        torch.save(made, file)
    plain = torch.load(file)
    return {
        "part": part,
        "switch": switch,
        "threads": threads,
        "compile_s": first,
        "seconds": seconds,
        "cpu_s": used,
        "weights_mb": before,
        "peak_mb": _memory_mb("VmHWM"),
        "distance": float((made - plain).norm() / plain.norm()),
    }


def _processor_s() -> float:
    """Of this process and the compilers that it called."""
    return sum(
        used.ru_utime + used.ru_stime
        for used in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


def _memory_mb(name: str) -> float:
    text = Path("/proc/self/status").read_text()
    return int(re.findall(rf"{name}:\s+(\d+) kB", text)[0]) / 1000


def free_mb() -> float:
    return int(re.findall(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())[0]) / 1000


def measure_apart(threads: int, folder: Path | None = None) -> list[dict[str, Any]]:
    """All cells; one that fails, or for which there is no room, says so.

    Args:
        folder: where they are kept; None: nowhere.
    """
    if folder is None:
        with TemporaryDirectory() as none:
            return measure_apart(threads, Path(none))
    kept = folder / "cells.jsonl"
    lines = kept.read_text().splitlines() if kept.exists() else []
    rows = {(row["part"], row["switch"]): row for row in map(json.loads, lines)}
    cells = [(part, switch) for part, switches in CELLS.items() for switch in switches]
    for cell in (cell for cell in cells if cell not in rows):
        rows[cell] = _apart(*cell, threads, folder)
        with open(kept, "a") as stream:
            stream.write(json.dumps(rows[cell]) + "\n")
    return [rows[cell] for cell in cells]


def _apart(part: str, switch: str, threads: int, folder: Path) -> dict[str, Any]:
    """One cell in a process of its own."""
    if free_mb() < ROOM_MB.get(part, 7_000):
        return {"part": part, "switch": switch, "missing": "no room"}
    command = [sys.executable, "-m", "benchmarks.pretrained", part, switch, str(threads), str(folder)]
    here = os.environ | {"TORCHINDUCTOR_COMPILE_THREADS": "1"}  # its compiling is counted

    def patient() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE_S, PATIENCE_S))

    done = subprocess.run(command, capture_output=True, text=True, env=here, preexec_fn=patient)
    if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return {"part": part, "switch": switch, "missing": f"over {PATIENCE_S} s"}
    if done.returncode:
        why = (done.stderr.strip().splitlines() or [f"ended with {done.returncode}"])[-1]
        return {"part": part, "switch": switch, "missing": why[:120]}
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


if __name__ == "__main__":
    if len(sys.argv) < 4:
        from benchmarks.page import pretrained

        print(pretrained(measure_apart(int(sys.argv[1]), *map(Path, sys.argv[2:]))))
    else:
        part, switch, threads, folder = sys.argv[1:]
        print(json.dumps(measure(part, switch, int(threads), Path(folder))))
