"""Prepared pictures as latents with their contours and words, encoded once.

Pictures that are no digits appear a second time, mirrored. The latents are kept beside the shards, shard by
shard and named after what encoded them, so that a training that goes on starts at once.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from audiogen.errors import InvalidRequest
from audiogen.media.files import write_npz
from audiogen.networks.picture_autoencoder import PictureAutoencoder
from audiogen.render.painter import Painter

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
            f"{folder} has no index.json with styles and words ({problem}); run `audiogen data RECIPE` first."
        ) from problem
    return tuple(styles), tuple(words[1:] if words[:1] == [""] else words)


def read_latents(folder: Path, split: str, painter: Painter, shards: int | None = None) -> PictureLatents:
    """All pictures of a split (of its first `shards`), and the mirrored ones.

    Raises:
        InvalidRequest: no such shard.
    """
    files = [file for file in sorted(folder.glob(f"{split}-[0-9]*.npz")) if file.suffixes == [".npz"]][
        :shards
    ]
    if not files:
        raise InvalidRequest(f"No {split} shards in {folder}; run `audiogen data RECIPE` first.")
    code = code_of(painter)
    parts = [_shard(file, painter, folder / "latents" / f"{code}-{file.name}") for file in files]
    return PictureLatents(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def code_of(painter: Painter) -> str:
    """Twelve letters that stand for what the painter encodes with; what decodes has no part in it."""
    digest = hashlib.sha256()
    for name, value in sorted(painter.network.autoencoder.state_dict().items()):
        if name.split(".")[0] not in PictureAutoencoder.ENCODER:
            continue
        digest.update(name.encode())
        digest.update(value.float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]


def _shard(file: Path, painter: Painter, cached: Path) -> dict[str, np.ndarray]:
    """The arrays of `PictureLatents` of one shard, from `cached` if it is not older."""
    if cached.exists() and cached.stat().st_mtime >= file.stat().st_mtime:
        with np.load(cached) as arrays:
            return {name: arrays[name] for name in PictureLatents.__dataclass_fields__}
    with np.load(file) as arrays:
        rows = {name: arrays[name] for name in NAMES}
    mirrored = np.flatnonzero(rows["label"] < 0)
    again = np.concatenate([np.arange(len(rows["label"])), mirrored])
    pictures, contour = rows["pictures"], rows["contour"]
    made = {
        "latents": encode_all(np.concatenate([pictures, pictures[mirrored][:, :, ::-1]]), painter),
        "contour": np.concatenate([contour, contour[mirrored][:, :, ::-1]]),
        "has_contour": rows["has_contour"][again],
        "style": rows["style"][again].astype(np.int64) + 1,
        "words": rows["words"][again].astype(np.int64),
        "label": rows["label"][again].astype(np.int64),
    }
    cached.parent.mkdir(exist_ok=True)
    write_npz(cached, made, force=True)
    return made


@torch.inference_mode()
def encode_all(pictures: np.ndarray, painter: Painter) -> np.ndarray:
    """uint8 [N, H, W, 3] -> float16 [N, C, H / 8, W / 8]."""
    found = []
    for first in range(0, len(pictures), AT_ONCE):
        part = torch.from_numpy(np.ascontiguousarray(pictures[first : first + AT_ONCE])).permute(0, 3, 1, 2)
        latents = painter.network.autoencoder.encode(part.float().to(painter.device) / 255)
        found.append(latents.half().cpu().numpy())
    return np.concatenate(found)
