"""The ambience measures: they hear differences that are there."""

from __future__ import annotations

import numpy as np

from audiogen.artifacts import SOURCES
from audiogen.lab.evaluate.ambience import diversity, nearest, patches, shaped_noise
from audiogen.lab.evaluate.ambience_ear import Ear, balanced_accuracy, describe

RAIN, FIRE = SOURCES.index("rain"), SOURCES.index("fire")


def sound(kind: int, seed: int, level: float = 0.0) -> np.ndarray:
    """A log-mel of rain (steady) or fire (clicks over the same spectrum)."""
    rng = np.random.default_rng(seed)
    mid = -6 + level + 0.3 * rng.standard_normal((170, 300))
    if kind == FIRE:
        mid[:, rng.integers(0, 300, 12)] += 2.5
    return mid.astype(np.float32)


def labelled(count: int, first: int, level: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    kinds = [(RAIN, FIRE)[i % 2] for i in range(count)]
    described = np.stack([describe(sound(k, first + i, level)) for i, k in enumerate(kinds)])
    return described, np.eye(len(SOURCES), dtype=np.float32)[kinds]


def test_the_ear_tells_sounds_apart_at_any_level() -> None:
    ear = Ear.train(*labelled(40, 0))
    described, sources = labelled(20, 1000, level=2.0)
    right = balanced_accuracy(ear.hear(described), sources)
    assert right["rain"] > 0.9 and right["fire"] > 0.9
    assert np.isnan(right["birds"]) or right["birds"] >= 0.5


def test_shaped_noise_has_the_colour_and_nothing_else() -> None:
    real = [sound(FIRE, 1)]
    floor = shaped_noise(real, 0)
    assert floor[0].shape == real[0].shape
    assert np.abs(floor[0].mean(1) - real[0].mean(1)).max() < 0.1
    assert floor[0].mean(0).std() < 0.3 * real[0].mean(0).std()


def test_a_copy_is_nearest_to_what_it_copies() -> None:
    store = np.concatenate([patches(sound(RAIN, seed)) for seed in range(5)])
    assert nearest(patches(sound(RAIN, 2)), store).max() < 1e-2
    assert nearest(patches(sound(RAIN, 77)), store).min() > 0.05


def test_diversity_grows_with_difference() -> None:
    alike = np.stack([describe(sound(RAIN, seed)) for seed in range(6)])
    both = np.concatenate([alike[:3], np.stack([describe(sound(FIRE, seed)) for seed in range(3)])])
    scale = np.ones(alike.shape[1])
    assert diversity(both, scale) > diversity(alike, scale)
