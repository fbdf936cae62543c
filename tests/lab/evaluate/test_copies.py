"""Copies are told from drawings of one's own: illustrations made here, by three hands in two looks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from audiogen.lab.evaluate import copies
from audiogen.lab.evaluate.copies import MEASURES, Eye, Known, Seen, figure_in, main, measure


def house(height: float, colour: tuple[float, float, float], door: float = 0.5) -> np.ndarray:
    """A square with a roof and a door on white: float32 [256, 256, 3]."""
    y, x = (np.mgrid[:256, :256] + 0.5) / 256
    wall = (np.abs(x - 0.5) < 0.3) & (y > height) & (y < 0.9)
    roof = (y > 0.1) & (y < height) & (np.abs(x - 0.5) < 0.38 * (y - 0.1) / (height - 0.1))
    picture = np.ones((256, 256, 3), np.float32)
    picture[wall], picture[roof] = colour, (0.5, 0.2, 0.1)
    picture[wall & (np.abs(x - door) < 0.07) & (y > 0.65)] = (0.2, 0.3, 0.6)
    return picture


@pytest.fixture(scope="module")
def eye() -> Eye:
    return Eye()


@pytest.fixture(scope="module")
def known(eye: Eye) -> Known:
    """Three hands; the first drew its house twice, the second time in another colour."""
    drawn = [
        ("noto", house(0.4, (0.9, 0.8, 0.3))),
        ("noto", house(0.41, (0.9, 0.7, 0.3))),
        ("twemoji", house(0.5, (0.9, 0.5, 0.5), 0.6)),
        ("fxemoji", house(0.3, (0.4, 0.8, 0.5), 0.35)),
    ]
    seen = [look(eye, picture) for _, picture in drawn]
    return Known(seen, [hand for hand, _ in drawn], [f"{hand}/1f3e0.webp" for hand, _ in drawn])


def look(eye: Eye, picture: np.ndarray) -> Seen:
    return eye(picture, figure_in(picture))


def test_a_copy_that_is_moved_scaled_and_mirrored_is_one(eye: Eye, known: Known) -> None:
    from PIL import Image

    small = Image.fromarray(np.uint8(255 * house(0.5, (0.9, 0.5, 0.5), 0.6)[:, ::-1])).resize((150, 150))
    moved = np.ones((256, 256, 3), np.float32)
    moved[90:240, 20:170] = np.asarray(small, np.float32) / 255
    near = known.nearest(look(eye, moved)) / np.median(known.nearest_by_others(), 0)
    assert (near < 0.45).all()


def test_measures_are_one_for_another_hand_and_small_for_a_copy(eye: Eye, known: Known) -> None:
    copied = [look(eye, house(0.4, (0.9, 0.8, 0.3))), look(eye, house(0.5, (0.9, 0.5, 0.5), 0.6))]
    own = [look(eye, house(0.6, (0.3, 0.4, 0.9), 0.7)), look(eye, house(0.2, (0.8, 0.8, 0.8), 0.3))]
    rows = {
        name: measure({"house": made}, {"house": known})[0]
        for name, made in (("copied", copied), ("own", own))
    }
    for name in MEASURES:
        copy, new = (rows[each]["to the nearest illustration"][name].value for each in ("copied", "own"))
        assert copy < 0.1 < 0.5 < new
        assert rows["own"]["illustrations to the nearest by another hand"][name].value == pytest.approx(1)
        assert rows["own"]["one hand, another look"][name].value < 0.6
        assert rows["own"]["between seeds, of that between hands"][name].value > 0.3
    assert [rows[each]["and in all measures"]["all"].value for each in ("copied", "own")] == [1, 0]


def test_the_command_makes_and_compares(
    tmp_path: Path,
    eye: Eye,
    known: Known,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(copies, "Eye", lambda: eye)
    monkeypatch.setattr(copies.Collection, "read", classmethod(lambda cls, folder: None))
    monkeypatch.setattr(Known, "read", classmethod(lambda cls, collection, subject, eye: known))
    monkeypatch.setattr(copies, "_made", lambda subject, given, eye: known.seen[: given.n])
    out = tmp_path / "out"
    assert main(["--source", str(tmp_path), "--subjects", "house", "-n", "2", "--out", str(out)]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert rows[0]["what"] == "to the nearest illustration" and rows[0]["outline"].startswith("0 ")
    assert (out / "pairs.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("arguments", "said"), [(["-n", "1"], "at least 2"), ([], "manifest.jsonl.gz does not exist")]
)
def test_bad_input_is_one_line(
    tmp_path: Path, arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--source", str(tmp_path), *arguments]) != 0
    assert said in capsys.readouterr().err
