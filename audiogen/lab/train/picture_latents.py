"""Prepared pictures as latents with their contours and words, encoded once.

Pictures that are no digits appear a second time, mirrored; illustrations also as often as asked in other
views (see picture_views.py). The latents are kept beside the shards, shard by shard and named after what
encoded them, so that a training that goes on starts at once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch

from audiogen.artifacts import LOOKS
from audiogen.errors import InvalidRequest
from audiogen.lab.data.picture_index import names_of
from audiogen.lab.train.picture_views import view
from audiogen.media.files import write_npz
from audiogen.networks.picture_autoencoder import PictureAutoencoder
from audiogen.render.painter import Painter

NAMES = ("pictures", "contour", "has_contour", "style", "words", "label")
AT_ONCE = 16  # pictures that are encoded together
Rows = dict[str, np.ndarray]  # of a shard, as the preparation writes them


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


def read_latents(
    folder: Path, split: str, painter: Painter, shards: int | None = None, views: int = 0
) -> PictureLatents:
    """All pictures of a split (of its first `shards`), the mirrored ones, and `views` of each illustration.

    Raises:
        InvalidRequest: no such shard.
    """
    files = shards_of(folder, split)[:shards]
    looks = np.isin(names_of(folder)[0], LOOKS)
    kept, code = folder / "latents", code_of(painter)
    parts = []
    for file in files:
        parts.append(_kept(kept / f"{code}-{file.name}", file, painter, mirrored))
        if views:
            seen = partial(seen_otherwise, looks=looks, times=views)
            parts.append(_kept(kept / f"{code}-{views}-views-{file.name}", file, painter, seen))
    return PictureLatents(**{name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def shards_of(folder: Path, split: str) -> list[Path]:
    """The shards of a split, in order.

    Raises:
        InvalidRequest: there is none.
    """
    files = [file for file in sorted(folder.glob(f"{split}-[0-9]*.npz")) if file.suffixes == [".npz"]]
    if not files:
        raise InvalidRequest(f"No {split} shards in {folder}; run `audiogen data RECIPE` first.")
    return files


def code_of(painter: Painter) -> str:
    """Twelve letters that stand for what the painter encodes with; what decodes has no part in it."""
    digest = hashlib.sha256()
    for name, value in sorted(painter.network.autoencoder.state_dict().items()):
        if name.split(".")[0] not in PictureAutoencoder.ENCODER:
            continue
        digest.update(name.encode())
        digest.update(value.float().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:12]


def mirrored(rows: Rows) -> Rows:
    """The rows, then mirrored those that are no digits."""
    others = np.flatnonzero(rows["label"] < 0)
    made = _taken(rows, np.concatenate([np.arange(len(rows["label"])), others]))
    for name in ("pictures", "contour"):
        made[name][len(rows["label"]) :] = rows[name][others][:, :, ::-1]
    return made


def seen_otherwise(rows: Rows, looks: np.ndarray, times: int) -> Rows:
    """That many views of each row whose style is a look of illustrations; `looks` is bool [styles]."""
    made = _taken(rows, np.repeat(np.flatnonzero(looks[rows["style"]] & (rows["label"] < 0)), times))
    rng = np.random.default_rng(len(made["label"]))
    for number in range(len(made["label"])):
        pair = made["pictures"][number], made["contour"][number]
        made["pictures"][number], made["contour"][number] = view(*pair, rng)
    return made


def _taken(rows: Rows, chosen: np.ndarray) -> Rows:
    return {name: values[chosen] for name, values in rows.items()}


def _kept(cached: Path, file: Path, painter: Painter, change: Callable[[Rows], Rows]) -> Rows:
    """The arrays of `PictureLatents` of one changed shard, from `cached` if it is not older."""
    if cached.exists() and cached.stat().st_mtime >= file.stat().st_mtime:
        with np.load(cached) as arrays:
            return {name: arrays[name] for name in PictureLatents.__dataclass_fields__}
    with np.load(file) as arrays:
        rows = change({name: arrays[name] for name in NAMES})
    made = {
        "latents": encode_all(rows["pictures"], painter),
        "contour": rows["contour"],
        "has_contour": rows["has_contour"],
        "style": rows["style"].astype(np.int64) + 1,
        "words": rows["words"].astype(np.int64),
        "label": rows["label"].astype(np.int64),
    }
    cached.parent.mkdir(exist_ok=True)
    write_npz(cached, made, force=True)
    return made


@torch.inference_mode()
def encode_all(pictures: np.ndarray, painter: Painter) -> np.ndarray:
    """uint8 [N, H, W, 3] -> float16 [N, C, H / 8, W / 8]."""
    coder = painter.network.autoencoder
    found = [np.zeros((0, painter.config.channels, *(n // 8 for n in pictures.shape[1:3])), np.float16)]
    for first in range(0, len(pictures), AT_ONCE):
        part = torch.from_numpy(np.ascontiguousarray(pictures[first : first + AT_ONCE])).permute(0, 3, 1, 2)
        latents = coder.encode(part.float().to(painter.device) / 255)
        found.append(latents.half().cpu().numpy())
    return np.concatenate(found)
