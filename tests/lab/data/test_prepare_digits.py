"""Digits: idx files -> shards, at both sizes."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from audiogen.errors import InvalidRequest
from audiogen.lab.data.digits import DigitSet
from audiogen.lab.data.prepare_digits import DigitsData, prepare


def write_idx(file: Path, values: np.ndarray) -> None:
    header = np.array([2048 + values.ndim, *values.shape], ">i4").tobytes()
    file.write_bytes(gzip.compress(header + values.astype(np.uint8).tobytes()))


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Five training digits and two held-out ones: vertical bars, the label is the column."""
    folder = tmp_path / "raw" / "mnist"
    folder.mkdir(parents=True)
    for prefix, count in (("train", 5), ("t10k", 2)):
        images = np.zeros((count, 28, 28), np.uint8)
        for label in range(count):
            images[label, 4:24, 10 + label : 13 + label] = 255
        write_idx(folder / f"{prefix}-images-idx3-ubyte.gz", images)
        write_idx(folder / f"{prefix}-labels-idx1-ubyte.gz", np.arange(count))
    return tmp_path / "raw"


def test_every_image_keeps_its_label_over_several_shards(source: Path, tmp_path: Path) -> None:
    prepare(source, tmp_path / "out", DigitsData(images_per_shard=2))
    assert sorted(f.name for f in (tmp_path / "out").glob("*.npz")) == [
        "train-000.npz", "train-001.npz", "train-002.npz", "valid-000.npz",
    ]  # fmt: skip
    digits = DigitSet.read(tmp_path / "out", "train")
    assert digits.labels.tolist() == [0, 1, 2, 3, 4]
    assert [int(image[14].argmax()) - 10 for image in digits.images] == [0, 1, 2, 3, 4]


def test_enlarged_digits_keep_their_strokes_and_have_clean_edges(source: Path, tmp_path: Path) -> None:
    prepare(source, tmp_path / "out", DigitsData())
    small = DigitSet.read(tmp_path / "out", "valid").ink(slice(None))
    large = DigitSet.read(tmp_path / "out", "valid", size=64).ink(slice(None))
    assert large.shape == (2, 64, 64)
    assert large.mean() == pytest.approx(small.mean(), rel=0.15)
    assert ((large > 0.1) & (large < 0.9)).mean() < 0.1


@pytest.mark.parametrize(
    "spoil, words",
    [
        (lambda file: file.unlink(), "does not exist"),
        (lambda file: file.write_bytes(file.read_bytes()[:40]), "damaged"),
        (lambda file: write_idx(file, np.zeros(5)), "no idx file"),
        (lambda file: write_idx(file, np.zeros((3, 28, 28))), "3 train images and 5 labels"),
    ],
)
def test_bad_files_are_refused(source: Path, tmp_path: Path, spoil, words: str) -> None:  # type: ignore[no-untyped-def]
    spoil(source / "mnist" / "train-images-idx3-ubyte.gz")
    with pytest.raises(InvalidRequest, match=words):
        prepare(source, tmp_path / "out", DigitsData())
