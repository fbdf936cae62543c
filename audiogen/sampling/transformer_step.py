"""One position of an autoregressive transformer as machine code: the blocks of `networks/transformer.py`.

A step at batch 1 is bound by reading the weights once, so everything between two products stays in one
call, the rows of a batch share each weight while it is in a register, and weights that are bf16 in their
file stay bf16 in memory: half the bytes, the same numbers. Sums run in another order than torch's, so
results differ from its by rounding (about 1e-6 of a logit).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numba
import numpy as np
import torch
from numba.extending import overload
from torch import Tensor, nn

from audiogen.native import FAST_MATH, native

EPS = np.float32(1e-6)  # of the norms


def stored(weight: Tensor) -> np.ndarray:
    """A weight as the loop reads it: uint16, its upper halves, where the lower are 0 (bf16); else float32."""
    values = weight.detach().cpu().float().contiguous().numpy()
    bits = values.view(np.uint32)
    return (bits >> 16).astype(np.uint16) if not (bits & 0xFFFF).any() else values.copy()


def stacked(weights: list[Tensor]) -> np.ndarray:
    """Weights of one shape, one after the other, all stored alike."""
    return stored(torch.stack([weight.detach().cpu().float() for weight in weights]))


@dataclass(frozen=True, eq=False)
class Trunk:
    """The blocks as plain arrays.

    Attributes:
        norms: float32 [2 L + 1, D], those before attention and SwiGLU of each block, and the last.
        qkv [L, 3 D, D], out [L, D, D], gate_up [L, 2 M, D], down [L, D, M]: see `stored`.
        rope: float32 [2, context, D / H].
    """

    norms: np.ndarray
    qkv: np.ndarray
    out: np.ndarray
    gate_up: np.ndarray
    down: np.ndarray
    rope: np.ndarray

    @classmethod
    def of(cls, blocks: nn.ModuleList, norm: nn.RMSNorm, rope: Tensor) -> Trunk:
        """Of a network's `blocks`, last norm and rope table."""
        parts: list[Any] = list(blocks)
        norms = [part.weight for block in parts for part in (block.norm1, block.norm2)]
        qkv, out, gate_up, down = (
            stacked([getattr(block, name).weight for block in parts])
            for name in ("qkv", "out", "gate_up", "down")
        )
        table = np.stack([weight.detach().cpu().float().numpy() for weight in (*norms, norm.weight)])
        return cls(table, qkv, out, gate_up, down, rope.detach().cpu().float().contiguous().numpy())

    def flat(self) -> tuple[Any, ...]:
        return self.norms, self.qkv, self.out, self.gate_up, self.down, self.rope


class Weights:
    """A network of blocks and chained heads as plain arrays, see `stored`.

    Attributes:
        trunk: of `advance`. heads: of each field, those of `head`. chosen: of each field but the last what
            later heads are told, float32 [codes, D], times the gain.
    """

    def __init__(self, network: Any, gain: float) -> None:
        self.gain = np.float32(gain)
        self.trunk = Trunk.of(network.blocks, network.norm, network.rope).flat()
        self.heads = [(*_layer(head[0]), *_layer(head[2])) for head in network.heads]
        self.chosen = [gain * part.weight.detach().float().numpy() for part in network.chosen]

    def logits(self, field: int, state: np.ndarray) -> np.ndarray:
        """Of a field, float32 [B, V]; the state [B, D] knows the fields before it."""
        logits: np.ndarray = head(state, *self.heads[field])
        logits *= self.gain
        return logits


_known: WeakKeyDictionary[nn.Module, tuple[Any, Any]] = WeakKeyDictionary()


def weights_of(network: nn.Module, kind: Callable[[Any], Any]) -> Any:
    """What `kind` makes of a network; made anew when its parameters have changed."""
    stamp = [(p.data_ptr(), 0 if p.is_inference() else p._version) for p in network.parameters()]
    if network not in _known or _known[network][0] != stamp:
        _known[network] = stamp, kind(network)
    return _known[network][1]


def _layer(linear: Any) -> tuple[np.ndarray, np.ndarray]:
    return stored(linear.weight), linear.bias.detach().float().numpy().copy()


def widened(weight):  # type: ignore[no-untyped-def]
    """A stored weight as float32; only compiled code calls it."""
    raise NotImplementedError


@overload(widened)
def _widened(weight):  # type: ignore[no-untyped-def]
    if weight == numba.types.uint16:
        return lambda weight: np.uint32(np.uint32(weight) << 16).view(np.float32)
    return lambda weight: weight


@native
def advance(x, past, at, norms, qkv, out, gate_up, down, rope):  # type: ignore[no-untyped-def]
    """x [B, D], the input of position `at`, becomes what the last norm gives; keys and values join `past`.

    past: float32 [L, 2, B, H, context, D / H], as `networks.transformer.KeyValues` keeps it.
    """
    batch, width = x.shape
    layers, heads, size = past.shape[0], past.shape[3], past.shape[5]
    hidden = down.shape[2]
    normal, y = np.empty((batch, width), np.float32), np.empty((batch, width), np.float32)
    mixed = np.empty((batch, 3 * width), np.float32)
    gates, inner = np.empty((batch, 2 * hidden), np.float32), np.empty((batch, hidden), np.float32)
    query, weights = np.empty(size, np.float32), np.empty(at + 1, np.float32)
    scale = np.float32(1.0 / math.sqrt(size))
    for layer in range(layers):
        normed(x, norms[2 * layer], normal)
        product(qkv[layer], normal, mixed)
        for b in range(batch):
            for h in range(heads):
                keys, values = past[layer, 0, b, h], past[layer, 1, b, h]
                first = h * size
                turned(mixed[b, first : first + size], rope[0, at], rope[1, at], query)
                turned(mixed[b, width + first : width + first + size], rope[0, at], rope[1, at], keys[at])
                for i in range(size):
                    values[at, i] = mixed[b, 2 * width + first + i]
                attended(query, keys, values, at + 1, scale, weights, y[b, first : first + size])
        product(out[layer], y, normal)
        for b in range(batch):
            for i in range(width):
                x[b, i] += normal[b, i]
        normed(x, norms[2 * layer + 1], normal)
        product(gate_up[layer], normal, gates)
        for b in range(batch):
            for i in range(hidden):
                gate = gates[b, i]
                inner[b, i] = gate / (np.float32(1) + math.exp(-gate)) * gates[b, hidden + i]
        product(down[layer], inner, normal)
        for b in range(batch):
            for i in range(width):
                x[b, i] += normal[b, i]
    normed(x, norms[2 * layers], x)


@native
def product(matrix, x, y):  # type: ignore[no-untyped-def]
    """y [B, O] = x [B, I] times a stored matrix [O, I]; pairs of rows share each weight."""
    outs, ins = matrix.shape
    batch = x.shape[0]
    paired = batch - batch % 2
    for o in range(outs):
        row = matrix[o]
        for b in range(0, paired, 2):
            one, two = x[b], x[b + 1]
            first, second = np.float32(0), np.float32(0)
            for i in range(ins):
                weight = widened(row[i])
                first += weight * one[i]
                second += weight * two[i]
            y[b, o], y[b + 1, o] = first, second
        if paired < batch:
            one, first = x[paired], np.float32(0)
            for i in range(ins):
                first += widened(row[i]) * one[i]
            y[paired, o] = first


@numba.njit(fastmath=FAST_MATH, nogil=True)
def normed(x, gain, y):  # type: ignore[no-untyped-def]
    """RMSNorm of every row of x [B, D]."""
    for b in range(x.shape[0]):
        power = np.float32(0)
        for i in range(x.shape[1]):
            power += x[b, i] * x[b, i]
        scale = np.float32(1.0 / math.sqrt(power / x.shape[1] + EPS))
        for i in range(x.shape[1]):
            y[b, i] = x[b, i] * scale * gain[i]


@numba.njit(fastmath=FAST_MATH, nogil=True)
def turned(x, cos, sin, y):  # type: ignore[no-untyped-def]
    """The channel pairs (i, i + size / 2) of x [size] turned by their angles."""
    half = x.shape[0] // 2
    for i in range(half):
        y[i] = x[i] * cos[i] - x[half + i] * sin[i]
        y[half + i] = x[half + i] * cos[half + i] + x[i] * sin[half + i]


@numba.njit(fastmath=FAST_MATH, nogil=True)
def attended(query, keys, values, count, scale, weights, y):  # type: ignore[no-untyped-def]
    """y [size] = softmax(keys . query) . values over the first `count` positions."""
    size = query.shape[0]
    highest = np.float32(-np.inf)
    for n in range(count):
        score = np.float32(0)
        for i in range(size):
            score += keys[n, i] * query[i]
        weights[n] = score * scale
        highest = max(highest, weights[n])
    total = np.float32(0)
    for n in range(count):
        weights[n] = math.exp(weights[n] - highest)
        total += weights[n]
    for i in range(size):
        y[i] = 0
    for n in range(count):
        weights[n] /= total
    whole = count - count % 4
    for n in range(0, whole, 4):
        a, b, c, d = weights[n], weights[n + 1], weights[n + 2], weights[n + 3]
        for i in range(size):
            y[i] += a * values[n, i] + b * values[n + 1, i] + c * values[n + 2, i] + d * values[n + 3, i]
    for n in range(whole, count):
        for i in range(size):
            y[i] += weights[n] * values[n, i]


@native
def head(x, inner, inner_bias, outer, outer_bias):  # type: ignore[no-untyped-def]
    """Logits [B, V] of x [B, D]: a stored layer, SiLU and another."""
    hidden = np.empty((x.shape[0], inner.shape[0]), np.float32)
    logits = np.empty((x.shape[0], outer.shape[0]), np.float32)
    product(inner, x, hidden)
    for b in range(x.shape[0]):
        for i in range(hidden.shape[1]):
            value = hidden[b, i] + inner_bias[i]
            hidden[b, i] = value / (np.float32(1) + math.exp(-value))
    product(outer, hidden, logits)
    for b in range(x.shape[0]):
        for i in range(logits.shape[1]):
            logits[b, i] += outer_bias[i]
    return logits


@native
def gathered(rows, table, x):  # type: ignore[no-untyped-def]
    """x [B, D] += the sum of the rows [B, K] of a stored table."""
    for b in range(rows.shape[0]):
        for k in range(rows.shape[1]):
            row = table[rows[b, k]]
            for i in range(x.shape[1]):
                x[b, i] += widened(row[i])


def pick(logits: np.ndarray, uniform: float, temperature: float, top_p: float) -> int:
    """A code of logits [V] as `sampling.autoregressive.choose` takes it, in float64; -inf forbids a code."""
    return int(_pick(logits, np.argsort(-logits, kind="stable"), uniform, temperature, top_p))


@native
def _pick(logits, order, uniform, temperature, top_p):  # type: ignore[no-untyped-def]
    share = np.empty(len(order))
    total = 0.0
    for place in range(len(order)):
        share[place] = math.exp((float(logits[order[place]]) - float(logits[order[0]])) / temperature)
        total += share[place]
    kept, before = 0, 0.0
    while kept < len(order) and before < top_p * total and share[kept] > 0:
        before += share[kept]
        kept += 1
    wanted, before = uniform * before, 0.0
    for place in range(kept):
        before += share[place]
        if before > wanted:
            return order[place]
    return order[max(kept - 1, 0)]
