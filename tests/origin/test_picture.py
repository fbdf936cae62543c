"""The mark of pictures: found after what happens to pictures, absent where none was laid, not to be seen."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter
from scipy import ndimage

from audiogen.origin import lattice, picture, picture_search

ID = "0b17ff"


def painting(size: int = 384, seed: int = 0) -> np.ndarray:
    """Soft shapes with some grain on flat paper, float32 [3, size, size]."""
    rng = np.random.default_rng(seed)
    soft = ndimage.gaussian_filter(rng.normal(size=(3, size, size)), (0, 20, 20))
    soft = 0.6 + 0.3 * soft / np.abs(soft).max() + 0.01 * rng.normal(size=(size, size))
    soft[:, :100] = 0.9
    return np.clip(soft, 0, 1).astype(np.float32)


def drawing(size: int = 256) -> np.ndarray:
    """Black rings on white, with neither grain nor shade, float32 [3, size, size]."""
    rows, columns = np.mgrid[:size, :size] - size / 2
    ink = np.abs(np.hypot(rows, columns) % 60 - 30) < 3
    return np.repeat(np.where(ink, 0, 1)[None], 3, 0).astype(np.float32)


def eight_bits(pixels: np.ndarray) -> np.ndarray:
    return np.round(255 * pixels).astype(np.uint8).transpose(1, 2, 0)


def found_in(levels: np.ndarray, **how) -> picture_search.Found:
    return picture_search.detect(levels.transpose(2, 0, 1).astype(np.float32) / 255, **how)


def coded(levels: np.ndarray, quality: int, kind: str = "JPEG") -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(levels).save(buffer, kind, quality=quality)
    return np.asarray(Image.open(buffer).convert("RGB"))


def scaled(levels: np.ndarray, by: float, wider: float = 1) -> np.ndarray:
    size = [round(by * wider * levels.shape[1]), round(by * levels.shape[0])]
    return np.asarray(Image.fromarray(levels).resize(size, Image.Resampling.LANCZOS))


def turned(levels: np.ndarray, degrees: float) -> np.ndarray:
    return np.asarray(Image.fromarray(levels).rotate(-degrees, Image.Resampling.BICUBIC, fillcolor="white"))


def noisy(levels: np.ndarray) -> np.ndarray:
    return np.clip(levels + np.random.default_rng(3).normal(0, 6, levels.shape), 0, 255).astype(np.uint8)


ATTACKS = {
    "none": lambda x: x,
    "JPEG of quality 60": lambda x: coded(x, 60),
    "WebP of quality 80": lambda x: coded(x, 80, "WEBP"),
    "half its size": lambda x: scaled(x, 0.5),
    "larger by a third": lambda x: scaled(x, 1.33),
    "cut to a quarter": lambda x: x[101:293, 77:269],
    "cut, smaller, JPEG": lambda x: coded(scaled(x[30:370, 20:360], 0.8), 80),
    "turned by 3 degrees, JPEG": lambda x: coded(turned(x, 3), 80),
    "squeezed by a tenth": lambda x: scaled(x, 1, 0.9),
    "mirrored": lambda x: x[:, ::-1],
    "turned by a right angle": lambda x: np.rot90(x),
    "blurred": lambda x: np.asarray(Image.fromarray(x).filter(ImageFilter.GaussianBlur(1.5))),
    "darker": lambda x: (0.7 * x).astype(np.uint8),
    "flatter, brighter": lambda x: (255 * (0.3 + 0.7 * x / 255) ** 0.7).astype(np.uint8),
    "noise of 6 levels": noisy,
    "32 colours": lambda x: np.asarray(Image.fromarray(x).quantize(32).convert("RGB")),
    "grey": lambda x: np.repeat(x.mean(2, keepdims=True), 3, 2).astype(np.uint8),
}


@pytest.fixture(scope="module")
def pair():
    plain = painting()
    return plain, picture.mark(plain, ID)


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_mark_is_found_after(pair, attack):
    found = found_in(ATTACKS[attack](eight_bits(pair[1])))
    assert found.there
    assert found.id == ID


def test_it_says_what_was_done_to_the_picture(pair):
    found = found_in(turned(scaled(eight_bits(pair[1])[:, ::-1], 0.8), 12))
    assert found.mirrored
    assert found.scale == pytest.approx(0.8, abs=0.005)
    assert found.turned == pytest.approx(12, abs=0.5)


def test_a_flat_drawing_keeps_it_in_a_jpeg():
    """White is taken down a little, or half of the mark were cut off there."""
    assert found_in(coded(eight_bits(picture.mark(drawing(), ID)), 80), as_made=True).id == ID


def test_the_first_version_is_laid_as_it_was_and_found():
    """Files of its time are made again byte by byte."""
    plain = painting(256)
    marked = picture.mark(plain, ID, version=1)
    laid = [0.718, -0.067, -0.42, -0.915, 1.337]
    np.testing.assert_allclose(255 * (marked - plain)[1, 10::60, 128], laid, atol=1e-3)
    assert found_in(eight_bits(marked), as_made=True).id == ID


def test_a_picture_without_a_mark_has_none(pair):
    assert not picture_search.detect(pair[0]).there


def test_the_mark_is_faint(pair):
    plain, marked = pair
    assert np.abs(marked - plain).max() <= 5 * picture.STRENGTHS[2].most
    assert np.sqrt(np.mean(np.square(255 * (marked - plain)))) < 1.6
    assert marked.dtype == np.float32
    assert marked.min() >= 0
    assert marked.max() <= 1


@pytest.mark.parametrize("shape", [(3, 1, 1), (3, 40, 300), (3, 1500, 20)])
def test_any_shape_is_marked_and_searched(shape):
    marked = picture.mark(np.full(shape, 0.5, np.float32), ID)
    assert marked.shape == shape
    assert 0 <= picture_search.detect(marked).chance <= 1


def test_a_lattice_is_told_by_what_lies_on_it():
    """Not by the pattern of the mark: any tile that repeats, here one of 100 by 90 pixels."""
    tile = np.random.default_rng(4).normal(size=(90, 100))
    field = np.tile(tile, (4, 4)) + np.random.default_rng(5).normal(0, 3, (360, 400))
    bases = lattice.candidates(field.astype(np.float32))
    assert np.abs(bases - [[0, 100], [90, 0]]).max((1, 2)).min() < 0.5
