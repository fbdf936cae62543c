"""Prepared windows as sets of sounds to measure against: mels and what kind of sound each is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from audiogen.artifacts import SOURCES
from audiogen.errors import InvalidRequest
from audiogen.media.mel_settings import MelSettings


@dataclass(frozen=True, eq=False)
class Window:
    """A window: mid log-mel float32 [bands, frames]; sources, empty for a piano; intensity where known."""

    mid: np.ndarray
    sources: dict[str, float]
    intensity: float | None

    @property
    def kind(self) -> str:
        """The source that is heard alone; "mixed" if there are several, "piano" if none is known."""
        if not self.sources:
            return "piano"
        return next(iter(self.sources)) if len(self.sources) == 1 else "mixed"


def read_windows(
    folder: Path, split: str, seconds: float, limit: int | None = None, mel: MelSettings = MelSettings()
) -> list[Window]:
    """The windows of a split, cut to `seconds`, spread evenly over its shards if there is a limit.

    Raises:
        InvalidRequest: none there, or shorter ones.
    """
    files = sorted(Path(folder).glob(f"{split}-*.npz"))
    if not files:
        raise InvalidRequest(f"No {split} windows in {folder}; run `audiogen data RECIPE` first.")
    frames = mel.frames(seconds)
    each = None if limit is None else -(-limit // len(files))
    found = [window for file in files for window in _windows(file, each)]
    if found[0].mid.shape[1] < frames:
        raise InvalidRequest(
            f"The windows in {folder} last {found[0].mid.shape[1] / mel.frame_rate:.1f} s, not {seconds:g} s."
        )
    cut = [Window(w.mid[:, :frames].astype(np.float32), w.sources, w.intensity) for w in found]
    return cut[:limit]


def _windows(file: Path, count: int | None) -> Iterator[Window]:
    with np.load(file) as arrays:
        mids = arrays["mid"]
        weights = arrays["sources"] if "sources" in arrays.files else np.zeros((len(mids), 0))
        intensity = arrays["intensity"] if "intensity" in arrays.files else np.full(len(mids), np.nan)
    for k in np.linspace(0, len(mids) - 1, min(count or len(mids), len(mids))).round().astype(int):
        sources = {n: round(float(w), 3) for n, w in zip(SOURCES, weights[k], strict=False) if w > 0}
        yield Window(mids[k], sources, float(intensity[k]) if np.isfinite(intensity[k]) else None)


def kinds_of(*pools: Sequence[Window], at_least: int) -> list[str]:
    """Kinds of single sounds of which every pool has so many, in the order of SOURCES."""
    counts = [Counter(window.kind for window in pool) for pool in pools]
    return [kind for kind in (*SOURCES, "piano") if all(c[kind] >= at_least for c in counts)]


def in_turn(pool: Sequence[Window], kinds: Sequence[str], count: int) -> list[Window]:
    """`count` windows, the kinds in turn, each kind in its order: rain, birds, ..., rain, birds, ...

    Raises:
        InvalidRequest: a kind has too few.
    """
    rows = {kind: [window for window in pool if window.kind == kind] for kind in kinds}
    chosen = []
    for k in range(count):
        kind = kinds[k % len(kinds)]
        if k // len(kinds) >= len(rows[kind]):
            raise InvalidRequest(
                f"Only {len(rows[kind])} held-out windows of {kind} here, {-(-count // len(kinds))} are "
                "needed; ask for fewer with -n, or prepare more."
            )
        chosen.append(rows[kind][k // len(kinds)])
    return chosen
