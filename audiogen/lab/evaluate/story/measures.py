"""From the frames of sets to figures: a number per set and system, then means with intervals over sets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from audiogen.media.drawing import resized, shrunk

CLIP_SCALE = 2.5  # of CLIPScore (arXiv 2104.08718); the published CLIP-T are scaled by it
GRID = 16  # places to a side of a layout
NAMES = ("clip_t", "clip_i", "distance", "whole", "layout", "harmonic", "seconds", "peak_mb")
SIDE = 256  # pixels of a hero that is compared
MARGIN = 0.06  # of its size, around it


@dataclass(frozen=True)
class Figures:
    """Of one set, or None where nobody judged it.

    Attributes:
        clip_t: frames against their sentences, cosine times 2.5, at most 1.
        clip_i: mean cosine of pairs of heroes, where they can be cut out, else of frames.
        distance: 1 minus that, of another network. whole: the same of whole frames.
        layout: 1 minus the correlation of pairs of frames seen from afar: how differently they are laid out.
        harmonic: mean of clip_t, clip_i and 1 - distance, of those that are there.
        seconds: of a frame. peak_mb: memory.
    """

    clip_t: float | None = None
    clip_i: float | None = None
    distance: float | None = None
    whole: float | None = None
    layout: float | None = None
    harmonic: float | None = None
    seconds: float | None = None
    peak_mb: float | None = None
    about: dict[str, str] = field(default_factory=dict)


def hero_alone(pixels: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """A hero cut out of a frame, on white, as large as the square holds it, float32 [3, SIDE, SIDE].

    So neither what is around it nor how large it is and where it stands tells frames apart.

    Args:
        pixels: [3, H, W] in 0..1. mask: how much of each pixel is the hero, [H, W].
    """
    clean = mask * pixels + (1 - mask)
    rows, columns = np.flatnonzero((mask > 0.5).any(1)), np.flatnonzero((mask > 0.5).any(0))
    if len(rows):
        clean = clean[:, rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    height, width = clean.shape[1:]
    side = round(max(height, width) * (1 + 2 * MARGIN))
    square = np.ones((3, side, side), np.float32)
    top, left = (side - height) // 2, (side - width) // 2
    square[:, top : top + height, left : left + width] = clean
    return resized(square, SIDE)


def mean_of_pairs(rows: np.ndarray) -> float:
    """Mean inner product of different rows [N, D], N > 1."""
    total = rows @ rows.T
    count = len(rows)
    return float((total.sum() - np.trace(total)) / (count * (count - 1)))


def alignment(pictures: np.ndarray, sentences: np.ndarray) -> float:
    """Rows of pictures and of their sentences: the scaled cosine, 0 .. 1."""
    cosine = (pictures * sentences).sum(1)
    return float(np.clip(CLIP_SCALE * cosine, 0, 1).mean())


def layouts(frames: Sequence[np.ndarray]) -> float:
    """How differently frames [3, H, W] are laid out, 0 (alike) .. 2."""
    rows = []
    for frame in frames:
        grey = shrunk(frame.mean(0), GRID).ravel().astype(np.float64)
        grey -= grey.mean()
        rows.append(grey / max(float(np.linalg.norm(grey)), 1e-9))
    return 1 - mean_of_pairs(np.stack(rows))


def harmonic(values: Sequence[float | None]) -> float | None:
    """Of those that are there; 0 where one of them is not above 0."""
    known = [value for value in values if value is not None]
    if not known:
        return None
    return 0.0 if min(known) <= 0 else float(len(known) / sum(1 / value for value in known))


def told_apart(rows: dict[tuple[int, int], np.ndarray]) -> list[float]:
    """Whether a frame of one story is nearer to the same frame of another than to its other frames.

    Args:
        rows: (seed, frame) -> features of length 1. Every seed tells the same frames with another hero.
    Returns: for each frame and each other seed 1 or 0; chance is one over the number of frames.
    """
    hits = []
    for (seed, frame), row in rows.items():
        for other in sorted({s for s, _ in rows} - {seed}):
            known = {f: float(row @ r) for (s, f), r in rows.items() if s == other}
            hits.append(float(max(known, key=lambda f: known[f]) == frame))
    return hits


def within_and_between(rows: dict[tuple[int, int], np.ndarray]) -> tuple[list[float], list[float]]:
    """Distances of different frames of one seed, and of the same pairs of frames between two seeds."""
    within: list[float] = []
    between: list[float] = []
    for (seed, frame), row in rows.items():
        for (other, another), there in rows.items():
            if frame < another:
                (within if seed == other else between).append(1 - float(row @ there))
    return within, between
