"""Rendered piano windows in memory: mels and the notes that made them."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from audiogen.lab.train.task_data import read_shards


def read_windows(folder: Path, split: str, shards: int | None) -> tuple[np.ndarray, list[np.ndarray]]:
    """The mid log-mels float16 [W, bands, F] of a split, and per window its notes [N, 4].

    Rows are (pitch, onset s, offset s, velocity); an onset before 0 was struck before the window and
    may still ring.
    """
    mids, notes = [], []
    for shard in read_shards(folder, split, shards, ("mid", "notes")):
        mids.append(shard["mid"])
        rows = shard["notes"]
        notes += [rows[rows[:, 0] == window, 1:] for window in range(len(shard["mid"]))]
    return np.concatenate(mids), notes
