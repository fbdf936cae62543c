"""What all tasks of digits have in common: the data in memory, batches, the sample grid, the export."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.lab.data.digits import DIGITS, DigitSet
from audiogen.media.grid import grid
from audiogen.media.png import png_bytes
from audiogen.rows import from_rows
from audiogen.stage import Sampling
from audiogen.structure.digits.base import DigitStage

COLUMNS = 10  # of the sample grid; a row for every digit
GRID_PIXELS = 60  # at least, of a digit in the grid


@dataclass(frozen=True)
class DigitTaskSettings:
    """Settings of every task of digits.

    Attributes:
        batch_size: digits per step.
        max_shards: training shards read; valid_digits: held-out digits per evaluation.
    """

    batch_size: int = 64
    max_shards: int | None = None
    valid_digits: int = 2000


class DigitTask:
    """See `audiogen.lab.train.task.Task`; a kind of network adds its loss and its metric."""

    stage_class: ClassVar[type[DigitStage]]
    settings_class: ClassVar[type[DigitTaskSettings]] = DigitTaskSettings

    def __init__(
        self, stage_settings: dict[str, Any], task_settings: dict[str, Any], data_folder: Path, seed: int
    ) -> None:
        self.config: Any = from_rows(self.stage_class.config_class, stage_settings)
        self.settings: Any = from_rows(self.settings_class, task_settings)
        self.network: nn.Module = self.stage_class.build(self.config)
        size = self.config.network.size
        self.train = DigitSet.read(data_folder, "train", size, self.settings.max_shards)
        self.valid = DigitSet.read(data_folder, "valid", 28).first(self.settings.valid_digits).enlarged(size)

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        """{"ink": float [B, h, w] in 0..1, "labels": int64 [B]}."""
        rows = torch.randint(len(self.train), (self.settings.batch_size,), generator=generator).numpy()
        return self.digits("train", rows)

    def held_out(self, device: torch.device) -> list[dict[str, Tensor]]:
        """All held-out digits, in batches."""
        size = self.settings.batch_size
        parts = [slice(first, first + size) for first in range(0, len(self.valid), size)]
        return [{k: v.to(device) for k, v in self.digits("valid", part).items()} for part in parts]

    def digits(self, split: str, rows: np.ndarray | slice) -> dict[str, Tensor]:
        """Some digits of a split: {"ink": float [B, h, w], "labels": int64 [B]}."""
        return tensors(self.train if split == "train" else self.valid, rows)

    def sample(self, network: nn.Module, folder: Path) -> None:
        """grid.png: ten of every digit, at fixed seeds."""
        ink = sample_grid(self.stage(network))
        scale = -(-GRID_PIXELS // ink.shape[1])
        (folder / "grid.png").write_bytes(png_bytes(grid(ink, COLUMNS, scale)))

    def export(self, network: nn.Module, folder: Path) -> None:
        self.stage(network).save_pretrained(folder, "fp32")

    def stage(self, network: nn.Module) -> DigitStage:
        """The stage around a copy of the network."""
        copy = self.stage_class.build(self.config)
        copy.load_state_dict({k: v.cpu() for k, v in network.state_dict().items()})
        return self.stage_class(self.config, copy, device="cpu")


def tensors(digits: DigitSet, rows: np.ndarray | slice) -> dict[str, Tensor]:
    """Some digits: {"ink": float [B, h, w], "labels": int64 [B]}."""
    return {"ink": torch.from_numpy(digits.ink(rows)), "labels": torch.from_numpy(digits.labels[rows])}


def sample_grid(stage: DigitStage) -> np.ndarray:
    """Ten of every digit at seeds 0 .. 99, float32 [100, h, w]."""
    count = DIGITS * COLUMNS
    seeds = [Sampling(seed=seed).seed_for("structure") for seed in range(count)]
    return stage.draw(torch.arange(DIGITS).repeat_interleave(COLUMNS), seeds, Sampling()).numpy()
