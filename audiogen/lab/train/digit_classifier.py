"""Trains the reader of digits (`evaluate/digits/judge.py`): cross-entropy on turned, moved and scaled digits.

The judge must read enlarged, thresholded and soft contours fairly, so a part of them is made so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from audiogen.lab.data.digits import DigitSet
from audiogen.lab.evaluate.digits.judge import DigitClassifier
from audiogen.lab.train.digits import tensors
from audiogen.media.grid import grid
from audiogen.media.png import png_bytes
from audiogen.networks.digit_classifier import ClassifierSizes
from audiogen.rows import from_rows


@dataclass(frozen=True)
class DigitClassifierSettings:
    """Settings of the task.

    Attributes:
        batch_size: digits per step.
        turn: at most, degrees; move: pixels; scale, shear: shares.
        soften: share of the digits whose edges are made harder or softer.
        smoothing: of the labels.
    """

    batch_size: int = 128
    turn: float = 14.0
    move: float = 2.5
    scale: float = 0.14
    shear: float = 0.14
    soften: float = 0.3
    smoothing: float = 0.05
    max_shards: int | None = None


class DigitClassifierTask:
    """Task "digit-classifier" (see lab/train/task.py)."""

    def __init__(
        self, stage_settings: dict[str, Any], task_settings: dict[str, Any], data_folder: Path, seed: int
    ) -> None:
        self.config = from_rows(ClassifierSizes, stage_settings)
        self.settings = from_rows(DigitClassifierSettings, task_settings)
        self.network: nn.Module = DigitClassifier.build(self.config)
        self.train = DigitSet.read(data_folder, "train", self.config.size, self.settings.max_shards)
        self.valid = DigitSet.read(data_folder, "valid", self.config.size)

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        """{"ink": float [B, h, w] as disturbed, "labels": int64 [B]}."""
        rows = torch.randint(len(self.train), (self.settings.batch_size,), generator=generator).numpy()
        batch = tensors(self.train, rows)
        return batch | {"ink": disturb(batch["ink"], self.settings, generator)}

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        logits = network(batch["ink"])[0].float()
        right = (logits.argmax(1) == batch["labels"]).float().mean()
        loss = F.cross_entropy(logits, batch["labels"], label_smoothing=self.settings.smoothing)
        return {"loss": loss, "accuracy": right.detach()}

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Share of the held-out digits that are read wrong (`metric`)."""
        reading = self._judge(network).read(self.valid.ink(slice(None)))
        accuracy = float((reading.digits == self.valid.labels).mean())
        return {"metric": 1 - accuracy, "accuracy": accuracy}

    def sample(self, network: nn.Module, folder: Path) -> None:
        """wrong.png: held-out digits that are read wrong."""
        ink = self.valid.ink(slice(None))
        wrong = ink[self._judge(network).read(ink).digits != self.valid.labels]
        if len(wrong):
            (folder / "wrong.png").write_bytes(png_bytes(grid(wrong[:100], 10, 2)))

    def export(self, network: nn.Module, folder: Path) -> None:
        self._judge(network).save_pretrained(folder, "fp32")

    def _judge(self, network: nn.Module) -> DigitClassifier:
        copy = DigitClassifier.build(self.config)
        copy.load_state_dict({k: v.cpu() for k, v in network.state_dict().items()})
        return DigitClassifier(self.config, copy, device="cpu")


def disturb(ink: Tensor, s: DigitClassifierSettings, generator: torch.Generator) -> Tensor:
    """Each digit [B, h, w] turned, moved, scaled, slanted; some with harder or softer edges."""
    count, size = len(ink), ink.shape[-1]

    def within(limit: float) -> Tensor:
        return limit * (2 * torch.rand(count, generator=generator) - 1)

    angle, slant = within(math.radians(s.turn)), within(s.shear)
    wide, high = 1 + within(s.scale), 1 + within(s.scale)
    cos, sin = angle.cos(), angle.sin()
    move = 2 / size
    rows = [
        torch.stack([cos / wide, (slant - sin) / wide, move * within(s.move)], 1),
        torch.stack([sin / high, cos / high, move * within(s.move)], 1),
    ]
    where = F.affine_grid(torch.stack(rows, 1), [count, 1, size, size], align_corners=False)
    moved = F.grid_sample(ink[:, None], where, align_corners=False)
    steep = torch.exp(within(1.5))[:, None, None, None] * 4
    changed = torch.sigmoid(steep * (moved - 0.45)) - torch.sigmoid(-0.45 * steep)
    changed = changed / (torch.sigmoid(0.55 * steep) - torch.sigmoid(-0.45 * steep))
    some = torch.rand(count, generator=generator)[:, None, None, None] < s.soften
    return torch.where(some, changed, moved)[:, 0].clamp(0, 1)
