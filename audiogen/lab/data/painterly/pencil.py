"""Pencil: graphite on toothed paper, grey only.

Soft outlines drawn several times over, hatching that follows the form, a rubbed tone beneath, and
loose hatching behind one side, as in the drawings of Speed, Holbein and Ingres.
"""

from __future__ import annotations

import numpy as np

from audiogen.lab.data.painterly.form import Form
from audiogen.lab.data.painterly.outlines import outline, roundness
from audiogen.media.painting.hatching import hatch
from audiogen.media.painting.paper import tooth
from audiogen.media.painting.strokes import draw_lines
from audiogen.media.painting.textures import SIZE, blur, clouds, step

BLACKEST = 0.88  # graphite never gets blacker


def pencil(form: Form, rng: np.random.Generator) -> np.ndarray:
    """A form in pencil: float32 [512, 512, 3] in 0..1, the three channels equal."""
    tone = np.zeros((SIZE, SIZE), np.float32)
    shade = np.clip(0.7 + 0.3 * roundness(form, rng) + 0.06 * clouds(rng, 150, 2), 0.45, 1)
    slant = float(rng.uniform(0.5, 1.1) * rng.choice([-1, 1]))
    straight = (slant + 0.06 * clouds(rng, 240, 2)).astype(np.float32)
    _hatching(tone, form, shade, straight, rng)
    _background(tone, form, straight, rng)
    edge = outline(rng, form, gap=11.0, length=(50, 170), width=(1.3, 2.8), inset=2.2)
    near = step(-4, -1, form.distance)
    draw_lines(tone, edge, form.tangent + 0.035 * clouds(rng, 90, 2), near, taper=0.75)
    return _on_paper(tone, 0.32 * blur(form.ink * shade, 2.0), rng)


def _hatching(
    tone: np.ndarray, form: Form, shade: np.ndarray, straight: np.ndarray, rng: np.random.Generator
) -> None:
    """One clear direction; a second one across it, or along the form, where it is darker."""
    inside = np.clip(form.distance + 0.3 + 1.2 * clouds(rng, 24, 2), 0, 1)
    second = form.tangent if rng.random() < 0.5 else straight + np.float32(rng.uniform(0.4, 0.9))
    for angle, least, weight in ((straight, 0.0, 0.62), (second, 0.35, 0.5)):
        wanted = np.clip((shade - least) / (1 - least), 0, 1) + 0.25
        lines = hatch(rng, wanted, rng.uniform(4.0, 5.4), (26, 70), angle, even=True)
        lines = lines._replace(width=rng.uniform(1.5, 3.0, len(lines.start)))
        lines.strength[:] *= weight
        draw_lines(tone, lines, angle, inside, taper=0.4)


def _background(tone: np.ndarray, form: Form, angle: np.ndarray, rng: np.random.Generator) -> None:
    """Loose pale hatching behind the form, on one side of it; none in a third of the drawings."""
    if rng.random() < 0.33:
        return
    turn = rng.uniform(0, 2 * np.pi)
    shift = int(60 * np.sin(turn)), int(60 * np.cos(turn))
    where = step(0.12, 0.4, blur(np.roll(form.ink, shift, (0, 1)), 30))
    lines = hatch(rng, where * 0.97, rng.uniform(6.0, 8.5), (60, 150), angle, even=True)
    lines = lines._replace(width=rng.uniform(1.1, 2.0, len(lines.start)))
    lines.strength[:] *= rng.uniform(0.22, 0.42)
    draw_lines(tone, lines, angle, step(1, -3, form.distance), taper=0.5)


def _on_paper(tone: np.ndarray, rubbed: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Graphite catches on the tooth, more so where it lies thin; a finger has rubbed some of it in."""
    paper = np.clip(tooth(rng), -2, 2)
    caught = tone * (0.88 + 0.34 * paper * (1 - 0.6 * tone)).clip(0, 1.3)
    dark = np.clip(caught + (rubbed + 0.2 * blur(tone, 2.5)) * (1 + 0.08 * paper), 0, 1) * BLACKEST
    mottle = np.clip(clouds(rng, 300, 2), -2, 2)
    ground = rng.uniform(0.87, 0.96) * (1 - 0.011 * paper - 0.012 * mottle)
    grey = np.clip(ground * (1 - dark), 0, 1).astype(np.float32)
    return np.repeat(grey[..., None], 3, axis=2)
