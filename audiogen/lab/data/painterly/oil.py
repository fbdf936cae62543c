"""Oil: opaque strokes in layers, thick paint lit from the side, on canvas.

After Hertzmann 1998 (layers of curved strokes) with the direction of the strokes taken from the form's
outline and, away from it, from a turning flow; the palette is that of one painting.
"""

from __future__ import annotations

import numpy as np

from audiogen.lab.data.painterly.form import Form
from audiogen.lab.data.painterly.palettes import Palette
from audiogen.lab.data.painterly.paper import canvas
from audiogen.lab.data.painterly.strokes import Strokes, paint_strokes
from audiogen.lab.data.painterly.textures import SIZE, blur, clouds, grain, step


def oil(form: Form, rng: np.random.Generator, palette: Palette) -> np.ndarray:
    """A form in oil with the colours of a painting: float32 [512, 512, 3] in 0..1."""
    ground, figure = palette.split(rng)
    flow = _flow(form, rng)
    bristles = _bristles(rng)
    picture = np.ones((SIZE, SIZE, 3), np.float32) * ground.mean(0).astype(np.float32)
    weave = canvas(rng)
    height = 0.12 * weave
    outside = np.clip(0.5 - form.distance, 0, 1)
    everywhere = np.ones_like(outside)
    width = rng.uniform(9, 15)
    zones = clouds(rng, rng.uniform(150, 320), 2)
    for share, clip, wide in ((1.0, everywhere, 1.5), (1.0, outside, 1.0), (0.5, outside, 0.65)):
        strokes = _lattice(rng, wide * width, share)
        paints = _paints(ground, strokes, zones, rng)
        paint_strokes(picture, height, strokes, paints, flow, clip, bristles)
    _paint_figure(picture, height, form, figure, width, bristles, rng)
    return _lit(picture, height, weave, rng)


def _paint_figure(
    picture: np.ndarray,
    height: np.ndarray,
    form: Form,
    figure: np.ndarray,
    width: float,
    bristles: np.ndarray,
    rng: np.random.Generator,
) -> None:
    """Strokes along the form, clipped to it but for a ragged pixel or two; lights on its upper left."""
    ragged = form.distance + 1.2 * clouds(rng, 14, 2)
    clip = np.clip(ragged + 0.8, 0, 1)
    picture += clip[..., None] * (figure.mean(0) - picture)
    zones = clouds(rng, 110, 2)
    gy, gx = np.gradient(blur(form.distance, 4.0))
    facing = (gx + gy) / np.maximum(np.hypot(gx, gy), 1e-3)  # over 0: the side that the light falls on
    for share, wide in ((2.2, 0.9), (1.6, 0.55)):
        strokes = _lattice(rng, wide * width, share)
        inside = form.distance[_at(strokes.start)] > 0.5
        strokes = Strokes(*(part[inside] for part in strokes))
        strokes.length[:] *= 0.8
        light = 0.5 * zones + 0.8 * facing * (wide < 0.6)
        paint_strokes(
            picture, height, strokes, _paints(figure, strokes, light, rng), form.tangent, clip, bristles
        )


def _lit(picture: np.ndarray, height: np.ndarray, weave: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Thick paint under a lamp at the upper left: shaded slopes, a gleam on the steepest."""
    surface = blur(height, 0.7) + 0.02 * weave
    gy, gx = np.gradient(surface)
    slope = np.asarray(gx + gy)
    shaded = picture * (1 + rng.uniform(0.55, 0.95) * np.clip(slope, -0.45, 0.45))[..., None]
    gleam = step(0.2, 0.6, slope) * rng.uniform(0.06, 0.16)
    return np.asarray(np.clip(shaded + gleam[..., None], 0, 1), np.float32)


def _flow(form: Form, rng: np.random.Generator) -> np.ndarray:
    """Direction of the background's strokes: along the form close by, a slow swirl farther away."""
    swirl = rng.uniform(0, np.pi) + rng.uniform(0.25, 0.9) * clouds(rng, rng.uniform(260, 420), 2)
    near = np.exp(np.minimum(form.distance, 0) / rng.uniform(25, 60))
    across = near * np.cos(2 * form.tangent) + (1 - near) * np.cos(2 * swirl)
    along = near * np.sin(2 * form.tangent) + (1 - near) * np.sin(2 * swirl)
    return np.asarray(np.arctan2(along, across) / 2, np.float32)


def _lattice(rng: np.random.Generator, width: float, share: float) -> Strokes:
    """Strokes that cover the canvas about `share` times, in random order."""
    gap = width * 1.25 / np.sqrt(share)
    cells = int(SIZE / gap) + 2
    grid = np.stack(np.meshgrid(np.arange(cells), np.arange(cells), indexing="ij"), -1).reshape(-1, 2)
    start = (rng.permutation(grid) + rng.uniform(-0.7, 0.7, grid.shape)) * gap
    start = np.clip(start, 0, SIZE - 1)
    count = len(start)
    length = width * rng.uniform(2.2, 5.0, count)
    return Strokes(start, length, width * rng.uniform(0.75, 1.25, count), rng.uniform(0.85, 1.0, count))


def _paints(colours: np.ndarray, strokes: Strokes, zones: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A colour for every stroke: neighbours take near ones, some break out."""
    place = zones[_at(strokes.start)] * 0.55 + 0.5 + rng.normal(0, 0.18, len(strokes.start))
    place = np.clip(place, 0, 1) * (len(colours) - 1)
    low = np.floor(place).astype(int)
    mixed = colours[low] + (place - low)[:, None] * (
        colours[np.minimum(low + 1, len(colours) - 1)] - colours[low]
    )
    return np.asarray(
        np.clip(mixed * (1 + rng.normal(0, 0.06, (len(mixed), 1))) + rng.normal(0, 0.02, mixed.shape), 0, 1)
    )


def _bristles(rng: np.random.Generator) -> np.ndarray:
    """Traces of hair: streaks along the stroke (columns), 0..1, [256, 256]."""
    hairs = np.asarray(rng.random((256, 1), np.float32))
    streaks = 0.6 * hairs + 0.4 * blur(grain(rng, 0.6), 1.0)[:256, :256] * 0.5 + 0.2
    return np.asarray(np.clip(streaks, 0, 1), np.float32)


def _at(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    whole = np.clip(points, 0, SIZE - 1).astype(int)
    return whole[:, 0], whole[:, 1]
