"""Both distances from a set of sounds to a reference, with bootstrap draws over sounds on both sides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from audiogen.lab.evaluate.embedding import Projection, embed
from audiogen.lab.evaluate.frechet import frechet
from audiogen.lab.evaluate.kernel import Kernels, bandwidth
from audiogen.lab.evaluate.scores import Measure, Score, drawn_score, draws_of

KERNEL = Measure("kernel", "kernel distance")
FRECHET = Measure("frechet", "Frechet distance")
REFERENCE_SEED = 1  # of the draws of the reference; those of the measured sounds have seed 0


@dataclass(frozen=True, eq=False)
class Distances:
    """Of sounds to the rows of a reference, [segments, D] a sound; its bandwidth is the kernel's."""

    projection: Projection
    reference: list[np.ndarray]
    width: float

    @classmethod
    def to(cls, mids: Sequence[np.ndarray], projection: Projection) -> Distances:
        """A reference of mid log-mels [bands, frames]."""
        rows = embed(mids, projection)
        return cls(projection, rows, bandwidth(np.concatenate(rows)))

    def of(self, mids: Sequence[np.ndarray]) -> dict[str, Score]:
        """ "kernel" and "frechet" of as many mid log-mels as the reference has.

        The draws are the same for every set of sounds of one size: differences between sets are paired.
        Raises:
            ValueError: more or fewer sounds than the reference.
        """
        return self.of_rows(embed(mids, self.projection))

    def of_rows(self, made: Sequence[np.ndarray]) -> dict[str, Score]:
        """As `of`, from rows of the embedding, [segments, D] a sound."""
        if len(made) != len(self.reference):
            raise ValueError(
                f"{len(made)} sounds against {len(self.reference)}: distances need equal sample sizes"
            )
        weights = np.stack([draws_of(len(made)), draws_of(len(made), seed=REFERENCE_SEED)], 1)
        kernels = Kernels.between(made, self.reference, self.width)
        x, y = np.concatenate(list(made)), np.concatenate(self.reference)
        of_x, of_y = (np.repeat(np.arange(len(s)), [len(r) for r in s]) for s in (made, self.reference))

        def by_kernel(drawn: np.ndarray | None) -> float:
            return kernels.distance(*(drawn if drawn is not None else (None, None)))

        def by_frechet(drawn: np.ndarray | None) -> float:
            return frechet(x, y, *((drawn[0][of_x], drawn[1][of_y]) if drawn is not None else (None, None)))

        return {
            KERNEL.name: drawn_score(by_kernel, weights),
            FRECHET.name: drawn_score(by_frechet, weights, least=0),
        }
