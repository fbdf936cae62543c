"""Brush and pen strokes: curved, tapered lines that follow a field of directions, as machine code.

A stroke walks from its start along `angle` (radians modulo pi, x to the right, y down) and covers the
pixels within half its width. Its pixels know where they lie in it: `along` 0..1 from start to end,
`across` -1..1 from edge to edge; so bristles can run along the stroke.
"""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from audiogen.native import native

STEP = 3.0  # pixels between the points of a thin stroke, about; wide ones bend less
_MOST = 128  # points of a stroke at most
_native = partial(native, fastmath=True)


class Strokes(NamedTuple):
    """N strokes: start [N, 2] (y, x), length [N], width [N] in pixels, strength [N] in 0..1."""

    start: np.ndarray
    length: np.ndarray
    width: np.ndarray
    strength: np.ndarray


def draw_lines(
    tone: np.ndarray,
    strokes: Strokes,
    angle: np.ndarray,
    clip: np.ndarray,
    taper: float = 0.6,
    build_up: bool = True,
) -> None:
    """Draw lines into `tone` float32 [S, S] (0 paper, 1 black), in place.

    Args:
        clip: float32 [S, S] in 0..1; a line leaves nothing where it is 0.
        taper: 0 keeps a line's width and strength to its ends, 1 lets both fade to nothing.
        build_up: lines over lines darken (graphite); else the darkest counts (ink).
    """
    start, length, width, strength = map(_plain, strokes)
    _draw(tone, start, length, width, strength, _plain(angle), _plain(clip), taper, build_up)


def paint_strokes(
    colour: np.ndarray,
    height: np.ndarray,
    strokes: Strokes,
    paints: np.ndarray,
    angle: np.ndarray,
    clip: np.ndarray,
    bristles: np.ndarray,
) -> None:
    """Paint opaque strokes into `colour` [S, S, 3] and the paint's `height` [S, S], in place.

    Args:
        paints: [N, 3] colour of every stroke, RGB in 0..1.
        bristles: [R, C] in 0..1: rows across the brush, columns along the stroke.
    """
    start, length, width, strength = map(_plain, strokes)
    fields = _plain(paints), _plain(angle), _plain(clip), _plain(bristles)
    _paint(colour, height, start, length, width, strength, *fields)


def _plain(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, np.float32)


@_native
def _walk(y, x, length, width, angle, ys, xs):
    size = angle.shape[0]
    count = min(int(length / max(STEP, 0.5 * width)) + 2, _MOST)
    step = length / (count - 1)
    dy, dx = 0.0, 0.0
    for i in range(count):
        ys[i], xs[i] = y, x
        iy, ix = min(max(int(y), 0), size - 1), min(max(int(x), 0), size - 1)
        ty, tx = np.sin(angle[iy, ix]), np.cos(angle[iy, ix])
        if i == 0:
            dy, dx = ty, tx
        elif ty * dy + tx * dx < 0:
            ty, tx = -ty, -tx
        dy, dx = 0.4 * dy + 0.6 * ty, 0.4 * dx + 0.6 * tx
        norm = max(np.sqrt(dy * dy + dx * dx), 1e-6)
        dy, dx = dy / norm, dx / norm
        y, x = y + step * dy, x + step * dx
    return count


@_native
def _cover(ys, xs, count, width, taper, cover, along, across, touched):
    size = cover.shape[0]
    found = 0
    for i in range(count - 1):
        middle = 2 * (i + 0.5) / (count - 1) - 1
        half = 0.5 * width * (1 - taper * middle * middle)
        sy, sx = ys[i + 1] - ys[i], xs[i + 1] - xs[i]
        square = max(sy * sy + sx * sx, 1e-6)
        inverse, norm = 1 / square, 1 / (np.sqrt(square) * max(half, 0.5))
        edge, full = half + 0.5, min(1.0, 2 * half)  # where it ends, and how much a pixel in it is covered
        core = max(edge - full, 0.0) ** 2
        reach = half + 1
        top, bottom = int(min(ys[i], ys[i + 1]) - reach), int(max(ys[i], ys[i + 1]) + reach) + 1
        left, right = int(min(xs[i], xs[i + 1]) - reach), int(max(xs[i], xs[i + 1]) + reach) + 1
        for y in range(max(top, 0), min(bottom + 1, size)):
            for x in range(max(left, 0), min(right + 1, size)):
                py, px = y - ys[i], x - xs[i]
                t = min(max((py * sy + px * sx) * inverse, 0.0), 1.0)
                oy, ox = py - t * sy, px - t * sx
                away = oy * oy + ox * ox
                if away >= edge * edge:
                    continue
                value = full if away <= core else min(edge - np.sqrt(away), full)
                if value > cover[y, x]:
                    if cover[y, x] == 0:
                        touched[found, 0], touched[found, 1] = y, x
                        found += 1
                    cover[y, x] = value
                    along[y, x] = (i + t) / (count - 1)
                    across[y, x] = (sx * py - sy * px) * norm
    return found


@_native
def _draw(tone, start, length, width, strength, angle, clip, taper, build_up):
    size = tone.shape[0]
    ys, xs = np.empty(_MOST), np.empty(_MOST)
    cover, along = np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
    across = np.zeros((size, size), np.float32)
    touched = np.empty((size * size, 2), np.int32)
    for n in range(len(start)):
        count = _walk(start[n, 0], start[n, 1], length[n], width[n], angle, ys, xs)
        found = _cover(ys, xs, count, width[n], taper, cover, along, across, touched)
        for k in range(found):
            y, x = touched[k, 0], touched[k, 1]
            middle = 2 * along[y, x] - 1
            value = cover[y, x] * strength[n] * (1 - taper * middle * middle) * clip[y, x]
            cover[y, x] = 0
            tone[y, x] = 1 - (1 - tone[y, x]) * (1 - value) if build_up else max(tone[y, x], value)


@_native
def _paint(colour, height, start, length, width, strength, paints, angle, clip, bristles):
    size = height.shape[0]
    rows, columns = bristles.shape
    ys, xs = np.empty(_MOST), np.empty(_MOST)
    cover, along = np.zeros((size, size), np.float32), np.zeros((size, size), np.float32)
    across = np.zeros((size, size), np.float32)
    touched = np.empty((size * size, 2), np.int32)
    for n in range(len(start)):
        count = _walk(start[n, 0], start[n, 1], length[n], width[n], angle, ys, xs)
        found = _cover(ys, xs, count, width[n], 0.25, cover, along, across, touched)
        first = (n * 37) % rows
        for k in range(found):
            y, x = touched[k, 0], touched[k, 1]
            v = min(max(across[y, x], -1.0), 1.0)
            row = (first + int((v * 0.5 + 0.5) * width[n] * 1.5)) % rows
            hair = bristles[row, int(along[y, x] * length[n] * 0.35 + n * 13) % columns]
            dry = along[y, x] ** 3 * 0.9 + 0.25 * v * v  # paint runs out at the end, and at the rim
            alpha = cover[y, x] * clip[y, x] * strength[n] * min(max((hair - dry * 0.8) * 4 + 1.2, 0.0), 1.0)
            ridge = 0.35 * v**6 + 0.3 * max(0.0, along[y, x] - 0.85) / 0.15
            thick = 0.25 + 0.6 * hair + ridge
            height[y, x] += alpha * (thick - height[y, x])
            for c in range(3):
                shade = paints[n, c] * (0.9 + 0.2 * hair)
                colour[y, x, c] += alpha * (shade - colour[y, x, c])
            cover[y, x] = 0
