"""Where lines begin: hatching that is as dense as a tone asks, and outlines drawn piece by piece."""

from __future__ import annotations

import numpy as np

from audiogen.lab.data.painterly.form import Form
from audiogen.lab.data.painterly.strokes import Strokes
from audiogen.lab.data.painterly.textures import SIZE, blur


def hatch(
    rng: np.random.Generator,
    tone: np.ndarray,
    gap: float,
    length: tuple[float, float],
    angle: np.ndarray,
    even: bool = False,
) -> Strokes:
    """Lines whose middles lie where `tone` (0..1) is dark, `gap` pixels apart, along `angle`.

    Args:
        even: a regular lattice (a pen drawing's parallel lines) instead of a jittered one.
    Returns: strokes with random length and strength 0.6..1, width 1.
    """
    main = float(np.angle(np.exp(2j * np.asarray(angle[::16, ::16])).mean()) / 2)
    stride = 0.55 * (length[0] + length[1]) / 2
    reach = SIZE * 0.75
    u, v = np.meshgrid(np.arange(-reach, reach, stride), np.arange(-reach, reach, gap), indexing="ij")
    jitter = (0.5, 0.12) if even else (0.5, 0.45)
    u = u + stride * rng.uniform(-jitter[0], jitter[0], u.shape)
    v = v + gap * rng.uniform(-jitter[1], jitter[1], v.shape)
    y = SIZE / 2 + u * np.sin(main) + v * np.cos(main)
    x = SIZE / 2 + u * np.cos(main) - v * np.sin(main)
    middle = np.stack([y.ravel(), x.ravel()], -1)
    middle = middle[((middle >= 0) & (middle < SIZE)).all(1)]
    at = middle.astype(int)
    kept = rng.random(len(middle)) * 0.9 + 0.05 < tone[at[:, 0], at[:, 1]]
    middle, at = middle[kept], at[kept]
    lengths = rng.uniform(*length, len(middle))
    here = angle[at[:, 0], at[:, 1]]
    start = middle - 0.5 * lengths[:, None] * np.stack([np.sin(here), np.cos(here)], -1)
    return Strokes(start, lengths, np.ones(len(middle)), rng.uniform(0.6, 1.0, len(middle)))


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
