"""The strip of decoding steps: a row a step, the last one whole, and few enough to look at."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from audiogen.media.strip import MOST_ROWS, WIDEST, coloured, narrowed, strip


def size(png: bytes) -> tuple[int, int]:
    return Image.open(io.BytesIO(png)).size


def test_a_row_a_step_and_at_most_a_dozen() -> None:
    mels = [np.full((170, 300), -5.0) for _ in range(40)]
    heights = [size(strip(mels[:n]))[1] for n in (1, 2, MOST_ROWS, 40)]
    assert heights[1:] == [2 * heights[0], MOST_ROWS * heights[0], MOST_ROWS * heights[0]]
    with pytest.raises(ValueError, match="at least one"):
        strip([])


def test_five_minutes_are_as_wide_as_a_screen() -> None:
    mel = np.repeat(np.arange(22_500.0)[None], 2, 0)
    assert narrowed(mel).shape == (2, WIDEST)
    assert narrowed(mel).mean() == pytest.approx(mel.mean())


def test_louder_is_brighter_and_low_bands_lie_at_the_bottom() -> None:
    mel = np.array([[0.0], [-4.0], [-50.0]])
    rows = coloured(mel, top=0.0).sum(-1)[:, 0]
    assert rows[2] > rows[1] > rows[0]
