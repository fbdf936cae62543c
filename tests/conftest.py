"""Shared by all tests: small sounds, and what every sound that leaves audiogen must be."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.tiny import write_weights

RATE = 44_100
PEAK_LIMIT = 10 ** (-0.9 / 20)  # -1 dBTP and a tenth for rounding to 16 bits
DC_LIMIT = 1e-3  # of full scale
SILENT_RMS = 1e-4  # -80 dBFS
END_JUMP = 0.02  # of full scale, between silence and the first or last sample


def assert_good_audio(samples: np.ndarray, rate: int, seconds: float) -> None:
    """Exact length, finite, not silent, no clipping, no DC, no click where it begins and ends."""
    __tracebackhide__ = True
    assert samples.ndim == 2
    assert samples.shape[1] == round(seconds * rate), "exact length"
    assert np.isfinite(samples).all(), "finite"
    assert np.sqrt((samples**2).mean()) > SILENT_RMS, "not silent"
    assert np.abs(samples).max() <= PEAK_LIMIT, "no clipping"
    if seconds >= 0.5:  # the mean of less is the rest of a low cycle
        assert np.abs(samples.mean(1)).max() < DC_LIMIT, "no DC"
    assert np.abs(samples[:, 0]).max() < END_JUMP, "begins without a click"
    assert np.abs(samples[:, -1]).max() < END_JUMP, "ends without a click"


def tone(hz: float = 440.0, seconds: float = 1.0, level: float = 0.2, rate: int = RATE) -> np.ndarray:
    """A steady stereo sine, float32 [2, T]."""
    t = np.arange(round(seconds * rate)) / rate
    return np.repeat(level * np.sin(2 * np.pi * hz * t)[None], 2, 0).astype(np.float32)


def struck(hz: float = 440.0, seconds: float = 3.0, level: float = 0.4, rate: int = RATE) -> np.ndarray:
    """A string that dies away well before the end, float32 [2, T]."""
    t = np.arange(round(seconds * rate)) / rate
    return (tone(hz, seconds, level, rate) * np.exp(-t * 24 / seconds)).astype(np.float32)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def registered() -> Iterator[None]:
    """Stages and kinds of work that a test adds are gone after it."""
    from audiogen import kinds, plugins, registry

    stages, known = list(registry.STAGES), dict(kinds.KINDS)
    plugins.forget()
    yield
    registry.STAGES[:] = stages
    kinds.KINDS.clear()
    kinds.KINDS.update(known)
    plugins.forget()


@pytest.fixture(scope="session")
def tiny_weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tiny random weights under the registered names."""
    folder = tmp_path_factory.mktemp("weights")
    write_weights(folder)
    return folder


@pytest.fixture
def tiny(tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The registry finds the tiny weights, and the current folder is empty; gives that folder."""
    from audiogen import registry
    from audiogen.render.score_guide import Keys

    monkeypatch.setattr(registry, "WEIGHTS_FOLDER", tiny_weights)
    monkeypatch.chdir(tmp_path)
    Keys.load.cache_clear()  # of the weights there were before, and of the tiny ones
    yield tmp_path
    Keys.load.cache_clear()
