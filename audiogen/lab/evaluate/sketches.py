"""Whether sketches show what was asked for, and whether they are new; JSON lines on stdout.

    audiogen evaluate sketches --data build/pictures
    audiogen evaluate sketches --data build/pictures --weights runs/picture-sketch/weights -n 16

A drawing is cut to its bounds and seen from afar: averaged to 24x24 after a Gaussian blur, brightness and
contrast taken out, so that the inner product of two drawings is their correlation. Its NEIGHBOURS nearest
training drawings vote for their subjects, weighted by that correlation, those of frequent subjects less. They
are the edges of coloured illustrations of all subjects that are measured, and their mirror images.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.lab.data.picture_index import names_of
from audiogen.lab.data.sketches import Sketches
from audiogen.lab.evaluate.errors_as_lines import errors_as_lines

SUBJECTS = (
    "cat,dog,rabbit,bear,fox,fish,bird,elephant,butterfly,turtle,apple,banana,pizza,tree,flower,car,house,"
    "cupcake,strawberry,owl"
)
LOOKS = ("flat", "3d", "shaded", "blob")  # whose edges are compared with
SIDE, BLUR, SEEN = 48, 2.0, 2  # pixels, their blur, and which of them are kept
NEIGHBOURS = 6
FEWER = 0.25  # a subject's votes are divided by this power of how many drawings it has
INK = 0.4  # what counts for the bounds


@dataclass(frozen=True, eq=False)
class Gallery:
    """Known drawings: views float [2 N, D], every second one mirrored, and their subjects int [2 N]."""

    views: np.ndarray
    subject: np.ndarray

    @classmethod
    def read(cls, data: Path, subjects: Sequence[str]) -> Gallery:
        """The training drawings of the subjects.

        Raises:
            InvalidRequest: no prepared pictures there, or a subject without a drawing.
        """
        styles, vocabulary = names_of(data)
        sketches = Sketches.read(data, "train")
        coloured = np.isin(sketches.style - 1, [styles.index(look) for look in LOOKS])
        views, names = [], []
        for number, subject in enumerate(subjects):
            word = vocabulary.index(subject) + 1 if subject in vocabulary else -1
            rows = np.flatnonzero(coloured & (sketches.words[:, 0] == word))
            if not len(rows):
                raise InvalidRequest(f"There is no drawing of {subject!r} in {data}.")
            for ink in sketches.contour[rows].astype(np.float32) / 255:
                views += [view(ink), view(ink[:, ::-1])]
                names += [number, number]
        return cls(np.stack(views), np.array(names))

    def vote(self, drawing: np.ndarray, without: int | None = None) -> tuple[int, float]:
        """The subject of a view [D], and its correlation with the nearest drawing.

        Args:
            without: a drawing that does not take part, nor its mirror image.
        """
        alike = self.views @ drawing
        if without is not None:
            alike[[2 * without, 2 * without + 1]] = -1.0
        nearest = np.argsort(-alike, kind="stable")[:NEIGHBOURS]
        votes = np.zeros(self.subject.max() + 1)
        np.add.at(votes, self.subject[nearest], alike[nearest])
        return int((votes / np.bincount(self.subject) ** FEWER).argmax()), float(alike[nearest[0]])


def view(ink: np.ndarray) -> np.ndarray:
    """A drawing [h, w] in 0..1 seen from afar, float64 [D] of length 1; 0 where nothing is drawn."""
    from PIL import Image
    from scipy.ndimage import gaussian_filter

    rows, columns = np.nonzero(ink > INK)
    if not len(rows):
        return np.zeros((SIDE // SEEN) ** 2)
    half = (max(np.ptp(rows), np.ptp(columns)) + 1) / 2
    y, x = (rows.min() + rows.max() + 1) / 2, (columns.min() + columns.max() + 1) / 2
    margin = int(np.ceil(half))
    wide = Image.fromarray(np.pad(ink.astype(np.float32), margin))
    box = (x - half + margin, y - half + margin, x + half + margin, y + half + margin)
    small = np.asarray(wide.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=box), float)
    seen = gaussian_filter(small, BLUR)[::SEEN, ::SEEN].ravel()
    seen -= seen.mean()
    return np.asarray(seen / max(float(np.linalg.norm(seen)), 1e-9))


def measure(stage: Any, gallery: Gallery, subjects: Sequence[str], count: int, look: str) -> dict[str, Any]:
    """What `count` sketches of each subject show, and the drawings of the gallery beside them.

    Returns: "read", "real": Estimates of the share that shows its subject, of sketches and of drawings of the
        gallery among the others; "subjects": the share of each; "novelty": how far a sketch is from the
        nearest drawing, over how far drawings are from one another; 1 is as new as those, a copy is near 0.
    """
    from audiogen.lab.evaluate.bootstrap import estimate, share
    from audiogen.prompt import as_usual, parse
    from audiogen.stage import Sampling, silent

    hits, away = np.zeros((len(subjects), count)), []
    for number, subject in enumerate(subjects):
        asked = as_usual(dataclasses.replace(parse(f"a {subject}", "picture"), style=None, look=look))
        for seed in range(count):
            drawn = stage(asked, asked, Sampling(seed=seed), silent).pixels
            said, alike = gallery.vote(view(drawn))
            hits[number, seed] = said == number
            away.append(1 - alike)
    real = [gallery.vote(row, k) for k, row in enumerate(gallery.views[::2])]
    far = np.mean([1 - alike for _, alike in real])
    known = [said == subject for (said, _), subject in zip(real, gallery.subject[::2], strict=True)]
    return {
        "read": share(hits.ravel()),
        "real": share(known),
        "subjects": dict(zip(subjects, hits.mean(1).tolist(), strict=True)),
        "novelty": estimate(np.array(away) / far, np.mean),
    }


@errors_as_lines
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="audiogen evaluate sketches", description="Measure the sketch of subjects."
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="made by audiogen data recipes/pictures.yaml"
    )
    parser.add_argument("--weights", default="picture-sketch", help="a folder, or a registered name")
    parser.add_argument("--subjects", default=SUBJECTS, help="with commas")
    parser.add_argument("--look", default="3d", choices=LOOKS, help="of the lines")
    parser.add_argument("-n", type=int, default=16, help="sketches of each subject")
    for name in ("guidance", "temperature", "candidates"):
        parser.add_argument(f"--{name}", type=float, help="default: that of the weights")
    given = parser.parse_args(arguments)
    row = _measured(given)
    print(json.dumps({k: dataclasses.asdict(v) if k != "subjects" else v for k, v in row.items()}))
    return 0


def _measured(given: Any) -> dict[str, Any]:
    from audiogen.structure.sketch import SketchStage

    for name, value in (("-n", given.n), ("--candidates", given.candidates)):
        if value is not None and value < 1:
            raise InvalidRequest(f"{name} must be at least 1, not {value:g}.")
    subjects = [word.strip() for word in given.subjects.split(",") if word.strip()]
    gallery = Gallery.read(given.data, subjects)
    stage = SketchStage.from_pretrained(given.weights)
    told = {k: getattr(given, k) for k in ("guidance", "temperature") if getattr(given, k) is not None}
    if given.candidates is not None:
        told["candidates"] = int(given.candidates)
    stage.config = dataclasses.replace(stage.config, **told)
    return measure(stage, gallery, subjects, given.n, given.look)
