"""The work of a comparison in sound: structures with their seeds, and what the results are measured against.

Structures are the coarse mels of held-out windows, or come from the path's own structure stage, or are
empty. The first seed of every structure counts for all measures; the first few structures have more seeds,
for the diversity.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.artifacts import Conditioning, Structure
from audiogen.errors import InvalidRequest
from audiogen.lab.evaluate.anchors import SECONDS, Pools, read_pools
from audiogen.lab.evaluate.coarse_mel import structure_of
from audiogen.lab.evaluate.compare import bench
from audiogen.lab.evaluate.compare.bench import HELD_OUT, KINDS, NONE, STAGE, VARIED, kinds_of, numbers_of
from audiogen.lab.evaluate.pools import Window
from audiogen.stage import Sampling, silent

PROMPTS = {  # in the order of `kinds_of`: the same kinds in turn as in the reference
    "ambience": ("rain", "birdsong", "sea waves", "a crackling fire"),
    "piano": ("calm piano", "lively piano", "sad, sparse piano", "stormy, loud piano"),
}
ASKED = {
    "rain": {"rain": 1.0},
    "birdsong": {"birds": 1.0},
    "sea waves": {"waves": 1.0},
    "a crackling fire": {"fire": 1.0},
}


@dataclass(frozen=True, eq=False)
class Item(bench.Item):
    """One decoding of a sound."""

    structure: Structure


@dataclass(frozen=True, eq=False)
class Work:
    """All items, in order, and the held-out pools if there are any."""

    path: str
    seconds: float
    items: list[Item]
    pools: Pools | None

    @property
    def kinds(self) -> list[str]:
        return kinds_of(self.items)

    def numbers(self, kind: str, take: int = 0) -> list[int]:
        """Places of the items of a kind and take, by structure."""
        return numbers_of(self.items, kind, take)

    def arrays(self) -> list[np.ndarray]:
        """Every structure, for the key of a cell."""
        return [s for item in self.items if (s := item.structure.mel) is not None]


def build(
    path: str,
    count: int,
    seeds: int,
    data: Path | None = None,
    kinds: Sequence[str] = (HELD_OUT, STAGE),
    prompts: Sequence[str] | None = None,
    structure_stage: Any = None,
    seconds: float = SECONDS,
    progress: Callable[[int, int], None] = lambda step, total: None,
) -> Work:
    """`count` structures of every kind, in the same order every time.

    Args:
        data: prepared windows with valid and test splits; None: no held-out structures and no reference.
        prompts: what the structure stage is asked for, in turn; None: PROMPTS of the path.
        structure_stage: a stage that gives coarse mels; None: no structures of kind "stage".
    Raises:
        InvalidRequest: nothing to decode, or a stage without a coarse mel.
    """
    pools = read_pools(data, count, seconds) if data is not None else None
    wanted = [understood(path, prompt, seconds) for prompt in prompts or PROMPTS[path]]
    rows: list[Item] = []
    if HELD_OUT in kinds and pools is not None:
        rows += [held_out_item(path, k, window, seconds) for k, window in enumerate(pools.measured)]
    if STAGE in kinds and structure_stage is not None:
        for k in range(count):
            progress(k, count)
            asked = wanted[k % len(wanted)]
            made = structure_stage(asked, asked, Sampling(seed=k), silent)
            if made.mel is None:
                raise InvalidRequest(
                    f"The structure stage {structure_stage.name!r} gives no coarse mel, which this needs."
                )
            rows.append(Item(STAGE, k, 0, f"{asked.prompt or path}, seed {k}", asked, made))
        progress(count, count)
    if NONE in kinds:
        for k in range(count):
            asked = wanted[k % len(wanted)]
            empty = Structure.empty(seconds)
            rows.append(Item(NONE, k, 0, f"{asked.prompt or path} without structure", asked, empty))
    if not rows:
        raise InvalidRequest(
            "Nothing to decode: held-out structures need --data, and the structure stage of this path has no "
            "weights here; give --data, --structure NAME=WEIGHTS, or --structures none."
        )
    varied = [r for kind in KINDS for r in [r for r in rows if r.kind == kind][:VARIED]]
    rows += [replace(item, take=take) for take in range(1, seeds) for item in varied]
    return Work(path, seconds, rows, pools)


def held_out_item(path: str, number: int, window: Window, seconds: float) -> Item:
    """The structure that a held-out window stands for, and what it is."""
    asked = Conditioning(path=path, seconds=seconds, sources=dict(window.sources), intensity=window.intensity)
    name = f"held-out {window.kind} {number}"
    return Item(HELD_OUT, number, 0, name, asked, structure_of(window.mid, seconds))


def understood(path: str, prompt: str, seconds: float) -> Conditioning:
    """A prompt, as long as the comparison needs it."""
    if path == "ambience" and prompt in ASKED:
        return Conditioning(prompt=prompt, path=path, seconds=seconds, sources=dict(ASKED[prompt]))
    from audiogen.prompt import parse

    return replace(parse(prompt, path=path), seconds=seconds)
