"""Layouts from a small source of discs: a cat, a dog, a fish and a bird in three looks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from audiogen.lab.data.prepare_layouts import LayoutData, prepare
from audiogen.making.layouts import ColourLayouts
from tests.lab.data.test_prepare_pictures import write_source


def test_layouts_are_the_box_around_the_figure_with_its_colours(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source")
    prepare(source, tmp_path / "layouts", LayoutData(side=8, most=(1, 1), least=2))
    layouts = ColourLayouts.load(tmp_path / "layouts")
    assert set(layouts.subjects) <= {"cat", "dog", "fish", "bird"}
    assert len(layouts.pixels) == len(layouts.subjects)
    figure = layouts.pixels[..., 3] > 127
    assert not figure[:, 0, 0].any() and figure[:, 4, 0].all()  # a disc fills its box but for the corners
    assert (np.ptp(layouts.pixels[..., :3].astype(int), axis=(1, 2)) <= 3).all()  # colours go on beyond it
    assert (layouts.pixels[..., 1] == 90).all()
