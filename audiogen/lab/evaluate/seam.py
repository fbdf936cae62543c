"""Does the seam of a loop stand out? The loop is played twice in a row and measured everywhere alike.

What an ear would notice, in short frames: how much the spectrum changes from one to the next (a jump in
colour or level), and how large the second difference of the samples is against its surroundings (a click).
What is found around the seam is ranked among what is found around every other place of the loop: in a good
loop the rank is like that of any place, 0.5 on average over many loops, and rarely above 0.99.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

FRAME_S, HOP_S = 0.02, 0.005
AROUND_S = 0.03  # on both sides of a place
BANDS = 24
FLOOR_DB = -70.0  # under the loudest band


@dataclass(frozen=True)
class Seam:
    """Ranks of the seam among all places of the loop, 0 (the calmest) .. 1 (nowhere else changes so much)."""

    colour: float
    level: float
    click: float


def seam(samples: np.ndarray, sample_rate: int) -> Seam:
    """Measure one period of a loop, float [channels, samples] of at least half a second."""
    twice = np.concatenate([samples, samples], 1).mean(0)
    middle = samples.shape[1]
    bands = spectra(twice, sample_rate)
    level = 10 * np.log10(np.exp(bands).mean(0))
    hop = round(HOP_S * sample_rate)
    at = middle // hop
    return Seam(
        colour=_rank(np.abs(np.diff(bands, axis=1)).mean(0), at),
        level=_rank(np.abs(np.diff(level)), at),
        click=_rank(clicks(twice, hop), at),
    )


def spectra(mono: np.ndarray, sample_rate: int) -> np.ndarray:
    """Natural log of band power, [BANDS, frames]; frame k is centred on sample k * hop."""
    size, hop = round(FRAME_S * sample_rate), round(HOP_S * sample_rate)
    padded = np.pad(mono, size // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop]
    power = np.abs(np.fft.rfft(frames * np.hanning(size), axis=1)) ** 2
    edges = np.unique(np.geomspace(2, power.shape[1], BANDS + 1).astype(int))
    bands = np.add.reduceat(power[:, : edges[-1]], edges[:-1], axis=1).T
    return np.log(np.maximum(bands, bands.max() * 10 ** (FLOOR_DB / 10)))


def clicks(mono: np.ndarray, hop: int) -> np.ndarray:
    """Largest second difference of every `hop` samples against the median around it, [blocks]."""
    bent = np.abs(np.diff(mono, 2, prepend=mono[:1], append=mono[-1:]))
    blocks = bent[: len(bent) // hop * hop].reshape(-1, hop)
    return blocks.max(1) / (np.median(blocks, 1) + 1e-9)


def _rank(values: np.ndarray, at: int) -> float:
    """Rank of the largest value around `at` among the largest around every place of one period before it."""
    reach = round(AROUND_S / HOP_S)
    largest = np.lib.stride_tricks.sliding_window_view(values, 2 * reach + 1).max(1)
    others = largest[at // 2 : at // 2 + at]  # from the middle of the first playing to that of the second
    others = np.delete(others, np.s_[max(0, at - at // 2 - 3 * reach) : at - at // 2 + 3 * reach])
    return float((others < largest[at - reach]).mean())
