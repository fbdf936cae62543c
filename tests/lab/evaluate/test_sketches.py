"""What is drawn is read by its neighbours: subjects are told apart, copies and scribbles are noticed."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from audiogen.artifacts import LOOKS, STYLES, Contour
from audiogen.errors import InvalidRequest
from audiogen.lab.evaluate.sketches import Gallery, main, measure, view

WORDS = ["", "apple", "tree"]


def ring(rng: np.random.Generator) -> np.ndarray:
    y, x = np.mgrid[:64, :64] - 31.5
    radius = np.hypot(y * rng.uniform(0.8, 1.2), x)
    return np.uint8(255 * (abs(radius - rng.uniform(14, 24)) < 1.5))


def cross(rng: np.random.Generator) -> np.ndarray:
    drawn = np.zeros((64, 64), np.uint8)
    at, reach = int(rng.integers(26, 38)), int(rng.integers(18, 26))
    drawn[at : at + 3, 32 - reach : 32 + reach], drawn[32 - reach : 32 + reach, at : at + 3] = 255, 255
    return drawn


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve rings, apples; as many crosses, trees; half of each flat, half in 3d."""
    folder, rng = tmp_path_factory.mktemp("drawings"), np.random.default_rng(0)
    contour = np.stack([draw(rng) for draw in (ring, cross) for _ in range(12)])
    words = np.zeros((24, 12), np.int64)
    words[:12, 0], words[12:, 0] = 1, 2
    flat = len(STYLES) + LOOKS.index("flat")
    rows = {"label": np.full(24, -1), "has_contour": np.ones(24, bool), "words": words}
    np.savez(folder / "train-000.npz", contour=contour, style=np.tile([flat, flat + 1], 12), **rows)
    (folder / "index.json").write_text(json.dumps({"styles": [*STYLES, *LOOKS], "words": WORDS}))
    return folder


def stage(draw: Any) -> Any:
    """A stage that draws draw(subject, rng)."""

    def call(x: Any, conditioning: Any, sampling: Any, progress: Any) -> Contour:
        return Contour(draw(x.subject, np.random.default_rng(sampling.seed + 100)).astype(np.float32) / 255)

    return call


def measured(data: Path, draw: Any) -> SimpleNamespace:
    subjects = ["apple", "tree"]
    return SimpleNamespace(**measure(stage(draw), Gallery.read(data, subjects), subjects, 8, "flat"))


def right(subject: str, rng: np.random.Generator) -> np.ndarray:
    return (ring if subject == "apple" else cross)(rng)


def test_what_is_drawn_as_asked_is_read_so(data: Path) -> None:
    found = measured(data, right)
    assert found.read.value == found.real.value == 1
    assert found.subjects == {"apple": 1, "tree": 1}
    assert 0.4 < found.novelty.value < 2.5, "new, as the drawings are to one another"


def test_the_wrong_subject_counts_as_wrong(data: Path) -> None:
    found = measured(data, lambda subject, rng: ring(rng))
    assert found.subjects == {"apple": 1, "tree": 0} and found.read.value == 0.5


def test_a_copy_is_not_new_and_a_scribble_is_newer_than_drawings_are(data: Path) -> None:
    with np.load(data / "train-000.npz") as rows:
        drawings = rows["contour"]
    copied = measured(data, lambda subject, rng: drawings[3 if subject == "apple" else 15])
    scribbled = measured(data, lambda subject, rng: np.uint8(255 * (rng.random((64, 64)) < 0.5)))
    assert copied.novelty.value < 0.01 < 1 < scribbled.novelty.value


def test_place_and_size_do_not_matter_and_an_empty_sheet_is_no_drawing() -> None:
    drawn = ring(np.random.default_rng(1)).astype(np.float32) / 255
    small = np.zeros((64, 64), np.float32)
    small[5:37, 20:52] = drawn[::2, ::2]
    assert view(drawn) @ view(small) > 0.8
    assert not view(np.zeros((64, 64))).any()


def test_a_subject_that_is_not_there_is_named(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InvalidRequest, match="'dog'"):
        Gallery.read(data, ["apple", "dog"])
    assert main(["--data", str(data), "--subjects", "dog"]) == InvalidRequest.exit_code
    assert "dog" in capsys.readouterr().err
    for flag in ("-n", "--candidates"):
        assert main(["--data", str(data), flag, "0"]) == InvalidRequest.exit_code
        assert f"{flag} must be at least 1, not 0" in capsys.readouterr().err
