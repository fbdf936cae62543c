"""The watermark of pictures: a tile of faint noise in the luminance, repeated over the picture.

A tile of 128 pixels is a sum of waves of 5 to 36 periods. Half of them have phases that never change, by
which the mark is found; the others carry the id, see `origin/code.py`. It is stronger where the picture
itself is uneven (Podilchuk and Zeng, Image-adaptive watermarking using visual models, 1998). How it is found:
`origin/picture_search.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import fft, ndimage

from audiogen.origin import PICTURE
from audiogen.origin.code import Pattern, pattern

TILE = 128  # pixels
WAVES = (5, 36)  # periods in a tile
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True)
class Strength:
    """How strong a version of the mark is, of a picture in 0..1.

    Attributes:
        flat: its deviation in a flat place; uneven: its share of the deviation there is; most: at most.
        room: by so many deviations pixels are taken from black and white first, so that it is not cut off.
    """

    flat: float
    uneven: float = 0.18
    most: float = 3.0 / 255
    room: float = 0.0


STRENGTHS = {1: Strength(0.8 / 255), 2: Strength(1.1 / 255, room=1.5)}


@cache
def waves() -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns in the half spectrum of a tile of its waves; rows below zero are negative."""
    rows, columns = np.mgrid[:TILE, : TILE // 2 + 1]
    rows = np.where(rows > TILE // 2, rows - TILE, rows)
    length = np.hypot(rows, columns)
    inside = (length >= WAVES[0]) & (length <= WAVES[1]) & (columns > 0)
    return rows[inside], columns[inside]


def grid() -> Pattern:
    """How they are dealt out."""
    return pattern("picture", (1, len(waves()[0])))


@cache
def phases() -> np.ndarray:
    """Their phases, a multiple of a quarter turn and an eighth, complex [waves]."""
    deal = pattern("phases of picture", (2, len(waves()[0])))
    signs = deal.sync + deal.sign
    return (signs[0] + 1j * signs[1]) / np.sqrt(2)


def mark(pixels: np.ndarray, id_: str, version: int = PICTURE) -> np.ndarray:
    """A picture with the mark, float32 [3, h, w] in 0..1.

    Args:
        pixels: the same without it.
        id_: six hexadecimal digits.
        version: how strong it is, see `STRENGTHS`.
    """
    spectrum = np.zeros((TILE, TILE // 2 + 1), np.complex128)
    spectrum[waves()] = phases() * grid().chips(id_)[0]
    tile = fft.irfft2(spectrum, (TILE, TILE))
    tile /= tile.std()
    height, width = pixels.shape[1:]
    carrier = np.tile(tile, (-(-height // TILE), -(-width // TILE)))[:height, :width]
    how = STRENGTHS[version]
    luma = np.tensordot(LUMA, pixels, 1)
    mean = ndimage.uniform_filter(luma, 7)
    uneven = np.sqrt(np.maximum(ndimage.uniform_filter(np.square(luma), 7) - np.square(mean), 0))
    strength = np.clip(np.maximum(how.flat, how.uneven * uneven), 0, how.most)
    if how.room:
        pixels = np.clip(pixels, how.room * strength, 1 - how.room * strength)
    return np.clip(pixels + (strength * carrier).astype(np.float32), 0, 1).astype(np.float32)
