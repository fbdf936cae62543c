"""Figures from a small source of discs: a cat, a dog, a fish and a bird in three looks."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from audiogen.lab.data.illustrations.regions import eyes, regions, shaded
from audiogen.lab.data.prepare_figures import FigureData, prepare
from audiogen.making.figures import Figures
from tests.lab.data.test_prepare_pictures import write_source


def test_figures_are_maps_of_their_regions(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source")
    prepare(source, tmp_path / "figures", FigureData(side=16, most=(1, 1), least=2))
    known = Figures.load(tmp_path / "figures")
    assert set(known.subjects) <= {"cat", "dog", "fish", "bird"} and len(known.of) == len(known.subjects)
    for row in range(len(known.of)):
        labels = known.labels(row)
        assert labels[8, 8] == 1 and labels[0, 0] == 0  # a disc fills its square but for the corners
        assert known.colours[row, 0, 1] == 90
        assert "MIT" in known.after[row] and "https://" in known.after[row]


def face(eye: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> tuple[np.ndarray, np.ndarray]:
    """A grey disc with two dark eyes and a brow of two pixels: picture and figure."""
    y, x = np.mgrid[:128, :128] - 63.5
    figure = np.hypot(y, x) < 60
    picture = np.where(figure[..., None], 0.6, 1.0) * np.ones(3, np.float32)
    for left in (-25, 25):
        picture[np.hypot(y + 12, x - left) < 7] = eye
    picture[30:32, 40:90] = 0.0
    return picture.astype(np.float32), figure


def test_a_region_is_a_colour_and_hairlines_are_none() -> None:
    labels, colours = regions(*face(), 64)
    assert len(colours) == 2 and set(np.unique(labels)) == {0, 1, 2}
    assert (labels == 0).mean() > 0.2 and labels[15, 32] == labels[32, 32]


def test_bands_of_a_shade_are_told_from_edges() -> None:
    y, x = np.mgrid[:128, :128] / 127
    smooth = np.stack([0.2 + 0.7 * y, 0.3 + 0 * y, 0.9 - 0.7 * y], -1).astype(np.float32)
    firm = np.where(y[..., None] < 0.5, (0.2, 0.3, 0.9), (0.9, 0.3, 0.2)).astype(np.float32)
    figure = np.hypot(y - 0.5, x - 0.5) < 0.48
    found = [shaded(picture, *regions(picture, figure, 64)) for picture in (smooth, firm)]
    assert len(found[0]) >= 2 and found[1] == []


def test_eyes_are_a_level_pair_of_dark_spots() -> None:
    found = eyes(*regions(*face(), 64))
    assert len(found) == 2
    for (y, x, radius), left in zip(sorted(found, key=lambda eye: eye[1]), (0.3, 0.7), strict=True):
        assert abs(y - 0.4) < 0.03 and abs(x - left) < 0.03 and abs(radius - 7 / 128) < 0.015
    assert eyes(*regions(*face((1.0, 0.9, 0.2)), 64)) == []
