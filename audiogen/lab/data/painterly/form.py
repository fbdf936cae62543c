"""The form that is painted: a digit's strokes at 512x512 and what a painter's hand must know of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.ndimage import distance_transform_edt, gaussian_filter, map_coordinates

from audiogen.media.painting.textures import SIZE, resized

CONTOUR = 64  # side of the contour that the decoder is given
_HALF = SIZE // 2


@dataclass(frozen=True)
class Form:
    """A form to paint.

    Attributes:
        ink: float32 [512, 512] in 0..1, 1 inside, with a soft rim of about a pixel.
        distance: float32 [512, 512], pixels to the outline, positive inside.
        tangent: float32 [512, 512], direction of the nearest outline, radians modulo pi.
        contour: float32 [64, 64] in 0..1: the ink averaged over blocks of 8x8.
    """

    ink: np.ndarray
    distance: np.ndarray
    tangent: np.ndarray
    contour: np.ndarray


def form_of(field: np.ndarray) -> Form:
    """The form of a smooth field float [256, 256], inside where it is above 0.5."""
    inside = field > 0.5
    away = distance_transform_edt(inside) - distance_transform_edt(~inside)
    distance = resized(gaussian_filter(2.0 * away, 1.0))
    ink = np.clip(distance + 0.5, 0, 1).astype(np.float32)
    contour = ink.reshape(CONTOUR, SIZE // CONTOUR, CONTOUR, SIZE // CONTOUR).mean((1, 3))
    return Form(ink, distance, _tangent(away), contour)


def digit_form(image: np.ndarray, rng: np.random.Generator) -> Form:
    """An MNIST digit, placed, turned, warped and made thicker or thinner by chance.

    Args:
        image: uint8 [28, 28], white ink on black.
    """
    pixels = np.asarray(image, np.float32) / 255
    rows, columns = np.nonzero(pixels > 0.3)
    middle = np.array([rows.min() + rows.max(), columns.min() + columns.max()]) / 2
    extent = max(np.ptp(rows), np.ptp(columns)) + 3.0
    scale = extent / (SIZE // 2 * rng.uniform(0.58, 0.86))  # MNIST pixels per pixel of the half grid
    room = max(0.0, 0.46 - extent / scale / SIZE)
    shift = rng.uniform(-1, 1, 2) * room * _HALF * 0.5
    angle, shear = rng.normal(0, 0.06), rng.normal(0, 0.06)
    y, x = np.mgrid[:_HALF, :_HALF].astype(np.float32) - (_HALF - 1) / 2
    y, x = y - shift[0], x - shift[1]
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle) + shear, np.cos(angle)]]) * scale
    warp = [resized(rng.standard_normal((6, 6)), _HALF) * 0.22 for _ in range(2)]
    at = [
        turn[0, 0] * y + turn[0, 1] * x + middle[0] + warp[0],
        turn[1, 0] * y + turn[1, 1] * x + middle[1] + warp[1],
    ]
    field = map_coordinates(pixels, at, order=3, mode="constant")
    field = gaussian_filter(field, 0.55 / scale)  # smooths the pixel stairs, keeps the bends
    return form_of(field + 0.5 - rng.uniform(0.3, 0.45))


def drawing_form(picture: np.ndarray, rng: np.random.Generator) -> Form:
    """What is dark in a drawing on white, made smaller and placed by chance, at times mirrored.

    Args:
        picture: uint8 [256, 256, 3].
    """
    side = int(_HALF * rng.uniform(0.72, 0.92))
    top, left = rng.integers(_HALF - side + 1, size=2)
    small = Image.fromarray(picture).convert("L").resize((side, side), Image.Resampling.BOX)
    dark = 1 - np.asarray(small, np.float32) / 255
    field = np.zeros((_HALF, _HALF), np.float32)
    field[top : top + side, left : left + side] = dark[:, :: rng.choice((-1, 1))]
    return form_of(gaussian_filter(field, 0.7))


def _tangent(away: np.ndarray) -> np.ndarray:
    """Direction along the outline, from the structure tensor of the distance: [512, 512]."""
    soft = gaussian_filter(away.astype(np.float32), 2.0)
    gy, gx = np.gradient(soft)
    double = gaussian_filter(gx * gx - gy * gy, 4.0), gaussian_filter(2 * gx * gy, 4.0)
    return np.asarray(0.5 * np.arctan2(resized(double[1]), resized(double[0])) + np.pi / 2, np.float32)
