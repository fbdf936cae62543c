"""Pictures on the command line: the same verbs, flags, files and exit codes as sound."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from audiogen.artifacts import Contour, Picture
from audiogen.media import png

SEVEN = ("make", "水彩风格的数字 7", "--seed", "1", "-q")


def photo(folder: Path) -> None:
    """A smooth picture, and a mask that marks its left half."""
    y, x = np.mgrid[:96, :96].astype(np.float32) / 96
    Picture(np.stack([x, y, 1 - x])).save(folder / "photo.png")
    Picture(np.repeat((x < 0.5)[None], 3, 0).astype(np.float32)).save(folder / "mask.png")


def recipe(file: Path) -> dict:
    found = png.read_recipe(file)
    assert found is not None
    return found


def test_a_digit_with_its_recipe_inside(tiny: Path, run) -> None:
    done = run(*SEVEN, "-o", "seven.png")
    assert (done.code, done.out, done.err) == (0, "seven.png\n", "")
    with Image.open("seven.png") as image:
        assert (image.size, image.mode) == ((512, 512), "RGB")
    made = recipe(tiny / "seven.png")
    assert made["pipeline"] == {"structure": "pixelcnn", "decoder": "flow", "renderer": "painter"}
    assert made["conditioning"]["subject"] == "7" and made["conditioning"]["style"] == "watercolor"
    assert made["sampling"]["seed"] == 1 and set(made["seeds"]) == {"structure", "decoder", "renderer"}
    assert "loudness" not in made and "rate" not in made


def test_without_a_name_it_is_a_png_named_after_the_words(tiny: Path, run) -> None:
    assert run(*SEVEN).out == "水彩风格的数字-7-1.png\n"


def test_again_makes_it_bit_for_bit(tiny: Path, run) -> None:
    run(*SEVEN, "-o", "seven.png")
    done = run("again", "seven.png", "-q")
    assert (done.code, done.err) == (0, "")
    assert (tiny / "seven-again.png").read_bytes() == (tiny / "seven.png").read_bytes()


def test_again_with_everything_that_a_picture_can_be_made_of(tiny: Path, run) -> None:
    photo(tiny)
    run(
        *("make", "a cartoon cat", "--style", "油画", "--seed", "5", "--variation", "0.3", "--size", "384"),
        *("--init", "photo.png", "--mask", "mask.png", "--strength", "0.7", "--decoder", "diffusion"),
        *("-o", "x.png", "-q"),
    )
    for file in ("photo.png", "mask.png"):
        (tiny / file).unlink()  # the recipe holds them
    done = run("again", "x.png", "-q")
    assert (done.code, done.err) == (0, "")
    assert (tiny / "x-again.png").read_bytes() == (tiny / "x.png").read_bytes()


def test_a_large_picture_is_looked_for_beside_the_result(tiny: Path, run, monkeypatch) -> None:
    monkeypatch.setattr("audiogen.provenance.PACKED_LIMIT", 10)
    photo(tiny)
    run("make", "a cartoon cat", "--init", "photo.png", "--seed", "5", "--size", "384", "-o", "x.png", "-q")
    assert "zlib_base64" not in recipe(tiny / "x.png")["init"]
    assert run("again", "x.png", "-q").code == 0
    assert (tiny / "x-again.png").read_bytes() == (tiny / "x.png").read_bytes()
    (tiny / "photo.png").unlink()
    done = run("again", "x.png", "-q", "--force")
    assert done.code == 2 and "started from photo.png; put that file" in done.err


def test_several_come_with_a_contact_sheet(tiny: Path, run) -> None:
    done = run("make", "a cartoon cat", "-n", "3", "--seed", "4", "-o", "cat.png", "-q")
    assert done.out.split() == ["cat-1.png", "cat-2.png", "cat-3.png", "cat-sheet.png"]
    with Image.open("cat-sheet.png") as sheet:
        assert sheet.width > 512
    assert recipe(tiny / "cat-3.png")["sampling"]["seed"] == 6
    done = run("again", "cat-sheet.png")
    assert done.code == 2 and "holds no audiogen recipe" in done.err


def test_names_can_hold_the_subject_and_the_style(tiny: Path, run) -> None:
    done = run("make", "a cartoon cat", "--seed", "1", "--size", "384", "-o", "{subject}-{style}.png", "-q")
    assert done.out == "cat-3d.png\n"
    assert run(*SEVEN, "--dry-run", "-o", "{subject}-{style}.png").out.endswith("7-watercolor.png\n")


def test_two_jobs_do_not_share_a_sheet(tiny: Path, run) -> None:
    jobs = [{"prompt": "digit 7", "seed": 1, "n": 2}, {"prompt": "digit 8", "seed": 5, "n": 2}]
    (tiny / "jobs.jsonl").write_text("\n".join(map(json.dumps, jobs)))
    done = run("make", "jobs.jsonl", "-o", "x.png", "-q")
    assert done.code == 1 and "is written by jobs.jsonl, line 1 as well" in done.err
    assert sorted(f.name for f in tiny.glob("x*")) == ["x-1.png", "x-2.png", "x-sheet.png"]


def test_the_sheet_can_be_left_out_and_is_never_overwritten(tiny: Path, run) -> None:
    cats = ("make", "a cartoon cat", "-n", "2", "--seed", "4", "-q", "--size", "384")
    assert "sheet" not in run(*cats, "-o", "a.png", "--no-contact-sheet").out
    (tiny / "b-sheet.png").write_bytes(b"mine")
    done = run(*cats, "-o", "b.png")
    assert done.code == 3 and "b-sheet.png exists" in done.err
    assert (tiny / "b-sheet.png").read_bytes() == b"mine" and not (tiny / "b-1.png").exists()


def test_an_interrupted_run_goes_on_and_shows_all(tiny: Path, run) -> None:
    cats = ("make", "a cartoon cat", "-n", "2", "--seed", "4", "--size", "384", "-o", "{seed}.png", "-q")
    run(*cats)
    before = (tiny / "4.png").stat().st_mtime_ns
    (tiny / "5.png").unlink()
    done = run(*cats, "--skip-existing")
    assert done.code == 0 and done.out.split() == ["5.png", "4-sheet.png"]
    assert (tiny / "4.png").stat().st_mtime_ns == before


def test_structure_edit_decode(tiny: Path, run) -> None:
    assert run("structure", "digit 7", "--seed", "1", "-o", "c.png", "-q").out == "c.png\n"
    contour = Contour.load(tiny / "c.png")
    assert contour.asked is not None and contour.asked.subject == "7"
    done = run("decode", "c.png", "watercolor", "--seed", "1", "-o", "seven.png", "-q")
    assert (done.code, done.out) == (0, "seven.png\n")
    run(*SEVEN, "-o", "whole.png")
    np.testing.assert_array_equal(
        Picture.load(tiny / "seven.png").pixels, Picture.load(tiny / "whole.png").pixels
    )
    run("again", "seven.png", "-q")
    assert (tiny / "seven-again.png").read_bytes() == (tiny / "seven.png").read_bytes()
    run("again", "c.png", "-q")
    assert (tiny / "c-again.png").read_bytes() == (tiny / "c.png").read_bytes()


def test_a_contour_from_a_paint_program_is_turned_with_a_word(tiny: Path, run) -> None:
    paper = Image.new("RGB", (200, 200), "white")
    paper.paste((0, 0, 0), (90, 40, 110, 160))
    paper.save("mine.png")
    done = run("decode", "mine.png", "watercolor", "--seed", "1", "-o", "x.png")
    assert done.code == 0 and "dark ink on light paper was turned" in done.err and "200x200" in done.err


def test_what_is_kept_beside_a_picture(tiny: Path, run) -> None:
    done = run(*SEVEN, "-o", "x.png", "--keep-structure", "--show-steps")
    assert done.out.split() == ["x.png", "x.contour.png", "x.steps.png"]
    assert Contour.load(tiny / "x.contour.png").size == 28
    with Image.open("x.steps.png") as steps:
        assert steps.width > 2 * steps.height
    (tiny / "x.png").unlink()
    done = run(*SEVEN, "-o", "x.png", "--keep-structure")
    assert done.code == 3 and "x.contour.png exists" in done.err


def test_the_steps_of_a_contour(tiny: Path, run) -> None:
    done = run(
        "structure", "digit 7", "--structure", "ddpm", "--show-steps", "--seed", "1", "-q", "-o", "c.png"
    )
    assert done.out.split() == ["c.png", "c.steps.png"]


def test_json_says_what_was_made(tiny: Path, run) -> None:
    rows = [
        json.loads(line)
        for line in run("make", "digit 7", "-n", "2", "--seed", "1", "--json", "-o", "x.png").out.splitlines()
    ]
    assert [row.get("file") for row in rows] == ["x-1.png", "x-2.png", None]
    assert rows[0]["pixels"] == [512, 512] and rows[0]["recipe"]["prompt"] == "digit 7"
    assert rows[2] == {"contact_sheet": "x-sheet.png"}


def test_a_dry_run_writes_nothing(tiny: Path, run) -> None:
    done = run("make", "digit 7", "-n", "2", "--seed", "1", "--dry-run", "-o", "x.png")
    assert "pixelcnn -> flow -> painter" in done.out and "x-1.png, x-2.png, x-sheet.png" in done.out
    assert list(tiny.iterdir()) == []


def test_stdout_takes_one_picture(tiny: Path, capfdbinary) -> None:
    from audiogen.cli import main

    assert main([*SEVEN, "-o", "-"]) == 0
    assert capfdbinary.readouterr().out.startswith(b"\x89PNG")


def test_sound_and_pictures_in_one_list(tiny: Path, run) -> None:
    jobs = [
        {"prompt": "digit 7", "seed": 1, "style": "oil"},
        {"prompt": "piano, 1 s", "seed": 1},
        {"prompt": "a cartoon cat", "seed": 1, "size": 384},
    ]
    (tiny / "jobs.jsonl").write_text("\n".join(map(json.dumps, jobs)))
    done = run("make", "jobs.jsonl", "-o", "out/", "--mkdir", "-q")
    assert done.code == 0, done.err
    assert sorted(f.suffix for f in (tiny / "out").iterdir()) == [".png", ".png", ".wav"]


def test_info_of_pictures_and_contours(tiny: Path, run) -> None:
    run(*SEVEN, "-o", "x.png", "--keep-structure")
    shown = run("info", "x.png").out
    assert "512x512" in shown and "a picture" in shown and '"style": "watercolor"' in shown
    assert "a contour" in run("info", "x.contour.png").out
    assert json.loads(run("info", "x.png", "--json").out)["recipe"]["sampling"]["seed"] == 1
    Image.new("L", (8, 6)).save("plain.png")
    assert "no recipe" in run("info", "plain.png").out


@pytest.mark.parametrize(
    ("prompt", "lines"),
    [
        ("水彩风格的数字 7", ["path          digit", 'subject       7              "7"', '"水彩"']),
        ("a cartoon cat, big eyes", ["path          picture", '"cat"', '"big eyes"', "look          3d"]),
    ],
)
def test_explain_shows_what_is_heard(run, prompt: str, lines: list[str]) -> None:
    done = run("explain", prompt)
    assert done.code == 0
    assert all(" ".join(line.split()) in " ".join(done.out.split()) for line in lines)


def test_explain_lists_what_can_be_drawn(run) -> None:
    shown = run("explain", "--subjects").out
    assert "watercolor, oil, pencil, ink" in shown and "cat  猫" in shown
    assert json.loads(run("explain", "--subjects", "--json").out)["subjects"]["dog"] == "狗"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["make", "数字 12", "-o", "x.png"], "one digit"),
        (["make", "digit 7", "--style", "cubist", "-o", "x.png"], "no style 'cubist'"),
        (["make", "digit 7", "--size", "100", "-o", "x.png"], "384x384 or 512x512"),
        (["make", "digit 7", "-o", "x.jpg"], "Cannot write a picture as '.jpg'; use .png"),
        (["make", "digit 7", "-o", "x.wav"], "Cannot write a picture as '.wav'; use .png"),
        (["make", "calm piano", "-o", "x.png"], "Cannot write audio as '.png'"),
        (["make", "digit 7", "--loop", "-o", "x.png"], "--loop is for sound"),
        (["make", "digit 7", "--seconds", "3", "-o", "x.png"], "--seconds is for sound"),
        (["make", "digit 7", "--loudness", "-20", "-o", "x.png"], "--loudness is for sound"),
        (["make", "digit 7", "--rate", "48000", "-o", "x.png"], "--rate is for sound"),
        (["make", "digit 7", "--bits", "16", "-o", "x.png"], "--bits is for sound"),
        (["make", "digit 7", "--play", "-o", "x.png"], "--play is for sound"),
        (["make", "digit 7", "--plot", "-o", "x.png"], "--plot is for sound"),
        (["make", "digit 7", "-n", "2", "--best", "1", "-o", "x.png"], "knows checks of sound alone"),
        (["make", "digit 7", "--contact-sheet", "-o", "x.png"], "give -n 2 or more"),
        (["make", "calm piano", "--contact-sheet", "-o", "x.wav"], "shows pictures, and this is sound"),
        (["make", "digit 7", "--variation", "0.5", "-o", "x.png"], "give the --seed"),
        (["make", "digit 7", "--init", "absent.png", "-o", "x.png"], "absent.png does not exist"),
        (["make", "digit 7", "--strength", "3", "-o", "x.png"], "strength must be 0 .. 1, not 3"),
        (["structure", "a cartoon cat", "--structure", "none", "-o", "x.png"], "no contour"),
        (["structure", "digit 7", "-o", "x.mid"], "Cannot write a contour as '.mid'"),
        (["structure", "digit 7", "--quantize", "-o", "x.png"], "--quantize changes notes"),
        (["structure", "piano", "--show-steps", "-o", "x.mid"], "show contours"),
        (["decode", "blank.png", "watercolor"], "blank.png is blank"),
        (["decode", "sound.wav", "watercolor", "-o", "x.png"], "Cannot start from 'sound.wav'"),
        (["decode", "blank.png", "calm piano", "-o", "x.wav"], "blank"),
        (["info", "absent.png"], "does not exist"),
        (["again", "blank.png"], "holds no audiogen recipe"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else "",
)
def test_what_can_go_wrong(tmp_path: Path, monkeypatch, run, arguments: list[str], words: str) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("L", (64, 64)).save("blank.png")
    Path("sound.wav").write_bytes(b"RIFF")
    before = sorted(f.name for f in tmp_path.iterdir())
    done = run(*arguments)
    assert done.code == 2, done.err
    assert words in done.err and len(done.err.splitlines()) == 1
    assert sorted(f.name for f in tmp_path.iterdir()) == before


def test_weights_that_are_not_there_are_one_honest_line(tmp_path: Path, monkeypatch, run) -> None:
    from audiogen import registry

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "WEIGHTS_FOLDER", tmp_path)
    done = run("make", "digit 7", "-o", "x.png", "-q")
    assert done.code == 4 and len(done.err.splitlines()) == 1
    assert not (tmp_path / "x.png").exists()
