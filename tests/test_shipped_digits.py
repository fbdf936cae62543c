"""The shipped digit stages: the asked digit is read, drawing is cached rightly, all of it is small."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from audiogen.artifacts import Conditioning
from audiogen.lab.evaluate.digits.judge import DigitClassifier
from audiogen.networks.gated_pixelcnn import Canvas
from audiogen.registry import STAGES, WEIGHTS, WEIGHTS_FOLDER, load_stage
from audiogen.stage import Sampling, silent

pytestmark = pytest.mark.weights

DIGITS_MB = 10
COUNT = 40  # digits of a stage; the cards have a thousand
LEAST_READ = 0.95
SURE, LEAST_SURE = 0.9, 0.5  # chance that the judge gives what it reads, and share of digits where it does
MOST_ALIKE = 0.4  # share of the digit that is drawn most often, where none is asked for
CACHE_ERROR = 1e-3  # of logits of 10 and more, float32
SHIPPED = [
    entry.name for entry in STAGES if entry.seam == "structure" and entry.weights.get("digit") in WEIGHTS
]


@pytest.fixture(scope="module")
def judge() -> DigitClassifier:
    return DigitClassifier.from_pretrained("digit-classifier", device="cpu")


def test_what_must_be_readable_is_shipped() -> None:
    assert {"pixelcnn", "cgan", "vae", "ddpm"} <= set(SHIPPED)


@pytest.mark.parametrize("name", SHIPPED)
def test_the_digit_that_is_asked_for_is_read(name: str, judge: DigitClassifier) -> None:
    stage = load_stage(name, "digit", device="cpu")
    digits = torch.arange(COUNT) % 10
    ink = stage.draw(digits, list(range(COUNT)), Sampling()).numpy()
    reading = judge.read(ink)
    if stage.conditioned:
        assert (reading.digits == digits.numpy()).mean() >= LEAST_READ
    else:
        share = np.bincount(reading.digits, minlength=10) / COUNT
        assert (share > 0).sum() >= 8 and share.max() <= MOST_ALIKE, "many different digits"
        chances = np.exp(reading.logits - np.logaddexp.reduce(reading.logits, axis=1)[:, None])
        assert (chances.max(1) >= SURE).mean() >= LEAST_SURE, "and digits they are"
    assert len({image.tobytes() for image in ink}) == COUNT, "no two are the same"


@pytest.mark.parametrize("name", [name for name in SHIPPED if name.startswith("pixelcnn")])
def test_what_was_drawn_with_the_cache_is_what_the_whole_network_says(name: str) -> None:
    stage = load_stage(name, "digit", device="cpu")
    ink = stage.draw(torch.tensor([5]), [1], Sampling())
    fine = name == "pixelcnn-64"
    network = stage.network.fine if fine else stage.network
    sketch = torch.rand(1, 28, 28) if fine else None
    symbols, label = network.to_symbols(ink), torch.tensor([5])
    with torch.inference_mode():
        whole = network(symbols, label, sketch)
        canvas = Canvas(network, label, sketch)
        for row in range(network.sizes.grid):
            canvas.begin_row(row)
            for column in range(network.sizes.grid):
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
