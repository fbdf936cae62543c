"""WaveNet sample by sample: every layer keeps its last inputs in a ring (Fast WaveNet, arXiv 1611.09482).

A layer of dilation d needs its input of d ticks ago: a ring of d rows, read and overwritten at
`tick % d`. Rings begin as zeros, the left padding of the network. The whole loop is compiled by numba
for one core; the first call takes some seconds, later processes load the machine code from numba's
cache (beside this file, or in the user's cache folder where that is not writable).
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numba
import numpy as np

from audiogen import native as native_module
from audiogen.media.mulaw import MU, SILENCE, STEPS, code_values
from audiogen.native import FAST_MATH, native

VALUES = code_values()
FOLDED = ((np.arange(len(VALUES)) - SILENCE) * 2 / STEPS).astype(np.float32)
LOG_MU = float(np.log1p(MU))
EXPECTED, FEATURES = 4, 5  # as in `audiogen.networks.wavenet`, which this room does not import


@dataclass(frozen=True, eq=False)
class ClockWeights:
    """The layers of one clock, float32; inputs come first in every matrix, so that rows are added up.

    Attributes:
        mix: [L, 2 W, 2 W] and [L, 2 W]: (then, now) to (value, gate).
        out: [L, W, W + S] and [L, W + S]: to the residual stream and the skip sum.
        dilations: int64 [L], ticks.
    """

    mix: np.ndarray
    mix_bias: np.ndarray
    out: np.ndarray
    out_bias: np.ndarray
    dilations: np.ndarray

    def rings(self) -> np.ndarray:
        """Empty rings of all layers, one under the other: [sum of dilations, W]."""
        return np.zeros((int(self.dilations.sum()), self.out.shape[1]), np.float32)

    def flat(self) -> tuple[np.ndarray, ...]:
        return self.mix, self.mix_bias, self.out, self.out_bias, self.dilations


@dataclass(frozen=True, eq=False)
class QueueWeights:
    """A network as plain arrays, float32.

    Attributes:
        fast, slow: the layers of both clocks; the slow one may have none.
        embed: [256, R]; expect: [5, R] and its bias, of what is expected.
        hidden, mixture: the last two layers, with their biases.
        slow_in: [3 P + G, W] and its bias; slow_out: [W, P (R + S)].
        numbers: gain and limit of errors, centre and spread of log levels, shift of means, lowest
            log scale, highest log scale over the level.
    """

    fast: ClockWeights
    slow: ClockWeights
    embed: np.ndarray
    expect: np.ndarray
    expect_bias: np.ndarray
    hidden: np.ndarray
    hidden_bias: np.ndarray
    mixture: np.ndarray
    mixture_bias: np.ndarray
    slow_in: np.ndarray
    slow_in_bias: np.ndarray
    slow_out: np.ndarray
    slow_out_bias: np.ndarray
    block: int
    numbers: np.ndarray

    def flat(self) -> tuple[Any, ...]:
        told = (self.embed, self.expect, self.expect_bias)
        ends = (self.hidden, self.hidden_bias, self.mixture, self.mixture_bias, self.numbers)
        slow = (self.slow_in, self.slow_in_bias, self.slow_out, self.slow_out_bias)
        return (*self.fast.flat(), *told, *ends), (*self.slow.flat(), *slow)


class Queues:
    """A network in the middle of a piece."""

    def __init__(self, weights: QueueWeights) -> None:
        self.weights = weights.flat()
        self.block = weights.block
        width, skip = weights.embed.shape[1], weights.hidden.shape[0]
        self.components = len(weights.mixture_bias) // 3
        self.state = (
            weights.fast.rings(),
            weights.slow.rings(),
            np.zeros((self.block, width + skip), np.float32),
            np.zeros(weights.slow_in.shape[0], np.float32),  # past block, coming block, roll
            np.array([0, -1], np.int64),
            np.zeros(1, np.float32),
        )

    def hear(self, codes: np.ndarray, expected: np.ndarray, roll: np.ndarray) -> np.ndarray:
        """Take codes [n] as they are; the mixture of each before it was heard, float32 [n, 3, K].

        Args:
            expected: float32 [n, 4]; roll: float32 [n / P, G]; n is whole blocks.
        """
        given = np.array(codes, np.int64)
        mixtures = np.zeros((len(given), 3, self.components), np.float32)
        self._run(given, np.zeros(len(given)), mixtures, 1.0, expected, roll)
        return mixtures

    def write(
        self, uniforms: np.ndarray, expected: np.ndarray, roll: np.ndarray, temperature: float = 1.0
    ) -> np.ndarray:
        """Sample as many codes as there are uniforms in [0, 1), whole blocks: int64 [n], see `pick`."""
        codes = np.full(len(uniforms), -1, np.int64)
        none = np.zeros((0, 3, self.components), np.float32)
        self._run(codes, np.asarray(uniforms, np.float64), none, float(temperature), expected, roll)
        return codes

    def _run(
        self,
        codes: np.ndarray,
        uniforms: np.ndarray,
        mixtures: np.ndarray,
        temperature: float,
        expected: np.ndarray,
        roll: np.ndarray,
    ) -> None:
        assert len(codes) % self.block == 0, "whole blocks only"
        expected = np.ascontiguousarray(expected, np.float32)
        roll = np.ascontiguousarray(roll, np.float32)
        compiled()(codes, uniforms, mixtures, temperature, expected, roll, *self.weights, *self.state)


@lru_cache(maxsize=1)
def compiled() -> Callable[..., None]:
    """The loop as machine code; says on stderr when it has to be compiled first."""
    loop = native(run)
    if loop.stats.cache_path is None:
        print(
            "Compiling the WaveNet loop: no cache folder is writable; set NUMBA_CACHE_DIR.", file=sys.stderr
        )
        return loop
    if not cached(Path(loop.stats.cache_path)):
        print(
            "Compiling the WaveNet loop for this machine: once, some ten seconds; it is kept in "
            f"{loop.stats.cache_path}.",
            file=sys.stderr,
            flush=True,
        )
    return loop


def cached(folder: Path) -> bool:
    """Whether numba's index of the loop lies there and is not older than this file."""
    source = Path(__file__)
    newest = max(source.stat().st_mtime, Path(native_module.__file__).stat().st_mtime)
    indexes = folder.glob(f"{source.stem}.{run.__name__}-*.nbi")
    return any(index.stat().st_mtime >= newest for index in indexes)


def run(  # type: ignore[no-untyped-def]
    codes, uniforms, mixtures, temperature, expected, roll, fast, slow,
    rings, slow_rings, spread, heard, place, error,
):  # fmt: skip
    """In place: codes below 0 are sampled, the others heard; `place` holds tick and last code."""
    mix, mix_bias, out, out_bias, dilations = fast[:5]
    embed, expect, expect_bias, hidden, hidden_bias, last, last_bias, numbers = fast[5:]
    width, skips = embed.shape[1], hidden.shape[0]
    block = spread.shape[0]
    x = np.zeros(width, np.float32)
    skip = np.zeros(skips, np.float32)
    deep = np.zeros(skips, np.float32)
    gates = np.zeros(2 * width, np.float32)
    row = np.zeros(width + skips, np.float32)
    features = np.zeros(FEATURES, np.float32)
    flat = np.zeros(last_bias.shape[0], np.float32)
    mixture = np.zeros((3, flat.shape[0] // 3), np.float32)
    for n in range(codes.shape[0]):
        tick = place[0]
        phase = tick % block
        amplitude, level = expected[n, 0], expected[n, 1]
        if phase == 0 and slow[0].shape[0] > 0:
            for i in range(block):
                heard[2 * block + i] = expected[n + i, 0] / expected[n + i, 1]
            for i in range(roll.shape[1]):
                heard[3 * block + i] = roll[n // block, i]
            slow_tick(slow, slow_rings, spread, heard, tick // block)
        features[0] = error[0]
        features[1] = amplitude / level
        features[2] = expected[n, 2]
        features[3] = expected[n, 3]
        features[4] = (math.log(level) - numbers[2]) / numbers[3]
        product(expect, expect_bias, features, x)
        for i in range(width):
            x[i] += spread[phase, i]
            if place[1] >= 0:
                x[i] += embed[place[1], i]
        for i in range(skips):
            skip[i] = spread[phase, width + i]
        first = 0
        for layer in range(dilations.shape[0]):
            ring = rings[first + tick % dilations[layer]]
            gated(mix[layer], mix_bias[layer], ring, x, gates)
            product(out[layer], out_bias[layer], gates[:width], row)
            for i in range(width):
                ring[i] = x[i]
                x[i] += row[i]
            for i in range(skips):
                skip[i] += row[width + i]
            first += dilations[layer]
        for i in range(skips):
            skip[i] = max(skip[i], np.float32(0))
        product(hidden, hidden_bias, skip, deep)
        for i in range(skips):
            deep[i] = max(deep[i], np.float32(0))
        product(last, last_bias, deep, flat)
        unfolded(flat, mixture)
        around(mixture, amplitude, level, numbers)
        if mixtures.shape[0] > 0:
            for i in range(mixture.shape[0]):
                for k in range(mixture.shape[1]):
                    mixtures[n, i, k] = mixture[i, k]
        if codes[n] < 0:
            codes[n] = pick(mixture, uniforms[n], temperature)
        off = (VALUES[codes[n]] - amplitude) / level * numbers[0]
        error[0] = min(max(off, -numbers[1]), numbers[1])
        if slow[0].shape[0] > 0:
            heard[2 * phase] = FOLDED[codes[n]]
            heard[2 * phase + 1] = error[0]
        place[0] = tick + 1
        place[1] = codes[n]


@numba.njit(nogil=True)
def unfolded(flat, table):  # type: ignore[no-untyped-def]
    """table [N, M] = flat [N M]; numba takes seconds to compile a reshape or an assigned slice."""
    for i in range(table.shape[0]):
        for k in range(table.shape[1]):
            table[i, k] = flat[i * table.shape[1] + k]


@numba.njit(nogil=True)
def around(mixture, amplitude, level, numbers):  # type: ignore[no-untyped-def]
    """In place: from levels around what is expected to amplitudes."""
    log_level = math.log(level)
    for k in range(mixture.shape[1]):
        mixture[1, k] = amplitude + numbers[4] * level * mixture[1, k]
        mixture[2, k] = max(log_level + min(mixture[2, k], numbers[6]), numbers[5])


@numba.njit(fastmath=FAST_MATH, nogil=True)
def slow_tick(slow, rings, spread, heard, tick):  # type: ignore[no-untyped-def]
    """One tick of the slow clock: what it says to every sample of the coming block, into `spread`."""
    mix, mix_bias, out, out_bias, dilations, enter, enter_bias, leave, leave_bias = slow
    width = enter.shape[1]
    x = np.zeros(width, np.float32)
    row = np.zeros(width, np.float32)
    gates = np.zeros(2 * width, np.float32)
    product(enter, enter_bias, heard, x)
    first = 0
    for layer in range(dilations.shape[0]):
        ring = rings[first + tick % dilations[layer]]
        gated(mix[layer], mix_bias[layer], ring, x, gates)
        product(out[layer], out_bias[layer], gates[:width], row)
        for i in range(width):
            ring[i] = x[i]
            x[i] += row[i]
        first += dilations[layer]
    flat = np.zeros(spread.size, np.float32)
    product(leave, leave_bias, x, flat)
    unfolded(flat, spread)


@numba.njit(fastmath=FAST_MATH, nogil=True)
def gated(weights, bias, then, now, gates):  # type: ignore[no-untyped-def]
    """Value times sigmoid gate of (then, now), into the first half of `gates`."""
    width = now.shape[0]
    product(weights[:width], bias, then, gates)
    add_product(weights[width:], now, gates)
    for i in range(width):
        gates[i] = gates[i] / (np.float32(1) + math.exp(-gates[width + i]))


@numba.njit(fastmath=FAST_MATH, nogil=True)
def product(weights, bias, x, y):  # type: ignore[no-untyped-def]
    """y = x weights + bias."""
    for o in range(y.shape[0]):
        y[o] = bias[o]
    add_product(weights, x, y)


@numba.njit(fastmath=FAST_MATH, nogil=True)
def add_product(weights, x, y):  # type: ignore[no-untyped-def]
    """y += x weights; four rows at a time, so that y is read and written a quarter as often."""
    inputs = x.shape[0]
    whole = inputs - inputs % 4
    for i in range(0, whole, 4):
        a, b, c, d = x[i], x[i + 1], x[i + 2], x[i + 3]
        for o in range(y.shape[0]):
            y[o] += a * weights[i, o] + b * weights[i + 1, o] + c * weights[i + 2, o] + d * weights[i + 3, o]
    for i in range(whole, inputs):
        for o in range(y.shape[0]):
            y[o] += x[i] * weights[i, o]


@numba.njit(nogil=True)
def pick(mixture, uniform, temperature):  # type: ignore[no-untyped-def]
    """A code of the mixture [3, K]: the component that holds the uniform, and in it the place of the rest.

    The temperature is that of the components' spread, not of their weights: choosing the likely ones
    only, by temperature or nucleus, takes the rare loud samples of a blow away.
    """
    highest = mixture[0, 0]
    for k in range(mixture.shape[1]):
        highest = max(highest, mixture[0, k])
    total = 0.0
    for k in range(mixture.shape[1]):
        total += math.exp(float(mixture[0, k] - highest))
    before, share, chosen = 0.0, 0.0, 0
    for k in range(mixture.shape[1]):
        chosen = k
        share = math.exp(float(mixture[0, k] - highest)) / total
        if before + share > uniform:
            break
        before += share
    inside = min(max((uniform - before) / share, 1e-9), 1 - 1e-9)
    logistic = math.log(inside) - math.log1p(-inside)
    value = mixture[1, chosen] + temperature * math.exp(float(mixture[2, chosen])) * logistic
    folded = math.log1p(MU * min(abs(value), 1.0)) / LOG_MU * STEPS
    return SILENCE + int(math.floor((folded if value > 0 else -folded) + 0.5))
