"""Watercolour: transparent washes over cold-pressed paper.

Pigment absorbs light, so layers multiply: picture = paper * exp(-sum of density * absorbance)
(Beer-Lambert, the simple end of Kubelka-Munk; Curtis et al. 1997 name the effects made here: edge
darkening, granulation, backruns, glazes, wet-in-wet bleeding).
"""

from __future__ import annotations

import numpy as np

from audiogen.lab.data.painterly.form import Form
from audiogen.media.painting.paper import cold_press, relief, sheet
from audiogen.media.painting.textures import SIZE, clouds, step

# Colour of each pigment at full density on white paper, sRGB.
PIGMENTS = {
    "ultramarine": (0.12, 0.16, 0.55),
    "cobalt": (0.10, 0.33, 0.70),
    "cerulean": (0.10, 0.50, 0.72),
    "turquoise": (0.05, 0.50, 0.52),
    "viridian": (0.05, 0.42, 0.33),
    "sap green": (0.30, 0.43, 0.12),
    "olive": (0.40, 0.38, 0.14),
    "raw sienna": (0.75, 0.48, 0.16),
    "burnt sienna": (0.58, 0.25, 0.12),
    "sepia": (0.29, 0.20, 0.15),
    "cadmium orange": (0.90, 0.42, 0.08),
    "vermilion": (0.82, 0.20, 0.12),
    "alizarin": (0.62, 0.08, 0.20),
    "rose": (0.80, 0.22, 0.42),
    "purple": (0.42, 0.16, 0.50),
    "indigo": (0.13, 0.20, 0.36),
}
# Hues that a painter lets run into one another without mud.
HARMONIES = (
    ("ultramarine", "turquoise", "purple"),
    ("cobalt", "cerulean", "viridian"),
    ("sap green", "viridian", "olive"),
    ("vermilion", "cadmium orange", "rose"),
    ("alizarin", "rose", "purple"),
    ("burnt sienna", "cadmium orange", "sepia"),
    ("indigo", "turquoise", "cobalt"),
    ("purple", "ultramarine", "rose"),
    ("sepia", "burnt sienna", "indigo"),
    ("turquoise", "sap green", "cerulean"),
)
WASHES = ("cerulean", "raw sienna", "rose", "sap green", "cadmium orange", "cobalt", "turquoise", "purple")


def watercolor(form: Form, rng: np.random.Generator) -> np.ndarray:
    """A form in watercolour: float32 [512, 512, 3] in 0..1."""
    surface = cold_press(rng)
    valleys = np.clip(-surface, -1.5, 1.5)
    absorbed = np.zeros((SIZE, SIZE, 3), np.float32)
    vignette = _vignette(rng)
    for name in rng.choice(WASHES, rng.integers(1, 3), replace=False):
        density = _wash(rng) * vignette * rng.uniform(0.03, 0.1) * (1 + 0.12 * valleys)
        absorbed += density[..., None] * absorbance(str(name))
    harmony = [absorbance(name) for name in HARMONIES[rng.integers(len(HARMONIES))]]
    density = _body(form, rng) * (1 + rng.uniform(0.05, 0.16) * valleys)
    absorbed += density[..., None] * _hues(harmony, rng)
    absorbed += _splashes(form, rng)[..., None] * harmony[rng.integers(3)]
    paper = sheet(rng, (0.985, 0.975, float(rng.uniform(0.925, 0.965))))
    lit = relief(surface, rng.uniform(0.012, 0.022))
    return np.clip(paper * np.exp(-absorbed) * lit[..., None], 0, 1)


def absorbance(pigment: str) -> np.ndarray:
    """How much each of red, green and blue a full coat swallows, in nepers: float32 [3]."""
    return -np.log(np.array(PIGMENTS[pigment], np.float32))


def _hues(harmony: list[np.ndarray], rng: np.random.Generator) -> np.ndarray:
    """Two or three pigments running into each other: absorbance [512, 512, 3]."""
    first, second = clouds(rng, 260, 2), clouds(rng, 180, 2)
    mixed = harmony[0] + step(-0.4, 0.9, first)[..., None] * (harmony[1] - harmony[0])
    return np.asarray(mixed + step(0.2, 1.3, second)[..., None] * (harmony[2] - mixed))


def _body(form: Form, rng: np.random.Generator) -> np.ndarray:
    """Density of the digit's paint: wet edges, a dark rim, bleeding here and there, blooms."""
    edge = form.distance + 1.3 * clouds(rng, 60, 2) + 0.35 * clouds(rng, 10, 2)
    wet = step(0.7, 1.7, clouds(rng, 200, 2))  # where the paper was still wet the edge is lost
    soft = 0.9 + 5.0 * wet
    body = 1 / (1 + np.exp(np.clip(-2.2 * edge / soft, -30, 30)))
    pool = clouds(rng, 120, 3)
    rim = body * np.exp(-((np.maximum(edge, 0) / rng.uniform(2.0, 3.2)) ** 2)) * (1 - wet)
    density = body * (0.66 + 0.2 * pool + 0.06 * clouds(rng, 28, 2)) + rng.uniform(0.3, 0.55) * rim
    density += 0.1 * wet * np.exp(-np.maximum(-edge, 0) / 14) * (edge < 0)
    for _ in range(rng.integers(0, 4)):
        density = density * _bloom(form, rng)
    return np.asarray(np.clip(density, 0, 2.2) * rng.uniform(0.95, 1.25), np.float32)


def _bloom(form: Form, rng: np.random.Generator) -> np.ndarray:
    """A backrun: water that pushed the pigment outwards to a crinkled line; a factor of the density."""
    inside = np.argwhere(form.ink[::8, ::8] > 0.5) * 8
    cy, cx = inside[rng.integers(len(inside))] if len(inside) else (SIZE // 2, SIZE // 2)
    y, x = np.mgrid[:SIZE, :SIZE].astype(np.float32)
    radius = rng.uniform(14, 34)
    r = np.hypot(y - cy, x - cx) * (1 + 0.16 * clouds(rng, 30, 3)) - radius
    return np.asarray(1 - 0.38 * step(3, -radius, r) + 0.4 * np.exp(-((r / 2.2) ** 2)), np.float32)


def _wash(rng: np.random.Generator) -> np.ndarray:
    """A pale loose wash with the tide mark at which it dried."""
    field = clouds(rng, rng.uniform(320, 700), 4) + rng.uniform(-0.2, 0.8)
    shape = step(-0.05, 0.05, field) * rng.uniform(0.3, 0.9) + step(-0.6, 1.6, field) * 0.8
    tide = np.exp(-((field / 0.03) ** 2)) * (field > 0)
    return np.asarray(shape * (1 + 0.2 * clouds(rng, 90, 3)) + 0.35 * tide, np.float32).clip(0)


def _vignette(rng: np.random.Generator) -> np.ndarray:
    """Washes leave the margin of the sheet white, or run over it."""
    if rng.random() < 0.35:
        return np.ones((SIZE, SIZE), np.float32)
    y, x = np.mgrid[-1 : 1 : SIZE * 1j, -1 : 1 : SIZE * 1j].astype(np.float32)
    r = (np.abs(x) ** 3 + np.abs(y) ** 3) ** (1 / 3) + 0.07 * clouds(rng, 130, 3)
    return step(0.95, 0.8, r)


def _splashes(form: Form, rng: np.random.Generator) -> np.ndarray:
    """A few drops beside the digit, each with its dark rim."""
    density = np.zeros((SIZE, SIZE), np.float32)
    for _ in range(rng.poisson(3)):
        cy, cx = rng.integers(16, SIZE - 16, 2)
        radius = rng.gamma(2.0, 1.3) + 1
        if form.distance[cy, cx] > -20:
            continue
        top, left, reach = max(cy - 16, 0), max(cx - 16, 0), 33
        y, x = np.mgrid[top : min(top + reach, SIZE), left : min(left + reach, SIZE)]
        r = np.hypot(y - cy, (x - cx) * rng.uniform(0.8, 1.2))
        drop = 0.35 * np.clip(radius - r + 0.5, 0, 1) + 0.3 * np.exp(-((r - radius) ** 2)) * (r < radius)
        density[top : top + reach, left : left + reach] += drop.astype(np.float32)
    return density
