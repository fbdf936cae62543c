"""What lies within a figure, an eye, a window, a slice of sausage, and figures put together of two.

A part is a region that does not touch what is outside the figure. The parts of one figure can be set into
another whose outline is like its own, where they lie in both when one outline is bent to the other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from audiogen.making import bending

SHARES, MOST = (0.002, 0.06), 16  # shares of a figure that a part takes, and how many at most
LEVEL, SIZES = (
    0.08,
    2.0,
)  # of the map: how far the eyes of a pair differ in height, and in radius, as a factor
CLEAR = 22.0  # CIELAB between a part and what it is set into, at least
ASTRAY = 0.2  # of the map: so far from its own eyes a figure gets no others
PAPER = 90.0, 8.0  # least L*, and most chroma, of what may be paper
OBLONG = 1.4  # times as high as wide, or as wide as high, is what is round
BIG, DISC = 0.16, 0.965  # of the map: radius of a large disc; overlap with an ideal one from which it is one
RIM = 2  # pixels of a map that stay free of parts of another


@dataclass(frozen=True, eq=False)
class Figure:
    """One figure, to be laid down.

    Attributes:
        labels: int [n, n], 0 outside. lab: CIELAB of its labels, float32 [K, 3].
        eyes: (y, x, radius), in shares of the side.
        shaded: pairs of labels that go over into one another.
        supple: a living thing, or food; else it has straight edges.
    """

    labels: np.ndarray
    lab: np.ndarray
    eyes: tuple[tuple[float, float, float], ...] = ()
    shaded: tuple[tuple[int, int], ...] = ()
    supple: bool = True

    @property
    def inside(self) -> np.ndarray:
        """bool [n, n]."""
        return self.labels > 0

    @property
    def is_round(self) -> bool:
        """Whether it is a disc, or has one that is large, as the sun and a clock have."""
        return any(
            _disc((self.inside, self.labels == label)[label > 0]) for label in range(len(self.lab) + 1)
        )

    def trimmed(self) -> Figure:
        """Without slivers of paper along its rim."""
        from scipy.ndimage import label

        light = (self.lab[:, 0] > PAPER[0]) & (np.linalg.norm(self.lab[:, 1:], axis=1) < PAPER[1])
        pale = self.inside & light[np.maximum(self.labels, 1) - 1]
        pieces, _ = label(np.pad(pale | ~self.inside, 1, constant_values=True))
        outer = pieces[1:-1, 1:-1] == pieces[0, 0]
        spots, _ = label(pale & outer)
        broad = np.unique(spots[pale & ~bending.slight(pale)])
        return replace(self, labels=np.where((spots > 0) & ~np.isin(spots, broad), 0, self.labels))

    def with_both_eyes(self) -> Figure:
        """Where one eye is known, and a part of its colour lies beside it, that is the other one."""
        if len(self.eyes) != 1:
            return self
        y, x, radius = self.eyes[0]
        label = self.labels[int(y * len(self.labels)), int(x * len(self.labels))]
        beside = [
            part
            for part in self.parts()
            if part.label == label
            and not part.is_at(y, x)
            and abs(part.middle[0] - y) < LEVEL
            and max(part.radius / radius, radius / part.radius) < SIZES
        ]
        return replace(self, eyes=(*self.eyes, (*beside[0].middle, radius))) if len(beside) == 1 else self

    def parts(self) -> list[Part]:
        """The largest first."""
        from scipy.ndimage import find_objects, label

        area, side = self.inside.sum(), len(self.labels)
        found = []
        for name in map(int, np.unique(self.labels[self.inside])):
            spots, _ = label(self.labels == name)
            for number, (rows, columns) in enumerate(find_objects(spots), 1):
                wide = tuple(slice(max(each.start - 1, 0), each.stop + 1) for each in (rows, columns))
                size = float((spots[wide] == number).sum() / area)
                if SHARES[0] < size < SHARES[1] and self.inside[wide].all():
                    middle = (rows.start + rows.stop) / 2 / side, (columns.start + columns.stop) / 2 / side
                    radius = max(rows.stop - rows.start, columns.stop - columns.start) / 2 / side
                    found.append(Part(name, spots == number, middle, radius, size))
        return sorted(found, key=lambda part: -part.size)[:MOST]


@dataclass(frozen=True, eq=False)
class Part:
    """Part of a figure: its label, where it is, bool [n, n], middle, radius and size in shares."""

    label: int
    covers: np.ndarray
    middle: tuple[float, float]
    radius: float
    size: float

    @property
    def is_round(self) -> bool:
        """Whether it is a disc, or a ring."""
        rows, columns = np.flatnonzero(self.covers.any(1)), np.flatnonzero(self.covers.any(0))
        high, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
        corners = self.covers[np.ix_(rows[[0, -1]], columns[[0, -1]])]
        return bool(max(high / wide, wide / high) < OBLONG and not corners.any())

    def is_at(self, y: float, x: float) -> bool:
        """Whether its middle is about there."""
        return bool(np.hypot(y - self.middle[0], x - self.middle[1]) < 0.5 * self.radius)


def _disc(covers: np.ndarray) -> bool:
    """Whether the largest piece of what is covered, bool [n, n], is a large disc, with holes or without."""
    from scipy.ndimage import binary_fill_holes, label

    pieces, count = label(covers)
    if not count:
        return False
    piece = binary_fill_holes(pieces == 1 + np.bincount(pieces[covers])[1:].argmax())
    y, x = np.nonzero(piece)
    radius = np.sqrt(len(y) / np.pi)
    v, u = np.mgrid[: len(covers), : len(covers)]
    ideal = np.hypot(v - y.mean(), u - x.mean()) < radius
    return bool(radius > BIG * len(covers) and (piece & ideal).sum() > DISC * (piece | ideal).sum())


def composed(one: Figure, other: Figure) -> Figure | None:
    """A figure with the outline and the large areas of one and the parts of another; None: not both have as
    many eyes, which say where the rest belongs, or they would hardly be seen on it."""
    from scipy.ndimage import binary_erosion, distance_transform_edt

    theirs = other.parts()
    body = np.bincount(one.labels[one.inside]).argmax()
    if not theirs or not one.eyes or len(one.eyes) != len(other.eyes):
        return None
    apart = np.linalg.norm(other.lab[[part.label - 1 for part in theirs]] - one.lab[body - 1], axis=1)
    if np.median(apart) < CLEAR:
        return None
    covered = np.any([part.covers for part in one.parts()] or [np.zeros_like(one.inside)], 0)
    nearest = distance_transform_edt(covered | ~one.inside, return_distances=False, return_indices=True)
    bare = np.where(covered, one.labels[tuple(nearest)], one.labels)
    at = (np.asarray(np.mgrid[: len(bare), : len(bare)]) + 0.5) / len(bare)
    mine, its = bending.box_of(one.inside), bending.box_of(other.inside)
    under = its[:2, None, None] + (at - mine[:2, None, None]) / mine[2:, None, None] * its[2:, None, None]
    whole = np.array([0.0, 0.0, 1.0, 1.0], np.float32)
    under = under + bending.shifted(bending.bent(other.inside, whole, (one.inside, 1.0)), under)
    pixel = tuple(np.clip(under * len(bare), 0, len(bare) - 1).astype(int))
    seen = np.any([part.covers for part in theirs], 0)[pixel] & binary_erosion(one.inside, iterations=RIM)
    labels = np.where(seen, other.labels[pixel] + len(one.lab), bare)
    eyes = []
    for y, x, radius in other.eyes:
        k = int(np.hypot(under[0] - y, under[1] - x).argmin())
        scale = float((mine[2:] / its[2:]).mean())
        eyes.append(((k // len(bare) + 0.5) / len(bare), (k % len(bare) + 0.5) / len(bare), radius * scale))
    away = [min((np.hypot(y - v, x - u) for v, u, _ in eyes), default=1.0) for y, x, _ in one.eyes]
    if max(away, default=0.0) > ASTRAY:  # one looks to the left, the other to the right
        return None
    shifted = tuple((a + len(one.lab), b + len(one.lab)) for a, b in other.shaded)
    lab = np.concatenate([one.lab, other.lab])
    return replace(one, labels=labels, lab=lab, eyes=tuple(eyes), shaded=one.shaded + shifted)
