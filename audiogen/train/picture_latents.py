"""Prepared pictures as latents with their contours and words, encoded once.

Pictures that are no digits appear a second time, mirrored. The latents are kept beside the shards, named
after the painter that encoded them, so that a training that goes on starts at once.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from audiogen.errors import InvalidRequest
from audiogen.media.files import write_npz
from audiogen.render.painter import Painter
from audiogen.train.task_data import read_shards

NAMES = ("pictures", "contour", "has_contour", "style", "words", "label")
AT_ONCE = 16  # pictures that are encoded together


@dataclass(frozen=True, eq=False)
class PictureLatents:
    """Everything that a decoder of pictures is trained on, N pictures.

    Attributes:
        latents: float16 [N, C, h, w], normalised.
        contour: uint8 [N, 64, 64], 255 is ink. has_contour: bool [N].
        style: int64 [N], 0: none. words: int64 [N, words], 0: no word. label: int64 [N], the digit or -1.
    """

    latents: np.ndarray
    contour: np.ndarray
    has_contour: np.ndarray
    style: np.ndarray
    words: np.ndarray
    label: np.ndarray

    def __len__(self) -> int:
        return len(self.latents)


def names_of(folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Styles, and the words from number 1 on, of prepared pictures.

    Raises:
        InvalidRequest: no index there.
    """
    try:
        index = json.loads((folder / "index.json").read_text())
        styles, words = index["styles"], index["words"]
    except (OSError, ValueError, KeyError) as problem:
        raise InvalidRequest(
            f"{folder} has no index.json with styles and words ({problem}); "
            "run `audiogen data RECIPE` first."
        ) from problem
    return tuple(styles), tuple(words[1:] if words[:1] == [""] else words)


def read_latents(folder: Path, split: str, painter: Painter, shards: int | None = None) -> PictureLatents:
    """All pictures of a split, and the mirrored ones."""
    cached = folder / f"latents-{painter.source.get('sha256', '')[:12]}-{split}-{shards or 'all'}.npz"
    if painter.source.get("sha256") and cached.exists():
        with np.load(cached) as arrays:
            return PictureLatents(**{name: arrays[name] for name in PictureLatents.__dataclass_fields__})
    parts = list(_encoded(folder, split, painter, shards))
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
    if painter.source.get("sha256"):
        write_npz(cached, joined, force=True)
    return PictureLatents(**joined)


def _encoded(
    folder: Path, split: str, painter: Painter, shards: int | None
) -> Iterator[dict[str, np.ndarray]]:
    for rows in read_shards(folder, split, shards, NAMES):
        mirrored = np.flatnonzero(rows["label"] < 0)
        again = np.concatenate([np.arange(len(rows["label"])), mirrored])
        pictures, contour = rows["pictures"], rows["contour"]
        yield {
            "latents": encode_all(np.concatenate([pictures, pictures[mirrored][:, :, ::-1]]), painter),
            "contour": np.concatenate([contour, contour[mirrored][:, :, ::-1]]),
            "has_contour": rows["has_contour"][again],
            "style": rows["style"][again].astype(np.int64) + 1,
            "words": rows["words"][again].astype(np.int64),
            "label": rows["label"][again].astype(np.int64),
        }


@torch.inference_mode()
def encode_all(pictures: np.ndarray, painter: Painter) -> np.ndarray:
    """uint8 [N, H, W, 3] -> float16 [N, C, H / 8, W / 8]."""
    found = []
    for first in range(0, len(pictures), AT_ONCE):
        part = torch.from_numpy(np.ascontiguousarray(pictures[first : first + AT_ONCE])).permute(0, 3, 1, 2)
        latents = painter.network.autoencoder.encode(part.float().to(painter.device) / 255)
        found.append(latents.half().cpu().numpy())
    return np.concatenate(found)
