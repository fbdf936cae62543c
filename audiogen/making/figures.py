"""Figures: what a subject looks like, bent to a sketch.

A sketch says where a subject is, how large, and what its outline is; what it says of eyes, wheels and stripes
is seldom clear. The figures are remembered as maps of regions, several of each subject. One whose outline is
like the sketch's is laid over it and bent towards it, smoothly (Thirion's demons, 1998), as far as it stays
itself. Colours that the words ask for take the place of its main ones, big eyes grow, fur is ruffled.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from audiogen.artifacts import Conditioning, Contour
from audiogen.errors import MissingModel
from audiogen.making.layouts import HUED, LEAST_HUED, UNHUED, fitting, usual_hue
from audiogen.media import drawing
from audiogen.media.colour import COLOURS, rgb_to_lab
from audiogen.media.painting.forms import Form
from audiogen.media.painting.textures import SIZE, clouds, resized
from audiogen.registry import checksum, find_weights

WEIGHTS = "picture-figures"
BIG_EYES, FLUFFY = "big eyes", "fluffy"
GROWN = 1.6  # times as large are big eyes
AROUND_EYE = 2.6  # radii within which the face gives way
GRID = 64  # pixels on which outlines are compared and bent
BEST = 4  # figures that are drawn from
EXTENT = (0.76, 0.88)  # of the picture that a figure's longer side takes
SLENDER = 1.25  # times that a figure may be drawn out or pressed together, as the sketch is
ROUNDS, PULL, STIFF = 24, 0.9, 5.0  # of bending: rounds, pixels of GRID in one at most, smoothness
ALIKE = 0.5  # overlap from which a figure is bent to a sketch
SWAY = 0.011  # of the picture: free movement of all that is drawn
VARIED = 0.06  # of the picture: movement of what is varied
SMOOTH = 1.4  # pixels of a map
SHARE = 0.03  # of a figure's pixels from which a second colour counts
TOGETHER = (0.42, 0.46)  # of the picture that each of several figures takes
MIDDLES = (  # of so many figures: (y, x)
    ((0.5, 0.5),),
    ((0.52, 0.26), (0.48, 0.74)),
    ((0.27, 0.5), (0.72, 0.26), (0.72, 0.74)),
    ((0.27, 0.26), (0.27, 0.74), (0.73, 0.26), (0.73, 0.74)),
)
EYES_APART = 25.0  # L* between eyes and what is around them, at least
BRIGHT_EYES, DARK_EYES = (84.0, -4.0, 62.0), (14.0, 0.0, -2.0)  # CIELAB


@dataclass(frozen=True, eq=False)
class Figures:
    """Remembered figures.

    Attributes:
        side: pixels of a map. subjects: names; of: number of the subject of each, int64 [N].
        main: name of the main colour of each, "" where none is clear. details: what else is seen in each.
        eyes: (y, x, radius) of the eyes of each, in shares of the side. turns: whether its mirror image is as
            good.
        colours: uint8 [N, K, 3]. packed, starts: the maps, see `lab.data.prepare_figures`.
        source: name and sha256, for recipes.
    """

    side: int
    subjects: tuple[str, ...]
    of: np.ndarray
    main: tuple[str, ...]
    details: tuple[tuple[str, ...], ...]
    eyes: tuple[tuple[tuple[float, float, float], ...], ...]
    turns: tuple[bool, ...]
    colours: np.ndarray
    packed: np.ndarray
    starts: np.ndarray
    source: dict[str, str]

    @classmethod
    def load(cls, source: str | Path = WEIGHTS) -> Figures:
        """Read a weights folder.

        Raises:
            MissingModel: not there, damaged, or something else.
        """
        folder = find_weights(source)
        try:
            return _read(folder, str(source))
        except (OSError, KeyError, ValueError, TypeError) as problem:
            raise MissingModel(f"{folder} holds no figures: {problem}") from problem

    def labels(self, row: int) -> np.ndarray:
        """The map of one, uint8 [side, side], 0 outside, else 1 + the number of its colour."""
        packed = self.packed[self.starts[row] : self.starts[row + 1]].tobytes()
        return np.frombuffer(zlib.decompress(packed), np.uint8).reshape(self.side, self.side)

    def form(
        self, contour: Contour, known: Conditioning, seed: int, varied: float = 0.0, other: int = 0
    ) -> Form | None:
        """What is painted for a sketch; None: the subject is not among the remembered ones.

        Args:
            contour: of any size; an empty one: as the figure is.
            varied: how much of it is otherwise, 0..1, as the seed `other` draws it.
        """
        if known.subject not in self.subjects:
            return None
        rng = np.random.default_rng(seed)
        moved = VARIED * varied * np.random.default_rng(other).standard_normal((2, 5, 5))
        rows = self._rows(known)
        count = min(known.count or 1, len(MIDDLES))
        sketch = _sketched(contour) if count == 1 else None
        labels, lab, eyes = np.zeros((SIZE, SIZE), int), [np.zeros((1, 3), np.float32)], []
        for number in range(count):
            row, mirrored = self._chosen(rows, sketch, rng)
            place = _place(number, count, rng) if sketch is None else _place_of(sketch, self.labels(row), rng)
            one, seen = self._drawn(row, mirrored, place, sketch, moved, BIG_EYES in known.details, rng)
            labels = np.where(one > 0, one + sum(map(len, lab)) - 1, labels)
            lab.append(self._coloured(row, known))
            eyes += seen
        return Form(labels, np.concatenate(lab), tuple(eyes))

    def _rows(self, known: Conditioning) -> np.ndarray:
        asked = [name for name in known.details if name in COLOURS]
        wanted = set(known.details) - {BIG_EYES, FLUFFY}
        rows = np.flatnonzero(self.of == self.subjects.index(known.subject or ""))
        rows = fitting(rows, self.details, self.main, wanted, asked)
        if BIG_EYES in known.details:
            seeing = np.array([bool(self.eyes[row]) for row in rows])
            rows = rows[seeing] if seeing.any() else rows
        return rows

    def _chosen(
        self, rows: np.ndarray, sketch: np.ndarray | None, rng: np.random.Generator
    ) -> tuple[int, bool]:
        """A figure, and whether it is mirrored: of those that overlap the sketch best, where there is one."""
        each = [(int(row), turned) for row in rows for turned in (False, True)[: 1 + self.turns[row]]]
        if sketch is not None:
            overlap = [_overlap(_filled(self.labels(row), turned), sketch) for row, turned in each]
            each = [each[k] for k in np.argsort(overlap, kind="stable")[::-1][:BEST]]
        return each[rng.integers(len(each))]

    def _drawn(
        self,
        row: int,
        mirrored: bool,
        place: np.ndarray,
        sketch: np.ndarray | None,
        moved: np.ndarray,
        large: bool,
        rng: np.random.Generator,
    ) -> tuple[np.ndarray, list[tuple[float, float, float]]]:
        """Labels [SIZE, SIZE] of one figure in a place (top, left, height, width of its map, in shares), and
        its eyes in pixels."""
        labels, eyes = self.labels(row), self.eyes[row]
        if mirrored:
            labels, eyes = labels[:, ::-1], tuple((y, 1 - x, radius) for y, x, radius in eyes)
        at = np.asarray(np.mgrid[:SIZE, :SIZE] + 0.5).astype(np.float32) / SIZE
        at += SWAY * np.stack([clouds(rng, 320, 2), clouds(rng, 320, 2)])
        at += np.stack([resized(each) for each in moved])
        if sketch is not None:
            at += _bent(labels > 0, place, sketch)
        at = (at - place[:2, None, None]) / place[2:, None, None]
        near = [int(np.hypot(at[0] - y, at[1] - x).argmin()) for y, x, _ in eyes]
        if large:
            for y, x, radius in eyes:
                away = np.stack([at[0] - y, at[1] - x])
                far = np.hypot(*away) / radius
                nearer = np.interp(far, (0, GROWN, AROUND_EYE), (0, 1, AROUND_EYE)) / np.maximum(far, 1e-6)
                at = at - away * np.where(far < AROUND_EYE, 1 - nearer, 0)
        scale = SIZE * float(place[2:].mean()) * (GROWN if large else 1.0)
        seen = [(k // SIZE + 0.5, k % SIZE + 0.5, eye[2] * scale) for k, eye in zip(near, eyes, strict=True)]
        return _enlarged(labels, at), seen

    def _coloured(self, row: int, known: Conditioning) -> np.ndarray:
        """CIELAB [K, 3] of a figure's colours, the main ones as asked."""
        labels = self.labels(row)
        lab = rgb_to_lab(self.colours[row, : labels.max()] / 255)
        counts = np.bincount(labels.ravel(), minlength=len(lab) + 1)[1:]
        asked = [name for name in known.details if name in COLOURS]
        if not asked and self.main[row] in UNHUED:
            rows = np.flatnonzero(self.of == self.subjects.index(known.subject or ""))
            hue = usual_hue([self.main[k] for k in rows if not self.details[k]])
            asked = [hue] if hue else []
        elif self.main[row] in asked[:1] and len(asked) == 1:
            asked = []
        lab = _recoloured(lab, counts, asked)
        for y, x, _ in self.eyes[row]:
            eye, body = labels[int(y * self.side), int(x * self.side)] - 1, counts.argmax()
            if eye not in (-1, body) and abs(lab[eye, 0] - lab[body, 0]) < EYES_APART:
                lab[eye] = BRIGHT_EYES if lab[body, 0] < 50 else DARK_EYES
        return lab


@lru_cache(maxsize=2)
def _read(folder: Path, name: str) -> Figures:
    from safetensors.numpy import load_file

    file = folder / "model.safetensors"
    arrays = load_file(file)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    of, starts, colours = (arrays[key] for key in ("of", "starts", "colours"))
    lists = {key: config[key] for key in ("main", "details", "eyes", "turns")}
    if {len(of), len(starts) - 1, len(colours)} | {len(each) for each in lists.values()} != {len(of)}:
        raise ValueError("its arrays and its lists do not fit")
    eyes = tuple(tuple(tuple(eye) for eye in each) for each in lists["eyes"])
    source = {"name": name, "sha256": checksum(file)}
    return Figures(
        config["side"],
        tuple(config["subjects"]),
        of,
        tuple(lists["main"]),
        tuple(map(tuple, lists["details"])),
        eyes,
        tuple(lists["turns"]),
        colours,
        arrays["packed"],
        starts,
        source,
    )


def _sketched(contour: Contour) -> np.ndarray | None:
    """What a sketch encloses, bool [GRID, GRID]; None: nothing."""
    ink = drawing.shrunk(contour.pixels, GRID) > 0.35
    solid = drawing.enclosed(ink)
    return solid if solid.sum() > 1.5 * ink.sum() else None


def _filled(labels: np.ndarray, mirrored: bool) -> np.ndarray:
    figure = labels > 0
    return figure[:, ::-1] if mirrored else figure


def _box(figure: np.ndarray) -> np.ndarray:
    """(top, left, height, width) of the smallest box around it, in shares."""
    rows, columns = np.flatnonzero(figure.any(1)), np.flatnonzero(figure.any(0))
    box = rows[0], columns[0], rows[-1] + 1 - rows[0], columns[-1] + 1 - columns[0]
    return np.array(box, np.float32) / len(figure)


def _overlap(figure: np.ndarray, sketch: np.ndarray) -> float:
    """Of two, each cut to its box and stretched to one square, and how alike the boxes are: 0..1."""
    cut = []
    for each in (figure, sketch):
        top, left, height, width = np.round(_box(each) * len(each)).astype(int)
        cut.append(resized(each[top : top + height, left : left + width].astype(np.float32), 32) > 0.5)
    slender = [np.log(box[3] / box[2]) for box in (_box(figure), _box(sketch))]
    both, either = (cut[0] & cut[1]).sum(), (cut[0] | cut[1]).sum()
    return float(both / max(either, 1) * np.exp(-0.5 * abs(slender[0] - slender[1])))


def _place(number: int, count: int, rng: np.random.Generator) -> np.ndarray:
    """Where the map of one of some figures lies: (top, left, height, width)."""
    size = rng.uniform(*EXTENT) if count == 1 else rng.uniform(*TOGETHER)
    y, x = MIDDLES[count - 1][number] + rng.uniform(-0.015, 0.015, 2)
    return np.array([y - size / 2, x - size / 2, size, size], np.float32)


def _place_of(sketch: np.ndarray, labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Where the map of a figure lies over a sketch: in its middle, as slender as it, within limits."""
    own, its = _box(labels > 0), _box(sketch)
    drawn_out = np.clip(np.sqrt(its[3] / its[2] / (own[3] / own[2])), 1 / SLENDER, SLENDER) ** 0.5
    stretch = np.array([1 / drawn_out, drawn_out])
    size = rng.uniform(*EXTENT) / max(own[2:] * stretch) * stretch
    middle = 0.5 + 0.5 * (its[:2] + its[2:] / 2 - 0.5)
    corner = middle - (own[:2] + own[2:] / 2) * size
    low, high = 0.03 - own[:2] * size, 0.97 - (own[:2] + own[2:]) * size
    return np.concatenate([np.clip(corner, low, high), size]).astype(np.float32)


def _bent(figure: np.ndarray, place: np.ndarray, sketch: np.ndarray) -> np.ndarray:
    """How far a figure is bent towards a sketch: float32 [2, SIZE, SIZE], in shares of the picture.

    The sketch is brought to the figure's box first: what is left is form.
    """
    from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

    at = (np.asarray(np.mgrid[:GRID, :GRID]) + 0.5) / GRID
    own, its = _box(figure), _box(sketch)
    box = np.concatenate([place[:2] + own[:2] * place[2:], own[2:] * place[2:]])

    def depth(mask: np.ndarray, where: np.ndarray) -> np.ndarray:
        held = np.asarray(map_coordinates(mask.astype(np.float32), where * len(mask) - 0.5, order=1)) > 0.5
        signed = distance_transform_edt(held) - distance_transform_edt(~held)
        return np.asarray(gaussian_filter(signed, 1.0))

    mine = depth(figure, (at - place[:2, None, None]) / place[2:, None, None])
    theirs = depth(
        sketch, its[:2, None, None] + (at - box[:2, None, None]) / box[2:, None, None] * its[2:, None, None]
    )
    both, either = ((mine > 0) & (theirs > 0)).sum(), ((mine > 0) | (theirs > 0)).sum()
    shift = np.zeros((2, GRID, GRID))
    if both / max(either, 1) < ALIKE:
        return np.zeros((2, SIZE, SIZE), np.float32)
    grid = np.asarray(np.mgrid[:GRID, :GRID]).astype(float)
    for _ in range(ROUNDS):
        here = map_coordinates(mine, grid + shift, order=1, mode="nearest")
        slope = np.stack(np.gradient(here))
        gap = np.clip(theirs - here, -3, 3) * (np.abs(here) < 6)
        step = gap * slope / np.maximum((slope**2).sum(0) + 0.25 * gap**2, 0.2)
        shift = gaussian_filter(shift + np.clip(step, -PULL, PULL), (0, STIFF, STIFF))
    return np.stack([resized(each) for each in shift / GRID])


def _enlarged(labels: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Labels at places [2, SIZE, SIZE] in shares of their map: each has a soft share, the most counts."""
    from scipy.ndimage import gaussian_filter, map_coordinates

    side = len(labels)
    wide = np.pad(labels, 2)
    best, out = np.zeros(at.shape[1:], np.float32), np.zeros(at.shape[1:], int)
    for label in np.unique(wide):
        soft = gaussian_filter((wide == label).astype(np.float32), SMOOTH)
        share = map_coordinates(soft, at * side + 1.5, order=1, mode="nearest")
        more = share > best
        best[more], out[more] = share[more], label
    return out


def _recoloured(lab: np.ndarray, counts: np.ndarray, names: list[str]) -> np.ndarray:
    """Colours with the main ones in other hues, the first the most seen; light and shade stay."""
    typical = np.array(list(COLOURS.values()), np.float32)
    nearest = ((lab[:, None] - typical) ** 2).sum(-1).argmin(1)
    totals = np.bincount(nearest, counts, len(typical))
    hued = np.linalg.norm(typical[:, 1:], axis=1) > HUED
    order = np.argsort(-totals, kind="stable")
    if totals[hued].sum() > LEAST_HUED * totals.sum():
        order = np.array([*order[hued[order]], *order[~hued[order]]])
    out = lab.copy()
    for name, old in zip(names, order, strict=False):
        of_it = nearest == old
        if totals[old] < (0 if name == names[0] else SHARE * totals.sum()):
            break
        middle = np.average(lab[of_it], 0, counts[of_it] + 1e-6)
        out[of_it] = COLOURS[name] + (lab[of_it] - middle) * (1.0, 0.3, 0.3)
    return out.astype(np.float32)
