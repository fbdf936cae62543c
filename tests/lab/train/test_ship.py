"""Weights of a run become weights of the package."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audiogen.decoder.picture import PictureDecoderConfig, PictureDiffusionDecoder, PictureFlowDecoder
from audiogen.decoder.picture import PictureDiffusionDecoderConfig as DiffusionConfig
from audiogen.lab.evaluate.digits.judge import DigitClassifier
from audiogen.lab.train.ship import ship
from audiogen.networks.digit_classifier import ClassifierSizes
from audiogen.registry import checksum

SIZE = {"widths": (8, 8, 16), "blocks": (1, 1, 1), "heads": 2, "hidden": 16, "word": 8, "condition": 16}


@pytest.mark.parametrize(
    ("kind", "config"),
    [(PictureFlowDecoder, PictureDecoderConfig), (PictureDiffusionDecoder, DiffusionConfig)],
)
def test_a_stage_of_a_path_is_found_by_its_class(kind: type, config: type, tmp_path: Path) -> None:
    stage = kind.from_config(config(**SIZE), device="cpu")  # type: ignore[attr-defined]
    stage.save_pretrained(tmp_path / "run")
    folder = ship(tmp_path / "run", "mine", "int8", tmp_path / "weights")
    listed = json.loads((tmp_path / "weights" / "checksums.json").read_text())
    assert listed == {"mine": checksum(folder / "model.safetensors")}
    assert kind.from_pretrained(folder, device="cpu").config == stage.config  # type: ignore[attr-defined]


def test_a_judge_is_taken_like_a_stage_with_the_pictures_of_its_run(tmp_path: Path) -> None:
    judge = DigitClassifier.from_config(ClassifierSizes(width=4, features=8), device="cpu")
    judge.save_pretrained(tmp_path / "run" / "weights")
    assert {f.name for f in ship(tmp_path / "run" / "weights", "plain", weights=tmp_path).iterdir()} == {
        "config.json",
        "model.safetensors",
    }
    (tmp_path / "run" / "samples").mkdir()
    (tmp_path / "run" / "samples" / "grid.png").write_bytes(b"grid")
    (tmp_path / "run" / "loss.png").write_bytes(b"curve")
    folder = ship(tmp_path / "run" / "weights", "drawn", weights=tmp_path)
    assert (folder / "grid.png").read_bytes() == b"grid" and (folder / "curve.png").read_bytes() == b"curve"
    assert DigitClassifier.from_pretrained(folder, device="cpu").config == judge.config


def test_weights_of_nothing_known_are_not_taken(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"stage": "Crystal"}')
    with pytest.raises(ValueError, match="Crystal"):
        ship(tmp_path, "mine", weights=tmp_path / "weights")
