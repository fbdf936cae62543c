"""The mark of pictures: found after what happens to pictures, absent where none was laid, not to be seen."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from audiogen.origin import picture

ID = "0b17ff"


def painting(size: int = 512, seed: int = 0) -> np.ndarray:
    """Soft shapes with some grain on flat paper, float32 [3, size, size]."""
    rng = np.random.default_rng(seed)
    soft = ndimage.gaussian_filter(rng.normal(size=(3, size, size)), (0, 20, 20))
    soft = 0.6 + 0.3 * soft / np.abs(soft).max() + 0.01 * rng.normal(size=(size, size))
    soft[:, :100] = 0.9
    return np.clip(soft, 0, 1).astype(np.float32)


def eight_bits(pixels: np.ndarray) -> np.ndarray:
    return np.round(255 * pixels).astype(np.uint8).transpose(1, 2, 0)


def jpeg(levels: np.ndarray, quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def scaled(levels: np.ndarray, by: float) -> np.ndarray:
    size = [round(by * side) for side in levels.shape[1::-1]]
    return np.asarray(Image.fromarray(levels).resize(size, Image.Resampling.LANCZOS))


ATTACKS = {
    "none": lambda x: x,
    "JPEG of quality 80": lambda x: jpeg(x, 80),
    "half its size": lambda x: scaled(x, 0.5),
    "larger by a third": lambda x: scaled(x, 1.33),
    "cut to a quarter": lambda x: x[101:357, 77:333],
    "cut, smaller, JPEG": lambda x: jpeg(scaled(x[50:450, 30:430], 0.8), 80),
    "mirrored": lambda x: x[:, ::-1],
    "darker": lambda x: (0.7 * x).astype(np.uint8),
    "grey": lambda x: np.repeat(x.mean(2, keepdims=True), 3, 2).astype(np.uint8),
}


@pytest.fixture(scope="module")
def pair():
    plain = painting()
    return plain, picture.mark(plain, ID)


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_mark_is_found_after(pair, attack):
    levels = ATTACKS[attack](eight_bits(pair[1]))
    found = picture.detect(levels.transpose(2, 0, 1).astype(np.float32) / 255)
    assert found.there
    assert found.id == ID


def test_a_picture_without_a_mark_has_none(pair):
    assert not picture.detect(pair[0]).there


def test_the_mark_is_faint(pair):
    plain, marked = pair
    assert np.abs(marked - plain).max() <= 5 * picture.MOST
    assert np.sqrt(np.mean(np.square(255 * (marked - plain)))) < 1.6
    assert marked.dtype == np.float32
    assert marked.min() >= 0
    assert marked.max() <= 1


@pytest.mark.parametrize("shape", [(3, 1, 1), (3, 40, 300), (3, 1500, 200)])
def test_any_shape_is_marked_and_searched(shape):
    marked = picture.mark(np.full(shape, 0.5, np.float32), ID)
    assert marked.shape == shape
    picture.detect(marked, scales=(1.0,))
