"""The picture: panels for what is given, a clear word when matplotlib is absent."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest

from audiogen.errors import MissingPackage
from audiogen.media import plot
from audiogen.media.mel import MelSettings
from tests.conftest import struck

pytest.importorskip("matplotlib")
NOTES = np.array([[60, 0.0, 1.0, 50], [64, 0.5, 1.5, 100.0]])
PEDAL = np.array([[0.1, 1.0], [1.0, 0.0]])


def size(png: bytes) -> tuple[int, int]:
    from matplotlib.image import imread

    height, width = imread(io.BytesIO(png)).shape[:2]
    return width, height


def test_one_panel_for_each_thing():
    s = MelSettings()
    mel = np.full((s.n_bands, s.frames(2)), -11.5, np.float32)
    mel[60, 40:90] = -2
    coarse = np.full((s.n_groups, s.coarse_frames(2)), -9.0, np.float32)
    one = size(plot.picture(2.0, notes=NOTES, pedal=PEDAL))
    four = size(plot.picture(2.0, NOTES, PEDAL, coarse, mel, struck(seconds=2.0), title="舒缓"))
    assert one[0] == four[0]
    assert four[1] > 3 * one[1]


def test_an_empty_roll_and_a_very_short_sound_can_be_drawn():
    assert plot.picture(0.1, notes=np.zeros((0, 4)), samples=struck(seconds=0.01))[:4] == b"\x89PNG"


def test_nothing_to_draw():
    with pytest.raises(ValueError, match="notes, a mel or samples"):
        plot.picture(1.0)


def test_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(MissingPackage, match=r"audiogen\[eval\]"):
        plot.picture(1.0, notes=NOTES)
