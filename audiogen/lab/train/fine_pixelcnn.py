"""Trains the gated PixelCNN that draws large digits over small ones; the network of those has its weights.

The sketch of a training digit is that digit at 28x28, in as many grey levels as the other network draws.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.errors import InvalidRequest
from audiogen.lab.data.digits import DigitSet
from audiogen.lab.train.digits import DigitTaskSettings
from audiogen.lab.train.pixelcnn import PixelCNNTask
from audiogen.networks.gated_pixelcnn import GatedPixelCNN
from audiogen.structure.digits.base import DigitStage
from audiogen.structure.digits.fine_pixelcnn import FinePixelCNN, FinePixelCNNStage
from audiogen.structure.digits.pixelcnn import PixelCNNStage


@dataclass(frozen=True)
class FinePixelCNNTaskSettings(DigitTaskSettings):
    """As `DigitTaskSettings`; sketch: weights of the stage `pixelcnn`, exported with what is trained."""

    sketch: str = "digit-pixelcnn"


class FinePixelCNNTask(PixelCNNTask):
    """Task "digit-pixelcnn-64" (see lab/train/task.py)."""

    stage_class: ClassVar[type[DigitStage]] = FinePixelCNNStage
    settings_class: ClassVar[type[DigitTaskSettings]] = FinePixelCNNTaskSettings

    def __init__(
        self, stage_settings: dict[str, Any], task_settings: dict[str, Any], data_folder: Path, seed: int
    ) -> None:
        """
        Raises:
            InvalidRequest: the recipe speaks of a sketch, which comes with its weights.
        """
        if "sketch" in stage_settings:
            raise InvalidRequest("stage.sketch is what task.sketch was trained with; leave it out.")
        name = task_settings.get("sketch", FinePixelCNNTaskSettings.sketch)
        small = PixelCNNStage.from_pretrained(name, device="cpu")
        super().__init__(stage_settings | {"sketch": small.config}, task_settings, data_folder, seed)
        cast(FinePixelCNN, self.network).sketch.load_state_dict(small.network.state_dict())
        cast(FinePixelCNN, self.network).sketch.requires_grad_(False)
        self.levels = small.config.network.levels
        size = small.config.network.size
        valid = DigitSet.read(data_folder, "valid", size).first(self.settings.valid_digits)
        self.small = {
            "train": DigitSet.read(data_folder, "train", size, self.settings.max_shards),
            "valid": valid,
        }

    def digits(self, split: str, rows: np.ndarray | slice) -> dict[str, Tensor]:
        """As every task of digits, and {"sketch": float [B, 28, 28]}."""
        sketch = torch.from_numpy(self.small[split].ink(rows))
        return super().digits(split, rows) | {
            "sketch": (sketch * (self.levels - 1)).round() / (self.levels - 1)
        }

    def pen(self, network: nn.Module) -> GatedPixelCNN:
        return cast(FinePixelCNN, network).fine
