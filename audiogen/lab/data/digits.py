"""Prepared digits, read into memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiogen.lab.data.shards import read_shards
from audiogen.media.drawing import enlarged

DIGITS = 10


@dataclass(frozen=True, eq=False)
class DigitSet:
    """Digits of a split: images uint8 [W, size, size], 255 is ink; labels int64 [W] in 0..9."""

    images: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.images)

    @classmethod
    def read(cls, folder: Path, split: str, size: int = 28, shards: int | None = None) -> DigitSet:
        """The shards of a split, enlarged where a larger size is wanted.

        Raises:
            InvalidRequest: no such shard.
        """
        parts = list(read_shards(Path(folder), split, shards, ("images", "labels")))
        images = np.concatenate([part["images"] for part in parts])
        return cls(resized(images, size), np.concatenate([part["labels"] for part in parts]))

    def ink(self, rows: np.ndarray | slice) -> np.ndarray:
        """Some of the images, float32 [N, size, size] in 0..1."""
        return self.images[rows].astype(np.float32) / 255

    def first(self, count: int) -> DigitSet:
        """The first `count` digits."""
        return DigitSet(self.images[:count], self.labels[:count])

    def enlarged(self, size: int) -> DigitSet:
        """The same with `size` pixels to a side."""
        return DigitSet(resized(self.images, size), self.labels)


def resized(images: np.ndarray, size: int) -> np.ndarray:
    """uint8 [W, n, n] -> uint8 [W, size, size] with clean strokes; see `media.drawing.enlarged`."""
    if images.shape[1] == size:
        return images
    out = np.empty((len(images), size, size), np.uint8)
    for number, image in enumerate(images):
        out[number] = np.round(255 * enlarged(image.astype(np.float32) / 255, size))
    return out
