"""The embedding puts damaged sounds farther from real ones, in the order of the damage."""

from __future__ import annotations

import numpy as np
import pytest

from audiogen.errors import InvalidRequest
from audiogen.lab.evaluate import degrade
from audiogen.lab.evaluate.embedding import Projection, block_sizes, describe, embed
from audiogen.lab.evaluate.kernel import kernel_distance
from audiogen.media.mel import MelSettings

SEGMENT = 360


def scene(seed: int, segments: int = 1) -> np.ndarray:
    """A log-mel with a random colour, roughness, swell, strikes and a steady tone."""
    rng = np.random.default_rng(seed)
    frames = segments * SEGMENT
    t = np.arange(frames) / 75
    colour = -6 - rng.uniform(0.5, 2) * np.linspace(0, 1, 170) + rng.normal(0, 0.5)
    mid = colour[:, None] + 0.4 * rng.standard_normal((170, frames))
    mid += rng.uniform(0.2, 0.8) * np.sin(2 * np.pi * rng.uniform(0.2, 0.6) * t + rng.uniform(0, 6))
    for at in rng.integers(0, frames - 20, 4 * segments):
        mid[rng.integers(40, 100) :, at : at + 20] += 2 * np.exp(-np.arange(20) / 6)
    mid[rng.integers(20, 120)] += 1.5
    return mid.astype(np.float32)


@pytest.fixture(scope="module")
def projection() -> Projection:
    return Projection.fit(np.concatenate([describe(scene(1000 + k)) for k in range(80)]))


def test_a_row_for_every_whole_segment() -> None:
    assert describe(scene(1, 3)[:, :-10]).shape == (2, sum(block_sizes().values()))
    with pytest.raises(InvalidRequest, match="at least 4.8 s"):
        describe(scene(1)[:, :-1])


def test_level_is_not_heard() -> None:
    assert describe(scene(2)) == pytest.approx(describe(scene(2) + 1.5), abs=1e-4)


def test_what_lies_far_below_is_not_heard() -> None:
    quiet = scene(3)
    quiet[150:] = -20.0
    assert np.abs(describe(quiet) - describe(np.maximum(quiet, -17.0))).max() < 0.05


def test_the_projection_keeps_its_scale(projection: Projection) -> None:
    rows = projection(np.concatenate([describe(scene(1000 + k)) for k in range(80)]))
    assert rows.var(0, ddof=1).sum() == pytest.approx(24)
    assert np.diff(rows.var(0)).max() < 1e-9, "directions of most variance first"
    outlier = projection(1e6 * np.ones((1, len(projection.mean))))
    assert np.isfinite(outlier).all() and np.abs(outlier).max() < 1e3


def test_too_few_training_windows_are_said() -> None:
    with pytest.raises(InvalidRequest, match="too few"):
        Projection.fit(np.zeros((10, 295)))


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param([lambda m, r, db=db: degrade.add_noise(m, db, r) for db in (20, 5, -10)], id="noise"),
        pytest.param([lambda m, r, hz=hz: degrade.low_pass(m, hz) for hz in (8000, 3500, 800)], id="dull"),
        pytest.param([lambda m, r, s=s: degrade.blur(m, s, s) for s in (0.5, 1, 3)], id="blur"),
        pytest.param([lambda m, r, s=s: degrade.faster(m, s) for s in (2**0.25, 2, 4)], id="faster"),
    ],
)
def test_more_damage_is_farther_away(damage, projection: Projection) -> None:
    real = embed([scene(k) for k in range(16)], projection)
    others = [scene(100 + k) for k in range(16)]
    rng = np.random.default_rng(0)
    found = [kernel_distance(embed(others, projection), real)]
    found += [kernel_distance(embed([harm(m, rng) for m in others], projection), real) for harm in damage]
    assert found[0] < 5 < found[-1]
    assert found == sorted(found)


def test_noise_of_the_right_colour_is_far_away(projection: Projection) -> None:
    real, others = ([scene(first + k) for k in range(16)] for first in (0, 100))
    rng = np.random.default_rng(0)
    noise = embed([degrade.shaped_noise(m, rng) for m in others], projection)
    assert kernel_distance(noise, embed(real, projection)) > 20


def test_damage_is_what_it_says() -> None:
    rng, mel = np.random.default_rng(0), MelSettings()
    noise = degrade.white(rng, 300)
    louder = degrade.add_noise(noise, 0.0, rng)
    assert degrade.power(louder) / degrade.power(noise) == pytest.approx(2, rel=0.05)
    cut = degrade.low_pass(noise, 3500)
    assert cut[-1].max() < np.log(mel.floor) + 6 and np.array_equal(cut[:60], noise[:60])
    assert degrade.shaped_noise(scene(1), rng).mean(1) == pytest.approx(scene(1).mean(1), abs=0.01)
    octave = degrade.faster(np.tile(np.arange(170.0)[:, None], (1, 8)), 2.0)
    assert octave[150, 0] == pytest.approx(150 - mel.bands_per_octave, abs=0.01)
