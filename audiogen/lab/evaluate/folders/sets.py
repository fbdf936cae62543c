"""Two sets of items as rows of an embedding: how far apart, how alike, how much of them is covered.

    frechet, kernel   distances, see `lab/evaluate/distances.py` (of pictures the kernel is that of KID)
    density           how many neighbourhoods of real items hold an item, 1 is that of real ones
    coverage          share of the neighbourhoods of real items that hold one of the others

Density and coverage: Naeem et al., Reliable fidelity and diversity metrics (arXiv 2002.09797), k = 5; items
are the mean rows of files. All sets have one size. The same draws serve all sets, so differences are paired.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from audiogen.lab.evaluate.distances import FRECHET, KERNEL, REFERENCE_SEED
from audiogen.lab.evaluate.embedding import DIMENSIONS, Projection
from audiogen.lab.evaluate.frechet import frechet
from audiogen.lab.evaluate.kernel import Kernels, bandwidth, squared_distances
from audiogen.lab.evaluate.scores import Measure, Score, drawn_score, draws_of, mean_score

NEIGHBOURS = 5
DENSITY = Measure("density", "density", higher_is_better=True)
COVERAGE = Measure("coverage", "coverage", higher_is_better=True)
KID = Measure("kid", "KID x 100")
LEAST = 6  # items of a set, with which anything is computed at all
FEW, MANY = 20, 100  # below the first only large differences mean something; from the second Frechet does
Rows = list[np.ndarray]  # [segments, D] of every item


@dataclass(frozen=True, eq=False)
class Embedding:
    """What makes rows of a sound or a picture.

    Attributes:
        name: with its version where it has one, as reports say it.
        describe: samples or pixels -> features [segments, F].
        sizes: how many features each block has; every block weighs the same. None: one block.
    """

    name: str
    describe: Callable[[np.ndarray], np.ndarray]
    sizes: Sequence[int] | None = None


def fitted(rows: Rows, sizes: Sequence[int] | None = None) -> Projection:
    """Onto the directions of most variance, as many as half the rows allow; sizes: see `Embedding`."""
    every = np.concatenate(rows)
    dimensions = max(2, min(DIMENSIONS, len(every) // 2, every.shape[1]))
    return Projection.fit(every, dimensions, sizes or [every.shape[1]])


@dataclass(frozen=True, eq=False)
class Reference:
    """The real items that sets are measured against; kid: with the kernel of KID, not a Gaussian."""

    projection: Projection
    rows: Rows
    kid: bool = False

    @classmethod
    def of(
        cls, features: Rows, others: Rows, sizes: Sequence[int] | None = None, kid: bool = False
    ) -> Reference:
        """others: as many more real items, which the projection is fitted to as well."""
        projection = fitted([*features, *others], sizes)
        return cls(projection, [projection(each) for each in features], kid)

    def space(self, features: Rows) -> Rows:
        """Rows of items by the measure of the reference, [segments, D] each."""
        return [self.projection(each) for each in features]

    def scores(self, features: Rows) -> dict[str, Score]:
        """Every figure of as many items as the reference has.

        Raises:
            ValueError: more or fewer.
        """
        made = self.space(features)
        if len(made) != len(self.rows):
            raise ValueError(f"{len(made)} items against {len(self.rows)}: sets need one size")
        own, other = draws_of(len(made)), draws_of(len(made), seed=REFERENCE_SEED)
        pairs = np.stack([own, other], 1)
        x, y = np.concatenate(made), np.concatenate(self.rows)
        of_x, of_y = (np.repeat(np.arange(len(s)), [len(r) for r in s]) for s in (made, self.rows))
        middles, real = (np.stack([row.mean(0) for row in rows]) for rows in (made, self.rows))
        kernels = Kernels.cubic(middles, real) if self.kid else Kernels.between(made, self.rows, bandwidth(y))
        name = KID.name if self.kid else KERNEL.name
        density, coverage = neighbours(middles, real)

        def by_frechet(drawn: np.ndarray | None) -> float:
            return frechet(x, y, *((None, None) if drawn is None else (drawn[0][of_x], drawn[1][of_y])))

        def by_kernel(drawn: np.ndarray | None) -> float:
            return kernels.distance(*((None, None) if drawn is None else drawn))

        return {
            FRECHET.name: drawn_score(by_frechet, pairs, least=0),
            name: drawn_score(by_kernel, pairs),
            DENSITY.name: mean_score(density, own),
            COVERAGE.name: mean_score(coverage, other),
        }


def neighbours(made: np.ndarray, real: np.ndarray, k: int = NEIGHBOURS) -> tuple[np.ndarray, np.ndarray]:
    """Density of every item of `made` [N, D], [N]; whether each of `real` [M, D] is covered, [M]."""
    k = min(k, len(real) - 1)
    among = squared_distances(real, real)
    np.fill_diagonal(among, np.inf)
    reach = np.sort(among, axis=1)[:, k - 1]
    inside = squared_distances(made, real) <= reach
    return inside.sum(1) / k, inside.any(0).astype(float)


def conclusion(made: Score, real: Score, count: int, what: str) -> list[str]:
    """What can and what cannot be said of the first distance, in sentences.

    Args:
        made: of the set; real: of real items against real ones, from the same draws.
        count: items of a set. what: "kernel distance".
    """
    low, high = made.minus(real).interval
    said = []
    if count < FEW:
        said = [
            f"{count} files of each kind are few: only differences as large as those between the anchors "
            f"mean something; from {FEW} the {what} can be used, from {MANY} the Frechet distance too."
        ]
    elif count < MANY:
        said = [f"{count} files of each kind: go by the {what}; the Frechet distance wants {MANY} or more."]
    if low > 0:
        told = "A is farther from B than other files of B are"
        said.append(f"{told}: the {what} is higher by {low:.3g} to {high:.3g}.")
    elif high < 0:
        told = "A is nearer to one half of B than the other half of B is"
        said.append(f"{told}, by {-high:.3g} to {-low:.3g}: look for copies.")
    else:
        told = f"By the {what} A cannot be told from B (difference {low:.3g} to {high:.3g})"
        said.append(f"{told}; this does not show that they are alike.")
    return said


def halves(count_a: int, count_b: int) -> int:
    """How many items of A, and of each half of B, are compared."""
    return min(count_a, count_b // 2)


def dealt(a: Sequence[str], b: Sequence[str], count: int, seed: int = 0) -> tuple[list[int], ...]:
    """Which files are the reference, of B, which of A, and which the other half of B: `count` each.

    Where enough files of A bear names of B, as copies that were worked on do, A and the other half are the
    same pieces, so that they differ by what was done to them alone.

    Args:
        a, b: names.
    """
    rng = np.random.default_rng(seed)
    places = {name: k for k, name in enumerate(a)}
    drawn = [int(k) for k in rng.permutation(len(b))]
    drawn.sort(key=lambda k: b[k] in places)  # stable: those with partners are last
    reference, other = drawn[:count], drawn[-count:]
    if all(b[k] in places for k in other):
        return reference, [places[b[k]] for k in other], other
    return reference, [int(k) for k in rng.permutation(len(a))[:count]], other
