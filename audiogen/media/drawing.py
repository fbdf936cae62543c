"""Line drawings: what someone drew becomes ink in 0..1 on a small square, white on black."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.media import png

_GREY = np.array([0.299, 0.587, 0.114], np.float32)  # ITU-R BT.601
FAINTEST = 0.1  # difference between paper and ink under which nothing is drawn
FAINT = 0.6  # brightest ink that is left as it is
MOSTLY = 0.6  # share of ink from which it is no line drawing
LONGEST = 4096  # pixels of a side that are worked on
LEAST_FILLED = 0.45  # of its box; a drawing that encloses less is open
WIDEST_GAP = 6  # half of it, pixels of a contour
SHARPNESS = 5.0  # of the edge of a stroke after enlarging: its ramp is about two pixels wide


def drawing(
    rgba: np.ndarray, sizes: Sequence[int], name: str = "The drawing"
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Ink of a picture, and remarks about what was changed.

    Args:
        rgba: float [4, h, w] in 0..1, see `png.read`.
        sizes: squares of these sizes stay as they are, anything else is brought to the last of them.
        name: of the file, for messages.
    Returns: float32 [size, size] in 0..1, 1 is ink, and the remarks.
    Raises:
        InvalidRequest: nothing is drawn on it.
    """
    remarks: list[str] = []
    grey = _grey(rgba)
    if float(np.median(border(grey))) > 0.5:
        grey = 1 - grey
        remarks.append("dark ink on light paper was turned into light ink on black")
    if float(grey.max() - grey.min()) < FAINTEST:
        raise InvalidRequest(f"{name} is blank; draw light strokes on black, or dark strokes on white.")
    height, width = grey.shape
    if height != width or width not in sizes:
        size = sizes[-1]
        grey = shrunk(squared(_less_long(grey)), size)
        how = "enlarged" if max(height, width) < size else "made smaller"
        square = "" if height == width else "made square and "
        remarks.append(f"the drawing of {width}x{height} pixels was {square}{how} to {size}x{size}")
    if 0 < float(grey.max()) < FAINT:
        grey = grey / grey.max()
        remarks.append("its faint strokes were made stronger")
    if float(grey.mean()) > MOSTLY:
        remarks.append(
            "most of it is ink; a contour is a line drawing, so the result may not be what you want"
        )
    return grey.astype(np.float32), tuple(remarks)


def enlarged(ink: np.ndarray, size: int) -> np.ndarray:
    """Ink with `size` pixels to a side and clean strokes: bicubic, then a steep smooth threshold.

    Args:
        ink: float [n, n] in 0..1; where `size` is not larger it is only area-averaged.
    Returns: float32 [size, size] in 0..1.
    """
    if len(ink) == size:
        return ink.astype(np.float32)
    soft = shrunk(ink, size)
    if len(ink) > size:
        return soft
    steep = np.tanh(SHARPNESS * (soft - 0.5)) / np.tanh(
        np.float32(SHARPNESS / 2)
    )  # bare paper stays exactly 0
    return np.clip(0.5 + 0.5 * steep, 0, 1).astype(np.float32)


def shrunk(ink: np.ndarray, size: int) -> np.ndarray:
    """[n, n] -> float32 [size, size]: averaged over areas where it shrinks, bicubic where it grows."""
    from PIL import Image

    how = Image.Resampling.BOX if len(ink) > size else Image.Resampling.BICUBIC
    image = Image.fromarray(ink.astype(np.float32)).resize((size, size), how)
    return np.clip(np.asarray(image, np.float32), 0, 1)


def resized(pixels: np.ndarray, size: int) -> np.ndarray:
    """[c, h, w] -> float32 [c, size, size], see `shrunk`."""
    if pixels.shape[1:] == (size, size):
        return pixels
    return np.stack([shrunk(channel, size) for channel in pixels])


def feathered(mask: np.ndarray, width: float) -> np.ndarray:
    """The mask with a soft edge of about `width` pixels that lies within it: 0 outside stays 0.

    A spot that is all edge, and would be nothing, has a narrower one.
    """
    from scipy.ndimage import label, maximum

    weight = _soft(mask, width)
    spots, count = label(mask > 0)
    while count and width >= 1:
        faint = np.flatnonzero(maximum(weight, spots, np.arange(1, count + 1)) < FAINT) + 1
        if not len(faint):
            break
        width /= 2
        again = _soft(mask, width) if width >= 1 else (mask > 0).astype(np.float32)
        weight = np.where(np.isin(spots, faint), again, weight)
    return weight


def _soft(mask: np.ndarray, width: float) -> np.ndarray:
    from PIL import Image, ImageFilter

    levels = Image.fromarray(np.round(np.clip(mask, 0, 1) * 255).astype(np.uint8))
    soft = np.asarray(levels.filter(ImageFilter.GaussianBlur(width / 2)), np.float32) / 255
    return np.where(mask > 0, np.clip(2 * soft - 1, 0, 1), 0).astype(np.float32)


def enclosed(ink: np.ndarray) -> np.ndarray:
    """What a line drawing encloses, its lines among it: bool [n, n], as `ink`.

    Gaps in its outline are closed, the wider ones only where narrower ones do not close it: it is made
    thicker, filled, and thinner again. A drawing that nothing closes is given back as it is.
    """
    from scipy.ndimage import binary_dilation, binary_erosion, binary_fill_holes

    if not ink.any():
        return ink
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    for gap in range(WIDEST_GAP + 1):
        wide = np.pad(ink, gap + 1)
        thick = binary_dilation(wide, iterations=gap) if gap else wide
        full = binary_fill_holes(thick)
        full = (binary_erosion(full, iterations=gap) if gap else full) | wide
        found = full[gap + 1 : -gap - 1, gap + 1 : -gap - 1]
        if found[box].mean() >= LEAST_FILLED:
            return np.asarray(found)
    return ink


def squared(ink: np.ndarray) -> np.ndarray:
    """Paper added on both shorter sides."""
    height, width = ink.shape
    more_y, more_x = max(0, width - height), max(0, height - width)
    sides = ((more_y // 2, more_y - more_y // 2), (more_x // 2, more_x - more_x // 2))
    return np.pad(ink, sides)


def _less_long(ink: np.ndarray) -> np.ndarray:
    """At most LONGEST pixels long, averaged: a square of its length would take gigabytes."""
    from PIL import Image

    factor = -(-max(ink.shape) // LONGEST)
    if factor == 1:
        return ink
    size = max(1, ink.shape[1] // factor), max(1, ink.shape[0] // factor)
    return np.asarray(Image.fromarray(ink.astype(np.float32)).resize(size, Image.Resampling.BOX))


def border(grey: np.ndarray) -> np.ndarray:
    """The outermost pixels, [N]."""
    return np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])


def _grey(rgba: np.ndarray) -> np.ndarray:
    """Brightness [h, w]; a transparent ground is paper: white under dark strokes, black under light ones."""
    opacity = rgba[3]
    bright = np.tensordot(_GREY, rgba[:3], 1)
    drawn = opacity > 0.5
    dark = bool(drawn.any()) and float(bright[drawn].mean()) < 0.5
    paper = 1.0 if dark and not drawn.all() else 0.0
    return np.tensordot(_GREY, png.over(rgba, paper), 1)
