"""Are pictures of subjects copies of the illustrations that they were learned from? JSON lines on stdout.

    audiogen evaluate copies --source ../shared/data/image -n 6
    audiogen evaluate copies --source ../shared/data/image -n 6 --no-layout --out build/copies

Pictures are made as `audiogen make "a 3d cat"` makes them and compared with every coloured training
illustration of the subject, mirrored ones too. Both are cut to the box around their figure and stretched to
one square, so that a copy that was moved, scaled or drawn out stays one. Four distances:

outline   1 - IoU of the figures with what they enclose
lines     1 - correlation of the edges, seen from afar
colours   mean distance in CIELAB, seen from afar, over both figures
features  mean squared distance of the encoder of `picture-painter`, channels of unit length (as LPIPS has it)

The unit of each is how far an illustration lies from the nearest of its subject by another hand (sets that
draw after one another are one hand), median over the subjects. So 1 is as new as another hand's drawing.
Beside it: the same drawing by one hand in another look, which is what a traced copy would be like.
Diversity is the mean distance of two seeds over that of two hands.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.lab.data.illustrations.collection import Collection
from audiogen.lab.data.illustrations.looks import COLOURED
from audiogen.lab.data.prepare_figures import figure_of
from audiogen.lab.data.prepare_layouts import said
from audiogen.lab.evaluate.bootstrap import Estimate, estimate, share
from audiogen.lab.evaluate.errors_as_lines import errors_as_lines

SUBJECTS = "cat,fox,owl,butterfly,apple,pizza,car,house"
MEASURES = ("outline", "lines", "colours", "features")
SIDE, AFAR, BLUR = 64, 16, 2.0  # pixels of an outline, of what is seen from afar, and its blur
LOOKED_AT = 128  # pixels that the encoder looks at
GROUND = 24  # of 255: what differs less from the border is the ground
SMALLEST = 0.01  # share of a picture; smaller spots are no figure
HANDS = ("fluent", "emoji", "noto", "blobmoji", "twemoji", "fxemoji")  # beginnings of names of sets


@dataclass(frozen=True, eq=False)
class Seen:
    """A picture as it is compared, and its mirror image behind it.

    Attributes:
        outline: bool [2, SIDE, SIDE]. lines: float [2, AFAR ** 2], of length 1. colours: CIELAB
            [2, AFAR, AFAR, 3], the ground white. features: float [2, D], of length such that half the squared
            distance is a mean over places and channels.
        shown: uint8 [H, H, 3].
    """

    outline: np.ndarray
    lines: np.ndarray
    colours: np.ndarray
    features: np.ndarray
    shown: np.ndarray

    def apart(self, other: Seen) -> np.ndarray:
        """The four distances to another, [4]; the nearer of it and its mirror image counts for each."""
        own = self.outline[0]
        either = (own | other.outline).sum((1, 2))
        cover = np.maximum(own[::4, ::4] | other.outline[:, ::4, ::4], 1e-6)
        steps = np.linalg.norm(self.colours[0] - other.colours, axis=-1)
        return np.array(
            [
                1 - ((own & other.outline).sum((1, 2)) / np.maximum(either, 1)).max(),
                1 - (other.lines @ self.lines[0]).max(),
                ((steps * cover).sum((1, 2)) / cover.sum((1, 2))).min(),
                np.square(self.features[0] - other.features).sum(1).min(),
            ]
        )


class Eye:
    """Looks at pictures; its encoder is that of the shipped painter."""

    def __init__(self) -> None:
        from audiogen.render.painter import Painter

        self.encoder = Painter.from_pretrained("picture-painter", device="cpu").network.autoencoder

    def __call__(self, picture: np.ndarray, figure: np.ndarray) -> Seen:
        """Of a picture, float32 [H, H, 3] in 0..1, and what of it is the figure, bool [H, H]."""
        import torch
        from PIL import Image
        from scipy.ndimage import binary_fill_holes, gaussian_filter

        from audiogen.lab.evaluate.pictures.features import activations
        from audiogen.media.colour import rgb_to_lab
        from audiogen.media.edges import edge_contour

        solid = binary_fill_holes(figure)
        rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
        box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        cut = np.where(figure[..., None], picture, 1.0)[box]

        def stretched(pixels: np.ndarray, side: int) -> np.ndarray:
            given = Image.fromarray(np.round(255 * pixels).astype(np.uint8))
            return np.asarray(given.resize((side, side), Image.Resampling.BOX), np.float32) / 255

        square = stretched(cut, LOOKED_AT)
        framed = np.pad(square, ((8, 8), (8, 8), (0, 0)), constant_values=1.0)  # its rim has edges too
        edges = edge_contour((255 * framed).astype(np.uint8), (LOOKED_AT + 16) // 2).astype(np.float32)
        afar = np.stack([_shrunk(gaussian_filter(each, BLUR), AFAR) for each in (edges, edges[:, ::-1])])
        lines = afar.reshape(2, -1) - afar.mean((1, 2))[:, None]
        lines /= np.maximum(np.linalg.norm(lines, axis=1, keepdims=True), 1e-9)
        colours = rgb_to_lab(stretched(cut, AFAR))
        both = np.stack([square, square[:, ::-1]]).transpose(0, 3, 1, 2).copy()
        with torch.inference_mode():
            grids = activations(self.encoder.float(), torch.from_numpy(both))[:2]
        flat = []
        for grid in grids:
            unit = grid / grid.norm(dim=1, keepdim=True).clamp_min(1e-6)
            flat.append((unit / (unit.shape[2] * unit.shape[3]) ** 0.5).flatten(1).numpy())
        outline = stretched(solid[box].astype(np.float32), SIDE) > 0.5
        return Seen(
            np.stack([outline, outline[:, ::-1]]),
            lines,
            np.stack([colours, colours[:, ::-1]]),
            np.concatenate(flat, 1),
            np.round(255 * stretched(picture, 2 * LOOKED_AT)).astype(np.uint8),
        )


@dataclass(frozen=True, eq=False)
class Known:
    """The training illustrations of a subject: how they are seen, by which hand, and which drawing of it."""

    seen: list[Seen]
    hand: list[str]
    name: list[str]

    @classmethod
    def read(cls, collection: Collection, subject: str, eye: Eye) -> Known:
        """Of a subject of which nothing else is said.

        Raises:
            InvalidRequest: fewer than two hands drew it.
        """
        members = [m for m in collection.members if m.caption.subject == subject and m.look in COLOURED]
        members = [m for m in members if m.split == "train" and not said(m)]
        hand = [next((h for h in HANDS if m.upstream.startswith(h)), m.upstream) for m in members]
        if len(set(hand)) < 2:
            raise InvalidRequest(f"There are too few training illustrations of {subject!r}.")
        return cls([eye(*figure_of(collection, m)) for m in members], hand, [m.name for m in members])

    def pairs(self, same_drawing: bool) -> np.ndarray:
        """Distances of every two that are one drawing in two looks, or by two hands, [N, 4]."""
        drawing = [(hand, Path(name).stem) for hand, name in zip(self.hand, self.name, strict=True)]
        part = slice(0, 2) if same_drawing else slice(0, 1)
        return np.array(
            [
                self.seen[k].apart(self.seen[n])
                for k in range(len(self.seen))
                for n in range(k)
                if (drawing[k][part] == drawing[n][part]) == same_drawing
            ]
        ).reshape(-1, 4)

    def nearest_by_others(self) -> np.ndarray:
        """Distance of each to the nearest by another hand, [N, 4]."""
        return np.array(
            [
                np.min([one.apart(o) for o, h in zip(self.seen, self.hand, strict=True) if h != own], 0)
                for one, own in zip(self.seen, self.hand, strict=True)
            ]
        )

    def nearest(self, one: Seen) -> np.ndarray:
        """Distances of a picture to the nearest, [4]."""
        return np.min([one.apart(other) for other in self.seen], 0)


def figure_in(picture: np.ndarray) -> np.ndarray:
    """What of a picture, float32 [H, H, 3], differs from its border, without small spots: bool [H, H]."""
    from scipy.ndimage import binary_fill_holes, label

    whole = np.round(255 * picture).astype(np.int16)
    border = np.concatenate([whole[0], whole[-1], whole[:, 0], whole[:, -1]])
    away = np.abs(whole - np.median(border, 0).astype(np.int16)).max(2) > GROUND
    spots, _ = label(binary_fill_holes(away))
    kept = np.bincount(spots.ravel()) > SMALLEST * away.size
    kept[0] = False
    found: np.ndarray = kept[spots]
    return found if found.any() else np.ones_like(found)


def measure(
    made: dict[str, list[Seen]], known: dict[str, Known]
) -> tuple[dict[str, dict[str, Estimate]], dict[str, list[np.ndarray]]]:
    """Estimates by row and measure, and the distance of each made picture to the nearest, in units."""
    units = {name: np.median(each.nearest_by_others(), 0) for name, each in known.items()}
    near = {name: [known[name].nearest(one) / units[name] for one in made[name]] for name in made}

    def spread(pictures: Sequence[Seen]) -> np.ndarray:
        return np.array([a.apart(b) for k, a in enumerate(pictures) for b in pictures[:k]]).reshape(-1, 4)

    hands = {name: each.nearest_by_others() / units[name] for name, each in known.items()}
    traced = {name: each.pairs(same_drawing=True) / units[name] for name, each in known.items()}
    seeds = {name: spread(made[name]) / known[name].pairs(same_drawing=False).mean(0) for name in made}
    rows: dict[str, dict[str, Estimate]] = {}
    for title, by_subject in (
        ("to the nearest illustration", near),
        ("illustrations to the nearest by another hand", hands),
        ("one hand, another look", traced),
        ("between seeds, of that between hands", seeds),
    ):
        values = np.concatenate([np.reshape(each, (-1, 4)) for each in by_subject.values()])
        groups = [name for name, each in by_subject.items() for _ in each]
        rows[title] = {m: estimate(values[:, k], groups=groups) for k, m in enumerate(MEASURES)}
    limit = np.median(np.concatenate(list(traced.values())), 0)
    each = np.concatenate([np.reshape(found, (-1, 4)) for found in near.values()])
    rows["nearer than another look"] = {m: share(each[:, k] < limit[k]) for k, m in enumerate(MEASURES)}
    rows["and in all measures"] = {"all": share((each < limit).all(1))}
    return rows, near


@errors_as_lines
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="audiogen evaluate copies", description="Are pictures copies of training illustrations?"
    )
    parser.add_argument("--source", type=Path, required=True, help="folder with `illustrations`")
    parser.add_argument("--subjects", default=SUBJECTS, help="with commas")
    parser.add_argument("-n", type=int, default=6, help="pictures of each subject")
    parser.add_argument("--seed", type=int, default=0, help="of the first")
    parser.add_argument("--no-layout", action="store_true", help="leave forms and colours to the networks")
    parser.add_argument("--painting", type=int, help="as recipes hold it; default: the newest")
    parser.add_argument("--out", type=Path, help="folder for a sheet: made, nearest illustration, in turn")
    given = parser.parse_args(arguments)
    if given.n < 2:
        raise InvalidRequest("-n must be at least 2: diversity is measured between seeds.")
    _report(given)
    return 0


def _report(given: Any) -> None:
    eye, collection = Eye(), Collection.read(given.source / "illustrations")
    subjects = [word.strip() for word in given.subjects.split(",") if word.strip()]
    known = {subject: Known.read(collection, subject, eye) for subject in subjects}
    made = {subject: list(_made(subject, given, eye)) for subject in subjects}
    rows, near = measure(made, known)
    for title, row in rows.items():
        print(json.dumps({"what": title} | {name: str(value) for name, value in row.items()}), flush=True)
    if given.out is not None:
        _write_sheet(given.out / "pairs.png", made, known, near)


def _made(subject: str, given: Any, eye: Eye) -> Iterable[Seen]:
    from audiogen import Request, Sampling, make

    loaded: dict[Any, Any] = {}
    for seed in range(given.seed, given.seed + given.n):
        print(f"{subject}, seed {seed}", file=sys.stderr, flush=True)
        asked = Request(
            f"a 3d {subject}",
            "picture",
            sampling=Sampling(seed=seed),
            layout=not given.no_layout,
            **({} if given.painting is None else {"painting": given.painting}),
            watermark=False,
        )
        (take,) = make(asked, loaded=loaded)
        assert take.picture is not None
        pixels = take.picture.pixels.transpose(1, 2, 0)
        yield eye(pixels, figure_in(pixels))


def _write_sheet(
    file: Path, made: dict[str, list[Seen]], known: dict[str, Known], near: dict[str, list[np.ndarray]]
) -> None:
    """Every made picture beside the illustration that is nearest to it in all measures together."""
    from PIL import Image

    from audiogen.media.sheet import sheet

    cells, labels = [], []
    for name, pictures in made.items():
        unit = np.median(known[name].nearest_by_others(), 0)
        for seed, one in enumerate(pictures):
            apart = [(one.apart(other) / unit).mean() for other in known[name].seen]
            k = int(np.argmin(apart))
            cells += [one.shown, known[name].seen[k].shown]
            labels += [f"{name} {seed}", f"{Path(known[name].name[k]).parent.name} {apart[k]:.2f}"]
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet(cells, labels, columns=12)).save(file)


def _shrunk(grid: np.ndarray, side: int) -> np.ndarray:
    from PIL import Image

    image = Image.fromarray(np.asarray(grid, np.float32))
    return np.asarray(image.resize((side, side), Image.Resampling.BOX))
