"""PNG files: what is written is read, the recipe travels inside, and strangers' files are understood."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from audiogen.errors import InvalidRequest
from audiogen.media import png

RECIPE = {"prompt": "水彩风格的数字 7", "seed": 7}


def picture(height: int = 5, width: int = 7) -> np.ndarray:
    """Every channel another ramp, float32 [3, h, w] of whole grey levels."""
    levels = np.arange(3 * height * width).reshape(3, height, width) % 256
    return (levels / 255).astype(np.float32)


@pytest.mark.parametrize("recipe", [RECIPE, RECIPE | {"long": "x" * 50_000}], ids=["short", "long"])
def test_pixels_and_recipe_come_back(tmp_path: Path, recipe: dict) -> None:
    file = tmp_path / "x.png"
    file.write_bytes(png.png_bytes(picture(), recipe))
    np.testing.assert_array_equal(png.over(png.read(file)[0], paper=1.0), picture())
    assert png.read_recipe(file) == recipe


@pytest.mark.parametrize("title", ["a cat, café", "水彩风格的数字 7"])
def test_the_title_is_the_prompt_in_any_script(tmp_path: Path, title: str) -> None:
    file = tmp_path / "x.png"
    file.write_bytes(png.png_bytes(picture(), {"prompt": title}))
    with Image.open(file) as image:
        assert image.info["Title"] == title
    file.write_bytes(png.png_bytes(picture(), {"seed": 7}))
    with Image.open(file) as image:
        assert "Title" not in image.info


def test_a_long_recipe_is_compressed() -> None:
    assert len(png.png_bytes(picture(), {"long": "x" * 50_000})) < 2000


def test_the_same_pixels_and_recipe_are_the_same_bytes() -> None:
    assert png.png_bytes(picture(), RECIPE) == png.png_bytes(picture(), RECIPE)
    assert png.png_bytes(picture(), RECIPE) != png.png_bytes(picture(), RECIPE | {"seed": 8})


def test_grey_stays_grey(tmp_path: Path) -> None:
    file = tmp_path / "x.png"
    file.write_bytes(png.png_bytes(picture()[0]))
    assert Image.open(file).mode == "L"
    assert png.read_recipe(file) is None


def test_a_comment_of_another_program_is_no_recipe(tmp_path: Path) -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Comment", "Created with GIMP")
    Image.new("L", (4, 4)).save(tmp_path / "x.png", pnginfo=info)
    assert png.read_recipe(tmp_path / "x.png") is None


def test_transparency_shows_the_paper(tmp_path: Path) -> None:
    Image.new("RGBA", (2, 2), (255, 0, 0, 0)).save(tmp_path / "x.png")
    read, _ = png.read(tmp_path / "x.png")
    np.testing.assert_array_equal(png.over(read, paper=1.0), np.ones((3, 2, 2)))
    np.testing.assert_array_equal(png.over(read, paper=0.0), np.zeros((3, 2, 2)))


def test_sixteen_bits_are_not_clipped(tmp_path: Path) -> None:
    levels = np.linspace(0, 65535, 12).astype(np.uint16).reshape(3, 4)
    Image.fromarray(levels).save(tmp_path / "x.png")
    np.testing.assert_allclose(png.read(tmp_path / "x.png")[0][0], levels / 65535, atol=1e-6)


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".gif", ".bmp"])
def test_other_formats_are_read_too(tmp_path: Path, suffix: str) -> None:
    Image.new("RGB", (8, 6), (200, 100, 50)).save(tmp_path / f"x{suffix}")
    pixels = png.over(png.read(tmp_path / f"x{suffix}")[0], paper=1.0)
    assert pixels.shape == (3, 6, 8)
    np.testing.assert_allclose(pixels[:, 3, 3] * 255, [200, 100, 50], atol=6)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "does not exist"),
        (b"no picture", "no readable picture"),
        (b"\x89PNG\r\n\x1a\n", "no readable picture"),
    ],
)
def test_what_is_no_picture_is_refused_in_one_line(tmp_path: Path, content: bytes | None, words: str) -> None:
    file = tmp_path / "x.png"
    if content is not None:
        file.write_bytes(content)
    for read in (png.read, png.read_recipe):
        with pytest.raises(InvalidRequest, match=words) as caught:
            read(file)
        assert "\n" not in str(caught.value)


def test_a_cut_file_is_refused(tmp_path: Path) -> None:
    whole = png.png_bytes(np.random.default_rng(0).random((3, 64, 64)))
    (tmp_path / "x.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidRequest, match="no readable picture"):
        png.read(tmp_path / "x.png")


def test_a_picture_too_large_for_the_memory_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(png, "MOST_PIXELS", 10)
    (tmp_path / "x.png").write_bytes(png.png_bytes(picture()))
    with pytest.raises(InvalidRequest, match="7x5 pixels"):
        png.read(tmp_path / "x.png")


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (np.zeros((2, 4, 4)), "has shape"),
        (np.zeros((0, 4)), "has shape"),
        (np.full((4, 4), np.nan), "NaN"),
    ],
)
def test_what_cannot_be_written_is_refused(pixels: np.ndarray, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        png.png_bytes(pixels)
