"""Pictures from a small source made here: a few digits, illustrations and paintings."""

from __future__ import annotations

import csv
import gzip
import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from audiogen.artifacts import STYLES
from audiogen.errors import InvalidRequest
from audiogen.lab.data.illustrations.collection import Collection
from audiogen.lab.data.paintings import Gallery
from audiogen.lab.data.prepare_pictures import PicturesData, Plan, prepare
from tests.lab.data.painterly.forms import seven_pixels
from tests.lab.data.test_prepare_digits import write_idx

SETTINGS = PicturesData(
    digits_per_style=1,
    valid_digits_per_style=1,
    fine_per_kind=1,
    valid_fine_per_kind=1,
    rows_per_shard=100,
    least=2,
    least_iou=0.5,
)
CODES = {"1f408": "cat", "1f415": "dog", "1f41f": "fish", "1f426": "bird"}
SETS = {"twemoji": "flat", "noto": "shaded", "fluent-hc": "outline"}


def webp(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "WEBP", lossless=True, method=0, quality=0)  # quickly
    return stream.getvalue()


def drawing(number: int) -> Image.Image:
    """A coloured disc on nothing, 512 pixels."""
    y, x = np.mgrid[:512, :512] - 255.5
    pixels = np.zeros((512, 512, 4), np.uint8)
    pixels[np.hypot(y, x) < 120 + 8 * number] = (40 * (number % 5), 90, 160, 255)
    return Image.fromarray(pixels)


def write_source(folder: Path) -> Path:
    (folder / "mnist").mkdir(parents=True)
    for prefix, count in (("train", 20), ("t10k", 10)):
        write_idx(folder / "mnist" / f"{prefix}-images-idx3-ubyte.gz", np.stack([seven_pixels()] * count))
        write_idx(folder / "mnist" / f"{prefix}-labels-idx1-ubyte.gz", np.arange(count) % 10)
    _write_illustrations(folder / "illustrations")
    _write_styles(folder / "styles")
    return folder


def _write_illustrations(folder: Path) -> None:
    folder.mkdir()
    rows = []
    with zipfile.ZipFile(folder / "animals512.zip", "w") as archive:
        for number, (code, name) in enumerate(CODES.items()):
            for style in SETS:
                file = f"{style}/{code}.webp"
                archive.writestr(file, webp(drawing(number)))
                rows.append(
                    {
                        "shard": "animals512.zip",
                        "file": file,
                        "size": 512,
                        "kind": "emoji",
                        "style": style,
                        "name_en": name,
                        "name_zh": f"中{number}",
                        "keywords_en": ["pet"],
                        "keywords_zh": [],
                        "licence": "MIT",
                        "source": "https://example.org/" + style,
                        "group": "animals-nature",
                        "subgroup": "animal",
                    }  # fmt: skip
                )
    with gzip.open(folder / "manifest.jsonl.gz", "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(row) + "\n" for row in rows)


def _write_styles(folder: Path) -> None:
    folder.mkdir()
    rng = np.random.default_rng(0)
    works = [("oil", "Claude Monet"), ("watercolor", "Beatrix Potter"), ("woodblock", "Hokusai")]
    works += [("pencil", "Harold Speed (1872-1957)")] + [("line_art", "Edward Lear")] * 12
    with zipfile.ZipFile(folder / "styles.zip", "w") as archive:
        rows = []
        for number, (style, artist) in enumerate(works):
            file = f"{style}/{number:04d}.webp"
            pixels = rng.integers(0, 255, (40, 30, 3), dtype=np.uint8)
            archive.writestr(file, webp(Image.fromarray(pixels).resize((480, 640))))
            rows.append(
                {
                    "file": file,
                    "style": style,
                    "artist": artist,
                    "width": 480,
                    "height": 640,
                    "subject_en": "a mother cat and kittens",
                }  # fmt: skip
            )
    (folder / "styles.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Path:
    return write_source(tmp_path_factory.mktemp("pictures") / "raw")


@pytest.fixture(scope="module")
def prepared(source: Path, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("prepared")
    prepare(source, out, SETTINGS)
    return out


def read(file: Path) -> dict[str, np.ndarray]:
    with np.load(file) as data:
        return {name: data[name] for name in data.files}


def test_a_shard_has_every_kind_of_picture_with_what_is_known_of_it(prepared: Path) -> None:
    index = json.loads((prepared / "index.json").read_text(encoding="utf-8"))
    rows = read(prepared / "train-000.npz")
    count = len(rows["label"])
    assert rows["pictures"].shape == (count, 256, 256, 3) and rows["pictures"].dtype == np.uint8
    assert rows["contour"].shape == (count, 64, 64) and rows["contour"].dtype == np.uint8
    assert rows["words"].shape == (count, 12)
    styles = [index["styles"][k] for k in rows["style"]]
    digits = rows["label"] >= 0
    assert sorted(np.array(styles)[digits]) == ["ink", "oil", "pencil", "watercolor"]
    assert not rows["words"][digits].any()
    again = np.char.endswith(rows["source"], " painted")
    outlines = np.array(styles) == "outline"
    assert again.sum() == SETTINGS.styles_per_drawing * outlines.sum() > 0
    assert set(np.array(styles)[again]) <= set(STYLES) and rows["words"][again, 0].all()
    drawn = np.char.startswith(rows["source"], "animals512.zip") & ~again
    for number in np.flatnonzero(drawn):
        assert index["words"][rows["words"][number, 0]] in CODES.values()
        assert styles[number] in SETS.values()
        assert rows["side"][number] == 512
    painted = np.char.startswith(rows["source"], "styles/")
    assert digits.sum() + drawn.sum() + again.sum() + painted.sum() == count
    assert (rows["has_contour"] == ~painted).all()
    assert (rows["contour"].any((1, 2)) == rows["has_contour"]).all()


def test_the_index_says_what_else_a_subject_is_called(prepared: Path) -> None:
    index = json.loads((prepared / "index.json").read_text(encoding="utf-8"))
    assert index["subjects"] == sorted(CODES.values())
    assert index["names"]["cat"] == {"en": ["pet"], "zh": ["中0"], "zh_keywords": []}
    assert index["words"][0] == "" and len(set(index["words"])) == len(index["words"])


def test_credits_name_every_set_and_artist_once(prepared: Path) -> None:
    with open(prepared / "credits.csv", encoding="utf-8", newline="") as stream:
        rows = {row["set"] + "/" + row["attribution"]: row for row in csv.DictReader(stream)}
    assert rows["twemoji/Copyright Twitter, Inc and other contributors"]["pictures"] == str(len(CODES))
    assert rows["fluent-hc/Copyright (c) Microsoft Corporation"]["licence"] == "MIT"
    assert rows["ink/Edward Lear"]["pictures"] == "12"
    assert not any("Speed" in name or "Hokusai" in name for name in rows), "not used, not credited"
    assert sum(row["kind"] == "illustration" for row in rows.values()) == len(SETS)


def test_fine_pictures_have_512_pixels(prepared: Path) -> None:
    for split in ("fine", "valid-fine"):
        assert read(prepared / f"{split}-000.npz")["pictures"].shape[1:] == (512, 512, 3)


def test_it_goes_on_where_it_stopped_and_comes_to_the_same(prepared: Path, source: Path) -> None:
    before, kept = read(prepared / "valid-000.npz"), prepared / "fine-000.npz"
    (prepared / "valid-000.npz").unlink()
    written = kept.stat().st_mtime_ns
    prepare(source, prepared, SETTINGS)
    again = read(prepared / "valid-000.npz")
    assert all((before[name] == again[name]).all() for name in before)
    assert kept.stat().st_mtime_ns == written


def test_nothing_held_out_is_trained_on(source: Path) -> None:
    plan = Plan.read(source, SETTINGS)
    train, valid = ({(r.kind, r.number, r.held_out) for r in plan.rows[s]} for s in ("train", "valid"))
    assert not train & valid
    assert any(kind == "digit" and held_out for kind, _, held_out in valid)
    members, drawn = plan.collection.members, ("illustration", "drawing")
    pairs = [
        {(members[n].caption.subject, members[n].look) for kind, n, _ in rows if kind in drawn}
        for rows in (train, valid)
    ]
    assert not pairs[0] & pairs[1]


def test_works_of_another_technique_or_not_yet_free_are_left_out(source: Path) -> None:
    works = Gallery.read(source / "styles").works
    assert {work.technique for work in works} == {"oil", "watercolor", "line_art"}
    assert works[0].shows.count("cat") == 2, "kittens are cats"


def test_illustrations_stand_on_white(source: Path) -> None:
    collection = Collection.read(source / "illustrations", least=2)
    picture = collection.picture(collection.members[0], 256)
    assert (picture[0] == 255).all() and (picture[128, 128] != 255).any()


@pytest.mark.parametrize("missing", ["illustrations/manifest.jsonl.gz", "styles/styles.jsonl"])
def test_a_missing_part_is_named(source: Path, tmp_path: Path, missing: str) -> None:
    for part in ("mnist", "illustrations", "styles"):
        (tmp_path / part).mkdir()
        for file in (source / part).iterdir():
            if f"{part}/{file.name}" != missing:
                (tmp_path / part / file.name).write_bytes(file.read_bytes())
    with pytest.raises(InvalidRequest, match=Path(missing).name):
        prepare(tmp_path, tmp_path / "out", SETTINGS)


@pytest.mark.parametrize(
    "wrong, words",
    [
        ({"rows_per_shard": 0, "workers": 0}, "rows_per_shard, workers must be at least 1"),
        ({"least_iou": 85.0}, "0..1, not 85"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict, words: str) -> None:
    with pytest.raises(InvalidRequest, match=words):
        PicturesData(**wrong)
