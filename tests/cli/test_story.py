"""audiogen story: a folder of frames, all of them as one, and their recipe."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from audiogen.artifacts import Picture
from audiogen.media import png

FOX = ("story", "a fox", "on the beach", "in a room", "--seed", "7", "--size", "384", "-q")
FRAMES = ["01-on-the-beach.png", "02-in-a-room.png"]


@pytest.fixture
def fox(tiny: Path, run) -> Path:
    done = run(*FOX, "-o", "fox/")
    assert (done.code, done.err) == (0, "")
    assert done.out.split() == [f"fox/{name}" for name in (*FRAMES, "story.png", "recipe.json")]
    return tiny / "fox"


def same(one: Path, other: Path) -> bool:
    return one.read_bytes() == other.read_bytes()


def test_the_files_and_their_recipes(fox: Path) -> None:
    assert sorted(file.name for file in fox.iterdir()) == [*FRAMES, "recipe.json", "story.png"]
    whole = json.loads((fox / "recipe.json").read_text())
    assert whole["story"]["frames"] == ["on the beach", "in a room"]
    assert png.read_recipe(fox / "story.png") == whole
    frame = png.read_recipe(fox / FRAMES[1])
    assert frame is not None and frame["story"] == whole["story"] | {"frame": 2}
    assert set(frame["weights"]) == {"sketch", "flow", "painter", "picture-figures", "picture-layouts"}


def test_again_makes_a_frame_the_whole_and_the_folder_once_more(fox: Path, run) -> None:
    assert run("again", fox / FRAMES[1], "-q").code == 0
    assert same(fox / "02-in-a-room-again.png", fox / FRAMES[1])
    assert run("again", fox / "story.png", "-q").code == 0
    assert same(fox / "story-again.png", fox / "story.png")
    assert run("again", fox / "recipe.json", "-q").code == 0
    for name in (*FRAMES, "story.png", "recipe.json"):
        assert same(fox.with_name("fox-again") / name, fox / name)
    assert run("again", fox / "recipe.json", "-q").code == 3, "nothing is overwritten"


def test_one_frame_alone_and_the_rest_later(fox: Path, run) -> None:
    assert run(*FOX, "--only", "2", "-o", "one/").out.split() == [f"one/{FRAMES[1]}"]
    one = fox.with_name("one")
    assert same(one / FRAMES[1], fox / FRAMES[1])
    assert run(*FOX, "-o", "one/").code == 3
    done = run(*FOX, "-o", "one/", "--skip-existing")
    assert done.code == 0 and f"one/{FRAMES[1]}" not in done.out.split()
    np.testing.assert_array_equal(
        Picture.load(one / "story.png").pixels, Picture.load(fox / "story.png").pixels
    )


def test_a_frame_of_another_size_is_no_frame_of_this_story(fox: Path, run) -> None:
    done = run(*FOX[:-3], "--size", "512", "-q", "-o", "fox/", "--skip-existing")
    assert done.code == 2 and "01-on-the-beach.png has 384x384 pixels" in done.err and "512x512" in done.err


def test_files_in_place_of_words_and_all_that_can_be_made(tiny: Path, run) -> None:
    Path("fox.txt").write_text("# a story\na fox\non the beach\n\nin a room\n")
    done = run("story", "fox.txt", *FOX[4:], "--gif", "--webp", "--page", "-n", "2", "-o", "t", "--json")
    assert done.code == 0
    rows = [json.loads(line) for line in done.out.splitlines()]
    assert [row["frame"] for row in rows if "frame" in row] == [1, 2, 1, 2]
    for seed in (7, 8):
        folder = tiny / "t" / f"seed-{seed}"
        with Image.open(folder / "story.gif") as moving:
            assert moving.n_frames == 2
        assert FRAMES[0] in (folder / "story.html").read_text()
    assert not same(tiny / "t/seed-7" / FRAMES[0], tiny / "t/seed-8" / FRAMES[0])
    Path("frames.txt").write_text("on the beach\nin a room\n")
    Path("ours.json").write_text(json.dumps({"identity": "a fox", "frames": ["on the beach", "in a room"]}))
    both = [{"id_prompt": name, "frame_prompt_list": ["in a room"]} for name in ("a fox", "a cat")]
    Path("theirs.json").write_text(json.dumps({"combinations": both}))
    for words in (["a fox", "frames.txt"], ["ours.json"], ["t/seed-7/recipe.json"]):
        shown = json.loads(run("story", *words, *FOX[4:], "--dry-run", "--json").out)
        assert shown["story"]["frames"] == ["on the beach", "in a room"]
    shown = [json.loads(row) for row in run("story", "theirs.json", "--dry-run", "--json").out.splitlines()]
    assert [row["story"]["identity"] for row in shown] == ["a fox", "a cat"]


def test_unknown_words_are_said_and_dry_run_writes_nothing(tiny: Path, run) -> None:
    done = run("story", "a fox", "juggling in a room", "--seed", "1", "--dry-run")
    assert done.err == "note: frame 1: not understood, and left out: juggling\n"
    assert "a-fox-1/01-juggling-in-a-room.png" in done.out and not list(tiny.iterdir())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "Say who the story is about"),
        (["a fox"], "needs frames"),
        (["a fox", "in a room", "--only", "2"], "no frame 2"),
        (["a fox", "in a room", "--window", "3"], "--window is for pretrained models"),
        (["a fox", "in a room", "--svr-order", "x"], "--svr-order is for pretrained models"),
        (["a fox", "in a room", "--svr-weaken", "0.02,0.1"], "--svr-weaken is for pretrained models"),
        (["a fox", "in a room", "--svr-enhance", "x"], "two numbers with a comma"),
        (["a fox", "in a room", "--model", "nowhere", "--svr-weaken", "9,1"], "weaken is alpha -1 to 1"),
        (["a fox", "in a room", "--model", "nowhere"], "no folder nowhere"),
        (["a fox", "in a room", "--model", "nowhere", "--window", "0"], "--window is 1 or more"),
        (["a fox", "in a room", "-o", "fox.png"], "is a folder of pictures"),
        (["a fox", "in a room", "-o", "-"], "is a folder of pictures"),
        (["a fox", "in a room", "--layout", "ring"], "--layout is"),
        (["a fox", "in a room", "--font", "none.ttf"], "is no font"),
        (["none.txt"], "cannot be read"),
        (["empty.txt"], "holds no line"),
        (["broken.json"], "is no JSON"),
        (["a fox", "bad.json"], "bad.json holds whole stories"),
        (["list.json"], "a story is"),
        (["a fox", "in a room", "-o", "file"], "needs a folder"),
    ],
)
def test_bad_input_is_one_line(tiny: Path, run, arguments: list[str], words: str) -> None:
    for name, text in {"empty.txt": "# x\n", "broken.json": "{", "list.json": "[1]", "file": ""}.items():
        Path(name).write_text(text)
    done = run("story", *arguments)
    assert done.code in (2, 4) and done.out == ""
    assert words in done.err and done.err.count("\n") == 1


@pytest.mark.parametrize(
    "change",
    [
        {"frames": "x"},
        {"frame": 99},
        {"frame": "2"},
        {"identity": 3},
        {"sampling": {"steps": 1001}},
        {"sampling": {"n": 5}},
        {"model": {"source": ""}},
        {"unknown": 1},
    ],
)
def test_a_damaged_recipe_is_one_line(tiny: Path, run, change: dict) -> None:
    row = {"identity": "a fox", "frames": ["in a room"], "frame": 1}
    recipe = {"story": row | change, "device": "cpu", "threads": 1}
    Path("x.png").write_bytes(png.png_bytes(np.zeros((3, 8, 8)), recipe))
    done = run("again", "x.png", "-q")
    assert done.code == 2 and done.err.count("\n") == 1 and "unexpected" not in done.err
    Path("y.png").write_bytes(
        png.png_bytes(np.zeros((3, 8, 8)), {"story": row, "album": {"animations": ["/x"]}})
    )
    assert run("again", "y.png", "-q").code == 2
