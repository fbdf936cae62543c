"""Oil: opaque strokes in layers, thick paint lit from the side, on canvas.

After Hertzmann 1998 (layers of curved strokes) with the direction of the strokes taken from the form's
outline and, away from it, from a turning flow; the palette is that of one painting.
"""

from __future__ import annotations

import numpy as np

from audiogen.lab.data.painterly.form import Form
from audiogen.lab.data.painterly.palettes import Palette
from audiogen.media.painting.brush import at, bristles, lattice, lit
from audiogen.media.painting.paper import canvas
from audiogen.media.painting.strokes import Strokes, paint_strokes
from audiogen.media.painting.textures import SIZE, blur, clouds


def oil(form: Form, rng: np.random.Generator, palette: Palette) -> np.ndarray:
    """A form in oil with the colours of a painting: float32 [512, 512, 3] in 0..1."""
    ground, figure = palette.split(rng)
    flow = _flow(form, rng)
    hair = bristles(rng)
    picture = np.ones((SIZE, SIZE, 3), np.float32) * ground.mean(0).astype(np.float32)
    weave = canvas(rng)
    height = 0.12 * weave
    outside = np.clip(0.5 - form.distance, 0, 1)
    everywhere = np.ones_like(outside)
    width = rng.uniform(9, 15)
    zones = clouds(rng, rng.uniform(150, 320), 2)
    for share, clip, wide in ((1.0, everywhere, 1.5), (1.0, outside, 1.0), (0.5, outside, 0.65)):
        strokes = lattice(rng, wide * width, share)
        paints = _paints(ground, strokes, zones, rng)
        paint_strokes(picture, height, strokes, paints, flow, clip, hair)
    _paint_figure(picture, height, form, figure, width, hair, rng)
    return lit(picture, height, weave, rng)


def _paint_figure(
    picture: np.ndarray,
    height: np.ndarray,
    form: Form,
    figure: np.ndarray,
    width: float,
    hair: np.ndarray,
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
        strokes = lattice(rng, wide * width, share)
        inside = form.distance[at(strokes.start)] > 0.5
        strokes = Strokes(*(part[inside] for part in strokes))
        strokes.length[:] *= 0.8
        light = 0.5 * zones + 0.8 * facing * (wide < 0.6)
        paint_strokes(
            picture, height, strokes, _paints(figure, strokes, light, rng), form.tangent, clip, hair
        )


def _flow(form: Form, rng: np.random.Generator) -> np.ndarray:
    """Direction of the background's strokes: along the form close by, a slow swirl farther away."""
    swirl = rng.uniform(0, np.pi) + rng.uniform(0.25, 0.9) * clouds(rng, rng.uniform(260, 420), 2)
    near = np.exp(np.minimum(form.distance, 0) / rng.uniform(25, 60))
    across = near * np.cos(2 * form.tangent) + (1 - near) * np.cos(2 * swirl)
    along = near * np.sin(2 * form.tangent) + (1 - near) * np.sin(2 * swirl)
    return np.asarray(np.arctan2(along, across) / 2, np.float32)


def _paints(colours: np.ndarray, strokes: Strokes, zones: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A colour for every stroke: neighbours take near ones, some break out."""
    place = zones[at(strokes.start)] * 0.55 + 0.5 + rng.normal(0, 0.18, len(strokes.start))
    place = np.clip(place, 0, 1) * (len(colours) - 1)
    low = np.floor(place).astype(int)
    mixed = colours[low] + (place - low)[:, None] * (
        colours[np.minimum(low + 1, len(colours) - 1)] - colours[low]
    )
    return np.asarray(
        np.clip(mixed * (1 + rng.normal(0, 0.06, (len(mixed), 1))) + rng.normal(0, 0.02, mixed.shape), 0, 1)
    )
