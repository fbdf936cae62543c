"""Structures that close: the surplus of the end is faded into the beginning, in power."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from audiogen.artifacts import Conditioning, Structure
from audiogen.stage import Sampling, silent
from audiogen.structure.mel.circle import around, closed, in_a_circle
from audiogen.structure.mel.stage import MelStage, MelStageConfig

RAIN = Conditioning(path="ambience", seconds=4.0, sources={"rain": 1.0})


def steps(x: np.ndarray) -> np.ndarray:
    """Largest change of any band from each frame to the next, the last to the first among them, [frames]."""
    return np.abs(np.roll(x, -1, -1) - x).max(0)


def test_the_last_frame_leads_into_the_first() -> None:
    """A level that wanders slowly: cut, it jumps by what it has wandered; closed, it moves on as before."""
    wandering = np.cumsum(np.full((34, 150), 0.02), 1).astype(np.float32) - 6
    cut = steps(wandering[:, :100])[-1]
    made = closed(Structure(6.0, mel=wandering), 4.0)
    assert made.mel is not None and made.mel.shape == (34, 100)
    assert cut > 1.9
    assert steps(made.mel)[-1] < 0.05
    np.testing.assert_array_equal(made.mel[:, 50:], wandering[:, 50:100])


def test_two_sounds_of_one_power_keep_it_where_they_are_mixed() -> None:
    steady = np.full((34, 150), -4.0, np.float32)
    made = closed(Structure(6.0, mel=steady), 4.0)
    np.testing.assert_allclose(made.mel, -4.0, atol=1e-5)


def test_onsets_are_closed_with_the_mel() -> None:
    onsets = np.arange(450, dtype=np.float32)
    made = closed(Structure(6.0, mel=np.zeros((34, 150), np.float32), onsets=onsets), 4.0)
    assert made.onsets is not None and made.onsets.shape == (300,)
    assert made.onsets[0] == pytest.approx(300, abs=2)
    assert made.onsets[299] == 299


def test_nothing_is_left_over_where_nothing_was_written_beyond_the_end() -> None:
    x = np.arange(10.0)[None]
    np.testing.assert_array_equal(around(x, 10), x)


@pytest.mark.parametrize(("seconds", "longer"), [(30.0, 32.0), (1.5, 2.0)])
def test_a_stage_writes_a_little_more_than_is_asked(seconds: float, longer: float) -> None:
    told: list[tuple[float, bool]] = []

    def write(x: Conditioning, sampling: Sampling) -> Structure:
        told.append((x.seconds, sampling.loop))
        return Structure(x.seconds, mel=np.zeros((34, round(25 * x.seconds)), np.float32))

    asked = dataclasses.replace(RAIN, seconds=seconds)
    made = in_a_circle(write, asked, Sampling(loop=True))
    assert told == [(longer, False)]
    assert made.seconds == seconds


def test_the_mel_stage_closes_what_it_writes() -> None:
    tiny = {"width": 16, "layers": 1, "heads": 2, "hidden": 16, "head_hidden": 16, "stages": 2, "entries": 8}
    weather = MelStageConfig(**tiny, damp_s=0, dead_s=1e6, ends=False)  # type: ignore[arg-type]
    stage = MelStage.from_config(weather, seed=3)
    books = stage.network.quantiser.codebooks  # as if they had been fitted
    books.copy_(torch.randn(books.shape, generator=torch.Generator().manual_seed(1)))
    line = stage(RAIN, RAIN, Sampling(seed=1), silent)
    circle = stage(RAIN, RAIN, Sampling(seed=1, loop=True), silent)
    assert circle.mel.shape == line.mel.shape == (34, 100)
    assert circle.onsets.shape == (300,)
    np.testing.assert_array_equal(circle.mel[:, 40:], line.mel[:, 40:])  # its beginning is another
    assert np.abs(circle.mel[:, :10] - line.mel[:, :10]).max() > 0
