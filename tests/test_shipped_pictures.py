"""The shipped picture stages from end to end: digits keep their contour and can be read, cats are no dogs."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import audiogen
from audiogen.artifacts import STYLES, Conditioning, Contour, Picture
from audiogen.lab.evaluate.contour_iou import iou
from audiogen.making import Request, make
from audiogen.media.colour import rgb_to_lab
from audiogen.pipeline import Pipeline
from audiogen.registry import WEIGHTS, load_stage
from audiogen.stage import Sampling, silent

pytestmark = pytest.mark.weights
DECODERS = [name for name in ("flow", "diffusion") if f"picture-{name}" in WEIGHTS]
LEAST_IOU = 0.8  # at the default strength
LEAST_SPAN = 0.15  # between strength 0.2 and 1


@pytest.fixture(scope="module")
def digits() -> list[Contour]:
    """Contours of two digits, by the conditional GAN."""
    stage = load_stage("cgan", "digit", device="cpu")
    asked = [Conditioning(path="digit", subject=str(k)) for k in (2, 8)]
    return [stage(each, each, Sampling(seed=k), silent) for k, each in enumerate(asked)]


@cache
def loaded(name: str, path: str) -> Any:
    return load_stage(name, path, device="cpu")


def painted(decoder: str, contour: Contour, asked: Conditioning, seed: int, **how: float) -> np.ndarray:
    """[3, 512, 512] in 0..1."""
    decode, show = (loaded(name, asked.path) for name in (decoder, "painter"))
    latents = decode(contour, asked, Sampling(seed=seed, **how), silent)
    return np.asarray(show(latents, asked, Sampling(), silent).pixels)


@cache
def digit(decoder: str, contour: Contour, style: str, seed: int, strength: float = 1.0) -> np.ndarray:
    asked = Conditioning(path="digit", style=style, size=512)
    return painted(decoder, contour, asked, seed, structure_strength=strength)


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("style", STYLES)
def test_a_painted_digit_keeps_its_contour(decoder: str, style: str, digits: list[Contour]) -> None:
    found = [iou(digit(decoder, c, style, k), c.enlarged(64).pixels) for k, c in enumerate(digits)]
    assert np.median(found) >= LEAST_IOU


@pytest.mark.parametrize("decoder", DECODERS)
def test_a_weaker_structure_is_followed_less(decoder: str, digits: list[Contour]) -> None:
    asked = digits[0].enlarged(64).pixels
    close, loose = (iou(digit(decoder, digits[0], "oil", 0, strength), asked) for strength in (1.0, 0.2))
    assert close - loose >= LEAST_SPAN


@pytest.mark.parametrize("decoder", DECODERS)
def test_styles_are_told_apart_by_their_colours(decoder: str, digits: list[Contour]) -> None:
    chroma, lightness = {}, {}
    for style in STYLES:
        lab = np.stack(
            [rgb_to_lab(digit(decoder, c, style, k).transpose(1, 2, 0)) for k, c in enumerate(digits)]
        )
        chroma[style] = float(np.hypot(lab[..., 1], lab[..., 2]).mean())
        lightness[style] = float(lab[..., 0].mean())
    assert chroma["pencil"] < 3 and chroma["pencil"] < chroma["ink"], (
        "graphite is grey, the ink's paper is warm"
    )
    assert chroma["watercolor"] > 1.3 * chroma["ink"] or lightness["watercolor"] < lightness["ink"] - 3
    assert lightness["oil"] < min(lightness[name] for name in STYLES if name != "oil") - 10, "no bare paper"


@pytest.mark.parametrize("decoder", DECODERS)
def test_words_change_what_is_drawn(decoder: str) -> None:
    """The same noise with other words."""
    cat, apple = (Conditioning(path="picture", subject=s, look="flat", size=512) for s in ("cat", "apple"))
    nothing = Contour.empty(64)
    drawn = [painted(decoder, nothing, asked, seed=0) for asked in (cat, apple)]
    assert np.abs(drawn[0] - drawn[1]).mean() > 0.05
    for each in drawn:
        border = np.concatenate([each[:, 0], each[:, -1], each[:, :, 0], each[:, :, -1]], 1)
        assert np.median(border) > 0.9, "on white"
        assert 0.02 < (each.min(0) < 0.8).mean() < 0.95, "something is drawn"


def test_one_sentence_becomes_a_picture_and_the_same_one_again(tmp_path: Path) -> None:
    request = Request("水彩风格的数字 7", sampling=Sampling(seed=7))
    first, second = (next(iter(make(request))) for _ in range(2))
    assert first.picture is not None and second.picture is not None and first.contour is not None
    assert first.picture.pixels.shape == (3, 512, 512)
    np.testing.assert_array_equal(first.picture.pixels, second.picture.pixels)
    first.save(tmp_path / "seven.png")
    assert Picture.load(tmp_path / "seven.png").pixels.shape == (3, 512, 512)
    assert iou(first.picture.pixels, first.contour.enlarged(64).pixels) > 0.7


def test_a_picture_pipeline_can_be_cut_and_joined() -> None:
    whole: Pipeline = audiogen.load_pipeline("digit")
    sampling = Sampling(seed=3, steps=2)
    at_once = whole("digit 7 in ink", sampling)
    contour = whole.until("structure")("digit 7 in ink", sampling)
    in_parts = whole.since("structure")(contour, sampling, "digit 7 in ink")
    np.testing.assert_array_equal(at_once.pixels, in_parts.pixels)


def test_a_picture_begins_with_the_same_colours_where_its_pipeline_stops_before_the_painter() -> None:
    whole: Pipeline = audiogen.load_pipeline("picture")
    sampling = Sampling(seed=3, steps=2)
    latents = whole.until("decoder")("a red apple", sampling)
    in_parts = whole.since("decoder")(latents, sampling, "a red apple")
    np.testing.assert_array_equal(whole("a red apple", sampling).pixels, in_parts.pixels)
