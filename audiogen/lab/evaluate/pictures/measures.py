"""How good pictures are, in figures with intervals: what was asked for, like real ones, varied, no copies.

kernel, frechet
           distances to held-out pictures of the same styles (`lab/evaluate/distances.py`) in the rows of
           `pictures/features.py`
kid        the same with the kernel of KID (arXiv 1801.01401), times 100
iou        contour IoU: does the picture keep the contour that it was given (`lab/evaluate/contour_iou.py`)
accuracy   share of digits that are read as what was asked for; style: of styles or looks (`reading.py`)
diversity  distance between two seeds of one wish, 1 is that between two held-out pictures of a style
novelty    median distance to the nearest training picture, 1 is that of held-out ones (`novelty.py`)

The first three need as many pictures as the held-out ones, in the same styles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from audiogen.lab.evaluate.contour_iou import iou_of_ink
from audiogen.lab.evaluate.digits.judge import DigitClassifier
from audiogen.lab.evaluate.digits.measures import KID, NOVELTY, median_score
from audiogen.lab.evaluate.distances import FRECHET, KERNEL, REFERENCE_SEED, Distances
from audiogen.lab.evaluate.embedding import Projection
from audiogen.lab.evaluate.kernel import Kernels, bandwidth
from audiogen.lab.evaluate.pictures.features import PictureFeatures
from audiogen.lab.evaluate.pictures.gallery import Gallery, halves, read_gallery
from audiogen.lab.evaluate.pictures.novelty import TrainingSet
from audiogen.lab.evaluate.pictures.reading import StyleReader, digits_in
from audiogen.lab.evaluate.scores import Measure, Score, drawn_score, draws_of, mean_score
from audiogen.media.ink import ink_mask

IOU = Measure("iou", "contour IoU", higher_is_better=True)
ACCURACY = Measure("accuracy", "digit read rightly", higher_is_better=True)
STYLE = Measure("style", "style read rightly", higher_is_better=True)
DIVERSITY = Measure("diversity", "diversity between seeds", higher_is_better=True)
MEASURES = (KERNEL, FRECHET, KID, IOU, ACCURACY, STYLE, DIVERSITY, NOVELTY)
TRAINING = 320  # pictures that the projection and the styles are learned from
VERSION = 1  # of these measures: others have other keys of cells
Scores = dict[str, Score]
Told = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Wishes:
    """What was asked for, item by item.

    Attributes:
        manner, subject: [N]. contour: float32 [N, 64, 64], or None: there was none.
    """

    manner: np.ndarray
    subject: np.ndarray
    contour: np.ndarray | None

    @classmethod
    def of(cls, gallery: Gallery, contour: bool) -> Wishes:
        """To get such pictures again."""
        return cls(gallery.manner, gallery.subject, gallery.ink if contour else None)


@dataclass(frozen=True, eq=False)
class PictureJudge:
    """Measures sets of pictures against held-out ones of the same number and styles.

    Attributes:
        reference: held-out pictures; measured: others of the same styles, in the same order.
        distances: to the reference. spread: mean distance between two reference pictures of a style.
        reader: of digits, of the path "digit" alone.
    """

    features: PictureFeatures
    reference: Gallery
    measured: Gallery
    distances: Distances
    spread: float
    styles: StyleReader
    reader: DigitClassifier | None

    @classmethod
    def read(
        cls,
        folder: Path,
        path: str,
        count: int,
        features: PictureFeatures,
        reader: DigitClassifier | None,
        progress: Told = lambda step, of: None,
    ) -> PictureJudge:
        """The judge of a path, from prepared pictures.

        Raises:
            InvalidRequest: too few.
        """
        reference, measured = halves(read_gallery(folder, "valid", path), count)
        train = read_gallery(folder, "train", path, TRAINING)
        known = features(train.pixels, progress)
        projection = Projection.fit(known, sizes=features.sizes())
        styles = StyleReader.fit(projection(known), train.manner)
        rows = projection(features(reference.pixels))
        distances = Distances(projection, [row[None] for row in rows], bandwidth(rows))
        return cls(
            features, reference, measured, distances, spread_of(rows, reference.manner), styles, reader
        )

    @property
    def embedding(self) -> str:
        """Name of the space of the distances; others are not comparable."""
        return f"features of the painter, projection {self.distances.projection.fingerprint()}"

    def rows(self, features: np.ndarray) -> np.ndarray:
        """Features [N, F] in the space of the distances, [N, D]."""
        return self.distances.projection(np.asarray(features, float))

    def scores(self, rows: np.ndarray, ink: np.ndarray, wishes: Wishes) -> Scores:
        """Every measure of one picture a wish.

        Args:
            rows: [N, D], see `rows`. ink: bool [N, 64, 64].
        """
        weights = draws_of(len(rows))
        found: Scores = {}
        if len(rows) == len(self.reference):
            found |= self.distances.of_rows([row[None] for row in rows])
            found[KID.name] = kid(rows, np.concatenate(self.distances.reference), weights)
        found |= adherence(ink, wishes, self.reader)
        if (wishes.manner != "").all():
            found[STYLE.name] = mean_score(self.styles.read(rows) == wishes.manner, weights)
        return found

    def of_pictures(self, pictures: Any, wishes: Wishes) -> Scores:
        """The same of pictures [N, 3, H, H] in 0..1."""
        return self.scores(self.rows(self.features(pictures)), inks(pictures), wishes)

    def diversity(self, first: np.ndarray, second: np.ndarray) -> Scores:
        """Between rows of two seeds, [N, D] each, wish by wish."""
        apart = np.linalg.norm(first - second, axis=1) / self.spread
        return {DIVERSITY.name: mean_score(apart, draws_of(len(apart)))}


def adherence(ink: np.ndarray, wishes: Wishes, reader: DigitClassifier | None) -> Scores:
    """What of the contours and the digits that were asked for is in ink, bool [N, 64, 64]."""
    weights, found = draws_of(len(ink)), {}
    if wishes.contour is not None:
        overlap = [iou_of_ink(drawn, asked) for drawn, asked in zip(ink, wishes.contour, strict=True)]
        found[IOU.name] = mean_score(overlap, weights)
    if reader is not None:
        found[ACCURACY.name] = mean_score(digits_in(ink, reader).astype(str) == wishes.subject, weights)
    return found


def novelty(small: np.ndarray, training: TrainingSet, held_out: np.ndarray) -> Scores:
    """Of small pictures [N, s, s, 3]; held_out: distances of held-out ones to the training set."""
    near = training.nearest(small) / max(float(np.median(held_out)), 1e-6)
    return {NOVELTY.name: median_score(near, draws_of(len(near)))}


def kid(made: np.ndarray, real: np.ndarray, weights: np.ndarray) -> Score:
    """A hundred times KID between rows [N, D] and [M, D], unbiased; may be slightly negative."""
    kernels = Kernels.cubic(made, real)
    pairs = np.stack([weights, draws_of(len(real), seed=REFERENCE_SEED)], 1)
    return drawn_score(lambda drawn: kernels.distance(*(drawn if drawn is not None else (None, None))), pairs)


def inks(pictures: Any) -> np.ndarray:
    """Ink of pictures [N, 3, H, H]: bool [N, 64, 64]."""
    return np.stack([ink_mask(np.asarray(picture)) for picture in pictures])


def spread_of(rows: np.ndarray, manner: np.ndarray) -> float:
    """Mean distance between two rows [N, D] of one style [N]; of any style where none has two."""
    apart = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    alike = np.triu(manner[:, None] == manner[None], 1)
    return float(apart[alike if alike.any() else np.triu_indices(len(rows), 1)].mean())
