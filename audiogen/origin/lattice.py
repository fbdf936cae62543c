"""The lattice on which the mark of a picture repeats: at which size and angle, and how squeezed, it may lie.

A picture with the mark resembles itself one tile further, in both directions and their sums, and so does one
that was scaled, turned or squeezed since: in its autocorrelation stand peaks on a lattice (Kutter,
Watermarking resisting to translation, rotation, and scaling, 1998). Nothing here knows the pattern of the
mark, so that what is found are candidates.

A vector is (rows, columns) in pixels; a basis [2, 2] is the vector from a tile to the next one towards the
right and the one downwards.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import fft, ndimage

from audiogen.origin.picture import TILE

SCALES = (0.4, 2.2)  # of pictures against their making
COUNT = 24  # candidates
_DRAFTS = 96  # of which they are chosen
_SINGLE = 48  # vectors towards the right and downwards of which squeezed tiles are made
_RATIO, _SKEW = 1.35, 0.25  # of their sides at most; cosine of the angle between them
_REACH = 640  # pixels that a picture is laid over itself at most
_STEP, _FINEST = 1.0, 0.1  # pixels between vectors that are tried, first and last; a peak is three wide
_NEAR = 40  # pixels over which any picture resembles itself
_FEW, _ALL = 3, 8  # multiples of a vector that are looked at, first and last
_EXACTLY = 4000  # bases below which places between pixels are told
_TOGETHER = 300_000  # places at a time
_CLIPPED = 8.0  # one peak alone is no lattice
_DOWN = np.array([[0, -1], [1, 0]])  # a vector @ this is turned from right to down
# changes of a basis by which it is refined: either vector in either direction; turned, larger, sheared
_CHANGES = np.concatenate([np.eye(4), [[1, 0, 0, -1], [0, 1, 1, 0], [1, 0, 0, 1], [0, 1, -1, 0]]])
_CHANGES = np.concatenate([_CHANGES, -_CHANGES]).reshape(-1, 2, 2)


def candidates(rest: np.ndarray) -> np.ndarray:
    """Where a mark may lie in what is fine in a picture [h, w]: bases [n, 2, 2]."""
    alike = _Alike.of(rest)
    rows, columns = np.mgrid[-200:200:_STEP, 36 : TILE * SCALES[1] : _STEP]
    radius = np.hypot(rows, columns)
    inside = (np.abs(rows) <= columns) & (radius >= TILE * SCALES[0]) & (radius <= TILE * SCALES[1])
    right = np.stack([rows, columns], -1)

    def best(scores: np.ndarray, count: int) -> np.ndarray:
        """The vectors towards the right at which scores [inside] have their highest peaks."""
        spread = np.full(rows.shape, -np.inf, np.float32)
        spread[inside] = scores
        peaks = inside & (spread == ndimage.maximum_filter(spread, 5))
        return right[peaks][np.argsort(-spread[peaks], kind="stable")[:count]]

    every = right[inside]
    turned = best(alike.score(_upright(every), _multiples(_FEW)), _DRAFTS)
    along = _multiples(_FEW)[:_FEW]  # of the vector towards the right alone
    first = best(alike.score(_upright(every), along), _SINGLE)
    second = best(alike.score(_upright(every @ _DOWN), along), _SINGLE) @ _DOWN
    pairs = np.stack([np.repeat(first, len(second), 0), np.tile(second, (len(first), 1))], 1)
    sides = np.hypot(*np.moveaxis(pairs, -1, 0))
    like = np.abs(np.log(sides[:, 0] / sides[:, 1])) < np.log(_RATIO)
    square = np.abs((pairs[:, 0] * pairs[:, 1]).sum(1)) < _SKEW * sides.prod(1)
    pairs = pairs[like & square]
    squeezed = pairs[np.argsort(-alike.score(pairs, _multiples(_FEW)), kind="stable")[:_DRAFTS]]
    drafts = np.concatenate([_upright(turned), squeezed])
    chosen = np.argsort(-alike.score(drafts, _multiples(_ALL)), kind="stable")[:COUNT]
    return np.array([alike.refined(basis) for basis in drafts[chosen]])


def _upright(vectors: np.ndarray) -> np.ndarray:
    """Square tiles [n, 2, 2] of vectors [n, 2] towards the right."""
    return np.stack([vectors, vectors @ _DOWN], 1)


def _multiples(most: int) -> np.ndarray:
    """Sums of the vectors of a basis up to so many of each, [n, 2]; one of two that are opposite.

    Those of the first vector alone come first.
    """
    rights, downs = np.mgrid[-most : most + 1, 0 : most + 1].reshape(2, -1)
    kept = (downs > 0) | (rights > 0)
    sums = np.stack([rights[kept], downs[kept]], 1)
    return sums[np.argsort(sums[:, 1] * 100 + np.abs(sums[:, 0]), kind="stable")]


@dataclass(frozen=True, eq=False)
class _Alike:
    """How a picture resembles itself, moved by so many pixels.

    Attributes:
        values: standard deviations, float32 [2 h + 3, 2 w + 3], none moved in the middle, 0 at the rim.
        overlap: share of the picture that lies over itself then, the same shape.
    """

    values: np.ndarray
    overlap: np.ndarray

    @classmethod
    def of(cls, rest: np.ndarray) -> _Alike:
        size = [fft.next_fast_len(2 * side, real=True) for side in rest.shape]
        power = np.square(np.abs(fft.rfft2(rest, size)))
        power /= ndimage.uniform_filter(power, 65, mode="wrap") + 1e-12
        values = fft.irfft2(np.minimum(power, 6), size)
        reach = [min(_REACH, side - 1) for side in rest.shape]
        values = np.roll(values, reach, (0, 1))[: 2 * reach[0] + 1, : 2 * reach[1] + 1]
        values -= ndimage.uniform_filter(values, 31)
        away = [np.abs(np.arange(-far, far + 1)) for far in reach]
        overlap = np.outer(*(1 - far / side for far, side in zip(away, rest.shape, strict=True)))
        beyond = np.hypot(away[0][:, None], away[1]) > _NEAR
        values /= np.sqrt(np.mean(np.square(values[beyond]) / overlap[beyond])) + 1e-12 if beyond.any() else 1
        values = np.clip(values, -_CLIPPED, _CLIPPED) * beyond
        return cls(*(np.pad(each.astype(np.float32), 1) for each in (values, overlap)))

    def score(self, bases: np.ndarray, multiples: np.ndarray) -> np.ndarray:
        """How far bases [n, 2, 2] lead to places where the picture resembles itself, [n]."""
        reach = np.array(self.values.shape) // 2 - 1
        total, seen = np.zeros((2, len(bases)), np.float32)
        for some in np.array_split(multiples, 1 + len(multiples) * len(bases) // _TOGETHER):
            places = np.tensordot(some, bases, (1, 1)).clip(-reach - 1, reach + 1) + reach + 1
            rows, columns = np.round(places).astype(np.int64).transpose(2, 0, 1)
            seen += self.overlap[rows, columns].sum(0)
            if len(bases) < _EXACTLY:
                values = ndimage.map_coordinates(self.values, places.reshape(-1, 2).T, order=1)
                total += values.reshape(rows.shape).sum(0)
            else:
                total += self.values[rows, columns].sum(0)
        return total / np.sqrt(seen + 0.1)

    def refined(self, basis: np.ndarray) -> np.ndarray:
        """The best basis near one, [2, 2]."""
        step, multiples = _STEP, _multiples(_ALL)
        best = self.score(basis[None], multiples)[0]
        while step >= _FINEST:
            tried = basis + step * _CHANGES
            scores = self.score(tried, multiples)
            if scores.max() > best:
                basis, best = tried[scores.argmax()], scores.max()
            else:
                step /= 2
        return basis
