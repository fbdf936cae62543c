"""The measures of a distilled decoder: what they hear, and that they run at toy size."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.artifacts import SOURCES
from audiogen.decoder.flow import FlowDecoder, FlowDecoderConfig
from audiogen.lab.data.ambience_windows import AmbienceWindows
from audiogen.lab.evaluate.few_steps import RUNS, conditions, differences, evaluate

TINY = FlowDecoderConfig(
    width=16,
    dilations=(1,),
    templates=0,
    scenes=4,
    attributes=("rain", "birds", "intensity"),
    take_names=("colour_1", "colour_2"),
    take_centre=(),
    take_spread=(),
    steps=3,
)


@pytest.fixture
def windows(rng: np.random.Generator) -> AmbienceWindows:
    mel = (-6 + rng.standard_normal((4, 238, 300))).astype(np.float16)
    sources = np.zeros((4, len(SOURCES)), np.float32)
    sources[:, SOURCES.index("rain")] = 1
    intensity = np.array([0.5, np.nan, 0.5, 0.5], np.float32)
    return AmbienceWindows(mel, mel[:, :170].mean(2), mel[:, :170], sources, intensity)


def value(text: str) -> float:
    return float(text.split()[0])


def test_a_blur_is_smoother_and_a_filter_another_spectrum(rng: np.random.Generator) -> None:
    mels = [rng.standard_normal((170, 300)) - 6 for _ in range(3)]
    assert all(value(v) == 0 for v in differences(mels, mels).values())
    blurred = [(mel + np.roll(mel, 1, 1)) / 2 for mel in mels]
    heard = differences(blurred, mels)
    assert value(heard["spread, signed"]) == pytest.approx(-0.5 * np.log(2), abs=0.05)
    assert value(heard["spectrum"]) < 0.01 < value(heard["modulation"])
    tilted = [mel + np.linspace(-1, 1, 170)[:, None] for mel in mels]
    assert value(differences(tilted, mels)["spectrum"]) == pytest.approx(0.5, abs=0.05)


def test_half_of_the_conditions_have_a_coarse_mel(windows: AmbienceWindows) -> None:
    asked = conditions(windows, 6)
    assert [c.structure.mel is not None for c in asked] == [False] * 3 + [True] * 3
    assert all(c.asked.sources == {"rain": 1.0} and c.real.shape == (170, 300) for c in asked)
    assert {c.asked.intensity for c in asked} <= {0.5, None}


def test_every_row_is_measured(windows: AmbienceWindows) -> None:
    teacher, student = (FlowDecoder.from_config(TINY, seed=s) for s in (0, 1))
    out = evaluate(teacher, student, windows, 4)
    assert list(out) == [label for label, _, _ in RUNS]
    first, *others = out.values()
    assert "teacher" not in first and all("teacher" in row for row in others)
    assert all(row["seconds"] >= 0 and "spread" in row["real"] for row in out.values())
    assert value(out["student, 1 step"]["teacher"]["spectrum"]) > 0
