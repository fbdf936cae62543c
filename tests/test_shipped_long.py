"""Long MIDI with the weights in the package: windows leave no seam that could be seen or heard."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from scipy.signal import butter, sosfilt

import audiogen.render.blocks as blocks
from audiogen import Sampling, load_pipeline
from audiogen.artifacts import Conditioning, MelSpectrogram, Notes, Structure
from audiogen.media.mel import MelSettings, analyse
from audiogen.stage import silent

pytestmark = [pytest.mark.weights, pytest.mark.slow]
SECONDS = 40.0
HOP = MelSettings().hop_length


@pytest.fixture(scope="module")
def mel() -> MelSpectrogram:
    """Forty seconds of broken chords under the pedal, decoded."""
    rng = np.random.default_rng(5)
    onset = np.arange(0.2, SECONDS - 2, 0.17)
    pitch = 48 + rng.choice([0, 3, 7, 12, 15, 19, 24], len(onset)) + 5 * (onset // 4 % 3)
    rows = np.stack([pitch, onset, onset + 0.3, 60 + 25 * np.sin(onset / 3)], 1)
    pedal = np.array(
        [[t + 0.05 * (1 - k), 1.0 - k] for t in np.arange(0.2, SECONDS - 2, 2.0) for k in (1, 0)]
    )
    decoder = load_pipeline("piano", structure="none").stages[0]
    return decoder(
        Structure(SECONDS, Notes.from_rows(rows, pedal)),
        Conditioning(seconds=SECONDS),
        Sampling(seed=1),
        silent,
    )


@pytest.fixture(scope="module")
def renderings(mel: MelSpectrogram) -> Iterator[tuple[np.ndarray, np.ndarray, list[int]]]:
    """At once; in windows as shipped; and the frames in the middle of every overlap."""
    stage = load_pipeline("piano", structure="none").stages[1]
    spans = blocks._spans(mel.mid.shape[1], blocks.BLOCK_FRAMES, blocks.OVERLAP_FRAMES)
    joins = [first + blocks.OVERLAP_FRAMES // 2 for first, _ in spans[1:]]
    assert len(joins) >= 2
    patch = pytest.MonkeyPatch()
    parts = stage(mel, Conditioning(), Sampling(seed=1), silent).samples
    patch.setattr(blocks, "BLOCK_FRAMES", 10**9)
    whole = stage(mel, Conditioning(), Sampling(seed=1), silent).samples
    patch.undo()
    yield whole, parts, joins


def around(joins: list[int], count: int, per_frame: float) -> np.ndarray:
    """True within half an overlap of a join, for `count` values of `per_frame` to the frame."""
    near = np.zeros(count, bool)
    for join in joins:
        near[int((join - 38) * per_frame) : int((join + 38) * per_frame)] = True
    return near


def test_the_mel_at_the_joins_is_as_near_to_what_was_asked_as_elsewhere(mel, renderings):
    whole, parts, joins = renderings

    def error(samples: np.ndarray) -> np.ndarray:
        heard = analyse(torch.from_numpy(samples))[0].numpy()
        asked = mel.mid[:, : heard.shape[1]]
        loud = asked > asked.max() - 9
        return (np.abs(heard - asked) * loud).sum(0) / np.maximum(loud.sum(0), 1)

    in_parts, at_once = error(parts), error(whole)
    near = around(joins, len(in_parts), 1.0)
    assert in_parts[near].mean() < at_once[near].mean() + 0.005  # nats
    assert in_parts[near].mean() < 1.2 * in_parts[~near].mean()


def test_no_level_jumps_and_nothing_clicks_at_the_joins(renderings):
    whole, parts, joins = renderings
    step = 4410
    count = parts.shape[1] // step

    def level(samples: np.ndarray) -> np.ndarray:
        return 10 * np.log10((samples[:, : count * step].reshape(2, count, step) ** 2).mean((0, 2)) + 1e-9)

    jump = np.abs(level(parts) - level(whole))
    near = around(joins, count, HOP / step)
    assert jump[near].max() < max(0.5, jump[~near].max())  # dB, in a tenth of a second
    sections = butter(6, 12_000, "highpass", fs=44_100, output="sos")
    high = sosfilt(sections, parts[0]) ** 2
    bursts = high[: len(high) // 132 * 132].reshape(-1, 132).mean(1)
    near = around(joins, len(bursts), HOP / 132)
    assert bursts[near].max() <= bursts[~near].max()
