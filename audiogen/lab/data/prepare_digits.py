"""Handwritten digits: the four idx files of MNIST -> shards of images and labels.

A shard is an .npz of `images` uint8 [W, 28, 28], white ink on black, and `labels` int64 [W]. The test images
of MNIST are the held-out split.
"""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiogen.errors import InvalidRequest

SPLITS = {"train": "train", "valid": "t10k"}  # ours -> the prefix of the files
IMAGES, LABELS = 2051, 2049  # magic numbers: how many axes, of bytes


@dataclass(frozen=True)
class DigitsData:
    """Settings of `audiogen data` for digits.

    Attributes:
        images_per_shard: at most so many.
    """

    images_per_shard: int = 10_000

    def __post_init__(self) -> None:
        if self.images_per_shard < 1:
            raise InvalidRequest(f"images_per_shard must be at least 1, not {self.images_per_shard}.")


def prepare(source: Path, out: Path, settings: DigitsData) -> None:
    """Write the shards of both splits into `out`; shards that exist are kept.

    Args:
        source: holds the idx .gz files, or a folder `mnist` with them.
    Raises:
        InvalidRequest: a file is missing or damaged, or images and labels do not belong together.
    """
    folder = source / "mnist" if (source / "mnist").is_dir() else source
    out.mkdir(parents=True, exist_ok=True)
    for split, prefix in SPLITS.items():
        images = read_idx(folder / f"{prefix}-images-idx3-ubyte.gz", IMAGES)
        labels = read_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", LABELS).astype(np.int64)
        if len(images) != len(labels):
            raise InvalidRequest(f"{folder} has {len(images)} {prefix} images and {len(labels)} labels.")
        for number, first in enumerate(range(0, len(images), settings.images_per_shard)):
            part = slice(first, first + settings.images_per_shard)
            write_shard(out / f"{split}-{number:03d}.npz", images[part], labels[part])


def write_shard(target: Path, images: np.ndarray, labels: np.ndarray) -> None:
    """One shard, whole or not at all; one that exists is kept."""
    if target.exists():
        return
    temporary = target.with_suffix(".part.npz")
    np.savez_compressed(temporary, images=images, labels=labels)
    temporary.rename(target)


def read_idx(file: Path, magic: int) -> np.ndarray:
    """The bytes of an idx .gz file, uint8 of the shape that it names.

    Raises:
        InvalidRequest: missing, damaged, or of another kind.
    """
    try:
        raw = gzip.decompress(file.read_bytes())
    except FileNotFoundError as problem:
        raise InvalidRequest(f"{file} does not exist; --source must hold the four idx files.") from problem
    except (OSError, EOFError, zlib.error) as problem:
        raise InvalidRequest(f"{file} is damaged ({problem}); get it again.") from problem
    axes = magic % 256
    first = 4 + 4 * axes
    header = np.frombuffer(raw[:first].ljust(first, b"\0"), ">i4")
    if header[0] != magic or len(raw) != first + header[1:].prod():
        raise InvalidRequest(f"{file} is no idx file of {axes} axes of bytes.")
    return np.frombuffer(raw, np.uint8, offset=first).reshape(header[1:])
