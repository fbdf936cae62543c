"""The measures of pictures: what is known of them, and end to end at toy size.

Frechet's formula and the kernel of KID are held against torchmetrics in test_digits.py.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from audiogen.errors import InvalidRequest
from audiogen.lab.evaluate.pictures.command import main
from audiogen.lab.evaluate.pictures.damage import DAMAGES, damaged, shuffled
from audiogen.lab.evaluate.pictures.features import PictureFeatures
from audiogen.lab.evaluate.pictures.gallery import halves, read_gallery
from audiogen.lab.evaluate.pictures.measures import PictureJudge, Wishes, adherence, inks, novelty
from audiogen.lab.evaluate.pictures.novelty import TrainingSet, cut_out, made_small
from audiogen.lab.evaluate.pictures.reading import StyleReader
from audiogen.networks.picture_autoencoder import PictureAutoencoder
from audiogen.render.painter import Painter
from tests.lab.evaluate.picture_data import write_pictures
from tests.tiny_pictures import tiny_pictures

SMALL = 1e-4  # float32 sums in another order


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_pictures(tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def features() -> PictureFeatures:
    painter: Painter = tiny_pictures()["picture-painter"]
    return PictureFeatures(painter)


@pytest.fixture(scope="module")
def judge(data: Path, features: PictureFeatures) -> PictureJudge:
    return PictureJudge.read(data, "digit", 16, features, None)


def test_the_two_halves_have_the_same_styles_and_no_picture_in_common(data: Path) -> None:
    reference, measured = halves(read_gallery(data, "valid", "digit"), 12)
    assert list(reference.manner) == list(measured.manner) and len(set(reference.manner)) == 4
    assert not set(reference.source) & set(measured.source)
    with pytest.raises(InvalidRequest, match="16 or fewer"):
        halves(read_gallery(data, "valid", "digit"), 40)


def test_a_digit_that_was_painted_twice_takes_part_once(data: Path) -> None:
    gallery = read_gallery(data, "valid", "digit")
    doubled = gallery[np.concatenate([np.arange(8), np.arange(8)])]
    with pytest.raises(InvalidRequest, match="Only 4 pairs"):
        halves(doubled, 5)


def test_pictures_are_read_with_what_was_asked_of_them(data: Path) -> None:
    asked = read_gallery(data, "valid", "picture").asked(3)
    assert (asked.path, asked.subject, asked.look, asked.details) == ("picture", "dog", "blob", ("red",))
    digit = read_gallery(data, "valid", "digit").asked(5)
    assert (digit.subject, digit.style, digit.look) == ("1", "oil", None)


def test_missing_data_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(InvalidRequest, match=r"no index\.json"):
        read_gallery(tmp_path, "valid", "digit")


def test_features_are_those_of_the_encoder(features: PictureFeatures, rng: np.random.Generator) -> None:
    """What the features call latents is what the autoencoder itself encodes."""
    import torch

    from audiogen.lab.evaluate.pictures.features import activations

    autoencoder: PictureAutoencoder = features.autoencoder
    pixels = torch.from_numpy(rng.random((2, 3, 64, 64), dtype=np.float32))
    with torch.inference_mode():
        latents = activations(autoencoder, pixels)[2]
        assert torch.allclose(latents, autoencoder.encode(pixels), atol=SMALL)


def test_features_do_not_depend_on_the_batch_or_on_enlarging(
    features: PictureFeatures, rng: np.random.Generator
) -> None:
    pictures = rng.random((10, 3, 64, 64), dtype=np.float32)
    together = features(pictures)
    assert together.shape[1] == sum(features.sizes())
    assert np.allclose(together[3:4], features(pictures[3:4]), atol=SMALL)
    assert np.allclose(together, features(pictures.repeat(2, 2).repeat(2, 3)), atol=SMALL)
    for wrong in (pictures[:, :, :32, :32], pictures[:, :, :, :32]):
        with pytest.raises(InvalidRequest, match="square and at least"):
            features(wrong)


def test_held_out_pictures_are_nearest_and_damage_is_farther(judge: PictureJudge) -> None:
    wishes = Wishes.of(judge.measured, contour=True)
    scores = {
        name: judge.of_pictures(damaged(judge.measured.pixels, damage), wishes)
        for name, damage in DAMAGES.items()
    }
    for measure in ("kernel", "frechet", "kid"):
        real, slight, strong = (
            scores[n][measure].value for n in ("real", "blurred by 1 pixel", "blurred by 2 pixels")
        )
        assert real < slight < strong, measure
        assert real < scores["noise of 0.2"][measure].value, measure
    assert scores["real"]["iou"].value > 0.97 and scores["real"]["style"].value == 1
    assert scores["4 x 4 tiles shuffled"]["iou"].value < 0.7


def test_the_same_pictures_are_at_no_distance(judge: PictureJudge) -> None:
    same = judge.of_pictures(judge.reference.pixels, Wishes.of(judge.reference, contour=True))
    assert same["frechet"].value == pytest.approx(0, abs=1e-3)
    assert same["kernel"].value < 1e-3 and same["kid"].value < 1e-3, "unbiased: below 0"


def test_fewer_pictures_have_no_distance(judge: PictureJudge) -> None:
    few = judge.measured[np.arange(5)]
    assert set(judge.of_pictures(few.pixels, Wishes.of(few, contour=True))) == {"iou", "style"}


def test_diversity_of_one_seed_is_none_and_of_real_pictures_about_one(judge: PictureJudge) -> None:
    rows = judge.rows(judge.features(judge.reference.pixels))
    assert judge.diversity(rows, rows)["diversity"].value == 0
    others = judge.rows(judge.features(judge.measured.pixels))
    assert 0.5 < judge.diversity(rows, others)["diversity"].value < 2


def test_a_contour_counts_where_it_is_kept(judge: PictureJudge) -> None:
    ink = inks(judge.measured.pixels)
    wishes = Wishes.of(judge.measured, contour=True)
    assert adherence(ink, wishes, None)["iou"].value > 0.97
    assert adherence(np.roll(ink, 4, 0), wishes, None)["iou"].value < 0.5
    assert adherence(ink, Wishes.of(judge.measured, contour=False), None) == {}


def test_styles_are_told_apart_along_what_they_differ_in(rng: np.random.Generator) -> None:
    """The classes differ a little along an axis on which all are alike, and are wide along the other."""
    manner = np.repeat(["oil", "ink"], 200)
    rows = rng.standard_normal((400, 2)) * (0.1, 10) + np.where(manner == "oil", 0.5, 0)[:, None] * (1, 0)
    assert (StyleReader.fit(rows, manner).read(rows) == manner).mean() > 0.97
    with pytest.raises(InvalidRequest, match="too few"):
        StyleReader.fit(rows[:3], manner[:3])


def test_copies_are_found_mirrored_moved_and_smaller_ones_too(data: Path) -> None:
    gallery = read_gallery(data, "train", "picture")
    training = TrainingSet.of(gallery)
    assert training.nearest(training.small).max() < 0.01
    mirrored = gallery.pictures[:, :, ::-1]
    assert training.nearest(made_small(mirrored, "picture")).max() < 0.01
    moved = np.roll(gallery.pictures, (5, -4), (1, 2))
    assert training.nearest(made_small(moved, "picture")).max() < 0.01
    new = np.where(gallery.pictures < 255, 255 - gallery.pictures, 255)
    new[:, 20:40, 30:34] = (0, 255, 0)
    assert training.nearest(made_small(new, "picture")).min() > 0.05


def test_a_picture_does_not_count_as_its_own_neighbour(data: Path) -> None:
    training = TrainingSet.of(read_gallery(data, "train", "picture"))
    assert len(training.apart("cat")) == 40 and (training.apart("cat") > 0).all()
    assert not len(training.apart("elephant"))


def test_mirrored_digits_are_no_copies(data: Path) -> None:
    gallery = read_gallery(data, "train", "digit")
    askew = gallery.pictures.copy()
    askew[:, :, :30] = 255  # no longer the same from both sides
    training = TrainingSet("digit", made_small(askew, "digit"), gallery.subject)
    assert training.nearest(made_small(askew, "digit")).max() < 0.01
    assert training.nearest(made_small(askew[:, :, ::-1], "digit")).min() > 0.1


def test_a_blank_picture_is_cut_out_whole() -> None:
    assert cut_out(np.full((20, 20, 3), 255, np.uint8)).size == (20, 20)


def test_novelty_is_one_for_held_out_pictures(data: Path) -> None:
    training = TrainingSet.read(data, "digit")
    small = made_small(read_gallery(data, "valid", "digit").pictures, "digit")
    near = training.nearest(small)
    assert novelty(small, training, near)["novelty"].value == pytest.approx(1)
    assert novelty(training.small, training, near)["novelty"].value == pytest.approx(0, abs=1e-3)


def test_shuffled_tiles_keep_every_pixel(rng: np.random.Generator) -> None:
    picture = rng.random((3, 16, 16))
    mixed = shuffled(4, picture, rng)
    assert not np.array_equal(mixed, picture)
    assert np.array_equal(np.sort(mixed.ravel()), np.sort(picture.ravel()))


def test_the_command_measures_both_paths(data: Path, tiny: Path, capsys: pytest.CaptureFixture[str]) -> None:
    line = ["--data", str(data), "-n", "8", "--steps", "1", "--out", "out"]
    assert main([*line, "--decoder", "flow=picture-flow"]) == 0
    said = capsys.readouterr()
    rows = {(row["path"], row["name"]): row for row in map(json.loads, said.out.splitlines())}
    digits = rows["digit", "flow"]
    for name in ("kernel", "frechet", "kid", "iou", "accuracy", "style", "diversity", "novelty", "span"):
        low, high = digits[name]["interval"]
        assert low <= digits[name]["value"] <= high, name
    assert set(rows["digit", "flow, oil"]) >= {"iou", "accuracy", "style"}
    assert "kernel" not in rows["digit", "flow, oil"], "fewer than the reference"
    assert digits["ms"] > 0 and digits["parameters"] > 0
    assert "iou" not in rows["picture", "flow"] and "novelty" in rows["picture", "flow, cat"]
    assert rows["digit", "held-out, real"]["novelty"]["value"] > 0
    assert "held-out, through the painter" in said.err
    for file in ("report.md", "report.json", "digit-flow.png", "picture-flow, cat.png"):
        assert (tiny / "out" / file).stat().st_size > 100


def test_bad_input_of_the_command_is_one_line(
    data: Path, tiny: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = ["--data", str(data), "--decoder", "flow=picture-flow"]
    for changed, words in ((["-n", "2"], "at least 8"), (["--path", "piano"], "digit or picture")):
        assert main([*line, *changed]) == 2
        assert words in capsys.readouterr().err
    assert main([*line, "-n", "500"]) == 2
    assert "or fewer with -n" in capsys.readouterr().err.splitlines()[-1]
