"""The watermark of pictures: a tile of faint noise in the luminance, repeated over the picture.

A tile of 128 pixels is a sum of waves of 5 to 36 periods. Half of them have phases that never change, by
which the mark is found; the others carry the id, see `origin/code.py`. It is stronger where the picture
itself is uneven (Podilchuk and Zeng, Image-adaptive watermarking using visual models, 1998). A detector
folds what is fine in the picture on one tile and correlates, at one scale after the other and mirrored:
cropping is a shift, which costs nothing.
"""

from __future__ import annotations

import dataclasses
from functools import cache

import numpy as np
from scipy import fft, ndimage

from audiogen.origin.code import NOTHING, Found, Pattern, pattern

TILE = 128  # pixels
WAVES = (5, 36)  # periods in a tile
FLAT, UNEVEN, MOST = (
    0.8 / 255,
    0.18,
    3.0 / 255,
)  # mark in a flat place; share of the deviation around it; at most
LUMA = np.array([0.2126, 0.7152, 0.0722], np.float32)
SCALES = (0.4, 2.2)  # at which a mark is looked for
_STEP = 1.004
_SURELY = 15.0  # score from which no other scale is looked at
LARGEST = 1024  # pixels of the middle that is looked at


@cache
def _waves() -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns in the half spectrum of a tile of its waves."""
    rows, columns = np.mgrid[:TILE, : TILE // 2 + 1]
    signed = np.where(rows > TILE // 2, rows - TILE, rows)
    length = np.hypot(signed, columns)
    inside = (length >= WAVES[0]) & (length <= WAVES[1]) & (columns > 0)
    return rows[inside], columns[inside]


def grid() -> Pattern:
    """How they are dealt out."""
    return pattern("picture", (1, len(_waves()[0])))


@cache
def _phases() -> np.ndarray:
    deal = pattern("phases of picture", (2, len(_waves()[0])))
    signs = deal.sync + deal.sign
    return (signs[0] + 1j * signs[1]) / np.sqrt(2)


def _tile(values: np.ndarray) -> np.ndarray:
    """Waves -> [TILE, TILE]."""
    spectrum = np.zeros((TILE, TILE // 2 + 1), np.complex128)
    spectrum[_waves()] = values
    return fft.irfft2(spectrum, (TILE, TILE))


def mark(pixels: np.ndarray, id_: str) -> np.ndarray:
    """A picture with the mark, float32 [3, h, w] in 0..1.

    Args:
        pixels: the same without it.
        id_: six hexadecimal digits.
    """
    tile = _tile(_phases() * grid().chips(id_)[0])
    tile /= tile.std()
    height, width = pixels.shape[1:]
    carrier = np.tile(tile, (-(-height // TILE), -(-width // TILE)))[:height, :width]
    luma = np.tensordot(LUMA, pixels, 1)
    mean = ndimage.uniform_filter(luma, 7)
    uneven = np.sqrt(np.maximum(ndimage.uniform_filter(np.square(luma), 7) - np.square(mean), 0))
    strength = np.clip(np.maximum(FLAT, UNEVEN * uneven), 0, MOST)
    return np.clip(pixels + (strength * carrier).astype(np.float32), 0, 1).astype(np.float32)


def fine(pixels: np.ndarray) -> np.ndarray:
    """What is fine in a picture, of even strength everywhere, float32 [h, w]."""
    luma = np.tensordot(LUMA, pixels, 1).astype(np.float32)
    top, left = (max(0, size - LARGEST) // 2 for size in luma.shape)
    luma = luma[top : top + LARGEST, left : left + LARGEST]
    rest = luma - ndimage.gaussian_filter(luma, 3)
    around = np.sqrt(ndimage.gaussian_filter(np.square(rest), 3)) + 0.4 / 255
    return np.clip(rest / around, -2.5, 2.5)


def detect(pixels: np.ndarray, scales: tuple[float, ...] | None = None) -> Found:
    """The strongest mark in a picture [3, h, w].

    Args:
        scales: the sizes, against that of its making, at which it is looked for; None: all in `SCALES`.
    """
    from PIL import Image

    rest = fine(pixels)
    if scales is None:
        low, high = SCALES
        scales = (1.0, *low * _STEP ** np.arange(np.log(high / low) / np.log(_STEP)))
    image = Image.fromarray(rest)
    best = NOTHING
    trials = 0
    for scale in scales:
        size = (max(1, round(image.width / scale)), max(1, round(image.height / scale)))
        resized = rest if scale == 1 else np.asarray(image.resize(size, Image.Resampling.BILINEAR))
        found = _matched(resized, scale)
        best = max(best, found, key=lambda each: each.score)
        trials += 2 * TILE * TILE  # mirrored or not
        if best.score > _SURELY and found.score < best.score / 2:
            break  # past the peak
    return dataclasses.replace(best, trials=trials)


def _matched(rest: np.ndarray, scale: float) -> Found:
    """The mark at this size, mirrored or not."""
    height, width = (-(-side // TILE) * TILE for side in rest.shape)
    padded = np.pad(rest, ((0, height - rest.shape[0]), (0, width - rest.shape[1])))
    tile = padded.reshape(height // TILE, TILE, width // TILE, TILE).sum((0, 2))
    best = NOTHING
    for mirrored in (False, True):
        values = fft.rfft2(tile[:, ::-1] if mirrored else tile)[_waves()]
        values = values / (np.abs(values) + np.median(np.abs(values)) + 1e-12) * np.conj(_phases())
        match = _tile(values * grid().sync[0])
        row, column = np.unravel_index(np.argmax(match), match.shape)
        score = float(match[row, column] / (match.std() + 1e-12))
        if score > best.score:
            rows, columns = _waves()
            turned = values * np.exp(2j * np.pi * (rows * row + columns * column) / TILE)
            id_, ahead = grid().read(turned.real[None])
            best = Found(score, id_, ahead, scale=scale, mirrored=mirrored)
    return best
