"""Weights on disk: a state dict as safetensors, matrices in bf16 or in int8 with a scale per row.

int8 halves a file. Each row of a matrix (an output channel, a row of a table) is rounded to 255 steps of its
own largest value, so a weight is off by at most 0.4 % of it; vectors stay bf16 and buffers, which normalise
data, float32. It is storage only: what is loaded is float32 again, and computes as fast as before.
"""

from __future__ import annotations

from pathlib import Path

import torch
from torch import Tensor, nn

STORAGES = {"fp32": torch.float32, "bf16": torch.bfloat16, "int8": torch.bfloat16}  # of vectors
SCALE = ".int8_scale"  # beside the name of a weight
SMALLEST = 4096  # a smaller weight is not worth a scale


def save_weights(network: nn.Module, file: Path, storage: str = "bf16") -> None:
    """Write parameters and buffers.

    Args:
        storage: one of STORAGES.
    Raises:
        ValueError: another one.
    """
    from safetensors.torch import save_file

    if storage not in STORAGES:
        raise ValueError(f"storage must be one of {', '.join(STORAGES)}, not {storage!r}")
    buffers = {name for name, _ in network.named_buffers()}
    state: dict[str, Tensor] = {}
    for name, value in network.state_dict().items():
        value = value.detach().contiguous().cpu()
        if name in buffers or not value.is_floating_point():
            state[name] = value
        elif storage == "int8" and value.dim() > 1 and value.numel() >= SMALLEST:
            state[name], state[name + SCALE] = to_int8(value)
        else:
            state[name] = value.to(STORAGES[storage])
    save_file(state, file)


def load_weights(file: Path) -> dict[str, Tensor]:
    """The state dict of a file, floating-point values as float32."""
    from safetensors.torch import load_file

    stored = load_file(file)
    scales = {name: stored.pop(name) for name in list(stored) if name.endswith(SCALE)}
    state = {name: value.float() if value.is_floating_point() else value for name, value in stored.items()}
    for name, scale in scales.items():
        name = name.removesuffix(SCALE)
        state[name] = from_int8(state[name], scale)
    return state


def to_int8(value: Tensor) -> tuple[Tensor, Tensor]:
    """A weight [R, ...] as int8 of the same shape, and the scale of each row, float32 [R]."""
    rows = value.float().flatten(1)
    scale = (rows.abs().amax(1) / 127).clamp_min(1e-12)
    return (rows / scale[:, None]).round().to(torch.int8).view(value.shape), scale


def from_int8(value: Tensor, scale: Tensor) -> Tensor:
    """The inverse of `to_int8`, within half a step."""
    return value.float() * scale.view(-1, *[1] * (value.dim() - 1))
