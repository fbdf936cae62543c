"""Stories measured: the arithmetic by hand, the benchmark's layout, a run on tiny networks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from audiogen.errors import InvalidRequest
from audiogen.lab.evaluate.story import command, measures
from audiogen.lab.evaluate.story.sets import StorySet, read_sets
from tests.hub.toy_judges import write_clip, write_clipseg, write_dino

BENCH = """
animals:
  - {subject: a fox, style: a watercolor painting of, concept_token: fox, settings: [on the beach, in a room]}
  - {subject: a cat, style: '', settings: [in a room, in space]}
"""


def test_pairs_alignment_and_harmonic_mean_by_hand() -> None:
    rows = np.array([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]])
    assert measures.mean_of_pairs(rows) == pytest.approx((0 + 0.6 + 0.8) / 3)
    assert measures.alignment(rows[:2], np.array([[0.2, 0.9], [0.0, 1.0]])) == pytest.approx((0.5 + 1) / 2)
    assert measures.harmonic((0.5, None, 1.0)) == pytest.approx(2 / 3)
    assert measures.harmonic((0.5, -0.1)) == 0 and measures.harmonic((None,)) is None


def test_layouts_are_alike_or_not_whatever_their_colours() -> None:
    y, x = np.mgrid[:32, :32] / 32.0
    left, right = np.stack([x] * 3), np.stack([1 - x] * 3)
    assert measures.layouts([left, left * 0.5]) == pytest.approx(0, abs=1e-6)
    assert measures.layouts([left, right]) == pytest.approx(2, abs=1e-6)
    assert measures.layouts([left, np.stack([y] * 3)]) == pytest.approx(1, abs=0.01)


def test_frames_are_told_apart_where_the_same_words_look_alike() -> None:
    snow, sea = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    rows = {(0, 0): snow, (0, 1): sea, (1, 0): snow, (1, 1): sea}
    assert measures.told_apart(rows) == [1.0] * 4
    rows[(1, 1)], rows[(1, 0)] = snow, sea
    assert measures.told_apart(rows) == [0.0] * 4
    within, between = measures.within_and_between({(0, 0): snow, (0, 1): snow, (1, 0): sea, (1, 1): sea})
    assert within == [0, 0] and between == [1, 1]


def test_a_hero_alone_is_the_same_wherever_it_stands_and_whatever_is_around_it() -> None:
    y, x = np.mgrid[:128, :128] / 128.0
    grass, sand = (np.broadcast_to(np.array(c)[:, None, None], (3, 128, 128)) for c in ((0, 1, 0), (1, 1, 0)))
    small, large = (np.hypot(x - cx, y - 0.5) < r for cx, r in ((0.2, 0.1), (0.6, 0.3)))
    heroes = []
    for place, where in ((grass, small), (sand, large)):
        stripes = np.stack([y > 0.5, y <= 0.5, y * 0 > 1]).astype(np.float32)
        heroes.append(measures.hero_alone(np.where(where, stripes, place), where.astype(np.float32)))
    assert heroes[0].shape == (3, measures.SIDE, measures.SIDE)
    assert np.abs(heroes[0] - heroes[1]).mean() < 0.03
    nothing = measures.hero_alone(np.array(grass, np.float32), np.zeros((128, 128), np.float32))
    assert (nothing == 1).all(), "nobody is white paper"


def test_the_published_layout_and_our_own_file(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text(BENCH)
    fox, cat = read_sets(tmp_path / "b.yaml")
    assert fox == StorySet("animals", "a watercolor painting of", "a fox", ("on the beach", "in a room"))
    assert fox.identity == "a watercolor painting of a fox" and cat.identity == "a cat"
    eight = StorySet("a", "", "b", ("one two three four five six seven eight",))
    assert (fox.length, eight.length) == ("short", "long")
    ours = read_sets(Path(__file__).parents[3] / "samples" / "stories.yaml")
    assert len(ours) >= 4 and {one.length for one in ours} == {"short", "long"}


@pytest.mark.parametrize(
    "text",
    ["[1]", "a: 1", "a: [1]", "a: [{subject: x, settings: [y]}]", "a: [{settings: [x, y]}]", "{", "\x00"],
)
def test_another_layout_is_refused_by_name(tmp_path: Path, text: str) -> None:
    (tmp_path / "b.yaml").write_text(text)
    with pytest.raises(InvalidRequest, match=r"b\.yaml"):
        read_sets(tmp_path / "b.yaml")


@pytest.mark.slow
def test_a_run_compares_systems_with_any_clip(tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("b.yaml").write_text(BENCH)
    write_clip(tiny / "clip")
    given = ["b.yaml", "--clip", "clip", "--seeds", "2", "--steps", "1", "--pictures", "out"]
    assert command.main([*given, "--systems", "story,alone"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    whole = [row for row in rows if row.get("sets") == "all"]
    assert [row["system"] for row in whole] == ["story", "alone"]
    for row in whole:
        assert set(measures.NAMES) <= set(row) and row["clip_i"]["n"] == 4
        assert row["distance"]["low"] <= row["distance"]["value"] <= row["distance"]["high"]
        assert {"told_apart", "within", "between_seeds"} <= set(row)
        far = row["between_seeds"]["value"] - row["within"]["value"]
        assert row["nearer"]["value"] == pytest.approx(far)
    assert {row["style"] for row in rows if "style" in row} == {"", "a watercolor painting of"}
    assert len(list(Path("out/story").iterdir())) == 8
    assert {row["compared"] for row in whole} == {"heroes"}, "our own models know where the hero is"


@pytest.mark.slow
def test_the_same_of_a_pretrained_model(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.hub.toys import write_pictures

    write_pictures(tiny / "sd")
    Path("b.yaml").write_text("a: [{subject: a fox, style: '', settings: [in snow, at sea]}]")
    monkeypatch.setattr("audiogen.lab.evaluate.story.command.OwnFeatures", Thumbnails)
    assert command.main(["b.yaml", "--model", str(tiny / "sd"), "--steps", "1", "--device", "cpu"]) == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["system"] for row in rows] == ["story", "alone", "long"]
    assert {row["compared"] for row in rows} == {"whole frames"}
    write_dino(tiny / "dino")
    write_clipseg(tiny / "clipseg")
    write_clip(tiny / "clip")
    judged = ["--features", "dino", "--mask-model", "clipseg", "--clip", "clip", "--systems", "story"]
    given = ["b.yaml", "--model", str(tiny / "sd"), "--steps", "1", "--device", "cpu", *judged]
    assert command.main(given) == 0
    (row,) = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert row["compared"] == "heroes" and 0 <= row["distance"]["value"] <= 2
    assert row["clip_i"]["value"] <= 1 and row["harmonic"]["value"] >= 0


class Thumbnails:
    """A judge that needs no network."""

    def pictures(self, pictures: list[np.ndarray]) -> np.ndarray:
        rows = np.stack([picture[:, ::8, ::8].ravel() for picture in pictures])
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def test_wrong_options_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "b.yaml").write_text(BENCH)
    for more in (["--systems", "x"], ["--seeds", "0"], ["--limit", "0"], ["--svr", "x"]):
        assert command.main([str(tmp_path / "b.yaml"), *more]) == 2
        assert capsys.readouterr().err.count("\n") == 1
    assert command.main([str(tmp_path / "none.yaml")]) == 2
