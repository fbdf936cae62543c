"""How good digits are, in figures with intervals: readable, varied, like real ones, and no copies of them.

accuracy   share that the judge reads as the digit that was asked for
score      exp of the mean divergence of p(digit | contour) from its mean (Inception Score, arXiv 1606.03498,
           with the judge in the place of Inception), 1 .. 10
frechet, kid
           distances to held-out digits in the judge's features (arXiv 1706.08500; 1801.01401, times 100)
diversity  mean distance of features between digits of a class, 1 is that of held-out digits
novelty    median distance to the nearest training digit, in pixels at 28x28, 1 is that of held-out digits;
           copies of training digits would come near to 0
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from audiogen.lab.evaluate.digits.judge import DigitClassifier, Reading
from audiogen.lab.evaluate.distances import FRECHET, REFERENCE_SEED
from audiogen.lab.evaluate.frechet import frechet
from audiogen.lab.evaluate.kernel import Kernels, squared_distances
from audiogen.lab.evaluate.scores import Measure, Score, drawn_score, draws_of, mean_score
from audiogen.networks.digit_classifier import shrunk

ACCURACY = Measure("accuracy", "accuracy", higher_is_better=True)
SCORE = Measure("score", "classifier score", higher_is_better=True)
KID = Measure("kid", "KID x 100")
DIVERSITY = Measure("diversity", "diversity, 1 is real", higher_is_better=True)
NOVELTY = Measure("novelty", "distance to training, 1 is real", higher_is_better=True)
LEAST = 1e-6  # of a distance that others are divided by
MEASURES = (ACCURACY, SCORE, FRECHET, KID, DIVERSITY, NOVELTY)


@dataclass(frozen=True, eq=False)
class Digits:
    """Digits to be measured: ink float32 [N, h, w] in 0..1 and what was asked for, or None (any digit)."""

    ink: np.ndarray
    asked: np.ndarray | None


@dataclass(frozen=True, eq=False)
class DigitJudge:
    """Measures sets of digits against a held-out set of the same size.

    Attributes:
        real: held-out digits, of the size in pixels of those that are measured.
        training: training digits, float32 [M, 28, 28].
    """

    judge: DigitClassifier
    real: Digits
    training: np.ndarray

    def scores(self, made: Digits) -> dict[str, Score]:
        """Every measure of as many digits as there are held-out ones.

        Raises:
            ValueError: more or fewer.
        """
        weights = draws_of(len(made.ink))
        reading, reference = self.judge.read(made.ink), self.judge.read(self.real.ink)
        scores = {} if made.asked is None else {ACCURACY.name: accuracy(reading, made.asked, weights)}
        labels = reading.digits if made.asked is None else made.asked
        assert self.real.asked is not None
        spread = max(within_classes(reference.features, self.real.asked).mean(), LEAST)
        near = max(float(np.median(nearest(self.real.ink, self.training))), LEAST)
        return scores | {
            SCORE.name: classifier_score(reading.logits, weights),
            FRECHET.name: frechet_score(reading, reference),
            KID.name: kid_score(reading, reference, weights),
            DIVERSITY.name: mean_score(within_classes(reading.features, labels) / spread, weights),
            NOVELTY.name: median_score(nearest(made.ink, self.training) / near, weights),
        }


def accuracy(reading: Reading, asked: np.ndarray, weights: np.ndarray) -> Score:
    """Share of digits that are read as what was asked for, [N]."""
    return mean_score(reading.digits == asked, weights)


def classifier_score(logits: np.ndarray, weights: np.ndarray | None = None) -> Score:
    """exp(mean KL(p(y | x) || p(y))) of logits [N, 10]; p(y) is the mean over all of them."""
    shifted = logits - logits.max(1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    p = np.exp(log_p)
    draws = draws_of(len(logits)) if weights is None else weights

    def figure(drawn: np.ndarray | None) -> float:
        share = np.full(len(p), 1 / len(p)) if drawn is None else drawn / drawn.sum()
        mean = share @ p
        return float(np.exp(share @ (p * (log_p - np.log(np.maximum(mean, 1e-300)))).sum(1)))

    return drawn_score(figure, draws)


def frechet_score(made: Reading, real: Reading) -> Score:
    """Frechet distance between features, see `lab/evaluate/frechet.py`."""
    pairs = np.stack([draws_of(len(made.features)), draws_of(len(real.features), seed=REFERENCE_SEED)], 1)
    return drawn_score(
        lambda drawn: frechet(made.features, real.features, *(drawn if drawn is not None else (None, None))),
        pairs,
    )


def kid_score(made: Reading, real: Reading, weights: np.ndarray) -> Score:
    """A hundred times KID between features, unbiased; may be slightly negative."""
    kernels = Kernels.cubic(made.features, real.features)
    others = draws_of(len(real.features), seed=REFERENCE_SEED)
    pairs = np.stack([weights, others], 1)
    return drawn_score(lambda drawn: kernels.distance(*(drawn if drawn is not None else (None, None))), pairs)


def median_score(values: np.ndarray, weights: np.ndarray) -> Score:
    """The median of one value per item [N], with draws [B, N]."""
    return drawn_score(
        lambda drawn: float(np.median(values if drawn is None else np.repeat(values, drawn))), weights
    )


def within_classes(features: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Mean distance of every row [N, F] to the other rows of its label, [N]; 0 for a row that is alone."""
    out = np.zeros(len(features))
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        if len(rows) > 1:
            apart = np.sqrt(squared_distances(features[rows], features[rows]))
            np.fill_diagonal(apart, 0)
            out[rows] = apart.sum(1) / (len(rows) - 1)
    return out


def nearest(ink: np.ndarray, training: np.ndarray) -> np.ndarray:
    """Euclidean distance of ink [N, h, w] at 28x28 to the nearest training digit [M, 28, 28], [N]."""
    import torch

    known = training.reshape(len(training), -1).astype(np.float32)
    small = shrunk(torch.from_numpy(np.asarray(ink, np.float32)), training.shape[1]).flatten(1).numpy()
    lengths = np.square(known).sum(1)
    found = np.empty(len(small))
    for first in range(0, len(small), 100):
        part = small[first : first + 100]
        squares = np.square(part).sum(1)[:, None] + lengths - 2 * part @ known.T
        found[first : first + 100] = np.sqrt(np.maximum(squares.min(1), 0))
    return found
