"""A form: what is to be painted as regions of colour, firm at any size, with its lines and its eyes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from audiogen.media import drawing
from audiogen.media.colour import lab_to_rgb
from audiogen.media.painting import BODIED, CRISP, WHOLE
from audiogen.media.painting.outlines import PEAK, SPREAD, line, without_pieces
from audiogen.media.painting.strokes import Strokes, draw_lines
from audiogen.media.painting.textures import SIZE, blur, step

LINED = 20.0  # CIELAB: between colours that differ more there is a line
JOINED = 15.0  # those that differ less run into one another
WIDEST = 26.0  # between any two of those that run into one another
RUN = 5.0  # pixels that they do
SHADE = 10.0  # where they are bands of a shade
THIN = 7.0  # pixels: what is nowhere twice as wide gets no lines around it
OUTER_THIN = 5.0  # and of the figure itself
MOSTLY = 0.6  # of a piece is thin, where it counts as thin
VISIBLE = 72.0  # L*: what gets no line is at most so light
LIGHTEST = 94.0  # L* of a figure, on lighter paper
HAIRS = 1500  # of a fluffy figure
STEPS = 0.7  # pixels of a blur that leaves no stairs
STAIRS, MARGIN = 2.0, 8  # pixels: the blur in which edges of regions are straight, and around them
BESIDE = (4.0, 6.0)  # pixels from the edge of a region: beyond these there is no line
SHORTEST = 64  # pixels that a line within the figure has: about twice its length
EYE = 2.2  # radii of an eye: so far around it there is no fur


class Tufts(NamedTuple):
    """Of fur beyond an outline: pixels of the rim, 10 wide, to a tuft; lengths and widths, pixels; how much
    tufts taper, and how dark they are where they cover."""

    apart: int
    length: tuple[float, float]
    width: tuple[float, float]
    taper: float
    least: float


COARSE = Tufts(90, (20, 34), (9, 14), 0.9, 0.45)
FINE = Tufts(14, (20, 44), (3.5, 6.5), 1.0, 0.15)


@dataclass(frozen=True, eq=False)
class Form:
    """What is to be painted.

    Attributes:
        labels: int [SIZE, SIZE], 0 is the ground.
        lab: CIELAB of every label, float32 [K + 1, 3]; that of the ground is not used.
        eyes: (y, x, radius) in pixels. furry: whether its outline is of tufts, which are drawn all.
        rimmed: whether there is a line around these.
        shaded: pairs of labels that go over into one another, without a line.
        after: the illustrations that it was bent from, with whom to name.
        way: `Request.painting`.
    """

    labels: np.ndarray
    lab: np.ndarray
    eyes: tuple[tuple[float, float, float], ...] = ()
    furry: bool = False
    rimmed: bool = True
    after: tuple[str, ...] = ()
    shaded: tuple[tuple[int, int], ...] = ()
    way: int = CRISP

    @property
    def figure(self) -> np.ndarray:
        """bool [SIZE, SIZE]."""
        return self.labels > 0

    @property
    def pixels(self) -> np.ndarray:
        """Its colours on white, as a picture holds them, float32 [3, 256, 256]."""
        return drawing.resized(np.ascontiguousarray(self.colours.transpose(2, 0, 1)), 256)

    @property
    def lines(self) -> np.ndarray:
        """Its lines, as a contour holds them, float32 [64, 64]."""
        return np.clip(1.3 * drawing.shrunk(line(self.middles, 6.0), 64), 0, 1).astype(np.float32)

    @property
    def seeing(self) -> np.ndarray:
        """Its eyes, bool [SIZE, SIZE]."""
        y, x = np.mgrid[:SIZE, :SIZE]
        found = np.zeros((SIZE, SIZE), bool)
        for top, left, radius in self.eyes:
            found |= np.hypot(y - top, x - left) < radius + 1
        return found

    @property
    def broad(self) -> np.ndarray:
        """1 where its groups are broad, 0 where they are thin and outside: float32 [SIZE, SIZE]."""
        return (self.figure & ~self.thin[0]).astype(np.float32)

    @cached_property
    def groups(self) -> np.ndarray:
        """Labels whose colours run into one another as one group: int [SIZE, SIZE], 0 is the ground."""
        return _joined(self.lab, self.shaded)[self.labels]

    @cached_property
    def depth(self) -> np.ndarray:
        """Pixels to the nearest edge of a group, [SIZE, SIZE]."""
        return _depth(self.groups)

    @cached_property
    def thin(self) -> tuple[np.ndarray, np.ndarray]:
        """Where groups, and where the figure, are thin: bool [SIZE, SIZE] each."""
        figure = self.figure
        outer = np.zeros_like(figure) if self.furry else _thin(figure, _depth(figure), OUTER_THIN)
        inner = _thin(figure, self.depth, THIN)
        return (_mostly(inner, self.groups) if self.way >= BODIED else inner), outer

    @cached_property
    def colours(self) -> np.ndarray:
        """float32 [SIZE, SIZE, 3], sRGB; the ground white."""
        lab = np.minimum(self.lab, (LIGHTEST, np.inf, np.inf))
        lab[0] = 100, 0, 0
        pixels = lab_to_rgb(lab)[self.labels]
        faint = self.thin[1]
        pixels[faint] = lab_to_rgb(np.minimum(lab, (VISIBLE, np.inf, np.inf)))[self.labels[faint]]
        run = SHADE if self.shaded else RUN
        pixels = np.where(self.broad[..., None] > 0, self.within(pixels, run, mixed=True), pixels)
        return pixels if self.way < BODIED else self._fine(pixels)

    def _fine(self, pixels: np.ndarray) -> np.ndarray:
        """Pixels [SIZE, SIZE, 3] without stairs where regions of the figure meet."""
        covers = self.figure.astype(np.float32)
        share = np.maximum(blur(covers, STEPS), 1e-3)
        soft = np.stack([blur(pixels[..., c] * covers, STEPS) / share for c in range(3)], -1)
        return np.where(self.figure[..., None], soft, pixels).astype(np.float32)

    def within(self, pixels: np.ndarray, sigma: float, mixed: bool = False) -> np.ndarray:
        """Pixels [SIZE, SIZE, C] blurred without crossing from group to group; where they are one colour for
        each label (`mixed`) only groups of several labels are."""
        group_of = _joined(self.lab, self.shaded)
        out = pixels.copy()
        for group in np.unique(self.groups[self.figure]):
            if mixed and (group_of == group).sum() < 2:
                continue
            inside = self.groups == group
            weight = np.maximum(blur(inside.astype(np.float32), sigma), 1e-3)
            for c in range(pixels.shape[2]):
                soft = blur(np.where(inside, pixels[..., c], 0), sigma) / weight
                out[inside, c] = soft[inside]
        return out

    @cached_property
    def middles(self) -> np.ndarray:
        """Of its lines, see `outlines.middles`: around the figure and between regions, where they are not
        thin."""
        from scipy.ndimage import distance_transform_edt

        inner, outer = self.thin
        apart = np.linalg.norm(self.lab[:, None] - self.lab, axis=-1)
        apart[0] = apart[:, 0] = 0
        for a, b in self.shaded:
            apart[a, b] = apart[b, a] = 0
        outline, within = np.zeros((2, *self.labels.shape), bool)
        for axis in (0, 1):
            ahead = np.roll(self.labels, -1, axis)
            rim = (self.labels == 0) != (ahead == 0)
            between = (apart[self.labels, ahead] > LINED) & ~rim
            for drawn, meets, spared in ((outline, rim, outer), (within, between, inner)):
                kept = meets & ~(spared | np.roll(spared, -1, axis))
                drawn |= kept | np.roll(kept, 1, axis)
        if self.furry and not self.rimmed:
            outline[:] = False
        if self.way >= CRISP:
            figure = _ridges(self.figure.astype(int), outline)
            return np.maximum(figure, _ridges(self.labels, without_pieces(within, SHORTEST)))
        if not (drawn := outline | within).any():
            return np.zeros(drawn.shape, np.float32)
        away = np.maximum(distance_transform_edt(~drawn) - 0.5, 0)
        return np.asarray(PEAK * np.exp(-0.5 * (away / SPREAD) ** 2), np.float32)


def _ridges(labels: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """As `outlines.middles`, along edges of labels [SIZE, SIZE] near what is drawn, bool: a blur of a region
    tells how far its edge is, to parts of a pixel."""
    from scipy.ndimage import distance_transform_edt, find_objects, gaussian_filter
    from scipy.special import erfinv

    if not drawn.any():
        return np.zeros(drawn.shape, np.float32)
    nearest = np.full(labels.shape, np.inf, np.float32)
    for number, box in enumerate(find_objects(labels + 1)):
        if box is not None:
            box = tuple(slice(max(part.start - MARGIN, 0), part.stop + MARGIN) for part in box)
            soft = gaussian_filter((labels[box] == number).astype(np.float32), STAIRS, truncate=3)
            away = STAIRS * np.sqrt(2) * np.abs(erfinv(np.clip(2 * soft - 1, -0.9999, 0.9999)))
            nearest[box] = np.minimum(nearest[box], away)
    beside = 1 - step(*BESIDE, distance_transform_edt(~drawn))
    return np.asarray(beside * PEAK * np.exp(-0.5 * (nearest / SPREAD) ** 2), np.float32)


def fluffy(form: Form, rng: np.random.Generator) -> tuple[Form, np.ndarray]:
    """The form with tufts beyond its outline, and its hair: float32 [SIZE, SIZE], -1 (dark) to 1 (light)."""
    from scipy.ndimage import distance_transform_edt

    inside = np.asarray(distance_transform_edt(form.figure), np.float32)
    signed = blur(inside - np.asarray(distance_transform_edt(~form.figure), np.float32), 4.0)
    gy, gx = np.gradient(-blur(signed, 6.0))
    outward = (np.arctan2(gy, gx) + 0.3 * rng.standard_normal(signed.shape)).astype(np.float32)
    tufts = np.zeros(signed.shape, np.float32)
    furred = form.figure & ~form.thin[0] if form.way >= WHOLE else form.figure  # not whiskers
    rim = np.argwhere(furred & (inside > 0) & (inside < 10))
    way = FINE if form.way >= BODIED else COARSE
    many = len(rim) // way.apart
    start = rim[rng.choice(len(rim), many, replace=False)].astype(float)
    sizes = rng.uniform(*way.length, many), rng.uniform(*way.width, many), np.ones(many)
    draw_lines(tufts, Strokes(start, *sizes), outward, np.ones_like(tufts), taper=way.taper, build_up=False)
    grown = (tufts > way.least) & ~form.figure
    nearest = distance_transform_edt(~furred, return_distances=False, return_indices=True)
    labels = np.where(grown, form.labels[tuple(nearest)], form.labels)
    clear = (furred | grown if form.way >= BODIED else inside > 6).astype(np.float32)
    y, x = np.mgrid[: len(labels), : len(labels)]
    for top, left, radius in form.eyes:
        clear *= np.hypot(y - top, x - left) > EYE * radius + 4
    hair = np.zeros(signed.shape, np.float32)
    body = np.argwhere(clear > 0)
    for sign in (-1, 1):
        tone = np.zeros(signed.shape, np.float32)
        begin = body[rng.choice(len(body), min(len(body), HAIRS), replace=False)].astype(float)
        sizes = (
            rng.uniform(10, 24, len(begin)),
            rng.uniform(1.5, 3.0, len(begin)),
            rng.uniform(0.4, 1, len(begin)),
        )
        draw_lines(tone, Strokes(begin, *sizes), outward, clear, taper=0.9, build_up=False)
        hair += sign * tone
    return replace(form, labels=labels, furry=True), hair


def _joined(lab: np.ndarray, shaded: tuple[tuple[int, int], ...] = ()) -> np.ndarray:
    """The group of each label: the nearest are joined first, as long as no two in a group are far apart, and
    then those that are shades of one another."""
    group = np.arange(len(lab))
    apart = np.linalg.norm(lab[:, None] - lab, axis=-1)
    pairs = [(apart[a, b], a, b) for a in range(1, len(lab)) for b in range(1, a)]
    for away, a, b in sorted(pairs):
        one, other = group == group[a], group == group[b]
        if away < JOINED and apart[np.ix_(one, other)].max() < WIDEST:
            group[one] = group[b]
    for a, b in shaded:
        group[group == group[a]] = group[b]
    return group


def _mostly(thin: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Which pieces of groups are thin on the whole, bool, as `groups`: lines go around a piece or do not."""
    from scipy.ndimage import label

    pieces, above = np.zeros(groups.shape, int), 0
    for group in np.unique(groups[groups > 0]):
        found, count = label(groups == group)
        pieces += np.where(found > 0, found + above, 0)
        above += count
    sizes = np.maximum(np.bincount(pieces.ravel(), minlength=above + 1), 1)
    share = np.bincount(pieces.ravel(), thin.ravel(), above + 1) / sizes
    return np.asarray((share > MOSTLY)[pieces] & (groups > 0))


def _depth(groups: np.ndarray) -> np.ndarray:
    """Pixels to the nearest edge between groups."""
    from scipy.ndimage import distance_transform_edt

    edge = np.zeros(groups.shape, bool)
    for axis in (0, 1):
        meets = groups != np.roll(groups, -1, axis)
        edge |= meets | np.roll(meets, 1, axis)
    return np.asarray(distance_transform_edt(~edge))


def _thin(figure: np.ndarray, depth: np.ndarray, radius: float) -> np.ndarray:
    """Where in a figure, bool, no disc of a radius fits between edges that are `depth` away."""
    from scipy.ndimage import distance_transform_edt

    core = depth > radius - 0.5
    if not core.any():
        return figure
    return np.asarray(figure & (distance_transform_edt(~core) > radius + 1.5))
