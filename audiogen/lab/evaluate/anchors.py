"""What distances mean: real sounds against real ones, and the same real sounds damaged in known ways.

    audiogen evaluate anchors --data build/ambience-audio

The reference is held-out windows (split `valid`), and what is measured are others (split `test`) whose
recordings do not occur among them: as they are, damaged more and more, and replaced by noise of their colour.
A useful distance rises along every row. Kinds of sounds and their numbers are the same on both sides.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from audiogen.lab.evaluate import degrade
from audiogen.lab.evaluate.distances import Distances
from audiogen.lab.evaluate.embedding import Projection, describe
from audiogen.lab.evaluate.errors_as_lines import errors_as_lines
from audiogen.lab.evaluate.pools import Window, in_turn, kinds_of, read_windows

SECONDS = 9.6
TRAIN_WINDOWS = 400  # that the embedding is fitted to
LEAST = 8  # windows of a kind


def _real(mid: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return mid


def _noise(snr_db: float, mid: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return degrade.add_noise(mid, snr_db, rng)


def _dull(cutoff_hz: float, mid: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return degrade.low_pass(mid, cutoff_hz)


def _blur(size: float, mid: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return degrade.blur(mid, size, size)


def _fast(factor: float, mid: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return degrade.faster(mid, factor)


# those of the table of a comparison
ANCHORS: dict[str, degrade.Damage] = {
    "real": _real,
    "noise at 20 dB": partial(_noise, 20),
    "blurred": partial(_blur, 0.5),
    "low-pass 3.5 kHz": partial(_dull, 3500),
    "twice as fast": partial(_fast, 2),
    "noise of its colour": degrade.shaped_noise,
}
LADDERS: dict[str, dict[str, degrade.Damage]] = {
    "noise, SNR": {f"{db} dB": partial(_noise, db) for db in (40, 30, 20, 10, 0)},
    "low-pass": {f"{hz / 1000:g} kHz": partial(_dull, hz) for hz in (14_000, 10_000, 7000, 3500, 1500)},
    "blur, bands and frames": {f"{size:g}": partial(_blur, size) for size in (0.5, 1, 2, 4)},
    "faster": {f"x {factor:g}": partial(_fast, factor) for factor in (1.1, 1.25, 1.5, 2, 3)},
    "noise of its colour": {"": degrade.shaped_noise},
}


@dataclass(frozen=True, eq=False)
class Pools:
    """Reference and measured windows, of the same kinds in the same order, and the embedding."""

    reference: list[Window]
    measured: list[Window]
    projection: Projection


def read_pools(folder: Path, count: int, seconds: float = SECONDS) -> Pools:
    """The same number of valid (reference) and test windows, and the embedding of the training windows.

    Raises:
        InvalidRequest: too few windows.
    """
    train = read_windows(folder, "train", seconds, TRAIN_WINDOWS)
    projection = Projection.fit(np.concatenate([describe(window.mid) for window in train]))
    valid, test = (read_windows(folder, split, seconds) for split in ("valid", "test"))
    kinds = kinds_of(valid, test, at_least=LEAST) or kinds_of(valid, test, at_least=1)
    return Pools(in_turn(valid, kinds, count), in_turn(test, kinds, count), projection)


def damaged(windows: Sequence[Window], damage: degrade.Damage) -> list[np.ndarray]:
    """Every window with this damage, each with a generator of its own number."""
    return [damage(window.mid, np.random.default_rng(k)) for k, window in enumerate(windows)]


@errors_as_lines
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="audiogen evaluate anchors",
        description=__doc__,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="what `audiogen data` made")
    parser.add_argument("-n", type=int, default=48, help="windows on either side")
    given = parser.parse_args(arguments)
    pools = read_pools(given.data, given.n)
    distances = Distances.to([window.mid for window in pools.reference], pools.projection)
    real = distances.of([window.mid for window in pools.measured])
    print("| damage | how much | kernel distance | Frechet distance |\n| --- | --- | --- | --- |")
    print(f"| none | | {real['kernel']} | {real['frechet']} |")
    for name, steps in LADDERS.items():
        for amount, damage in steps.items():
            found = distances.of(damaged(pools.measured, damage))
            print(f"| {name} | {amount} | {found['kernel']} | {found['frechet']} |", flush=True)
    return 0
