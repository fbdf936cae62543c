"""The watermark of pictures found: also at other sizes, turned, mirrored, squeezed and cut.

What is fine in a picture is folded on one tile and correlated with the fixed waves of the mark: cropping is a
shift, which costs nothing. Where its size and angle are not those of its making, the lattice on which the
mark repeats tells them (`origin/lattice.py`); in pictures of hardly more than a tile, which show none, one
size after the other is tried, upright and mirrored.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from scipy import fft, ndimage

from audiogen.origin import lattice
from audiogen.origin.code import NOTHING, Found
from audiogen.origin.picture import LUMA, TILE, grid, phases, waves

LARGEST = 1024  # pixels of the middle that is looked at
_STEP = 2.4  # from a size to the next, pixels of the mark over the whole picture
_MIDDLE = 512  # pixels of the middle, where one size after the other is tried
_SURELY = 15.0  # score from which nothing else is looked at
# what may have happened to rows and columns: mirrored, and turned by right angles, [8, 2, 2]
_TURNS = np.array([[[r, 0], [0, c]] for r in (1, -1) for c in (1, -1)])
_TURNS = np.concatenate([_TURNS, _TURNS[:, ::-1]])
_UPRIGHT = _TURNS[:2]


def detect(pixels: np.ndarray, as_made: bool = False) -> Found:
    """The strongest mark in a picture [3, h, w] in 0..1.

    Args:
        as_made: it is looked for in the size of its making alone, mirrored and turned by right angles or not.
    """
    rest = fine(pixels)
    best = _matched(rest, np.eye(2), _TURNS)
    for search in [] if as_made else [_on_lattices, _at_sizes]:
        if best.score <= _SURELY:
            best = _better(best, search(rest))
    return best


def fine(pixels: np.ndarray) -> np.ndarray:
    """What is fine in a picture, of even strength everywhere, float32 [h, w]."""
    luma = _middle(np.tensordot(LUMA, pixels, 1).astype(np.float32), LARGEST)
    rest = luma - ndimage.gaussian_filter(luma, 3)
    around = np.sqrt(ndimage.gaussian_filter(np.square(rest), 3)) + 0.4 / 255
    return np.clip(rest / around, -2.5, 2.5)


def _middle(values: np.ndarray, most: int) -> np.ndarray:
    top, left = (max(0, side - most) // 2 for side in values.shape)
    return values[top : top + most, left : left + most]


def _better(one: Found, other: Found) -> Found:
    """The stronger of two, of all the places at which both were looked for."""
    best = max(one, other, key=lambda each: each.score)
    return dataclasses.replace(best, trials=one.trials + other.trials)


def _on_lattices(rest: np.ndarray) -> Found:
    best = NOTHING
    for basis in lattice.candidates(rest):
        best = _better(best, _matched(_straight(rest, basis), basis.T[:, ::-1] / TILE, _TURNS, best.score))
    return best


def _at_sizes(rest: np.ndarray) -> Found:
    from PIL import Image

    best = NOTHING
    rest = _middle(rest, _MIDDLE)
    image = Image.fromarray(rest)
    scale, high = lattice.SCALES
    while scale < high:
        size = (max(1, round(image.width / scale)), max(1, round(image.height / scale)))
        resized = np.asarray(image.resize(size, Image.Resampling.BILINEAR))
        best = _better(best, _matched(resized, scale * np.eye(2), _UPRIGHT, best.score))
        scale *= 1 + _STEP * scale / max(rest.shape)
    return best


def _straight(rest: np.ndarray, basis: np.ndarray) -> np.ndarray:
    """A picture of which the vectors of a basis become the sides of tiles."""
    from PIL import Image

    height, width = rest.shape
    right, down = basis / TILE
    size = (max(1, round(width / np.hypot(*right))), max(1, round(height / np.hypot(*down))))
    corner = (np.array([height, width]) - right * size[0] - down * size[1]) / 2
    numbers = (right[1], down[1], corner[1], right[0], down[0], corner[0])
    image = Image.fromarray(rest)
    return np.asarray(image.transform(size, Image.Transform.AFFINE, numbers, Image.Resampling.BILINEAR))


def _matched(rest: np.ndarray, shape: np.ndarray, turns: np.ndarray, above: float = 0.0) -> Found:
    """The mark in a picture of this size.

    Args:
        shape: what became of the picture's making, rows and columns [2, 2].
        turns: some of `_TURNS`.
        above: a score up to which nothing else is told.
    """
    height, width = (-(-side // TILE) * TILE for side in rest.shape)
    padded = np.pad(rest, ((0, height - rest.shape[0]), (0, width - rest.shape[1])))
    tile = padded.reshape(height // TILE, TILE, width // TILE, TILE).sum((0, 2))
    places = turns @ np.stack(waves()) % TILE
    values = fft.fft2(tile)[places[:, 0], places[:, 1]]
    strengths = np.abs(values)
    values *= np.conj(phases()) / (strengths + np.median(strengths) + 1e-12)
    spectra = np.zeros((len(turns), TILE, TILE // 2 + 1), values.dtype)
    rows, columns = waves()
    spectra[:, rows, columns] = values * grid().sync[0]
    matches = fft.irfft2(spectra, (TILE, TILE))
    turn, row, column = np.unravel_index(np.argmax(matches), matches.shape)
    score = float(matches[turn, row, column] / (matches[turn].std() + 1e-12))
    if score <= above:
        return Found(score, trials=matches.size)
    ahead = values[turn] * np.exp(2j * np.pi * (rows * row + columns * column) / TILE)
    whole = shape @ turns[turn]
    area = np.linalg.det(whole)
    across = whole[:, 1] * np.sign(area)
    return Found(
        score,
        *grid().read(ahead.real[None]),
        trials=matches.size,
        scale=float(np.sqrt(abs(area))),
        mirrored=bool(area < 0),
        turned=float(np.degrees(np.arctan2(across[0], across[1]))),
    )
