"""Where a step is computed: one CPU or GPU by plain PyTorch, several by accelerate.

accelerate is taken when it is installed and there is a GPU or a launcher (`accelerate launch -m
audiogen.lab.train ...`); a single CPU needs none of it.
"""

from __future__ import annotations

import importlib.util
import os
from contextlib import AbstractContextManager
from typing import Any

import torch
from torch import Tensor, nn

from audiogen.errors import MissingPackage
from audiogen.pretrained import compute_dtype


class Engine:
    """One process, one device."""

    rank = 0

    def __init__(self, precision: str = "auto", device: str | None = None) -> None:
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.bf16 = use_bf16(precision, self.device)

    def prepare(
        self, network: nn.Module, optimizer: torch.optim.Optimizer
    ) -> tuple[nn.Module, torch.optim.Optimizer]:
        """Network and optimizer as the steps use them."""
        return network, optimizer

    def autocast(self) -> AbstractContextManager[Any]:
        return torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16)

    def backward(self, loss: Tensor) -> None:
        loss.backward()

    def agree(self, elapsed_s: float, stop: bool) -> tuple[float, bool]:
        """What all processes act on: the longest time, and stop if any wants to."""
        return elapsed_s, stop

    def wait(self) -> None:
        """Until every process is here."""


class AccelerateEngine(Engine):
    """One or many devices through accelerate; process k draws its own batches."""

    def __init__(self, precision: str = "auto", device: str | None = None) -> None:
        from accelerate import Accelerator
        from accelerate.utils import DistributedDataParallelKwargs

        unused = DistributedDataParallelKwargs(find_unused_parameters=True)  # dropped conditions
        self.accelerator = Accelerator(
            mixed_precision="no",
            cpu=device == "cpu",
            kwargs_handlers=[unused],
            step_scheduler_with_optimizer=False,
        )
        self.device = self.accelerator.device
        self.rank = self.accelerator.process_index
        self.bf16 = use_bf16(precision, self.device)

    def prepare(
        self, network: nn.Module, optimizer: torch.optim.Optimizer
    ) -> tuple[nn.Module, torch.optim.Optimizer]:
        return self.accelerator.prepare(network, optimizer)

    def backward(self, loss: Tensor) -> None:
        self.accelerator.backward(loss)

    def agree(self, elapsed_s: float, stop: bool) -> tuple[float, bool]:
        mine = torch.tensor([elapsed_s, float(stop)], device=self.device)
        everyone = self.accelerator.gather(mine[None])
        return float(everyone[:, 0].max()), bool(everyone[:, 1].max() > 0)

    def wait(self) -> None:
        self.accelerator.wait_for_everyone()


def use_bf16(precision: str, device: torch.device) -> bool:
    """Whether to autocast: asked for, or "auto" on hardware that multiplies bf16."""
    return precision == "bf16" or (precision == "auto" and compute_dtype(device.type) == torch.bfloat16)


def make_engine(precision: str = "auto") -> Engine:
    """The engine for this machine and launch.

    Raises:
        MissingPackage: several processes were launched without accelerate.
    """
    several = int(os.environ.get("WORLD_SIZE", "1")) > 1
    installed = importlib.util.find_spec("accelerate") is not None
    if several and not installed:
        raise MissingPackage("Several processes need accelerate; pip install 'audiogen[train]'.")
    if installed and (several or torch.cuda.is_available()):
        return AccelerateEngine(precision, None if torch.cuda.is_available() else "cpu")
    return Engine(precision)
