"""Many small pictures on one sheet."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.media.grid import GAP, GROUND, grid


def test_every_picture_lies_in_its_place() -> None:
    pictures = np.arange(5)[:, None, None] / 10 * np.ones((5, 3, 4))
    sheet = grid(pictures, columns=2, scale=2)
    assert sheet.shape == (3 * (6 + GAP) + GAP, 2 * (8 + GAP) + GAP)
    for number in range(5):
        y, x = GAP + number // 2 * (6 + GAP), GAP + number % 2 * (8 + GAP)
        assert np.allclose(sheet[y : y + 6, x : x + 8], number / 10)
    assert sheet[0, 0] == np.float32(GROUND)
    assert sheet[-GAP - 1, -GAP - 1] == np.float32(GROUND), "the last place is empty"


@pytest.mark.parametrize(("shape", "columns"), [((0, 3, 3), 2), ((3, 3), 2), ((2, 3, 3), 0)])
def test_what_is_no_row_of_pictures_is_refused(shape: tuple[int, ...], columns: int) -> None:
    with pytest.raises(ValueError, match="grid"):
        grid(np.zeros(shape), columns)
