"""An illustration seen a little otherwise: turned, shrunk, shifted, mirrored, in slightly other colours.

There are some hundred cats and each is drawn hundreds of times in a training; seen otherwise each time they
teach what a cat is rather than where its pixels are (as augmentation for small sets does, arXiv 2006.06676).
"""

from __future__ import annotations

import math

import numpy as np
from PIL import Image, ImageEnhance

TURN = math.radians(7)  # at most
ZOOM = (0.8, 0.98)
ASPECT = 0.07  # at most, natural logarithm of width to height
SHIFT = 0.03  # at most, of the side
HUE, COLOUR, LIGHT = 7, 0.2, 0.08  # at most: steps of 256, and shares


def view(picture: np.ndarray, contour: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """The picture, on white, and its contour, moved together.

    Args:
        picture: uint8 [S, S, 3]. contour: uint8 [s, s], 0 where there is nothing.
    Returns:
        Both, of the same shapes.
    """
    back = _placement(rng)
    colours = Image.fromarray(np.ascontiguousarray(picture))
    ink = Image.fromarray(np.ascontiguousarray(contour))
    colours = _moved(_tinted(colours, rng), back, "white")
    return np.asarray(colours, np.uint8), np.asarray(_moved(ink, back, 0), np.uint8)


def drawn_otherwise(contour: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A contour uint8 [s, s] alone, moved as in `view`."""
    return np.asarray(_moved(Image.fromarray(np.ascontiguousarray(contour)), _placement(rng), 0), np.uint8)


def _placement(rng: np.random.Generator) -> np.ndarray:
    """From places in the view to places in the picture, both in -0.5..0.5: float64 [2, 3]."""
    turn, stretch = rng.uniform(-TURN, TURN), rng.uniform(-ASPECT, ASPECT) / 2
    zoom, mirror = rng.uniform(*ZOOM), rng.choice((-1.0, 1.0))
    turned = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    scale = np.diag([mirror * math.exp(-stretch) / zoom, math.exp(stretch) / zoom])
    return np.column_stack([scale @ turned, rng.uniform(-SHIFT, SHIFT, 2)])


def _moved(image: Image.Image, back: np.ndarray, paper: str | int) -> Image.Image:
    """The image under a placement, bicubic, `paper` where nothing of it is."""
    side = image.width
    matrix = back.copy()
    matrix[:, 2] = side * (back[:, 2] + 0.5 - back[:, :2] @ (0.5, 0.5))
    how = Image.Resampling.BICUBIC
    return image.transform(image.size, Image.Transform.AFFINE, tuple(matrix.ravel()), how, fillcolor=paper)


def _tinted(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Other hue, saturation and gamma; white stays white and black stays black."""
    hue, saturation, value = image.convert("HSV").split()
    turned = (np.asarray(hue).astype(int) + int(rng.integers(-HUE, HUE + 1))) % 256
    image = Image.merge("HSV", (Image.fromarray(turned.astype(np.uint8)), saturation, value)).convert("RGB")
    image = ImageEnhance.Color(image).enhance(rng.uniform(1 - COLOUR, 1 + COLOUR))
    gamma = math.exp(rng.uniform(-LIGHT, LIGHT) * 2)
    return image.point([round(255 * (k / 255) ** gamma) for k in range(256)] * 3)
