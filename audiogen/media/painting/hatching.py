"""Where the lines of a hatching begin, as dense as a tone asks."""

from __future__ import annotations

import numpy as np

from audiogen.media.painting.strokes import Strokes
from audiogen.media.painting.textures import SIZE

LENGTH = (40, 120)  # pixels of a stroke over a body
PRESSED = (0.75, 1.1)  # how firmly one is drawn
TAPER = 6.0  # the higher, the later its ends narrow


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


def across(height: np.ndarray, slant: float, tilt: float) -> np.ndarray:
    """How far every pixel is from the first line of a hatching that runs over a body, pixels [S, S].

    Planes that stand apart by one, and lean, cut a body in lines that bend as it does.

    Args:
        height: pixels. slant: radians, along which lines run on level paper. tilt: how much planes lean.
    """
    y, x = np.mgrid[: len(height), : len(height)].astype(np.float32)
    return np.asarray(y * np.cos(slant) - x * np.sin(slant) + tilt * height, np.float32)


def engraved(
    rng: np.random.Generator, tone: np.ndarray, plane: np.ndarray, gap: float, wide: tuple[float, float]
) -> np.ndarray:
    """Strokes side by side along levels of `plane` (see `across`), the wider the darker: float32 0..1.

    Args:
        tone: 0 (no line) to 1. gap: between lines, pixels. wide: of lines in the lightest and darkest tones.
    """
    gy, gx = np.gradient(plane)
    steep = np.maximum(np.hypot(gy, gx), 0.3)
    number = np.round(plane / gap)
    away = np.abs(plane - gap * number) / steep
    line = (number - number.min()).astype(int)
    y, x = np.mgrid[: len(plane), : len(plane)]
    mean = np.arctan2(np.median(gx), np.median(gy))
    shift, length = rng.uniform(0, 99, line.max() + 1), rng.uniform(*LENGTH, line.max() + 1)
    along = (x * np.cos(mean) - y * np.sin(mean) + 2 * SIZE + shift[line]) / length[line]
    piece = along.astype(int)
    pressed = rng.uniform(*PRESSED, (line.max() + 1, piece.max() + 1))[line, piece]
    ends = 1 - np.abs(2 * (along - piece) - 1) ** TAPER
    half = 0.5 * (wide[0] + (wide[1] - wide[0]) * tone) * pressed * ends * np.clip(12 * tone, 0, 1)
    return np.asarray(np.clip(half - away + 0.5, 0, np.clip(2 * half, 0, 1)), np.float32)
