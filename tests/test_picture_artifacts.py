"""Contours, latents and pictures survive saving, and a contour knows what it was made for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from audiogen.artifacts import Conditioning, Contour, Latents, Picture
from audiogen.errors import InvalidRequest, WouldOverwrite
from audiogen.media import png

SEVEN = Conditioning("digit 7", "digit", subject="7", style="oil", details=("big eyes",), size=384)


def ink(size: int = 28) -> np.ndarray:
    """A bar with grey edges, float32 [size, size]."""
    pixels = np.zeros((size, size), np.float32)
    pixels[4:-4, 10:14] = 1
    pixels[4:-4, 14] = 0.4
    return pixels


@pytest.mark.parametrize("size", [28, 64])
def test_a_contour_survives_as_white_ink_on_black(tmp_path: Path, size: int) -> None:
    made = Contour(ink(size), SEVEN).as_png()
    made.save(tmp_path / "c.png")
    with Image.open(tmp_path / "c.png") as image:
        assert (image.mode, image.size) == ("L", (size, size))
        assert image.getpixel((12, size // 2)) == 255 and image.getpixel((0, 0)) == 0
    back = Contour.load(tmp_path / "c.png")
    np.testing.assert_array_equal(back.pixels, made.pixels)
    assert back.asked == SEVEN
    assert back.remarks == ()


def test_a_contour_without_its_recipe_is_just_a_drawing(tmp_path: Path) -> None:
    Contour(ink(), SEVEN).save(tmp_path / "c.png")
    Image.open(tmp_path / "c.png").convert("RGB").save(tmp_path / "edited.png")
    back = Contour.load(tmp_path / "edited.png")
    assert back.asked is None
    np.testing.assert_allclose(back.pixels, ink(), atol=1 / 255)


@pytest.mark.parametrize("asked", [{"colour": "red"}, {"details": 3}, "digit 7"])
def test_a_recipe_that_cannot_be_read_is_said_and_left_out(tmp_path: Path, asked: object) -> None:
    recipe = {"kind": "contour", "conditioning": asked}
    (tmp_path / "c.png").write_bytes(png.png_bytes(ink(), recipe))
    back = Contour.load(tmp_path / "c.png")
    assert back.asked is None
    assert back.remarks == ("what it was made for cannot be read; say it in words",)


def test_the_recipe_of_a_picture_says_nothing_of_a_contour(tmp_path: Path) -> None:
    Picture(np.repeat(ink()[None], 3, 0)).save(tmp_path / "p.png", recipe={"conditioning": SEVEN.to_dict()})
    assert Contour.load(tmp_path / "p.png").asked is None


def test_no_contour_is_empty() -> None:
    assert Contour.empty().is_empty and Contour.empty().pixels.shape == (64, 64)
    assert not Contour(ink()).is_empty
    assert Contour(ink()).enlarged(64).size == 64


def test_existing_files_are_kept_unless_forced(tmp_path: Path) -> None:
    for artifact in (Contour(ink()), Picture(np.zeros((3, 4, 4), np.float32))):
        file = tmp_path / f"{type(artifact).__name__}.png"
        artifact.save(file)
        with pytest.raises(WouldOverwrite, match="--force"):
            artifact.save(file)
        artifact.save(file, force=True)
        with pytest.raises(InvalidRequest, match=r"use \.png"):
            artifact.save(tmp_path / "x.jpg")


def test_latents_keep_the_contour_that_they_were_painted_along(tmp_path: Path) -> None:
    drawn = np.linspace(0, 255, 28 * 28).round().reshape(28, 28).astype(np.float32) / 255
    Latents(np.zeros((4, 8, 8), np.float32), 64, ink=drawn).save(tmp_path / "x.npz")
    np.testing.assert_array_equal(Latents.load(tmp_path / "x.npz").ink, drawn)
    with pytest.raises(InvalidRequest, match="contour"):
        Latents(np.zeros((4, 8, 8), np.float32), 64, ink=drawn[:20, :20])


def test_latents_survive_and_others_are_refused(tmp_path: Path) -> None:
    values = np.random.default_rng(0).standard_normal((4, 8, 8)).astype(np.float32)
    Latents(values, 64).save(tmp_path / "x.npz")
    back = Latents.load(tmp_path / "x.npz")
    np.testing.assert_array_equal(back.values, values)
    assert back.size == 64
    np.savez(tmp_path / "other.npz", mel=values)
    with pytest.raises(InvalidRequest, match="no image latents"):
        Latents.load(tmp_path / "other.npz")
    np.savez(tmp_path / "broken.npz", latents=np.full((4, 8, 8), np.nan), size=64)
    with pytest.raises(InvalidRequest, match="finite"):
        Latents.load(tmp_path / "broken.npz")


def test_a_picture_survives_with_its_recipe(tmp_path: Path) -> None:
    pixels = (np.arange(3 * 4 * 6).reshape(3, 4, 6) / 255).astype(np.float32)
    Picture(pixels).save(tmp_path / "p.png", recipe={"seed": 7})
    back = Picture.load(tmp_path / "p.png")
    np.testing.assert_allclose(back.pixels, pixels, atol=1e-6)
    assert back.size == (6, 4)
    assert png.read_recipe(tmp_path / "p.png") == {"seed": 7}


@pytest.mark.parametrize(
    "artifact",
    [Contour(ink()), Latents(np.zeros((4, 8, 8), np.float32)), Picture(np.zeros((3, 4, 4), np.float32))],
    ids=lambda a: type(a).__name__,
)
def test_everything_can_be_looked_at(artifact: Contour | Latents | Picture) -> None:
    assert artifact.plot().startswith(b"\x89PNG")


def test_what_was_asked_of_a_picture_survives_json() -> None:
    assert Conditioning.from_dict(SEVEN.to_dict()) == SEVEN
    assert "seconds" not in SEVEN.to_dict(), "a picture has no length"
    assert SEVEN.is_picture and not Conditioning(path="piano").is_picture
