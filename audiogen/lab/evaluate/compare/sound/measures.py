"""What a cell scored, in sound: does it follow its structure, how real is it, do seeds differ.

adherence   1 - (L1 between the coarse mel asked for and that of the result) / (the same with the
            structures shuffled): 1 is the held-out window itself, 0 somebody else's structure
moves       correlation over time between both, each group around its own mean
kernel, frechet
            distances of the embedding to held-out recordings (`lab/evaluate/distances.py`)
diversity   distance between two seeds of one structure, 1 is that between two real windows of a kind
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from audiogen.artifacts import MelSpectrogram
from audiogen.lab.evaluate.anchors import ANCHORS, damaged
from audiogen.lab.evaluate.compare.sound.work import Item, Work
from audiogen.lab.evaluate.distances import FRECHET, KERNEL, Distances
from audiogen.lab.evaluate.embedding import describe
from audiogen.lab.evaluate.scores import Measure, Score, draws_of, mean_score
from audiogen.media.mel import MelSettings, coarse_mel

L1 = Measure("l1", "L1 to the structure, nats")
ADHERENCE = Measure("adherence", "adherence", higher_is_better=True)
MOVES = Measure("moves", "correlation over time", higher_is_better=True)
DIVERSITY = Measure("diversity", "diversity between seeds", higher_is_better=True)
MEASURES = (KERNEL, FRECHET, ADHERENCE, L1, MOVES, DIVERSITY)


def keep(item: Item, made: MelSpectrogram) -> dict[str, np.ndarray]:
    """What of a result the measures need: features [segments, 295], coarse mel [groups, coarse_frames]."""
    return kept_of(made.mid, made.settings)


def kept_of(mid: np.ndarray, mel: MelSettings = MelSettings()) -> dict[str, np.ndarray]:
    """The same of a mid log-mel [bands, frames]."""
    coarse = coarse_mel(torch.from_numpy(np.asarray(mid, np.float32)), mel).numpy()
    return {"features": describe(mid, mel).astype(np.float32), "coarse": coarse.astype(np.float16)}


@dataclass(frozen=True, eq=False)
class Judge:
    """Measures runs on one work."""

    work: Work
    distances: Distances | None

    @classmethod
    def of(cls, work: Work) -> Judge:
        if work.pools is None:
            return cls(work, None)
        reference = [window.mid for window in work.pools.reference]
        return cls(work, Distances.to(reference, work.pools.projection))

    def scores(self, made: dict[str, np.ndarray], kind: str) -> dict[str, Score]:
        """Every measure that can be taken of what was kept of all items, for one kind of structures."""
        first = self.work.numbers(kind)
        found: dict[str, Score] = {}
        if self.distances is not None:
            rows = [self._projected(made["features"][k]) for k in first]
            found |= self.distances.of_rows(rows)
            found |= self.diversity(made, kind)
        asked = [self.work.items[k].structure.mel for k in first]
        if all(mel is not None for mel in asked):
            pairs = [
                (np.asarray(a), made["coarse"][k].astype(float)) for a, k in zip(asked, first, strict=True)
            ]
            found |= adherence([a for a, _ in pairs], [b for _, b in pairs])
        return found

    def diversity(self, made: dict[str, np.ndarray], kind: str) -> dict[str, Score]:
        """Between the seeds of one structure; nothing if every structure has one seed."""
        second = self.work.numbers(kind, take=1)
        if not second:
            return {}
        rows = self._projected(made["features"])
        first = self.work.numbers(kind)[: len(second)]
        apart = [
            np.linalg.norm(rows[a].mean(0) - rows[b].mean(0)) for a, b in zip(first, second, strict=True)
        ]
        return {DIVERSITY.name: mean_score(np.array(apart) / self.real_spread(), draws_of(len(apart)))}

    def _projected(self, features: np.ndarray) -> np.ndarray:
        """Kept features in the space of the distances."""
        assert self.work.pools is not None
        return self.work.pools.projection(features.astype(float))

    def real_spread(self) -> float:
        """Mean distance between two reference windows of one kind."""
        assert self.distances is not None and self.work.pools is not None
        means = np.stack([rows.mean(0) for rows in self.distances.reference])
        kinds = np.array([window.kind for window in self.work.pools.reference])
        apart = np.linalg.norm(means[:, None] - means[None], axis=-1)
        alike = np.triu(kinds[:, None] == kinds[None], 1)
        return (
            float(apart[alike].mean()) if alike.any() else float(apart[np.triu_indices(len(kinds), 1)].mean())
        )

    def anchors(self) -> dict[str, dict[str, Score]]:
        """Distances of the held-out windows themselves, and of the same damaged."""
        if self.distances is None or self.work.pools is None:
            return {}
        measured = self.work.pools.measured
        return {name: self.distances.of(damaged(measured, harm)) for name, harm in ANCHORS.items()}


def adherence(asked: list[np.ndarray], made: list[np.ndarray]) -> dict[str, Score]:
    """L1, adherence and correlation of coarse mels [groups, frames], made for asked in the same order."""
    frames = min(min(a.shape[1], m.shape[1]) for a, m in zip(asked, made, strict=True))
    a, m = (np.stack([x[:, :frames] for x in rows]).astype(float) for rows in (asked, made))
    weights = draws_of(len(a))
    l1 = np.abs(a - m).mean((1, 2))
    others = np.array([np.abs(x - a).mean((1, 2)).sum() / max(1, len(a) - 1) for x in a])
    found = {L1.name: mean_score(l1, weights), MOVES.name: mean_score(moving_together(a, m), weights)}
    if len(a) > 1:
        floor = mean_score(others, weights)
        value = 1 - found[L1.name].value / floor.value
        found[ADHERENCE.name] = Score(value, 1 - found[L1.name].draws / floor.draws)
    return found


def moving_together(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Correlation of [N, groups, frames] over groups and frames, each group around its mean, [N]."""
    x, y = (v - v.mean(2, keepdims=True) for v in (a, b))
    size = np.sqrt((x**2).sum((1, 2)) * (y**2).sum((1, 2)))
    return (x * y).sum((1, 2)) / np.maximum(size, 1e-9)
