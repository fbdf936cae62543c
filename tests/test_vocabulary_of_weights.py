"""Weights bring their own vocabulary: adding a sound or a period leaves older ones as they are."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

from audiogen.artifacts import PERIODS, SOURCES, Conditioning, Structure
from audiogen.conditions import FIRST_PERIODS, FIRST_SOURCES
from audiogen.decoder.flow import FlowDecoder, FlowDecoderConfig
from audiogen.errors import InvalidRequest
from audiogen.stage import Sampling, silent
from audiogen.structure.mel.stage import MelStage, MelStageConfig
from audiogen.structure.score.stage import ScoreConfig, ScoreStage
from tests.test_one_engine import only

FEWER = ("rain", "fire")
MORE = (*SOURCES, "brook")
COLOURED = MelStageConfig(
    attributes=tuple((name, 0.0, 1.0, "linear") for name in ("rain", "brook")),
    **dict(stages=2, entries=8, width=16, layers=1, heads=2, hidden=16, head_hidden=16),  # type: ignore[arg-type]
    **dict(damp_s=0.0, dead_s=1e6, ends=False, colours=2, scenes=3),  # type: ignore[arg-type]
)
LASTING = FlowDecoderConfig(
    width=16,
    dilations=(1,),
    templates=0,
    scenes=4,
    attributes=("rain", "brook", "intensity"),
    take_names=("colour_1", "colour_2"),
    take_centre=(),
    take_spread=(),
)


def asked(**sources: float) -> Conditioning:
    return Conditioning(path="ambience", seconds=1.0, sources=sources)


@pytest.mark.parametrize("sources", [FEWER, MORE])
def test_weights_of_ambience_with_other_sounds_load_and_run(tmp_path: Path, sources: tuple[str, ...]) -> None:
    known, strange = asked(**{sources[-1]: 1.0}), asked(thunderclap=1.0)
    mel = MelStage.from_config(dataclasses.replace(COLOURED, sources=sources), seed=3)
    flow = FlowDecoder.from_config(dataclasses.replace(LASTING, sources=sources), seed=3)
    for made, name in ((mel, "mel"), (flow, "flow")):
        made.save_pretrained(tmp_path / name)
        stage = type(made).from_pretrained(tmp_path / name)
        assert stage.config.sources == sources
        x = known if name == "mel" else Structure.empty(1.0)
        stage(x, known, Sampling(seed=1, steps=1), silent)
        x = strange if name == "mel" else Structure.empty(1.0)
        with pytest.raises(InvalidRequest, match=f"never learned the sound of thunderclap.*{sources[-1]}"):
            stage(x, strange, Sampling(seed=1, steps=1), silent)


def test_a_sound_is_found_by_its_name_not_by_its_place(tmp_path: Path) -> None:
    """Two decoders whose banks hold the same scenes in another order of sounds choose the same scene."""
    turned = tuple(reversed(FEWER))
    one = FlowDecoder.from_config(dataclasses.replace(LASTING, sources=FEWER), seed=3)
    other = FlowDecoder.from_config(dataclasses.replace(LASTING, sources=turned), seed=3)
    one.network.bank.weights[:] = one.network.bank.weights.new_tensor([[1, 0], [0, 1], [1, 0], [0, 1]])
    other.network.bank.weights[:] = one.network.bank.weights.flip(1)
    for name in FEWER:
        drawn = [s.draw_take(5, asked(**{name: 1.0}), Structure.empty(1.0)) for s in (one, other)]
        np.testing.assert_array_equal(*drawn)


@pytest.mark.parametrize("periods", [("romantic",), (*PERIODS, "atonal")])
def test_a_score_model_with_other_periods_loads_and_runs(tmp_path: Path, periods: tuple[str, ...]) -> None:
    sizes = dict(width=32, layers=2, heads=2, hidden=32, head_hidden=16, context=64)
    ScoreStage.from_config(ScoreConfig(**sizes, periods=periods), seed=3).save_pretrained(tmp_path)  # type: ignore[arg-type]
    stage = ScoreStage.from_pretrained(tmp_path)
    x = Conditioning(seconds=1.0, period=periods[-1])
    assert stage(x, x, Sampling(seed=1), silent).notes is not None


def test_weights_without_a_list_know_the_first_sounds(tiny: Path, tiny_weights: Path) -> None:
    """As all weights that were shipped before there were lists; the names are pinned, whatever is added."""
    assert FIRST_SOURCES == (
        "rain",
        "birds",
        "waves",
        "fire",
        "thunder",
        "wind",
        "crickets",
        "water",
        "rooster",
    )
    assert set(FIRST_SOURCES) <= set(SOURCES) and set(FIRST_PERIODS) <= set(PERIODS)
    for name in ("ambience-mel", "ambience-flow"):
        config = tiny_weights / name / "config.json"
        rows = json.loads(config.read_text())
        assert rows.pop("sources") == list(FIRST_SOURCES)
    from audiogen.making import Request

    assert only(Request("rain, 1 s")).waveform is not None
