"""The measures of digits: against torchmetrics, against what is known, and end to end at toy size."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from audiogen.errors import InvalidRequest
from audiogen.lab.evaluate.digits.command import main
from audiogen.lab.evaluate.digits.judge import DigitClassifier, Reading
from audiogen.lab.evaluate.digits.measures import (
    DigitJudge,
    Digits,
    classifier_score,
    frechet_score,
    kid_score,
    nearest,
    within_classes,
)
from audiogen.lab.evaluate.digits.page import into_cards
from audiogen.lab.evaluate.digits.report import CEILING, Row
from audiogen.lab.evaluate.scores import draws_of, mean_score
from audiogen.networks.dcgan import GeneratorSizes
from audiogen.networks.digit_classifier import ClassifierSizes
from audiogen.structure.digits.gan import ConditionalGANStage, GANConfig
from tests.lab.train.digit_data import write_digits

SAME = 1e-4  # relative; torchmetrics counts in float32 where we take float64


def reading(rows: int, seed: int, shift: float = 0.0) -> Reading:
    rng = np.random.default_rng(seed)
    return Reading(3 * rng.standard_normal((rows, 10)), shift + np.abs(rng.standard_normal((rows, 6))))


class Rows(nn.Module):
    """Passes on what it is given: torchmetrics then measures rows."""

    num_features = 6

    def forward(self, x: Tensor) -> Tensor:
        return x.flatten(1).double()


def test_frechet_distance_is_that_of_torchmetrics() -> None:
    image = pytest.importorskip("torchmetrics.image.fid")
    made, real = reading(200, 0, 0.3), reading(200, 1)
    theirs = image.FrechetInceptionDistance(Rows(), normalize=True, input_img_size=(1, 1, 6)).set_dtype(
        torch.float64
    )
    theirs.update(torch.from_numpy(real.features)[:, None, None], real=True)
    theirs.update(torch.from_numpy(made.features)[:, None, None], real=False)
    assert frechet_score(made, real).value == pytest.approx(float(theirs.compute()), rel=SAME)


def test_kid_is_that_of_torchmetrics() -> None:
    kid = pytest.importorskip("torchmetrics.image.kid")
    made, real = reading(150, 0, 0.3), reading(150, 1)
    theirs = kid.poly_mmd(torch.from_numpy(real.features), torch.from_numpy(made.features))
    assert kid_score(made, real, draws_of(150)).value == pytest.approx(100 * float(theirs), rel=SAME)


def test_classifier_score_is_that_of_torchmetrics() -> None:
    inception = pytest.importorskip("torchmetrics.image.inception")
    logits = reading(300, 2).logits
    theirs = inception.InceptionScore(Rows(), normalize=False, splits=1)
    theirs.update(torch.from_numpy(logits)[:, None, None])
    mean, _ = theirs.compute()
    assert classifier_score(logits).value == pytest.approx(float(mean), rel=SAME)


def test_classifier_score_knows_its_ends() -> None:
    sure = 50 * np.eye(10)[np.arange(100) % 10]
    assert classifier_score(sure).value == pytest.approx(10)
    assert classifier_score(np.zeros((100, 10))).value == pytest.approx(1)
    assert classifier_score(np.repeat(sure[:1], 100, 0)).value == pytest.approx(1)


def test_diversity_is_measured_within_a_class() -> None:
    features = np.array([[0.0], [2.0], [10.0], [14.0], [99.0]])
    assert within_classes(features, np.array([0, 0, 1, 1, 2])).tolist() == [2, 2, 4, 4, 0]


def test_a_copy_of_a_training_digit_is_found_at_any_size() -> None:
    training = np.random.default_rng(0).random((30, 28, 28)).astype(np.float32)
    large = training[:3].repeat(2, 1).repeat(2, 2)
    assert nearest(training[:3], training).max() < 0.05
    assert nearest(large, training).max() < 0.05
    assert nearest(1 - training[:3], training).min() > 5


def test_identical_sets_are_near_and_noise_is_far() -> None:
    judge = DigitClassifier.from_config(ClassifierSizes(width=4, features=8), device="cpu")
    rng = np.random.default_rng(0)
    real = Digits(rng.random((60, 28, 28)).astype(np.float32), np.arange(60) % 10)
    against = DigitJudge(judge, real, rng.random((60, 28, 28)).astype(np.float32))
    same = against.scores(real)
    other = against.scores(Digits((rng.random((60, 28, 28)) ** 8).astype(np.float32), real.asked))
    assert same["frechet"].value == pytest.approx(0, abs=1e-6)
    assert same["novelty"].value == pytest.approx(1)
    assert same["diversity"].value == pytest.approx(1)
    assert other["frechet"].value > 100 * max(same["frechet"].value, 1e-15)
    assert "accuracy" not in against.scores(Digits(real.ink, None))


def test_the_judge_refuses_what_it_cannot_read() -> None:
    judge = DigitClassifier.from_config(ClassifierSizes(width=4, features=8), device="cpu")
    for shape in ((28, 28), (2, 20, 20), (0, 28, 28)):
        with pytest.raises(InvalidRequest):
            judge.read(np.zeros(shape))


def test_the_command_measures_a_stage_between_its_anchors(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = write_digits(tmp_path / "data", 220)
    DigitClassifier.from_config(ClassifierSizes(width=4, features=8)).save_pretrained(tmp_path / "judge")
    stage = ConditionalGANStage.from_config(GANConfig(GeneratorSizes(width=4, latent=8)))
    stage.save_pretrained(tmp_path / "cgan")
    options = ["--data", str(data), "--judge", str(tmp_path / "judge"), "-n", "100"]
    assert main([f"cgan={tmp_path / 'cgan'}", *options, "--out", str(tmp_path / "out")]) == 0
    row = json.loads(capsys.readouterr().out)
    assert row["name"] == "cgan" and 0 <= row["accuracy"]["value"] <= 1
    assert (tmp_path / "out" / "cgan.png").exists()
    text = (tmp_path / "out" / "report.md").read_text()
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    assert [line.split(" | ")[0] for line in lines[2:]] == [
        "| held-out digits",
        "| held-out digits in noise",
        "| cgan",
    ]
    assert "%" in lines[-1] and lines[-1].split(" | ")[8] == "1", "the only one is the fastest"
    assert (tmp_path / "out" / "quality.png").read_bytes().startswith(b"\x89PNG")
    assert main([*options[:-1], "10"]) == 2


def test_the_table_of_a_model_card_is_replaced_not_repeated(tmp_path: Path) -> None:
    card = tmp_path / "digit-cgan" / "README.md"
    card.parent.mkdir()
    card.write_text("# digit-cgan\n\nLimits: many.\n")
    scores = {"accuracy": mean_score(np.ones(9), draws_of(9))}
    for time_ms in (5.0, 7.0):
        rows = [Row(CEILING, scores), Row("cgan", scores, time_ms, 1_000_000), Row("vae", scores, 1.0)]
        with pytest.raises(FileNotFoundError, match="digit-vae"):
            into_cards(rows, 100, tmp_path)
        assert into_cards(rows[:2], 100, tmp_path) == [card]
    text = card.read_text()
    assert text.startswith("# digit-cgan\n\nLimits: many.\n\n## All generators")
    assert text.count("| cgan |") == 1 and "| 7 | 1 | 1.00 M |" in text and CEILING in text


@pytest.mark.weights
def test_audiogen_compare_takes_the_generators_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from audiogen.cli.compare import compare_generators
    from audiogen.lab.evaluate.digits import running

    stage = ConditionalGANStage.from_config(GANConfig(GeneratorSizes(width=4, latent=8)))
    stage.save_pretrained(tmp_path / "cgan")
    monkeypatch.setattr(running, "shipped", lambda: [("cgan", str(tmp_path / "cgan"))])
    said: list[str] = []
    compare_generators(write_digits(tmp_path / "data", 220), tmp_path / "out", said.append, 100)
    assert len(said) == 1 and said[0].startswith("| cgan |")
    assert {"report.md", "report.json", "quality.png", "cgan.png"} == {
        f.name for f in (tmp_path / "out").iterdir()
    }


def test_only_digits_have_generators(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from audiogen.cli.group import run

    assert run(["compare", "--generators", str(tmp_path), "-o", str(tmp_path / "out")]) == 2
    assert "--path digit" in capsys.readouterr().err and not (tmp_path / "out").exists()
