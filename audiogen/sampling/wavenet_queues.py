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

from audiogen.sampling import linear_prediction
from audiogen.sampling.linear_prediction import FEATURES, compare, expect, native, predictor_state, remember

CODES = (1, 255)  # lowest and highest
FAST_MATH = {"contract", "reassoc", "nsz"}  # sums in any order; NaN and infinity stay what they are


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
    """A network as plain arrays, float32, told its attributes.

    Attributes:
        fast, slow: the layers of both clocks; the slow one may have none.
        embed: [256, R]; told: [R], what the attributes add to it.
        expect: [3, R], of what the linear predictor says; its bias is in `told`.
        hidden, mixture: the last two layers, with their biases; log_scales: their range.
        amplitude: [256, 2], how the slow clock hears a code.
        slow_in: [2 P, W] and its bias with what the attributes add; slow_out: [W, P (R + S)].
    """

    fast: ClockWeights
    slow: ClockWeights
    embed: np.ndarray
    told: np.ndarray
    hidden: np.ndarray
    hidden_bias: np.ndarray
    mixture: np.ndarray
    mixture_bias: np.ndarray
    log_scales: np.ndarray
    expect: np.ndarray
    amplitude: np.ndarray
    slow_in: np.ndarray
    slow_in_bias: np.ndarray
    slow_out: np.ndarray
    slow_out_bias: np.ndarray

    def flat(self) -> tuple[Any, ...]:
        told = (self.embed, self.told, self.expect)
        ends = (self.hidden, self.hidden_bias, self.mixture, self.mixture_bias, self.log_scales)
        slow = (self.amplitude, self.slow_in, self.slow_in_bias, self.slow_out, self.slow_out_bias)
        return (*self.fast.flat(), *told, *ends), (*self.slow.flat(), *slow)


class Queues:
    """A network in the middle of a piece."""

    def __init__(self, weights: QueueWeights) -> None:
        self.weights = weights.flat()
        self.block = weights.slow_in.shape[0] // 2
        width, skip = weights.embed.shape[1], weights.hidden.shape[0]
        spread = np.zeros((self.block, width + skip), np.float32)
        heard = np.zeros(2 * self.block, np.float32)  # of the present block
        self.components = len(weights.mixture_bias) // 3
        self.state = (
            weights.fast.rings(),
            weights.slow.rings(),
            spread,
            heard,
            np.array([0, -1], np.int64),
            *predictor_state(),
        )

    def hear(self, codes: np.ndarray, slow_only: bool = False) -> np.ndarray:
        """Take codes [n] as they are; the mixture of each before it was heard, float32 [n, 3, K].

        Args:
            slow_only: leave the fast clock (and the mixtures, which are then zeros) out, to be quick.
        """
        given = np.array(codes, np.int64)
        mixtures = np.zeros((len(given), 3, self.components), np.float32)
        uniforms = np.zeros(len(given))
        compiled()(given, uniforms, mixtures, 1.0, bool(slow_only), *self.weights, *self.state)
        return mixtures

    def write(self, uniforms: np.ndarray, temperature: float = 1.0) -> np.ndarray:
        """Sample as many codes as there are uniforms in [0, 1): int64 [n], see `pick`."""
        codes = np.full(len(uniforms), -1, np.int64)
        none = np.zeros((0, 3, self.components), np.float32)
        uniforms = np.asarray(uniforms, np.float64)
        compiled()(codes, uniforms, none, float(temperature), False, *self.weights, *self.state)
        return codes


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
    newest = max(source.stat().st_mtime, Path(linear_prediction.__file__).stat().st_mtime)
    indexes = folder.glob(f"{source.stem}.{run.__name__}-*.nbi")
    return any(index.stat().st_mtime >= newest for index in indexes)


def run(  # type: ignore[no-untyped-def]
    codes, uniforms, mixtures, temperature, slow_only, fast, slow,
    rings, slow_rings, spread, heard, place, past, taps, errors, clock,
):  # fmt: skip
    """In place: codes below 0 are sampled, the others heard; `place` holds tick and last code."""
    mix, mix_bias, out, out_bias, dilations = fast[:5]
    embed, told, expecting, hidden, hidden_bias, last, last_bias, log_scales = fast[5:]
    width, skips = embed.shape[1], hidden.shape[0]
    block = spread.shape[0]
    x = np.zeros(width, np.float32)
    skip = np.zeros(skips, np.float32)
    deep = np.zeros(skips, np.float32)
    gates = np.zeros(2 * width, np.float32)
    row = np.zeros(width + skips, np.float32)
    features = np.zeros(FEATURES, np.float32)
    mixture = np.zeros((3, last_bias.shape[0] // 3), np.float32)
    for n in range(codes.shape[0]):
        tick = place[0]
        phase = tick % block
        if phase == 0 and slow[0].shape[0] > 0:
            slow_tick(slow, slow_rings, spread, heard, tick // block)
        if not slow_only:
            expect(features, past, taps, errors, clock)
            for i in range(width):
                x[i] = told[i] + spread[phase, i]
                if place[1] >= 0:
                    x[i] += embed[place[1], i]
            add_product(expecting, features, x)
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
            product(last, last_bias, deep, mixture.reshape(-1))
            around(mixture, features, log_scales)
            if mixtures.shape[0] > 0:
                mixtures[n] = mixture
            if codes[n] < 0:
                codes[n] = pick(mixture, uniforms[n], temperature)
            compare(codes[n], features, errors)
        remember(codes[n], past, clock)
        heard[2 * phase] = slow[5][codes[n], 0]
        heard[2 * phase + 1] = slow[5][codes[n], 1]
        place[0] = tick + 1
        place[1] = codes[n]


@numba.njit(nogil=True)
def around(mixture, features, log_scales):  # type: ignore[no-untyped-def]
    """In place: from units of the predictor's error around what it expects to codes."""
    scale = math.exp(features[2])
    for k in range(mixture.shape[1]):
        mixture[1, k] = features[0] + scale * mixture[1, k]
        mixture[2, k] = min(max(features[2] + mixture[2, k], log_scales[0]), log_scales[1])


@numba.njit(fastmath=FAST_MATH, nogil=True)
def slow_tick(slow, rings, spread, heard, tick):  # type: ignore[no-untyped-def]
    """One tick of the slow clock: what it says to every sample of the coming block, into `spread`."""
    mix, mix_bias, out, out_bias, dilations, _, enter, enter_bias, leave, leave_bias = slow
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
    product(leave, leave_bias, x, spread.reshape(-1))


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

    The temperature is that of the components' spread, not of their weights: an onset is a component of
    small weight in every single sample, and choosing the likely ones only, by temperature or nucleus,
    forbids all onsets.
    """
    highest = mixture[0].max()
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
    return min(max(int(math.floor(value + 0.5)), CODES[0]), CODES[1])
