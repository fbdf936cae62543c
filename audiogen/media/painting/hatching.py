"""Where the lines of a hatching begin, as dense as a tone asks."""

from __future__ import annotations

import numpy as np

from audiogen.media.painting.strokes import Strokes
from audiogen.media.painting.textures import SIZE


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
