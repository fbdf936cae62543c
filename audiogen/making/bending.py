"""How a figure is laid over a sketch: where, how slender, bent towards it and towards others of its kind.

Bending is smooth (Thirion's demons, 1998). A figure is bent towards a mean of outlines, as distances from
them are averaged; then it takes proportions of its own: a larger head, a broader foot, a lean.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from audiogen.artifacts import Contour
from audiogen.media import drawing
from audiogen.media.painting.textures import resized, step

GRID = 64  # pixels on which outlines are compared and bent
EXTENT = (0.76, 0.88)  # of the picture that a figure's longer side takes
SLENDER = 1.25  # times that a figure may be drawn out or pressed together, as the sketch is
ROUNDS, PULL, STIFF = 24, 0.9, 5.0  # of bending: rounds, pixels of GRID in one at most, smoothness
ALIKE = 0.5  # overlap from which a figure is bent to a sketch
SMOOTH, SMOOTHER = 1.4, 2.4  # pixels of a map, and of what is not thin
LOOSE, FARTHEST = 1.0, 12.0  # pixels of a map that an edge may move, and beyond which depth is not told
TAUT, SMOOTHED = 3.5, 1.2  # of it: blur of depths, and of what then lies within `LOOSE`
NEAR = 1.5  # pixels of a map around a label in which it is looked for
EVERY = 8  # pixels of a picture to a place that a straightening looks at
BRUSH = np.hypot(*np.mgrid[-4:5, -4:5]) < 4.3  # a disc of nine pixels of a map
ROUND = (1.15, 2.0)  # radii to which a disc keeps its form, and from which all else is as it was
NARROWEST = 1.4  # of the latter
UNFOLDED = 0.45  # of what lies between: places are moved so far at most
TOGETHER = (0.42, 0.46)  # of the picture that each of several figures takes
MANY = 0.58  # of that, from five on
MIDDLES = (  # of so many figures: (y, x)
    ((0.5, 0.5),),
    ((0.52, 0.26), (0.48, 0.74)),
    ((0.27, 0.5), (0.72, 0.26), (0.72, 0.74)),
    ((0.27, 0.26), (0.27, 0.74), (0.73, 0.26), (0.73, 0.74)),
)
ROWS = {5: (3, 2), 6: (3, 3), 7: (2, 3, 2), 8: (3, 2, 3), 9: (3, 3, 3)}  # and of more
SPREAD = np.array([0.13, 0.1, 0.1, 0.06, 0.06, 0.05])  # standard deviations of `Proportions`
MOST = 1.7  # of these
STRAIGHT = 0.5  # of these for what has straight edges, a house or a key


def sketched(contour: Contour) -> np.ndarray | None:
    """What a sketch encloses, bool [GRID, GRID]; None: nothing."""
    ink = drawing.shrunk(contour.pixels, GRID) > 0.35
    solid = drawing.enclosed(ink)
    return solid if solid.sum() > 1.5 * ink.sum() else None


def box_of(figure: np.ndarray) -> np.ndarray:
    """(top, left, height, width) of the smallest box around it, in shares."""
    rows, columns = np.flatnonzero(figure.any(1)), np.flatnonzero(figure.any(0))
    box = rows[0], columns[0], rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0]
    return np.array(box, np.float32) / len(figure)


def overlap(figure: np.ndarray, sketch: np.ndarray) -> float:
    """Of two, each cut to its box and stretched to one square, and how alike the boxes are: 0..1."""
    cut = []
    for each in (figure, sketch):
        top, left, height, width = np.round(box_of(each) * len(each)).astype(int)
        cut.append(resized(each[top : top + height, left : left + width].astype(np.float32), 32) > 0.5)
    slender = [np.log(box[3] / box[2]) for box in (box_of(figure), box_of(sketch))]
    both, either = (cut[0] & cut[1]).sum(), (cut[0] | cut[1]).sum()
    return float(both / max(either, 1) * np.exp(-0.5 * abs(slender[0] - slender[1])))


def place(number: int, count: int, rng: np.random.Generator, free: float = 0.0) -> np.ndarray:
    """Where the map of one of some figures lies: (top, left, height, width); `free`: a share of it that
    one of several leaves."""
    size = rng.uniform(*EXTENT) if count == 1 else rng.uniform(*TOGETHER)
    size *= 1 - free * (count > 1)
    if count in ROWS:
        rows = [((k + 0.5) / len(ROWS[count]), wide) for k, wide in enumerate(ROWS[count])]
        middles = [(y, 0.5 + 0.31 * (k - (wide - 1) / 2)) for y, wide in rows for k in range(wide)]
        size *= MANY
    else:
        middles = list(MIDDLES[count - 1])
    y, x = np.array(middles[number]) + rng.uniform(-0.015, 0.015, 2)
    return np.array([y - size / 2, x - size / 2, size, size], np.float32)


def place_of(sketch: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Where the map of a figure lies over a sketch: in its middle, as slender as it, within limits."""
    own, its = box_of(labels > 0), box_of(sketch)
    drawn_out = np.clip(np.sqrt(its[3] / its[2] / (own[3] / own[2])), 1 / SLENDER, SLENDER) ** 0.5
    stretch = np.array([1 / drawn_out, drawn_out])
    size = rng.uniform(*EXTENT) / max(own[2:] * stretch) * stretch
    middle = 0.5 + 0.5 * (its[:2] + its[2:] / 2 - 0.5)
    corner = middle - (own[:2] + own[2:] / 2) * size
    low, high = 0.03 - own[:2] * size, 0.97 - (own[:2] + own[2:]) * size
    return np.concatenate([np.clip(corner, low, high), size]).astype(np.float32)


def bent(figure: np.ndarray, place: np.ndarray, *towards: tuple[np.ndarray, float]) -> np.ndarray:
    """How far a figure is bent towards others: float32 [2, GRID, GRID], in shares of the picture.

    They are brought to the figure's box first: what is left is form.

    Args:
        figure: bool [n, n]. place: (top, left, height, width) of its map, in shares.
        towards: what a sketch or another figure covers, and its weight; what is left of 1 is
            the figure's own. Those that are too unlike it count as the figure itself.
    """
    from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

    at = (np.asarray(np.mgrid[:GRID, :GRID]) + 0.5) / GRID
    own = box_of(figure)
    box = np.concatenate([place[:2] + own[:2] * place[2:], own[2:] * place[2:]])

    def depth(mask: np.ndarray, where: np.ndarray) -> np.ndarray:
        held = np.asarray(map_coordinates(mask.astype(np.float32), where * len(mask) - 0.5, order=1)) > 0.5
        signed = distance_transform_edt(held) - distance_transform_edt(~held)
        return np.asarray(gaussian_filter(signed, 1.0))

    mine = depth(figure, (at - place[:2, None, None]) / place[2:, None, None])
    wanted = mine
    for other, weight in towards:
        its = box_of(other)
        where = (at - box[:2, None, None]) / box[2:, None, None] * its[2:, None, None]
        theirs = depth(other, its[:2, None, None] + where)
        both, either = ((mine > 0) & (theirs > 0)).sum(), ((mine > 0) | (theirs > 0)).sum()
        if both / max(either, 1) >= ALIKE:
            wanted = theirs if weight == 1 else wanted + weight * (theirs - mine)
    shift = np.zeros((2, GRID, GRID))
    if wanted is mine:
        return shift
    grid = np.asarray(np.mgrid[:GRID, :GRID]).astype(float)
    for _ in range(ROUNDS):
        here = map_coordinates(mine, grid + shift, order=1, mode="nearest")
        slope = np.stack(np.gradient(here))
        gap = np.clip(wanted - here, -3, 3) * (np.abs(here) < 6)
        step = gap * slope / np.maximum((slope**2).sum(0) + 0.25 * gap**2, 0.2)
        shift = gaussian_filter(shift + np.clip(step, -PULL, PULL), (0, STIFF, STIFF))
    return shift / GRID


def shifted(shift: np.ndarray, at: np.ndarray) -> np.ndarray:
    """A movement [2, GRID, GRID] at places [2, h, w], in shares."""
    from scipy.ndimage import map_coordinates

    where = at * GRID - 0.5
    return np.stack([map_coordinates(each, where, order=1, mode="nearest") for each in shift])


@dataclass(frozen=True)
class Proportions:
    """How a figure differs from the remembered one, over a figure that reaches from -1 to 1: where its middle
    is, how broad it is at foot and at waist, how it leans and curves, and how it is turned, radians."""

    middle: float
    foot: float
    waist: float
    lean: float
    curve: float
    turn: float

    @classmethod
    def draw(cls, rng: np.random.Generator, supple: bool) -> Proportions:
        """Of a living thing or food (`supple`), or of what has straight edges."""
        far = np.clip(rng.standard_normal(len(SPREAD)), -MOST, MOST)
        return cls(*((1.0 if supple else STRAIGHT) * far * SPREAD))

    def even(self) -> Proportions:
        """Those of what is the same on both sides."""
        return replace(self, lean=0.0, curve=0.0)

    def places(self, at: np.ndarray, box: np.ndarray) -> np.ndarray:
        """Where in the figure is what is seen at places [2, h, w] of a picture; `box`: of the figure."""
        half = (box[2:] / 2)[:, None, None]
        centre = box[:2, None, None] + half
        y, x = at - centre  # turned where both axes have one unit
        sine, cosine = np.sin(self.turn), np.cos(self.turn)
        y, x = (y * cosine - x * sine) / half[0], (y * sine + x * cosine) / half[1]
        within = np.clip(y, -1.0, 1.0)
        x = x + self.lean * within + self.curve * (within**2 - 1 / 3)
        x = x * np.exp(self.foot * within + self.waist * (1.5 * within**2 - 0.5))
        y = y + self.middle * (1 - within**2)
        return np.stack([y, x]) * half + centre


def swollen(
    at: np.ndarray, middle: tuple[float, float], radius: float, grown: float, reach: float
) -> np.ndarray:
    """Places [2, h, w] in a map that lie under places of one in which a disc is `grown` times as large; what
    is farther away than `reach` radii stays."""
    away = np.stack([at[0] - middle[0], at[1] - middle[1]])
    near = (np.abs(away) < reach * radius).all(0)  # most places are far away
    away = away[:, near]
    far = np.hypot(*away) / radius
    nearer = np.interp(far, (0, grown, reach), (0, 1, reach)) / np.maximum(far, 1e-6)
    out = at.astype(np.float64)
    out[:, near] -= away * np.where(far < reach, 1 - nearer, 0)
    return out


def rounded(at: np.ndarray, middle: tuple[float, float], radius: float, room: float) -> np.ndarray:
    """Places [2, h, w] in a map that lie under places of one in which a disc keeps its form; what is farther
    away than `room` stays."""
    kept, far = ROUND[0], min(ROUND[1], room / radius)
    own = np.hypot(at[0] - middle[0], at[1] - middle[1]) < radius
    if not own.any() or far < NARROWEST:
        return at
    places = np.asarray(np.mgrid[: own.shape[0], : own.shape[1]]).astype(float)
    away = places - places[:, own].mean(1)[:, None, None]
    away *= radius * np.sqrt(np.pi / own.sum())
    weight = 1 - step(kept, far, np.hypot(*away) / radius)
    moved = weight * (np.array(middle)[:, None, None] + away - at)
    return at + moved * min(1, UNFOLDED * (far - kept) * radius / max(np.hypot(*moved).max(), 1e-6))


def slight(mask: np.ndarray) -> np.ndarray:
    """What of a mask [n, n] is thin, or a sharp corner: no `BRUSH` comes there."""
    from scipy.ndimage import binary_opening

    return np.asarray(mask & ~binary_opening(mask, BRUSH))


def fitted(at: np.ndarray, lies: np.ndarray, box: np.ndarray) -> np.ndarray:
    """Places [2, h, w] moved and scaled so that what lies in one box is seen in another."""
    scale = (lies[2:] / box[2:]).max()
    middles = [(each[:2] + each[2:] / 2)[:, None, None] for each in (lies, box)]
    return middles[0] + (at - middles[1]) * scale


def straightened(at: np.ndarray, inside: np.ndarray, round_: bool = False, wider: float = 1.0) -> np.ndarray:
    """Places [2, h, w] in a map such that straight lines stay straight, the nearest to those given.

    Args:
        inside: what a figure covers of the map, bool [n, n]. round_: discs stay discs as well.
        wider: so many times as much of the map is seen.
    """
    pixel = np.clip(at[:, ::EVERY, ::EVERY] * len(inside), 0, len(inside) - 1).astype(int)
    seen = inside[tuple(pixel)]
    if not seen.any():
        return at
    y, x = np.asarray(np.mgrid[: at.shape[1], : at.shape[2]]) / at.shape[1] - 0.5
    (v, u), (b, a) = at[:, ::EVERY, ::EVERY][:, seen], (y[::EVERY, ::EVERY][seen], x[::EVERY, ::EVERY][seen])
    one, none = np.ones_like(a), np.zeros_like(a)
    if round_:
        rows = np.array([[a, -b, one, none], [b, a, none, one]])
    else:  # a homography, as in projective geometry
        rows = np.array(
            [
                [a, b, one, none, none, none, -u * a, -u * b],
                [none, none, none, a, b, one, -v * a, -v * b],
            ]
        )
    found = np.linalg.lstsq(np.concatenate(rows, 1).T, np.concatenate([u, v]), rcond=None)[0]
    y, x = wider * y, wider * x
    if round_:
        c, s, right, down = found
        return np.stack([s * x + c * y + down, c * x - s * y + right])
    far = np.maximum(found[6] * x + found[7] * y + 1, 0.2)
    return np.stack([found[3] * x + found[4] * y + found[5], found[0] * x + found[1] * y + found[2]]) / far


def taut(labels: np.ndarray) -> np.ndarray:
    """How far inside each label is, pixels of a map [n, n], as float32 [K, n, n]: edges as even as can be
    that lie within `LOOSE` of those of the map, whose stairs are an error of half a pixel."""
    from scipy.ndimage import distance_transform_edt, gaussian_filter

    out, outer = [], slight(labels > 0)
    for label in np.unique(labels):
        held = labels == label
        thin = gaussian_filter((slight(held) | outer).astype(np.float32), SMOOTH)  # lost in a wide blur
        loose = LOOSE * np.clip(1 - 3 * thin, 0, 1)
        away = distance_transform_edt(held) - distance_transform_edt(~held)
        own = np.clip(away - 0.5 * np.sign(away), -FARTHEST, FARTHEST).astype(np.float32)
        even = np.clip(gaussian_filter(own, TAUT), own - loose, own + loose)
        out.append(gaussian_filter(even, SMOOTHED))
    return np.array(out, np.float32)


def outlined(labels: np.ndarray, at: np.ndarray) -> np.ndarray:
    """As `enlarged`, with taut edges."""
    from scipy.ndimage import map_coordinates

    wide = np.pad(labels, 2)
    where = at * len(labels) + 2  # pixels of `wide`
    best, out = np.full(at.shape[1:], -np.inf, np.float32), np.zeros(at.shape[1:], int)
    for label, inside in zip(np.unique(wide), taut(wide), strict=True):
        deep = inside > -NEAR
        rows, columns = np.flatnonzero(deep.any(1)), np.flatnonzero(deep.any(0))
        near = (where[0] >= rows[0]) & (where[0] <= rows[-1] + 1)
        near &= (where[1] >= columns[0]) & (where[1] <= columns[-1] + 1)
        if label == 0:
            near[:] = True
        depth = map_coordinates(
            resized(inside, 2 * len(wide)), 2 * where[:, near] - 0.5, order=1, mode="nearest"
        )
        more = depth > best[near]
        best[near], out[near] = np.where(more, depth, best[near]), np.where(more, label, out[near])
    return out


def enlarged(labels: np.ndarray, at: np.ndarray, fine: int = 1) -> np.ndarray:
    """Labels at places [2, SIZE, SIZE] in shares of their map: each has a soft share, the most counts.

    Args:
        fine: shares are drawn up so many times, smoothly, before they are read between their pixels.
    """
    from scipy.ndimage import gaussian_filter, map_coordinates

    side = len(labels)
    wide = np.pad(labels, 2)
    thin = np.any([slight(wide == label) for label in np.unique(wide)], 0) if fine > 1 else wide > 0
    narrow = np.clip(3 * gaussian_filter(thin.astype(np.float32), SMOOTH), 0, 1)  # it is lost in a wider blur
    best, out = np.zeros(at.shape[1:], np.float32), np.zeros(at.shape[1:], int)
    for label in np.unique(wide):
        soft = gaussian_filter((wide == label).astype(np.float32), SMOOTH)
        if fine > 1:
            soft += (1 - narrow) * (gaussian_filter((wide == label).astype(np.float32), SMOOTHER) - soft)
        soft = resized(soft, fine * len(wide)) if fine > 1 else soft
        share = map_coordinates(soft, fine * (at * side + 2) - 0.5, order=1, mode="nearest")
        more = share > best
        best[more], out[more] = share[more], label
    return out
