"""Grounds to paint on: cold-pressed and drawing paper, canvas. Heights are about 0 with std 1."""

from __future__ import annotations

import numpy as np

from audiogen.media.painting.textures import SIZE, blur, clouds, grain


def cold_press(rng: np.random.Generator) -> np.ndarray:
    """The pitted surface of watercolour paper: bumps of 4 to 8 pixels, float32 [512, 512]."""
    bumps = grain(rng, rng.uniform(1.8, 2.6)) + 0.8 * grain(rng, 0.8)
    return np.asarray(bumps - blur(bumps, 10), np.float32)


def tooth(rng: np.random.Generator) -> np.ndarray:
    """The fine tooth of drawing paper, which graphite catches on."""
    return np.asarray(0.8 * grain(rng, 0.75) + 0.6 * grain(rng, 1.4), np.float32)


def canvas(rng: np.random.Generator) -> np.ndarray:
    """A plain weave, threads of 3 to 4 pixels, a little uneven."""
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    pitch = rng.uniform(3.0, 4.2)
    wave = np.pi / pitch
    sway_y, sway_x = 0.8 * clouds(rng, 60, 2), 0.8 * clouds(rng, 60, 2)
    over = np.sin(wave * (x + sway_x)) * np.cos(0.5 * wave * (y + sway_y))
    under = np.cos(wave * (y + sway_y)) * np.sin(0.5 * wave * (x + sway_x))
    return np.asarray(over + under + 0.35 * grain(rng, 0.8), np.float32)


def relief(height: np.ndarray, strength: float) -> np.ndarray:
    """Light from the upper left over a height map: about 1, brighter on slopes that face it."""
    gy, gx = np.gradient(height)
    return np.asarray(1 + strength * (gx + gy), np.float32)


def sheet(rng: np.random.Generator, tint: tuple[float, float, float], uneven: float = 0.012) -> np.ndarray:
    """Blank paper of a tint, a little uneven and darker to one side: float32 [512, 512, 3]."""
    tone = 1 - uneven * np.clip(clouds(rng, 300, 2), -2, 2)[..., None]
    return np.asarray(np.array(tint, np.float32) * tone, np.float32)
