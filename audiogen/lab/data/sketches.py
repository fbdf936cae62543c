"""The line drawings among prepared pictures, read into memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiogen.lab.data.shards import read_shards

ROWS = ("label", "has_contour", "words", "contour", "style")


@dataclass(frozen=True, eq=False)
class Sketches:
    """Contours uint8 [N, 64, 64] with words int64 [N, W] and styles int64 [N], 0: none."""

    contour: np.ndarray
    words: np.ndarray
    style: np.ndarray

    @classmethod
    def read(cls, folder: Path, split: str, shards: int | None = None) -> Sketches:
        """All contours of a split that are no digits'.

        Raises:
            InvalidRequest: no such shard.
        """
        parts = []
        for rows in read_shards(folder, split, shards, ROWS):
            here = (rows["label"] < 0) & rows["has_contour"] & (rows["words"][:, 0] > 0)
            parts.append((rows["contour"][here], rows["words"][here], rows["style"][here] + 1))
        return cls(*(np.concatenate(each) for each in zip(*parts, strict=True)))
