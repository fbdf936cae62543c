"""A small convolutional network that reads digits: the project's own judge of what the others draw."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class ClassifierSizes:
    """What the network is made of: pixels to a side, channels of the first layer, features, classes."""

    size: int = 28
    width: int = 16
    features: int = 64
    classes: int = 10


class DigitClassifierNetwork(nn.Module):
    """Ink [B, size, size] in 0..1 -> (logits [B, classes], features [B, F], not negative)."""

    def __init__(self, sizes: ClassifierSizes) -> None:
        super().__init__()
        w = sizes.width
        self.trunk = nn.Sequential(
            *_layer(1, w),
            *_layer(w, 2 * w, stride=2),
            *_layer(2 * w, 2 * w),
            *_layer(2 * w, 4 * w, stride=2),
            *_layer(4 * w, 4 * w),
            *_layer(4 * w, 4 * w, stride=2),
            nn.Flatten(),
        )
        side = -(-sizes.size // 8)
        self.features = nn.Sequential(nn.Linear(4 * w * side**2, sizes.features), nn.ReLU())
        self.drop = nn.Dropout(0.2)
        self.classes = nn.Linear(sizes.features, sizes.classes)

    def forward(self, ink: Tensor) -> tuple[Tensor, Tensor]:
        features = self.features(self.trunk(ink[:, None]))
        return self.classes(self.drop(features)), features


def _layer(inputs: int, outputs: int, stride: int = 1) -> tuple[nn.Module, ...]:
    return nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU()


def shrunk(ink: Tensor, size: int) -> Tensor:
    """Ink [B, h, w] -> [B, size, size], averaged over areas; as it is where it has that size."""
    if ink.shape[-2:] == (size, size):
        return ink
    return torch.nn.functional.adaptive_avg_pool2d(ink[:, None], size)[:, 0]
