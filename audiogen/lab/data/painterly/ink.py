"""Pen and ink: crisp black lines of varying weight, cross-hatching or stipple, off-white paper.

After the plates of Maginnis' Pen Drawing (1903) and Lear's figures: shade is made of lines or dots
alone, there is no grey.
"""

from __future__ import annotations

import numpy as np

from audiogen.lab.data.painterly.form import Form
from audiogen.lab.data.painterly.outlines import outline, roundness
from audiogen.media.painting.hatching import hatch
from audiogen.media.painting.paper import sheet, tooth
from audiogen.media.painting.strokes import Strokes, draw_lines
from audiogen.media.painting.textures import SIZE, blur, clouds, step

INK = np.array([0.07, 0.065, 0.08], np.float32)
MANNERS = ("cross", "stipple", "solid", "contour")


def ink(form: Form, rng: np.random.Generator) -> np.ndarray:
    """A form in pen and ink: float32 [512, 512, 3] in 0..1."""
    black = np.zeros((SIZE, SIZE), np.float32)
    shade = np.clip(0.74 + 0.3 * roundness(form, rng), 0.55, 1)
    inside = np.clip(form.distance + 0.5, 0, 1)
    manner = MANNERS[rng.choice(4, p=[0.4, 0.2, 0.15, 0.25])]
    slant = float(rng.uniform(0.5, 1.1) * rng.choice([-1, 1]))
    if manner == "cross":
        _hatched(black, shade, inside, (slant, slant + rng.uniform(0.9, 1.5), slant + 0.5), rng)
    elif manner == "stipple":
        _stippled(black, shade, inside, rng)
    elif manner == "solid":
        _solid(black, form, shade, rng)
    else:
        across = form.tangent + np.float32(rng.choice([np.pi / 2, 0.6, 1.1]))
        _hatched(black, shade, inside, (across, form.tangent), rng)
    _background(black, form, slant, rng)
    edge = outline(rng, form, gap=12.0, length=(60, 180), width=(1.8, 3.8), inset=2.6)
    edge.strength[:] = 1.0
    draw_lines(black, edge, form.tangent + 0.02 * clouds(rng, 60, 2), step(-3, -1, form.distance), 0.5, False)
    paper = sheet(rng, (0.975, float(rng.uniform(0.945, 0.965)), float(rng.uniform(0.88, 0.94))), 0.008)
    paper *= 1 - 0.008 * tooth(rng)[..., None]
    return np.clip(paper + black[..., None] * (INK - paper), 0, 1)


def _hatched(
    black: np.ndarray,
    shade: np.ndarray,
    inside: np.ndarray,
    angles: tuple[np.ndarray | float, ...],
    rng: np.random.Generator,
) -> None:
    """Sets of parallel lines; each further set lies only where it is darker."""
    gap = rng.uniform(4.8, 5.8)
    for layer, angle in enumerate(angles):
        field = np.broadcast_to(np.asarray(angle, np.float32), shade.shape) + 0.04 * clouds(rng, 120, 2)
        lines = hatch(rng, np.clip(shade + 0.4 - 0.25 * layer, 0, 1), gap, (30, 80), field, even=True)
        lines = lines._replace(width=rng.uniform(1.8, 2.8, len(lines.start)))
        lines.strength[:] = 1.0
        draw_lines(black, lines, field, inside, 0.45, False)


def _stippled(black: np.ndarray, shade: np.ndarray, inside: np.ndarray, rng: np.random.Generator) -> None:
    """Dots, closer where it is darker."""
    gap = 4.3
    cells = int(SIZE / gap)
    grid = np.stack(np.meshgrid(np.arange(cells), np.arange(cells), indexing="ij"), -1).reshape(-1, 2)
    start = (grid + rng.uniform(0.1, 0.9, grid.shape)) * gap
    at = np.clip(start, 0, SIZE - 1).astype(int)
    kept = (inside[at[:, 0], at[:, 1]] > 0.3) & (
        rng.random(len(at)) < 0.35 + 0.65 * shade[at[:, 0], at[:, 1]]
    )
    count = int(kept.sum())
    dots = Strokes(start[kept], np.full(count, 0.5), rng.uniform(2.6, 4.4, count), np.ones(count))
    draw_lines(black, dots, np.zeros_like(shade), np.clip(inside + 0.5, 0, 1), 0.0, False)


def _solid(black: np.ndarray, form: Form, shade: np.ndarray, rng: np.random.Generator) -> None:
    """Black, with a light cut out of it by white lines."""
    light = step(0.62, 0.3, shade)
    lines = hatch(rng, light, rng.uniform(5, 7), (18, 50), form.tangent)
    lines.strength[:] = 1.0
    cut = np.zeros_like(black)
    draw_lines(
        cut, lines._replace(width=rng.uniform(1.2, 2.2, len(lines.start))), form.tangent, form.ink, 0.6, False
    )
    np.maximum(black, form.ink * (1 - cut), out=black)


def _background(black: np.ndarray, form: Form, slant: float, rng: np.random.Generator) -> None:
    """A shadow of sparse parallel lines to one side, or a ground line or two, or nothing."""
    kind = rng.choice(3, p=[0.45, 0.25, 0.3])
    clear = step(-5, -7, form.distance)
    if kind == 0:
        flat = np.full((SIZE, SIZE), slant, np.float32) + 0.03 * clouds(rng, 150, 2)
        turn = rng.uniform(0, 2 * np.pi)
        shift = int(45 * np.sin(turn)), int(45 * np.cos(turn))
        where = step(0.15, 0.4, blur(np.roll(form.ink, shift, (0, 1)), 14))
        lines = hatch(rng, where, rng.uniform(10, 14), (50, 110), flat, even=True)
    elif kind == 1:
        flat = np.full((SIZE, SIZE), rng.uniform(-0.08, 0.08), np.float32) + 0.03 * clouds(rng, 150, 2)
        bottom = min(int(np.nonzero(form.ink.max(1) > 0.5)[0].max(initial=SIZE - 60)), SIZE - 40)
        band = np.zeros_like(black)
        band[bottom - 6 : bottom + 26, 30:-30] = 0.55
        lines = hatch(rng, band * clear, 9.0, (50, 150), flat)
    else:
        return
    lines = lines._replace(width=rng.uniform(1.2, 1.9, len(lines.start)))
    lines.strength[:] = 1.0
    draw_lines(black, lines, flat, clear, 0.5, False)
