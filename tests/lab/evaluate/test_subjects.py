"""What is measured in pictures of subjects, on pictures made here."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from audiogen.lab.evaluate import subjects
from audiogen.lab.evaluate.pictures.manners import MannerReader, read_in_folds
from audiogen.lab.evaluate.subjects import (
    edge_width,
    eye_radius,
    fine_energy,
    ground_spread,
    hue_strays,
    main,
    pieces,
    regions_of,
    roughness,
)
from tests.lab.data.test_prepare_pictures import write_source

Y, X = (np.mgrid[:512, :512] + 0.5) / 512


def disc(radius: float = 0.3, colour: tuple[float, float, float] = (0.9, 0.5, 0.1)) -> np.ndarray:
    """A disc on white, float32 [512, 512, 3]."""
    inside = (np.hypot(Y - 0.5, X - 0.5) < radius)[..., None]
    return np.where(inside, colour, 1.0).astype(np.float32)


def test_blurred_edges_are_wider_and_leave_less_fine_energy() -> None:
    sharp = disc()
    widths, energies = [], []
    for sigma in (0.6, 1.5, 3.0):
        soft = gaussian_filter(sharp, (sigma, sigma, 0))
        widths.append(edge_width(soft))
        energies.append(fine_energy(soft))
    np.testing.assert_allclose(widths[1:], 2.563 * np.array([1.5, 3.0]), rtol=0.2)  # 10 to 90 % of a Gaussian
    assert widths == sorted(widths) and energies == sorted(energies, reverse=True)


def test_a_region_of_one_colour_has_one_hue() -> None:
    even = disc()
    mixed = even.copy()
    mixed[:256][even[:256, :, 2] < 0.5] = (0.1, 0.9, 0.2)
    labels = (even[..., 2] < 0.5).astype(int)
    assert max(hue_strays(even, labels)) < 1 and max(hue_strays(mixed, labels)) > 30
    assert (regions_of(even) > 0).mean() == pytest.approx(0.28, abs=0.03)


def test_pieces_ground_outline_and_eyes_are_seen() -> None:
    two = np.minimum(np.roll(disc(0.15), 130, 1), np.roll(disc(0.15), -130, 1))
    assert (pieces(disc()), pieces(two)) == (1, 2)
    green = np.where(disc() == 1, np.array([0.2, 0.7, 0.3], np.float32), disc())
    assert ground_spread(disc())[1][0] > 99 > 70 > ground_spread(green)[1][0]
    angle = np.arctan2(Y - 0.5, X - 0.5)
    star = np.hypot(Y - 0.5, X - 0.5) < 0.3 + 0.02 * np.sin(40 * angle)
    assert roughness(star) > 1.2 > 1.05 > roughness(disc()[..., 2] < 0.5)
    radii = []
    for radius in (0.03, 0.05):
        face = disc()
        for left in (0.4, 0.6):
            face[np.hypot(Y - 0.42, X - left) < radius] = 0.05
        radii.append(eye_radius(face))
    assert radii[1] > 1.3 * radii[0] and np.isnan(eye_radius(disc()))


def test_the_command_measures_what_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A painter who draws one disc, and no more and in orange, whatever is asked for."""
    monkeypatch.setattr(subjects.Maker, "__call__", lambda self, prompt, seed: disc(0.25 + 0.01 * seed % 0.1))
    monkeypatch.setattr(subjects, "SUBJECTS", "cat,dog")
    source = str(write_source(tmp_path / "source"))
    assert main(["--source", source, "-n", "1", "--what", "sharpness,details"]) == 0
    rows = {row.pop("what"): row for row in map(json.loads, capsys.readouterr().out.splitlines())}
    assert set(rows) >= {
        "made, oil",
        "made, illustration",
        "real, oil",
        "real, watercolor",
        "real, ink",
    }
    assert rows["details"]["number"].startswith("0 ") and rows["details"][
        "plain where none is asked"
    ].startswith("1 ")
    assert rows["details"]["background"].startswith("0 ") and rows["details"]["fluffy"].startswith("0 ")
    assert rows["hue within regions"]["one hue"].startswith("100%")


def test_a_reader_of_manners_reads_what_it_did_not_see() -> None:
    rng = np.random.default_rng(0)
    manners = np.repeat(["ink", "oil", "pencil"], (30, 12, 6))
    features = rng.standard_normal((48, 40))
    assert np.mean(read_in_folds(features, manners) == manners) < 0.6, "there is nothing to read"
    features[np.arange(48), np.searchsorted(["ink", "oil", "pencil"], manners)] += 8
    assert np.mean(read_in_folds(features, manners) == manners) > 0.85
    assert (MannerReader.fit(features, manners)(features) == manners).all()
