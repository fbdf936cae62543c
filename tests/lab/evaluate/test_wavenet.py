"""The measures of WaveNet, on an untrained one and a window that is its own sum of modes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audiogen.lab.evaluate.wavenet import measure, played
from audiogen.media.mulaw import encode
from audiogen.structure.wavenet.stage import WaveNetAudio
from tests.tiny import tiny_wavenet

NOTES = np.array([[60, 0.1, 0.6, 70.0], [67, 0.7, 1.2, 70.0]])


@pytest.fixture
def stage() -> WaveNetAudio:
    return WaveNetAudio.from_config(tiny_wavenet(), seed=1)


@pytest.fixture
def data(stage: WaveNetAudio, tmp_path: Path) -> Path:
    modes = played(stage, np.full(32_000, 128), NOTES, 2.0, 0)["modes"]
    codes = np.stack([encode(modes, stage.config.emphasis)] * 2)
    rows = np.concatenate([np.column_stack([np.full(2, window), NOTES]) for window in range(2)])
    np.savez(tmp_path / "valid-000.npz", codes=codes, notes=rows)
    return tmp_path


@pytest.mark.weights
def test_a_recording_is_at_no_distance_from_itself_and_its_modes_are_nearer_than_noise(stage, data):
    found = measure(stage, data, 2, 2.0)
    assert set(found) == {"recording", "modes", "wavenet"}
    assert found["recording"]["mel"] == 0
    assert found["modes"]["mel"] < found["wavenet"]["mel"]  # untrained, it plays its modes with noise
    assert all(0 <= row["f1"] <= 1 for row in found.values())
