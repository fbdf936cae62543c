"""What can be read from a picture: its style, and the digit in it.

Digit: the ink of the picture by the rule of `media/ink.py` (64 x 64, told by Otsu's threshold), averaged to
28 x 28, is read by the project's own reader of digits (weights `digit-classifier`), which knows digits that
are turned, moved and scaled. Placed as MNIST is (its 20 pixels, centre of mass) it is read no better: 97.5 %
of 160 held-out training pairs either way.

Style: the nearest of the class means of training pictures, in the rows of the distances, where a step counts
by how far pictures of one class lie apart in its direction (linear discriminant, one covariance for all).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.lab.evaluate.digits.judge import DigitClassifier


@dataclass(frozen=True, eq=False)
class StyleReader:
    """Class means in a space where pictures of one class are round.

    Attributes:
        names: of the classes; means: [classes, D]; rounded: [D, D].
    """

    names: tuple[str, ...]
    means: np.ndarray
    rounded: np.ndarray

    @classmethod
    def fit(cls, rows: np.ndarray, manner: np.ndarray) -> StyleReader:
        """From rows of training pictures [N, D] and their styles [N].

        Raises:
            InvalidRequest: fewer pictures than directions and classes.
        """
        names, classes = np.unique(manner, return_inverse=True)
        if len(rows) <= rows.shape[1] + len(names):
            raise InvalidRequest(
                f"{len(rows)} training pictures are too few to learn {len(names)} styles from; prepare more."
            )
        means = np.stack([rows[classes == k].mean(0) for k in range(len(names))])
        inside = np.cov(rows - means[classes], rowvar=False) + 1e-6 * np.eye(rows.shape[1])
        rounded = np.linalg.cholesky(np.linalg.inv(inside))
        return cls(tuple(str(n) for n in names), means @ rounded, rounded)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """Names of the styles of rows [N, D]: [N]."""
        apart = np.square((rows @ self.rounded)[:, None] - self.means[None]).sum(2)
        return np.array(self.names)[apart.argmin(1)]


def digits_in(ink: Sequence[np.ndarray] | np.ndarray, judge: DigitClassifier) -> np.ndarray:
    """The digits that are read from ink, bool [N, 64, 64]: int64 [N]."""
    return judge.read(np.asarray(ink, np.float32)).digits
