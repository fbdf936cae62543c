"""Outlines drawn piece by piece, and which way a form's surface faces."""

from __future__ import annotations

import numpy as np

from audiogen.lab.data.painterly.form import Form
from audiogen.media.painting.strokes import Strokes
from audiogen.media.painting.textures import blur


def outline(
    rng: np.random.Generator,
    form: Form,
    gap: float,
    length: tuple[float, float],
    width: tuple[float, float],
    inset: float = 1.5,
) -> Strokes:
    """Lines that begin `inset` pixels within the outline, one for every `gap` pixels of it, by and by."""
    edge = np.argwhere(np.abs(form.distance - inset) < 0.7)
    if not len(edge):
        return Strokes(np.zeros((0, 2)), np.zeros(0), np.zeros(0), np.zeros(0))
    count = max(int(len(edge) / 1.4 / gap), 1)
    start = edge[rng.choice(len(edge), count, replace=len(edge) < count)] + rng.normal(0, 0.8, (count, 2))
    return Strokes(
        start, rng.uniform(*length, count), rng.uniform(*width, count), rng.uniform(0.55, 0.95, count)
    )


def roundness(form: Form, rng: np.random.Generator) -> np.ndarray:
    """Which way the form's surface faces: -1 towards a light at a random side, 1 away from it, 0 on top."""
    angle = rng.uniform(0, 2 * np.pi)
    gy, gx = np.gradient(blur(form.distance, 6.0))
    facing = (np.cos(angle) * gx + np.sin(angle) * gy) / np.maximum(np.hypot(gx, gy), 0.3)
    return np.asarray(np.clip(facing, -1, 1), np.float32)
