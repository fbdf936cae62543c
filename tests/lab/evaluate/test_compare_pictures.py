"""audiogen compare in pictures at its smallest: random decoders on prepared pictures made here."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from audiogen.artifacts import STYLES
from audiogen.cli.group import run
from audiogen.lab.evaluate.compare.bench import HELD_OUT, NONE, STAGE
from audiogen.lab.evaluate.compare.picture import work
from audiogen.lab.evaluate.pictures.gallery import halves, read_gallery
from audiogen.media import png
from tests.lab.evaluate.picture_data import write_pictures

LINE = ["compare", "--schedulers", "flow:euler,ddim", "--steps", "1", "-n", "8", "-o", "out", "-q"]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.mark.slow
def test_digits_are_compared_as_sounds_are(data: Path, tiny: Path, capsys) -> None:
    pytest.importorskip("matplotlib")
    asked = [*LINE, "--path", "digit", "--data", str(data), "--decoders", "flow,diffusion"]
    assert run([*asked, "--json"]) == 0
    page = json.loads(capsys.readouterr().out)
    names = [cell["name"] for cell in page["cells"]]
    assert names == ["flow-euler-1", "diffusion-ddim-1"]
    cell = page["cells"][0]
    assert cell["evaluations"] == 2, "one step, guided: with the words and without"
    assert cell["pictures_per_second"] == pytest.approx(1 / cell["seconds"], rel=0.1)
    assert set(cell["scores"]) == {HELD_OUT, STAGE}
    told = {"kernel", "frechet", "kid", "iou", "accuracy", "style", "diversity"}
    assert set(cell["scores"][HELD_OUT]) == told == set(cell["scores"][STAGE])
    assert [v["evaluations"] for v in page["verdicts"][HELD_OUT]["kernel"]] == [None, 2]
    assert page["anchors"]["real"]["kernel"][0] < page["anchors"]["noise of 0.2"]["kernel"][0]
    assert page["anchors"]["real, through the painter"]["iou"][0] <= 1
    text = (tiny / "out" / "report.md").read_text()
    assert "pictures/s" in text and "real time" not in text and "Sounds" not in text
    for file in ("quality.png", "sheet-held-out.png", "sheet-stage.png"):
        assert f"({file})" in text
    height, width = png.read(tiny / "out" / "sheet-held-out.png")[0].shape[1:]
    assert height > 8 * 160 and width > 4 * 160, "8 contours by contour, two contenders and the real one"

    assert run([*asked, "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    assert again["cells"] == page["cells"] and again["verdicts"] == page["verdicts"]
    assert run([*asked, "-n", "4"]) == 3, "another comparison is not replaced"


def test_subjects_are_compared_without_a_contour(data: Path, tiny: Path, capsys) -> None:
    pytest.importorskip("matplotlib")
    asked = ["compare", "--path", "picture", "--decoders", "flow", "--schedulers", "euler", "--steps", "1"]
    assert run([*asked, "-n", "8", "--data", str(data), "-o", "out", "-q", "--json"]) == 0
    page = json.loads(capsys.readouterr().out)
    assert set(page["cells"][0]["scores"]) == {NONE}
    assert set(page["cells"][0]["scores"][NONE]) == {"kernel", "frechet", "kid", "style", "diversity"}
    assert [v["evaluations"] for v in page["verdicts"][NONE]["style"]] == [None]


def test_without_data_the_structure_stage_is_followed_and_a_clip_hears_of_the_words(
    tiny: Path, capsys
) -> None:
    pytest.importorskip("matplotlib")
    from tests.hub import toy_judges

    toy_judges.write_clip(tiny / "clip")
    asked = ["compare", "--path", "digit", "--decoders", "flow", "--schedulers", "euler", "--steps", "1"]
    assert run([*asked, "-n", "2", "--seeds", "1", "--clip", "clip", "-o", "out", "-q", "--json"]) == 0
    page = json.loads(capsys.readouterr().out)
    scores = page["cells"][0]["scores"][STAGE]
    assert set(scores) == {"iou", "accuracy", "clip"} and -100 <= scores["clip"][0] <= 100
    assert "*CLIP score* is 100 times" in (tiny / "out" / "report.md").read_text()
    assert "No `--data`" in page["settings"]["remarks"][0] and not page["anchors"]


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        (["--seconds", "9.6"], "of sounds"),
        (["--no-heard"], "of sounds"),
        (["--clap", "x"], "of sounds"),
        (["--structures", "held-out"], "need --data"),
        (["--structure", "score"], "does not make digit"),
        (["--schedulers", "heun2"], "fits no contender"),
    ],
)
def test_bad_input_is_one_line(changed: list[str], words: str, tiny: Path, capsys) -> None:
    assert run(["compare", "--path", "digit", "-o", "out", "--decoders", "flow", *changed]) == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert words in said and not (tiny / "out").exists()


def test_work_is_the_same_every_time_and_seeds_differ(data: Path) -> None:
    measured = halves(read_gallery(data, "valid", "digit"), 10)[1]
    first, second = (work.build("digit", 10, 3, (HELD_OUT,), measured) for _ in range(2))
    assert [i.name for i in first] == [i.name for i in second]
    assert len(first) == 10 + 2 * 8 and len({i.seed for i in first}) == len(first)
    contours = work.contours_of(first[:10])
    assert contours is not None and np.array_equal(contours, measured.ink)
    assert first[0].name == f"held-out {measured.subject[0]}, watercolor"


def test_digits_without_data_come_in_every_style() -> None:
    wishes = list(islice(work.wanted("digit", None, None), 40))
    assert {(w.subject, w.style) for w in wishes} == {(str(d), s) for d in range(10) for s in STYLES}
    assert [w.style for w in wishes[:4]] == list(STYLES)


def test_prompts_say_what_is_asked_for() -> None:
    told = work.build("picture", 3, 1, (NONE,), prompts=("a cartoon cat", "a dog"))
    assert [item.conditioning.subject for item in told] == ["cat", "dog", "cat"]
    assert work.contours_of(told) is None
