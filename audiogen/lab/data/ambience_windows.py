"""Prepared ambience windows, read into memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiogen.artifacts import SOURCES
from audiogen.errors import InvalidRequest
from audiogen.media.mel import MelSettings

NATS_PER_DB = float(np.log(10) / 20)  # of log magnitude
NAMES = ("mid", "side", "sources", "intensity")
TEXTURE_NAME = "texture"


@dataclass(frozen=True, eq=False)
class AmbienceWindows:
    """Windows of a split.

    Attributes:
        mel: packed mel float16 [W, D, F]. spectra: mean log bands of each window, float32 [W, bands].
        default_mid: mid of the default layout, float16 [W, bands, F]: coarse mel and onsets are made of it.
        sources: weights [W, S]. intensity: [W], NaN where unknown.
    """

    mel: np.ndarray
    spectra: np.ndarray
    default_mid: np.ndarray
    sources: np.ndarray
    intensity: np.ndarray

    def __len__(self) -> int:
        return len(self.mel)

    def of(self, source: str) -> np.ndarray:
        """Numbers of the windows in which this source is the only one."""
        i = SOURCES.index(source)
        alone = (self.sources[:, i] == 1) & (np.delete(self.sources, i, 1) == 0).all(1)
        return np.flatnonzero(alone)


def read_ambience(
    folder: Path, split: str, shards: int | None, mel: MelSettings = MelSettings()
) -> AmbienceWindows:
    """Prepared shards of a split.

    Raises:
        InvalidRequest: none there.
    """
    names = NAMES if mel.subframes == 1 else (*NAMES, TEXTURE_NAME)
    packed, mids, sources, intensity = [], [], [], []
    for file in sorted(Path(folder).glob(f"{split}-*.npz"))[:shards]:
        with np.load(file) as arrays:
            rows = {name: arrays[name] for name in names if name in arrays.files}
        if len(rows) < len(names):
            continue
        side = rows["side"]
        own = rows.get(TEXTURE_NAME, rows["mid"])
        packed.append(np.concatenate([own, side.reshape(len(side), -1, side.shape[-1])], 1))
        mids.append(rows["mid"])
        sources.append(rows["sources"])
        intensity.append(rows["intensity"])
    if not packed:
        raise InvalidRequest(f"No {split} shards of ambience in {folder}; run `audiogen data` first.")
    whole = np.concatenate(packed)
    spectra = np.stack([window[: mel.n_bands].astype(np.float32).mean(1) for window in whole])
    mid = np.concatenate(mids)
    return AmbienceWindows(whole, spectra, mid, np.concatenate(sources), np.concatenate(intensity))


def overlay(below: np.ndarray, above: np.ndarray, level_db: float) -> np.ndarray:
    """Two sounds at once: log-mels [bands, F] added in power, `above` raised by level_db; float32."""
    raised = above.astype(np.float32) + level_db * NATS_PER_DB
    return (0.5 * np.logaddexp(2 * below.astype(np.float32), 2 * raised)).astype(np.float32)
