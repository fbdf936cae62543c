"""Reading prepared shards (.npz files named SPLIT-NNN.npz)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from audiogen.errors import InvalidRequest


def read_shards(
    folder: Path, split: str, limit: int | None, names: tuple[str, ...]
) -> Iterator[dict[str, np.ndarray]]:
    """The arrays `names` of the first `limit` shards of a split; shards without them are left out.

    Raises:
        InvalidRequest: no such shard.
    """
    shards = sorted(folder.glob(f"{split}-*.npz"))[:limit]
    found = False
    for shard in shards:
        with np.load(shard) as data:
            if all(name in data.files for name in names):
                found = True
                yield {name: data[name] for name in names}
    if not found:
        raise InvalidRequest(
            f"No {split} shards with {', '.join(names)} in {folder}; run `audiogen data RECIPE` first."
        )
