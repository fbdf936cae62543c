"""The shipped digit stages: the asked digit is read, drawing is cached rightly, all of it is small."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from audiogen.artifacts import Conditioning
from audiogen.evaluate.digits.judge import DigitClassifier
from audiogen.networks.gated_pixelcnn import Canvas
from audiogen.registry import STAGES, WEIGHTS, WEIGHTS_FOLDER, load_stage
from audiogen.stage import Sampling, silent

pytestmark = pytest.mark.weights

DIGITS_MB = 10
LEAST_READ = 0.85  # of 40 digits; the cards have it of 300
CACHE_ERROR = 1e-3  # of logits of 10 and more, float32
SHIPPED = [
    name
    for name, entry in STAGES.items()
    if entry.seam == "structure" and entry.weights.get("digit") in WEIGHTS
]


@pytest.fixture(scope="module")
def judge() -> DigitClassifier:
    return DigitClassifier.from_pretrained("digit-classifier", device="cpu")


def test_what_must_be_readable_is_shipped() -> None:
    assert {"pixelcnn", "cgan", "vae", "ddpm"} <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_digit_that_is_asked_for_is_read(name: str, judge: DigitClassifier) -> None:
    stage = load_stage(name, "digit", device="cpu")
    digits = torch.arange(40) % 10
    ink = stage.draw(digits, list(range(40)), Sampling()).numpy()
    reading = judge.read(ink)
    if stage.hears:
        assert (reading.digits == digits.numpy()).mean() >= LEAST_READ
    else:
        assert len(set(reading.digits.tolist())) >= 6, "many different digits"
    assert len({image.tobytes() for image in ink}) == 40, "no two are the same"


@pytest.mark.parametrize("name", [name for name in SHIPPED if name.startswith("pixelcnn")])
def test_what_was_drawn_with_the_cache_is_what_the_whole_network_says(name: str) -> None:
    stage = load_stage(name, "digit", device="cpu")
    ink = stage.draw(torch.tensor([5]), [1], Sampling())
    symbols, label = stage.network.to_symbols(ink), torch.tensor([5])
    with torch.inference_mode():
        whole = stage.network(symbols, label)
        canvas = Canvas(stage.network, label)
        for row in range(stage.config.network.grid):
            canvas.begin_row(row)
            for column in range(stage.config.network.grid):
                error = (canvas.logits(row, column) - whole[:, row, column]).abs().max()
                assert error < CACHE_ERROR
                canvas.put(row, column, symbols[:, row, column])


def test_strokes_are_white_on_black_in_the_middle() -> None:
    asked = Conditioning(path="digit", subject="3")
    for name in SHIPPED:
        pixels = load_stage(name, "digit", device="cpu")(asked, asked, Sampling(seed=5), silent).pixels
        assert 0.03 < pixels.mean() < 0.35, name
        border = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
        assert border.mean() < 0.05, name


def test_all_weights_of_digits_are_small() -> None:
    total = sum(f.stat().st_size for f in WEIGHTS_FOLDER.glob("digit-*/model.safetensors"))
    assert total < DIGITS_MB * 1e6
