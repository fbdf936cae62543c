"""Features of a figure moved, turned and scaled as wholes within an outline that is bent, where room is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from audiogen.making import bending
from audiogen.making.faces import AROUND, SMALLEST, Feature, around, features
from audiogen.making.parts import Figure
from audiogen.media.painting.textures import SIZE, resized, step

GRID = 128  # pixels to a side on which features are placed
GAP = 2  # of those between features, and between them and the rim
SIZES, SHRUNK, TRIES = (0.85, 1.25), 0.75, 10  # times as large are features; less of it where room is short
LIFTED = 1.0  # radii that a big eye rises for each that it grows by: what lies under it stays
WITHIN, FARTHEST = 0.75, 2.6  # of the room around an eye that it takes; radii of it at most
GROWN, GROWN_MOST, BIG = 1.6, 3.2, 0.1  # times as large are big eyes; their radius, of a figure, at least
BESIDE = 0.2, 0.9  # share of the way to what is next: from a feature's own movement to that


def evened(shift: np.ndarray, middle: float) -> np.ndarray:
    """A movement [2, n, n] in shares that is the same on both sides of a line, x = `middle`."""
    n = shift.shape[1]
    y, x = (np.asarray(np.mgrid[:n, :n]) + 0.5) / n
    other = bending.shifted(shift, np.stack([y, 2 * middle - x]))
    return 0.5 * np.stack([shift[0] + other[0], shift[1] - other[1]])


def kept(
    at: np.ndarray, figure: Figure, large: bool, rng: np.random.Generator
) -> tuple[np.ndarray, list[tuple[float, float, float]]]:
    """Places [2, SIZE, SIZE] in a figure's map such that its features keep their form, in sizes of their own,
    and its eyes, (y, x, radius) in pixels of the picture.

    Args:
        at: places in the map that the outline is bent by. large: whether eyes are big.
    """
    from scipy.ndimage import distance_transform_edt

    every = SIZE // GRID
    coarse = at[:, every // 2 :: every, every // 2 :: every]
    sizes = {True: rng.uniform(*SIZES), False: rng.uniform(*SIZES)}
    if large:
        least = BIG * float(bending.box_of(figure.inside)[2:].min())
        radius = max((eye[2] for eye in figure.eyes), default=least)
        sizes = {True: float(np.clip(least / radius, GROWN, GROWN_MOST)), False: min(1.0, sizes[False])}
    moves, outside = [], ~_covered(figure.inside, coarse)
    for each in features(figure):
        own = _covered(each.covers, coarse)
        if each.free and own.sum() >= SMALLEST:
            lifted = LIFTED if large and each.sees else 0.0
            moves.append(_Move.over(each, coarse, sizes[each.sees], lifted))
        else:  # no room for others
            outside |= own
    moves, away = _apart(moves, outside)
    rim, fine = distance_transform_edt(~outside), _places(SIZE)
    out = at.astype(np.float64)
    for k, move in enumerate(moves):
        next_to = np.min([rim, *(each for j, each in enumerate(away) if j != k)], 0)
        weight = 1 - step(*BESIDE, away[k] / np.maximum(away[k] + next_to, 1e-6))
        out += np.clip(resized(weight), 0, 1) * (move.under(fine) - at)
    if large:
        out = _swollen(out, figure, moves)
    return out.astype(np.float32), [_seen(eye, out) for eye in figure.eyes]


def _places(side: int) -> np.ndarray:
    """Middles of pixels, [2, side, side], in shares."""
    return (np.asarray(np.mgrid[:side, :side]) + 0.5) / side


def _covered(mask: np.ndarray, under: np.ndarray) -> np.ndarray:
    """Which places [2, h, w] of a map lie within a mask of it, bool [n, n]."""
    side, inside = len(mask), (under >= 0).all(0) & (under < 1).all(0)
    return np.asarray(inside & mask[tuple(np.clip(under * side, 0, side - 1).astype(int))])


@dataclass(frozen=True, eq=False)
class _Move:
    """A feature as a whole in a picture: it lies about `middle`, `below` in its map, and is so many times as
    large as without growing; one step of the picture is `turn`, a complex number with y as its imaginary
    part, steps of the map. lifted: radii that its middle rises for each that it grows by."""

    feature: Feature
    middle: np.ndarray
    below: np.ndarray
    turn: complex
    grown: float
    lifted: float

    @classmethod
    def over(cls, feature: Feature, at: np.ndarray, grown: float, lifted: float) -> _Move:
        """The nearest to how the places of a picture lie in the map, [2, GRID, GRID]."""
        own = _covered(feature.covers, at)
        places, under = _places(GRID)[:, own], at[:, own]
        middle, below = places.mean(1), under.mean(1)
        p, q = (1j * y + x for y, x in (places - middle[:, None], under - below[:, None]))
        turn = complex((p.conj() * q).sum() / np.square(np.abs(p)).sum())
        return cls(feature, middle, below, turn, grown, lifted)

    def under(self, at: np.ndarray) -> np.ndarray:
        """Places [2, h, w] in the map under those of a picture."""
        turn = self.turn / self.grown
        rises = self.lifted * (self.grown - 1) * self.feature.radius / abs(self.turn)
        y, x = at[0] - self.middle[0] + rises, at[1] - self.middle[1]
        return np.stack(
            [turn.real * y + turn.imag * x + self.below[0], turn.real * x - turn.imag * y + self.below[1]]
        )


def _apart(moves: list[_Move], outside: np.ndarray) -> tuple[list[_Move], list[np.ndarray]]:
    """Features that grow less where they would touch others or what is outside, eyes alike; and how far each
    pixel, [GRID, GRID], is from each."""
    from scipy.ndimage import distance_transform_edt

    places = _places(GRID)

    def gaps(moves: list[_Move]) -> tuple[np.ndarray, list[np.ndarray]]:
        seen = [_covered(move.feature.covers, move.under(places)) for move in moves]
        away = [distance_transform_edt(~mask) if mask.any() else np.full(mask.shape, GRID) for mask in seen]
        others = [[mask for j, mask in enumerate([*seen, outside]) if j != k] for k in range(len(seen))]
        return np.array([far[np.any(each, 0)].min() for far, each in zip(away, others, strict=True)]), away

    least = np.clip(gaps([replace(move, grown=1.0) for move in moves])[0] - 1, 1, GAP)
    for _ in range(TRIES):
        found, away = gaps(moves)
        tight = [short and move.grown > 1 for short, move in zip(found < least, moves, strict=True)]
        if not any(tight):
            break
        eyes = any(short and move.feature.sees for short, move in zip(tight, moves, strict=True))
        moves = [
            replace(move, grown=1 + SHRUNK * (move.grown - 1))
            if short or (eyes and move.feature.sees)
            else move
            for short, move in zip(tight, moves, strict=True)
        ]
    return moves, away


def _swollen(at: np.ndarray, figure: Figure, moves: list[_Move]) -> np.ndarray:
    """Places [2, h, w] in a map under which eyes are as large as they can be that did not grow with a feature
    of their own, but with a patch or not at all."""
    side = len(figure.labels)
    places, labels = _places(side), figure.labels
    found = []
    for y, x, radius in figure.eyes:
        pixel = int(y * side), int(x * side)
        grown = next((move.grown for move in moves if move.feature.covers[pixel]), 1.0)
        far = np.hypot(places[0] - y, places[1] - x) / radius
        free = (labels == around(labels, y, x, radius)) | (labels == labels[pixel]) & (labels > 0)
        room = float(far[~free & (far > AROUND / 1.2)].min(initial=FARTHEST))
        found.append((grown, room, grown * max(1.0, WITHIN * room)))
    least = min([GROWN, *(most for _, _, most in found)])
    for (y, x, radius), (grown, room, _) in zip(figure.eyes, found, strict=True):
        if grown < least:
            at = bending.swollen(at, (y, x), radius, least / grown, room)
    return at


def _seen(eye: tuple[float, float, float], at: np.ndarray) -> tuple[float, float, float]:
    """Where an eye of a map is seen, and how large, in pixels of a picture of places [2, SIZE, SIZE]."""
    k = int(np.hypot(at[0] - eye[0], at[1] - eye[1]).argmin())
    v, u = k // SIZE, k % SIZE
    near = at[:, max(v - 1, 0) : v + 2, max(u - 1, 0) : u + 2]
    steps = [[np.gradient(part, axis=axis).mean() for axis in (0, 1)] for part in near]
    return v + 0.5, u + 0.5, float(eye[2] / np.sqrt(max(abs(np.linalg.det(steps)), 1e-8)))
