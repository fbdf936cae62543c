"""Bands of a magnitude brought to those that a mel asks for: multiplicative updates, frame after frame.

A band is a short span of bins and a bin lies in two bands at most, so all rounds of a frame happen while it
is in a core's own cache; as products of matrices they would pass through memory once a round.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from torch import Tensor

from audiogen.media.mel import MelSettings, filterbank
from audiogen.native import native, share
from audiogen.sampling.stft import frames_of

LIMIT = 10.0  # of the gain of one round


@dataclass(frozen=True, eq=False)
class Bank:
    """A filterbank by its spans.

    Attributes:
        first: bin of each band, int64. begin: of its weights, int64 [bands + 1]. weight: float32.
        mean: 1 by what the weights of a bin add to, 0 where it has none; alone: 1 there; float32 [bins].
        least: magnitude of a band that is taken for silence.
    """

    first: np.ndarray
    begin: np.ndarray
    weight: np.ndarray
    mean: np.ndarray
    alone: np.ndarray
    least: np.float32

    @staticmethod
    @lru_cache(maxsize=2)
    def of(mel: MelSettings) -> Bank:
        dense = filterbank(mel)
        spans = [np.flatnonzero(row) for row in dense]
        weight = np.concatenate(
            [row[span[0] : span[-1] + 1] for row, span in zip(dense, spans, strict=True)]
        ).astype(np.float32)
        begin = np.cumsum([0, *(span[-1] + 1 - span[0] for span in spans)])
        first = np.array([span[0] for span in spans])
        reach = dense.sum(0).astype(np.float32)
        alone = (reach <= 1e-6).astype(np.float32)
        mean = (1 - alone) / np.maximum(reach, 1e-6)
        return Bank(first, begin, weight, mean, alone, np.float32(mel.floor / 100))

    def matched(self, magnitude: Tensor, target: Tensor, rounds: int) -> Tensor:
        """Magnitude [bins, F] scaled towards bands `target` (linear) [bands, F]; loudness is then exact."""
        rows, asked = frames_of(magnitude.float()).copy(), frames_of(target.float())
        limit = np.float32(LIMIT)

        def work(first: int, stop: int) -> None:
            _match(rows[first:stop], asked[first:stop], *self._flat(), limit, rounds)

        share(work, len(rows), torch.get_num_threads())
        return torch.from_numpy(rows).T

    def gain(self, magnitude: Tensor, actual: Tensor, limit: float) -> Tensor:
        """Factor [bins, F] that brings the bands of `actual` [bins, F] to those of `magnitude` [bins, F]."""
        asked, is_ = frames_of(magnitude), frames_of(actual)
        gains, most = np.empty_like(asked), np.float32(limit)

        def work(first: int, stop: int) -> None:
            _gain(asked[first:stop], is_[first:stop], gains[first:stop], *self._flat(), most)

        share(work, len(gains), torch.get_num_threads())
        return torch.from_numpy(gains).T

    def _flat(self) -> tuple[Any, ...]:
        return self.first, self.begin, self.weight, self.mean, self.alone, self.least


@native
def _bands(row, first, begin, weight, out):  # type: ignore[no-untyped-def]
    """out [bands] = the bands of row [bins]."""
    for band in range(len(first)):
        total = np.float32(0)
        at = first[band] - begin[band]
        for i in range(begin[band], begin[band + 1]):
            total += weight[i] * row[at + i]
        out[band] = total


@native
def _pull(asked, actual, first, begin, weight, mean, alone, least, limit, out):  # type: ignore[no-untyped-def]
    """out [bins]: by which factors bands go from `actual` to `asked` [bands]."""
    out[:] = 0
    for band in range(len(first)):
        ratio = asked[band] / max(actual[band], least)
        ratio = min(max(ratio, np.float32(1) / limit), limit)
        at = first[band] - begin[band]
        for i in range(begin[band], begin[band + 1]):
            out[at + i] += weight[i] * ratio
    for k in range(len(out)):
        out[k] = out[k] * mean[k] + alone[k]


@native
def _match(rows, asked, first, begin, weight, mean, alone, least, limit, rounds):  # type: ignore[no-untyped-def]
    """Rounds of updates of rows [F, bins] towards the bands asked [F, bands], in place."""
    actual, pull = np.empty(len(first), np.float32), np.empty(len(mean), np.float32)
    for n in range(len(rows)):
        for _ in range(rounds):
            _bands(rows[n], first, begin, weight, actual)
            _pull(asked[n], actual, first, begin, weight, mean, alone, least, limit, pull)
            for k in range(len(mean)):
                rows[n, k] *= pull[k]


@native
def _gain(asked, actual, gains, first, begin, weight, mean, alone, least, limit):  # type: ignore[no-untyped-def]
    """gains [F, bins] that bring the bands of actual to those of asked, both [F, bins]."""
    wanted, found = np.empty(len(first), np.float32), np.empty(len(first), np.float32)
    for n in range(len(asked)):
        _bands(asked[n], first, begin, weight, wanted)
        _bands(actual[n], first, begin, weight, found)
        _pull(wanted, found, first, begin, weight, mean, alone, least, limit, gains[n])
