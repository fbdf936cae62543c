"""Colour spaces: sRGB in 0..1 to CIELAB (D65) and back, for pictures of any shape [..., 3].

Source: IEC 61966-2-1 (sRGB) and CIE 15 (L*a*b*). Distances in Lab follow what the eye calls different
far better than distances in RGB: 2 is just visible, 10 is clear at a glance.
"""

from __future__ import annotations

import numpy as np

_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
_WHITE = np.array([0.95047, 1.0, 1.08883])
_EDGE = 6 / 29  # where the cube root of CIELAB gives way to a line

# Names and a typical CIELAB colour of each; the nearest one names a pixel.
COLOURS = {
    "red": (50.0, 66.0, 45.0),
    "orange": (68.0, 38.0, 66.0),
    "yellow": (86.0, 4.0, 74.0),
    "green": (58.0, -46.0, 40.0),
    "blue": (56.0, -4.0, -42.0),
    "purple": (44.0, 42.0, -46.0),
    "pink": (76.0, 34.0, 4.0),
    "brown": (40.0, 18.0, 26.0),
    "grey": (64.0, 0.0, -4.0),
    "black": (20.0, 1.0, -2.0),
    "white": (95.0, 0.0, 2.0),
}


def rgb_to_lab(rgb: np.ndarray) -> np.ndarray:
    """sRGB [..., 3] in 0..1 -> L* in 0..100, a*, b* (about -100..100), float32, same shape."""
    rgb = np.asarray(rgb, np.float64)
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((np.maximum(rgb, 0) + 0.055) / 1.055) ** 2.4)
    xyz = linear @ _TO_XYZ.T / _WHITE
    f = np.where(xyz > _EDGE**3, np.cbrt(xyz), xyz / (3 * _EDGE**2) + 4 / 29)
    lab = np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], axis=-1
    )
    return np.asarray(lab, np.float32)


def lab_to_rgb(lab: np.ndarray) -> np.ndarray:
    """The inverse of `rgb_to_lab`; colours outside sRGB are clipped to 0..1. float32 [..., 3]."""
    lab = np.asarray(lab, np.float64)
    fy = (lab[..., 0] + 16) / 116
    f = np.stack([fy + lab[..., 1] / 500, fy, fy - lab[..., 2] / 200], axis=-1)
    xyz = np.where(f > _EDGE, f**3, 3 * _EDGE**2 * (f - 4 / 29)) * _WHITE
    linear = np.clip(xyz @ np.linalg.inv(_TO_XYZ).T, 0, 1)
    rgb = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return np.asarray(np.clip(rgb, 0, 1), np.float32)
