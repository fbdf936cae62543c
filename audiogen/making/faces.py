"""What lies within a figure, an eye, a muzzle with nose and mouth, keeps its form where the outline is bent.

A face is read from small parts that lie close together: bent place by place, or each grown on its own, a
mouth becomes a smear and a nose slides off its muzzle. Parts that touch are one feature here, and a feature
is moved, turned and scaled as a whole. A head seen from the front stays as even on both sides as it was.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from audiogen.making import bending
from audiogen.making.parts import CLEAR, Figure

LARGEST, WHOLE = 0.13, 0.25  # of a figure: of a part that is small, and of a feature
SMALLEST = 6  # pixels of a map that a feature has
JOINED = 2  # pixels of a map: features lie more than twice as far apart
FREE, EYE_FREE = 0.4, 4  # radii of a feature, and pixels of eyes, to the rim: nearer ones move with it
EVEN, ALIKE = 0.9, 0.8  # from the front: overlap with its mirror image, and share of its colours
SIDED = 0.05  # of the map that the eyes of such a one may be uneven by
EYE, HIGH = (0.0012, 0.035), (0.3, 0.72)  # share of a figure, and how far down, of an eye
DARK, AROUND = 60.0, 1.5  # its L* at most; radii of it within which is what it lies on
GAP = 2  # pixels of a map from features of another figure to the rim
EYES_APART = 0.75, 1.35  # ratio of the distance of the eyes of two figures that exchange features
ONE = 0.85  # share of what is around a feature that has one colour, where another's is set in


@dataclass(frozen=True, eq=False)
class Feature:
    """Parts of a figure that touch.

    Attributes:
        covers: bool [n, n], of its map. middle: (y, x), radius: half its longer side, in shares of the map.
        sees: whether it holds an eye.
        free: whether it lies far enough within the figure to move on its own.
    """

    covers: np.ndarray
    middle: tuple[float, float]
    radius: float
    sees: bool
    free: bool


def features(figure: Figure) -> list[Feature]:
    """The small parts of a figure that do not touch its rim, those together that touch one another."""
    from scipy.ndimage import binary_dilation, binary_fill_holes, distance_transform_edt, find_objects, label

    inside = np.pad(figure.inside, 1)
    rim, area, side = binary_dilation(~inside)[1:-1, 1:-1], figure.inside.sum(), len(figure.labels)
    held = np.zeros_like(figure.inside)
    for name in np.unique(figure.labels[figure.inside]):
        pieces, _ = label(figure.labels == name)
        small = np.bincount(pieces.ravel()) < LARGEST * area
        small[np.unique(pieces[rim])] = False
        small[0] = False
        held |= small[pieces]
    room = distance_transform_edt(inside)[1:-1, 1:-1]
    groups, _ = label(binary_dilation(held, iterations=JOINED))
    found = []
    for number, box in enumerate(find_objects(groups), 1):
        covers = np.zeros_like(held)
        covers[box] = binary_fill_holes((groups[box] == number) & held[box])
        rows, columns = np.flatnonzero(covers.any(1)), np.flatnonzero(covers.any(0))
        if not SMALLEST <= covers.sum() <= WHOLE * area:
            continue
        middle = (rows[0] + rows[-1] + 1) / 2 / side, (columns[0] + columns[-1] + 1) / 2 / side
        radius = max(np.ptp(rows), np.ptp(columns)) / 2 + 0.5
        sees = any(covers[int(y * side), int(x * side)] for y, x, _ in figure.eyes)
        found.append(
            Feature(
                covers,
                middle,
                radius / side,
                sees,
                bool(room[covers].min() > (EYE_FREE if sees else FREE * radius)),
            )
        )
    both = all(each.free for each in found if each.sees)
    return [replace(each, free=both) if each.sees else each for each in found]


def around(labels: np.ndarray, y: float, x: float, radius: float) -> int:
    """The label of most of what surrounds a spot, (y, x, radius) in shares of a map [n, n]."""
    places = (np.asarray(np.mgrid[: len(labels), : len(labels)]) + 0.5) / len(labels)
    far = np.hypot(places[0] - y, places[1] - x) / radius
    own = labels[int(y * len(labels)), int(x * len(labels))]
    ring = labels[(far < AROUND) & (labels != own) & (labels > 0)]
    return int(np.bincount(ring).argmax()) if len(ring) else int(own)


def axis(figure: Figure) -> float | None:
    """The middle line x of a figure that is seen from the front, in shares of its map; None: it is not."""
    left, wide = bending.box_of(figure.inside)[[1, 3]]
    middle, side = left + wide / 2, len(figure.labels)
    x = np.clip((2 * middle * side - 1 - np.arange(side)).round(), 0, side - 1).astype(int)
    other = figure.labels[:, x]
    both = figure.inside & (other > 0)
    if both.sum() < EVEN * (figure.inside | (other > 0)).sum():
        return None
    apart = np.linalg.norm(figure.lab[figure.labels[both] - 1] - figure.lab[other[both] - 1], axis=1)
    return float(middle) if (apart < CLEAR).mean() > ALIKE else None


def seeing(figure: Figure) -> Figure:
    """A living figure with the eyes that it can have: from the front a level pair beside its middle."""
    middle = axis(figure)
    if middle is None:
        return figure.with_both_eyes()

    def even(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
        return abs(a[0] - b[0]) < SIDED and abs(a[1] + b[1] - 2 * middle) < SIDED

    if len(figure.eyes) == 2 and even(*figure.eyes):
        return figure
    top, _, high, _ = bending.box_of(figure.inside)
    spots = [
        part
        for part in figure.parts()
        if EYE[0] < part.size < EYE[1]
        and figure.lab[part.label - 1, 0] < DARK
        and HIGH[0] < (part.middle[0] - top) / high < HIGH[1]
    ]
    pairs = [
        (a, b)
        for k, a in enumerate(spots)
        for b in spots[k + 1 :]
        if a.label == b.label and even(a.middle, b.middle) and abs(a.middle[1] - b.middle[1]) > SIDED
    ]
    if not pairs:
        return replace(figure, eyes=())
    side, both = len(figure.labels), min(pairs, key=lambda pair: float(pair[0].middle[0]))
    radii = [float(np.sqrt(each.covers.sum() / np.pi) / side) for each in both]
    return replace(
        figure, eyes=tuple((*each.middle, radius) for each, radius in zip(both, radii, strict=True))
    )


def exchanged(one: Figure, other: Figure) -> Figure | None:
    """A figure with the features of another one, laid so that its eyes are where its own were; None: they
    would not lie on plain ground, or be hardly seen on it, or not all of them fit in."""
    from scipy.ndimage import binary_dilation, distance_transform_edt

    if len(one.eyes) != 2 or len(other.eyes) != 2:
        return None
    mine, theirs = ([each for each in features(figure) if each.free] for figure in (one, other))
    if len(theirs) < min(2, len(mine)) or not (_all_seeing(one, mine) and _all_seeing(other, theirs)):
        return None
    a, b = (np.array(eye[:2]) for eye in sorted(one.eyes, key=lambda eye: eye[1]))
    c, d = (np.array(eye[:2]) for eye in sorted(other.eyes, key=lambda eye: eye[1]))
    scale = float(np.hypot(*(d - c))) / max(float(np.hypot(*(b - a))), 1e-3)
    if not EYES_APART[0] < scale < EYES_APART[1]:
        return None
    side = len(one.labels)
    at = (np.asarray(np.mgrid[:side, :side]) + 0.5) / side
    under = (c + d)[:, None, None] / 2 + scale * (at - (a + b)[:, None, None] / 2)
    pixel = tuple(np.clip(under * side, 0, side - 1).astype(int))
    covered = np.any([each.covers for each in mine] or [np.zeros_like(one.inside)], 0)
    nearest = distance_transform_edt(covered | ~one.inside, return_distances=False, return_indices=True)
    bare = np.where(covered, one.labels[tuple(nearest)], one.labels)
    labels, deep, grounds = bare.copy(), distance_transform_edt(one.inside) > GAP, set()
    for each in theirs:
        seen = each.covers[pixel]
        if not seen.any() or not deep[seen].all():
            return None
        beside = bare[binary_dilation(seen, iterations=JOINED)]
        ground = int(np.bincount(beside).argmax())
        before = other.labels[binary_dilation(each.covers, iterations=JOINED) & ~each.covers]
        grounds.add((ground, int(np.bincount(before).argmax())))
        set_in = other.lab[np.unique(other.labels[each.covers]) - 1] - one.lab[ground - 1]
        if (beside == ground).mean() < ONE or np.linalg.norm(set_in, axis=1).max() < CLEAR:
            return None
        labels = np.where(seen, other.labels[pixel] + len(one.lab), labels)
    if len(grounds) > 1:  # a nose without the snout that it is on
        return None
    eyes = tuple(
        (*((np.array(eye[:2]) - (c + d) / 2) / scale + (a + b) / 2), eye[2] / scale) for eye in other.eyes
    )
    shaded = tuple((p + len(one.lab), q + len(one.lab)) for p, q in other.shaded)
    lab = np.concatenate([one.lab, other.lab])
    return replace(one, labels=labels, lab=lab, eyes=eyes, shaded=one.shaded + shaded)


def _all_seeing(figure: Figure, found: list[Feature]) -> bool:
    """Whether every eye of a figure lies in one of some features."""
    side = len(figure.labels)
    return all(any(each.covers[int(y * side), int(x * side)] for each in found) for y, x, _ in figure.eyes)
