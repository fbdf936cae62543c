"""Shared by the tests of ambience training."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from audiogen.artifacts import SOURCES


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepared ambience windows: rain is bright and steady, fire dark with clicks."""
    folder = tmp_path_factory.mktemp("ambience")
    rng = np.random.default_rng(0)
    for split, count in (("train", 16), ("valid", 4), ("test", 4)):
        kind = np.arange(count) % 2
        tilt = np.linspace(-1, 1, 170)[:, None] * np.where(kind, -1, 1)[:, None, None]
        mid = -6 + tilt + 0.3 * rng.standard_normal((count, 170, 120))
        mid[kind == 1, :, ::20] += 3
        sources = np.zeros((count, len(SOURCES)), np.float32)
        sources[np.arange(count), [SOURCES.index(("rain", "fire")[k]) for k in kind]] = 1
        np.savez(
            folder / f"{split}-000.npz",
            mid=mid.astype(np.float16),
            side=(0.1 * rng.standard_normal((count, 2, 34, 120))).astype(np.float16),
            sources=sources,
            intensity=np.where(kind, np.nan, 0.5).astype(np.float32),
        )
    return folder
