"""Figures: what a subject looks like, bent to a sketch.

A sketch says where a subject is, how large, and what its outline is; what it says of eyes, wheels and stripes
is seldom clear. The figures are remembered as maps of regions, several of each subject. One whose outline is
like the sketch's is laid over it and bent towards it, and towards another figure of the subject; the seed
gives it proportions of its own, and its main colour is that of a third. Colours that the words ask for take
the place of its main ones, big eyes grow, fur is ruffled.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.artifacts import Conditioning, Contour
from audiogen.making import bending, faces, keeping
from audiogen.making.layouts import HUED, LEAST_HUED, UNHUED, fitting, usual_hue
from audiogen.making.parts import Figure, composed
from audiogen.making.remembered import remembered
from audiogen.media.colour import COLOURS, rgb_to_lab
from audiogen.media.painting import BODIED, CRISP, OWN, WHOLE
from audiogen.media.painting.forms import Form
from audiogen.media.painting.textures import SIZE, clouds, resized

WEIGHTS = "picture-figures"
BIG_EYES, FLUFFY = "big eyes", "fluffy"
IRIS, SMALLEST_IRIS = 1.5, 9.0  # radii of an eye, and pixels, that a coloured one has
GROWN = 1.6  # times as large are big eyes
AROUND_EYE = 2.6  # radii within which the face gives way
LARGER, AROUND = (0.8, 1.3), 1.9  # times as large are parts within a figure; radii within which it gives way
BEST, OFTENER = 4, 6  # figures that are drawn from: before recipes held `painting: 4`, and since
SWAY, SWAYS = 0.011, 0.008  # of the picture: free movement of all that is drawn, and since it is crisp
FINE = 4  # times as fine as a map its regions are read
WIDER = (1.0, 1.06, 1.12)  # times as much is seen of what would be cut by the frame
VARIED = 0.06  # of the picture: movement of what is varied
SHARE = 0.03  # of a figure's pixels from which a second colour counts
OTHER = (0.3, 0.6)  # weight of another figure's outline
SKETCH = (0.3, 0.4)  # and of the sketch's
TOO_ALIKE = 0.97  # overlap from which two are one drawing in two looks
EXCHANGED, CLOSE = 0.6, 0.7  # how often it gets the parts of another, and how alike outlines then are
NEARER = (0.2, 0.9)  # how far a main colour comes to that of another figure
MOSTLY, LARGE = 0.7, 0.06  # of a figure has the one colour that is asked for; of it are other large areas
SHADES = (-12.0, -6.0, -6.0), (12.0, 6.0, 6.0)  # CIELAB: how far those of it differ
APART = 0.1  # share of its place that one of several figures leaves free
MIXED = 0.6  # radians between hues that are not mixed
COARSE = 192  # pixels on which it is seen how much room a figure takes
TINT_HUE, TINT_CHROMA, TINT_LIGHT = 0.1, 0.08, 2.5  # radians, share, L*: standard deviations of all colours
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
        after: the illustration that each is of, and whom to name: "noto/1f98a (Google; Apache-2.0; https://..".
        shaded: pairs of labels of each that go over into one another.
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
    after: tuple[str, ...]
    shaded: tuple[tuple[tuple[int, int], ...], ...]
    source: dict[str, str]

    @classmethod
    def load(cls, source: str | Path = WEIGHTS) -> Figures:
        """Read a weights folder.

        Raises:
            MissingModel: not there, damaged, or something else.
        """
        return remembered(source, "figures", _read)

    def labels(self, row: int) -> np.ndarray:
        """The map of one, uint8 [side, side], 0 outside, else 1 + the number of its colour."""
        packed = self.packed[self.starts[row] : self.starts[row + 1]].tobytes()
        return np.frombuffer(zlib.decompress(packed), np.uint8).reshape(self.side, self.side)

    def form(
        self,
        contour: Contour,
        known: Conditioning,
        seed: int,
        varied: float = 0.0,
        other: int = 0,
        way: int = CRISP,
    ) -> Form | None:
        """What is painted for a sketch; None: the subject is not among the remembered ones.

        Args:
            contour: of any size; an empty one: as the figure is.
            varied: how much of it is otherwise, 0..1, as the seed `other` draws it.
            way: `Request.painting`.
        """
        own = way >= OWN
        if known.subject not in self.subjects:
            return None
        rng = np.random.default_rng(seed)
        moved = VARIED * varied * np.random.default_rng(other).standard_normal((2, 5, 5))
        rows = self._rows(known, way)
        count = min(known.count or 1, max(bending.ROWS))
        sketch = bending.sketched(contour) if count == 1 else None
        labels, lab, eyes = np.zeros((SIZE, SIZE), int), [np.zeros((1, 3), np.float32)], []
        used: list[int] = []
        shaded: list[tuple[int, int]] = []
        iris = next((name for name in COLOURS if f"{name} eyes" in known.details), None)
        for number in range(count):
            row, mirrored = self._chosen(rows, sketch, rng, OFTENER if own else BEST)
            figure = self._figure(row, mirrored, self._coloured(row, known, way))
            figure = figure.trimmed() if way >= CRISP else figure
            lies = bending.place_of(sketch, self.labels(row), rng) if sketch is not None else None
            lies = bending.place(number, count, rng, APART * own) if lies is None else lies
            used.append(row)
            towards = [] if sketch is None else [(sketch, rng.uniform(*SKETCH) if own else 1.0)]
            if own:
                figure, more, third = self._own(figure, row, mirrored, rows, known, rng, way)
                towards += [(each.inside, rng.uniform(*OTHER)) for each in more[:1]]
                used += third
            one, seen = _drawn(figure, lies, towards, moved, BIG_EYES in known.details, way, rng)
            if iris is not None:
                one, figure, seen = _coloured_eyes(one, figure, seen, iris)
            above = sum(map(len, lab)) - 1
            labels = np.where(one > 0, one + above, labels)
            shaded += [(a + above, b + above) for a, b in figure.shaded] if own else []
            lab.append(figure.lab)
            eyes += seen
        after = tuple(dict.fromkeys(self.after[row] for row in used))
        return Form(labels, np.concatenate(lab), tuple(eyes), after=after, shaded=tuple(shaded), way=way)

    def _figure(self, row: int, mirrored: bool, lab: np.ndarray) -> Figure:
        labels, eyes = self.labels(row), self.eyes[row]
        if mirrored:
            labels, eyes = labels[:, ::-1], tuple((y, 1 - x, radius) for y, x, radius in eyes)
        return Figure(labels.astype(int), lab, eyes, self.shaded[row], self.turns[row])

    def _own(
        self,
        figure: Figure,
        row: int,
        mirrored: bool,
        rows: np.ndarray,
        known: Conditioning,
        rng: np.random.Generator,
        way: int,
    ) -> tuple[Figure, list[Figure], list[int]]:
        """The figure in colours of its own, often with the parts of another one; that one; the rows that had
        a say."""
        second = self._second(rows, row, mirrored, rng)
        third = int(rng.choice(rows))
        eyed = any(self.eyes[k] for k in np.flatnonzero(self.of == self.of[row]))  # no tree, nor butterfly
        seeing = faces.seeing if way >= WHOLE and eyed else Figure.with_both_eyes
        figure = seeing(replace(figure, lab=self._tinted(figure.lab, row, third, known, rng)))
        others = [seeing(self._figure(*each, self._coloured(each[0], known, way))) for each in second]
        if way >= WHOLE:
            if others and figure.supple and rng.random() < EXCHANGED:
                figure = faces.exchanged(figure, others[0]) or figure
        elif others and figure.supple and rng.random() < EXCHANGED:  # windows do not fit into every wall
            alike = bending.overlap(others[0].inside, figure.inside) > CLOSE
            figure = (composed(figure, others[0]) if alike else None) or figure
        return figure, others, [each for each, _ in second] + [third]

    def _rows(self, known: Conditioning, way: int) -> np.ndarray:
        asked = [name for name in known.details if name in COLOURS]
        wanted = set(known.details) - {BIG_EYES, FLUFFY, *(f"{name} eyes" for name in COLOURS)}
        rows = np.flatnonzero(self.of == self.subjects.index(known.subject or ""))
        rows = self._plainest(rows) if way >= WHOLE else rows
        rows = fitting(rows, self.details, self.main, wanted, asked)
        if any(name.endswith(" eyes") and name.split()[0] in ("big", *COLOURS) for name in known.details):
            seeing = np.array([bool(self.eyes[row]) for row in rows])
            rows = rows[seeing] if seeing.any() else rows
        return rows

    def _plainest(self, rows: np.ndarray) -> np.ndarray:
        """Of what one hand drew in several looks the flat ones: bands of a shade become stains."""
        hands = [self.after[row].split(" ")[0].replace("-", "/", 1).split("/") for row in rows]
        flat = {(hand[0], hand[-1]) for hand in hands if hand[1] == "flat"}
        return rows[[hand[1] == "flat" or (hand[0], hand[-1]) not in flat for hand in hands]]

    def _each(self, rows: np.ndarray) -> list[tuple[int, bool]]:
        """Figures, and their mirror images where those are as good."""
        return [(int(row), turned) for row in rows for turned in (False, True)[: 1 + self.turns[row]]]

    def _chosen(
        self, rows: np.ndarray, sketch: np.ndarray | None, rng: np.random.Generator, most: int
    ) -> tuple[int, bool]:
        """A figure, and whether it is mirrored: of those that overlap the sketch best, where there is one."""
        each = self._each(rows)
        if sketch is not None:
            alike = [bending.overlap(self._filled(*one), sketch) for one in each]
            each = [each[k] for k in np.argsort(alike, kind="stable")[::-1][:most]]
        return each[rng.integers(len(each))]

    def _second(
        self, rows: np.ndarray, row: int, mirrored: bool, rng: np.random.Generator
    ) -> list[tuple[int, bool]]:
        """Another figure of the subject with an outline like that of one, but not the same; or none."""
        mine = self._filled(row, mirrored)
        each = [one for one in self._each(rows) if one[0] != row]
        each = [one for one in each if bending.ALIKE < bending.overlap(self._filled(*one), mine) < TOO_ALIKE]
        return [each[rng.integers(len(each))]] if each else []

    def _filled(self, row: int, mirrored: bool) -> np.ndarray:
        """What a figure covers, bool [side, side]."""
        figure = self.labels(row) > 0
        return figure[:, ::-1] if mirrored else figure

    def _coloured(self, row: int, known: Conditioning, way: int) -> np.ndarray:
        """CIELAB [K, 3] of a figure's colours, the main ones as asked."""
        labels = self.labels(row)
        lab = rgb_to_lab(self.colours[row, : labels.max()] / 255)
        counts = np.bincount(labels.ravel(), minlength=len(lab) + 1)[1:]
        asked = asked_for = [name for name in known.details if name in COLOURS]
        if not asked and self.main[row] in UNHUED:
            rows = np.flatnonzero(self.of == self.subjects.index(known.subject or ""))
            hue = usual_hue([self.main[k] for k in rows if not self.details[k]])
            asked = [hue] if hue else []
        elif self.main[row] in asked[:1] and len(asked) == 1 and way < CRISP:
            asked = []
        lab = _recoloured(lab, counts, asked, MOSTLY if way >= CRISP and len(asked_for) == 1 else 0.0)
        for y, x, radius in self.eyes[row]:
            eye, body = labels[int(y * self.side), int(x * self.side)] - 1, int(counts.argmax())
            if way >= WHOLE:  # a lion's mane is most of it, and its eyes lie on its face
                body = faces.around(labels, y, x, radius) - 1
            if eye not in (-1, body) and abs(lab[eye, 0] - lab[body, 0]) < EYES_APART:
                lab[eye] = BRIGHT_EYES if lab[body, 0] < 50 else DARK_EYES
        return lab

    def _tinted(
        self, lab: np.ndarray, row: int, other: int, known: Conditioning, rng: np.random.Generator
    ) -> np.ndarray:
        """CIELAB [K, 3] of a figure's colours: the main one nearer to that of another figure of the subject,
        unless one is asked for, and all of them a little otherwise."""
        if any(name in COLOURS for name in known.details):
            return lab
        hue, chroma, light = np.clip(rng.standard_normal(3), -1.5, 1.5) * (TINT_HUE, TINT_CHROMA, TINT_LIGHT)
        nearer = rng.uniform(*NEARER)
        if self.main[other] not in UNHUED:
            labels = self.labels(row)
            counts = np.bincount(labels.ravel(), minlength=len(lab) + 1)[1:]
            of_it, middle = _main(lab, counts)
            labels = self.labels(other)
            theirs = rgb_to_lab(self.colours[other, : labels.max()] / 255)
            _, wanted = _main(theirs, np.bincount(labels.ravel(), minlength=len(theirs) + 1)[1:])
            if np.linalg.norm(middle[1:]) > HUED < np.linalg.norm(wanted[1:]):
                turn = abs(np.angle(complex(*wanted[1:]) / complex(*middle[1:])))
                nearer = nearer if turn < MIXED else round(nearer)  # red and green make a brown
                lab = np.where(of_it[:, None], lab + nearer * (wanted - middle), lab)
        turned = np.array([[np.cos(hue), -np.sin(hue)], [np.sin(hue), np.cos(hue)]])
        lab = np.concatenate([lab[:, :1], (1 + chroma) * lab[:, 1:] @ turned.T], 1)
        hued = np.linalg.norm(lab[:, 1:], axis=1) > HUED
        lab[hued, 0] = np.clip(lab[hued, 0] + light, 5, 96)
        return lab.astype(np.float32)


def _read(arrays: dict[str, np.ndarray], config: dict[str, Any], source: dict[str, str]) -> Figures:
    of, starts, colours = (arrays[key] for key in ("of", "starts", "colours"))
    lists = {key: config[key] for key in ("main", "details", "eyes", "turns", "drawn", "shaded")}
    if {len(of), len(starts) - 1, len(colours)} | {len(each) for each in lists.values()} != {len(of)}:
        raise ValueError("its arrays and its lists do not fit")
    eyes = tuple(tuple(tuple(eye) for eye in each) for each in lists["eyes"])
    sets = {each: "; ".join(credit) for each, credit in config["sets"].items()}
    after = tuple(f"{each} ({sets[each.split('/')[0]]})" for each in config["drawn"])
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
        after,
        tuple(tuple((a, b) for a, b in each) for each in config["shaded"]),
        source,
    )


def _drawn(
    figure: Figure,
    lies: np.ndarray,
    towards: list[tuple[np.ndarray, float]],
    moved: np.ndarray,
    large: bool,
    way: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, list[tuple[float, float, float]]]:
    """Labels [SIZE, SIZE] of one figure in a place (top, left, height, width of its map, in shares), bent
    towards others, and its eyes in pixels."""
    from scipy.ndimage import distance_transform_edt

    own, crisp, eyes = way >= OWN, way >= CRISP, figure.eyes
    middle = faces.axis(figure) if way >= WHOLE and figure.supple else None
    at = np.asarray(np.mgrid[:SIZE, :SIZE] + 0.5).astype(np.float32) / SIZE
    if middle is None:
        at += np.stack(
            [SWAYS * clouds(rng, 480, 1) if crisp else SWAY * clouds(rng, 320, 2) for _ in range(2)]
        )
    at += np.stack([resized(each) for each in moved])
    shift = bending.bent(figure.inside, lies, *towards)
    if own:
        manner = bending.Proportions.draw(rng, figure.supple or way >= BODIED)
        if middle is not None:
            manner, shift = manner.even(), keeping.evened(shift, lies[1] + middle * lies[3])
        at = _stretched(figure.inside, lies, shift, manner, at)
    else:
        at = at + np.stack([resized(each) for each in shift])
    at = ((at - lies[:2, None, None]) / lies[2:, None, None]).astype(np.float32)
    disc = way >= BODIED and figure.is_round
    firm = disc or (way >= BODIED and not figure.supple)
    for wider in WIDER[: None if way >= WHOLE else 1] if firm else ():
        straight = bending.straightened(at, figure.inside, disc, wider)
        if not _cut(figure.inside, straight):
            break
    at = straight if firm else at
    if way >= WHOLE and not firm:
        at, seen = keeping.kept(at, figure, large, rng)
        return bending.outlined(figure.labels, at), seen
    if own:
        sizes = rng.uniform(*LARGER, len(figure.lab))  # one for what has one colour, such as a pair of eyes
        for part in figure.parts():
            grown = float(sizes[part.label - 1]) if part.is_round or not firm else 1.0
            at = bending.swollen(at, part.middle, part.radius, grown, AROUND)
            eyes = tuple((y, x, r * (grown if part.is_at(y, x) else 1.0)) for y, x, r in eyes)
        room = distance_transform_edt(figure.inside) / len(figure.inside)
        for part in figure.parts() if crisp else ():
            if part.is_round:
                free = room[tuple((np.array(part.middle) * len(room)).astype(int))]
                at = bending.rounded(at, part.middle, part.radius, float(free))
    near = [int(np.hypot(at[0] - y, at[1] - x).argmin()) for y, x, _ in eyes]
    if large:
        for y, x, radius in eyes:
            at = bending.swollen(at, (y, x), radius, GROWN, AROUND_EYE)
    scale = SIZE * float(lies[2:].mean()) * (GROWN if large else 1.0)
    seen = [(k // SIZE + 0.5, k % SIZE + 0.5, eye[2] * scale) for k, eye in zip(near, eyes, strict=True)]
    if way >= BODIED:
        return bending.outlined(figure.labels, at), seen
    return bending.enlarged(figure.labels, at, FINE if crisp else 1), seen


def _cut(figure: np.ndarray, at: np.ndarray) -> bool:
    """Whether a figure, bool [n, n], lies at the frame of a picture of places [2, h, w] in its map."""
    frame = np.concatenate([at[:, 0], at[:, -1], at[:, :, 0], at[:, :, -1]], 1)
    within = frame[:, (frame >= 0).all(0) & (frame < 1).all(0)]
    return bool(figure[tuple((within * len(figure)).astype(int))].any())


def _coloured_eyes(
    labels: np.ndarray, figure: Figure, eyes: list[tuple[float, float, float]], colour: str
) -> tuple[np.ndarray, Figure, list[tuple[float, float, float]]]:
    """Labels [SIZE, SIZE] of a figure with eyes in a colour, the figure with that colour, and its eyes."""
    y, x = np.mgrid[:SIZE, :SIZE]
    lab = np.concatenate([figure.lab, np.array([COLOURS[colour]], np.float32)])
    seen = [(top, left, max(IRIS * radius, SMALLEST_IRIS)) for top, left, radius in eyes]
    for top, left, radius in seen:
        labels = np.where((np.hypot(y - top, x - left) < radius) & (labels > 0), len(lab), labels)
    return labels, replace(figure, lab=lab), seen


def _stretched(
    figure: np.ndarray, lies: np.ndarray, shift: np.ndarray, manner: bending.Proportions, at: np.ndarray
) -> np.ndarray:
    """Places in a picture that lie under places [2, h, w] of one in which a figure has its own proportions,
    and takes the same room."""
    box = bending.box_of(figure)
    box = np.concatenate([lies[:2] + box[:2] * lies[2:], box[2:] * lies[2:]])

    def under(at: np.ndarray) -> np.ndarray:
        at = manner.places(at, box)
        return at + bending.shifted(shift, at)

    wide = 2 * np.asarray(np.mgrid[:COARSE, :COARSE] + 0.5) / COARSE - 0.5  # it may go beyond the picture
    inside = (under(wide) - lies[:2, None, None]) / lies[2:, None, None] * len(figure)
    held = (inside >= 0).all(0) & (inside < len(figure)).all(0)
    seen = held & figure[tuple(np.clip(inside, 0, len(figure) - 1).astype(int))]
    covers = 2 * bending.box_of(seen) - (0.5, 0.5, 0, 0)
    return under(bending.fitted(at, covers, box))


def _ordered(lab: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of colours [K, 3]: the number of the name of each; how many pixels each name has; names, main first."""
    typical = np.array(list(COLOURS.values()), np.float32)
    nearest = ((lab[:, None] - typical) ** 2).sum(-1).argmin(1)
    totals = np.bincount(nearest, counts, len(typical))
    hued = np.linalg.norm(typical[:, 1:], axis=1) > HUED
    order = np.argsort(-totals, kind="stable")
    if totals[hued].sum() > LEAST_HUED * totals.sum():
        order = np.array([*order[hued[order]], *order[~hued[order]]])
    return nearest, totals, order


def _main(lab: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which colours are the main one, bool [K], and their mean [3]."""
    nearest, _, order = _ordered(lab, counts)
    of_it = nearest == order[0]
    return of_it, np.average(lab[of_it], 0, counts[of_it] + 1e-6)


def _recoloured(lab: np.ndarray, counts: np.ndarray, names: list[str], least: float = 0.0) -> np.ndarray:
    """Colours with the main ones in other hues, the first the most seen; light and shade stay.

    Args:
        least: share of the figure that the first one takes at least, as shades of it, of its large areas.
    """
    nearest, totals, order = _ordered(lab, counts)
    out = lab.copy()
    for name, old in zip(names, order, strict=False):
        of_it = nearest == old
        if totals[old] < (0 if name == names[0] else SHARE * totals.sum()):
            break
        middle = np.average(lab[of_it], 0, counts[of_it] + 1e-6)
        out[of_it] = COLOURS[name] + (lab[of_it] - middle) * (1.0, 0.3, 0.3)
    covered, middle = totals[order[0]], np.average(lab[nearest == order[0]], 0)
    for old in order[1:] if names else ():
        if covered >= least * totals.sum() or totals[old] < LARGE * totals.sum():
            break
        away = np.clip(lab[nearest == old] - middle, *SHADES)
        out[nearest == old] = COLOURS[names[0]] + away
        covered += totals[old]
    return out.astype(np.float32)
