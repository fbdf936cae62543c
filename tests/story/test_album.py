"""All frames of a story together."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from audiogen.errors import InvalidRequest
from audiogen.media import fonts
from audiogen.story import album


@pytest.fixture
def frames() -> list[np.ndarray]:
    return [np.full((3, 64, 64), level, np.float32) for level in (0.0, 0.3, 0.6)]


def test_a_row_and_a_grid(frames: list[np.ndarray]) -> None:
    row, _ = album.combined(frames, layout="row")
    assert row.shape == (album.CELL + 2 * album.GAP, 3 * (album.CELL + album.GAP) + album.GAP, 3)
    grid, _ = album.combined(frames, layout="grid")
    assert grid.shape[0] == 2 * (album.CELL + album.GAP) + album.GAP
    centres = [row[album.CELL // 2, album.GAP + k * (album.CELL + album.GAP) + 100, 0] for k in range(3)]
    assert centres == [0, round(0.3 * 255), round(0.6 * 255)]


def test_many_frames_are_smaller(frames: list[np.ndarray]) -> None:
    row, _ = album.combined(frames * 20, layout="row")
    assert row.shape[1] <= album.LONGEST


def test_captions_stand_under_the_frames_in_lines(frames: list[np.ndarray]) -> None:
    bare, _ = album.combined(frames)
    long = "a sentence that is much too long for one line under a frame " * 8
    made, remarks = album.combined(frames, ["short", "also short", long])
    assert made.shape[0] == bare.shape[0] + album.MOST_LINES * album.LINE + 6 and remarks == ()
    assert (made[album.CELL + album.GAP + 2 :, : album.CELL] < 128).any()


def test_chinese_captions_need_a_font_and_it_is_said_where_there_is_none(
    frames: list[np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "_installed", lambda names: None)
    bare, _ = album.combined(frames)
    made, remarks = album.combined(frames, ["在草地上", "b", "c"])
    assert remarks == (album.NO_FONT,) and made.shape == bare.shape
    made, remarks = album.combined(frames, ["latin", "b", "c"])
    assert remarks == () and made.shape[0] > bare.shape[0]


@pytest.mark.parametrize("suffix", album.ANIMATIONS)
def test_an_animation_holds_every_frame(frames: list[np.ndarray], suffix: str) -> None:
    with Image.open(io.BytesIO(album.animated(frames, suffix))) as image:
        assert image.n_frames == 3 and image.size == (64, 64)


def test_a_page_names_its_files_and_escapes_words() -> None:
    made = album.page("a <fox>", ["01-在 草地.png"], ['"in" <snow>'])
    assert "<fox>" not in made and "&lt;snow&gt;" in made
    assert 'src="01-%E5%9C%A8%20%E8%8D%89%E5%9C%B0.png"' in made


def test_wrong_layouts_and_fonts_are_refused(frames: list[np.ndarray], tmp_path) -> None:
    with pytest.raises(InvalidRequest, match="--layout is auto, row, grid"):
        album.combined(frames, layout="circle")
    with pytest.raises(InvalidRequest, match="is no font"):
        fonts.font_for(("x",), 12, tmp_path / "none.ttf")
