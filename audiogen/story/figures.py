"""Who and what is seen: figures cut out of the pictures that our stages draw, and laid into a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from audiogen.media import drawing
from audiogen.media.colour import rgb_to_lab
from audiogen.request import Take

PAPER_STEP = 0.09  # difference from white paper from which something is painted
INK = 0.35  # of the contour: what it encloses is painted, also where it is white
COLOURS = {  # of a detail, sRGB
    "black": (0.1, 0.1, 0.1),
    "white": (0.96, 0.96, 0.96),
    "red": (0.85, 0.2, 0.15),
    "orange": (0.95, 0.55, 0.15),
    "yellow": (0.97, 0.85, 0.25),
    "green": (0.3, 0.65, 0.3),
    "blue": (0.2, 0.45, 0.85),
    "purple": (0.55, 0.3, 0.7),
    "pink": (0.95, 0.6, 0.72),
    "brown": (0.5, 0.32, 0.2),
    "grey": (0.6, 0.6, 0.6),
}
DARK, SEES = 42.0, 0.03  # L* of an eye at most; share of the middle from which on it has eyes
NEAR = 45.0  # CIELAB; about as far is red from orange
SMALLEST = 0.01  # share of the picture; smaller spots are splashes of paint


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure without its paper.

    Attributes:
        rgba: float32 [4, h, w] in 0..1, cut to its outline; the last is how opaque it is.
    """

    rgba: np.ndarray

    @property
    def wide(self) -> float:
        """Width over height."""
        return self.rgba.shape[2] / self.rgba.shape[1]

    def mirrored(self) -> Figure:
        return replace(self, rgba=self.rgba[:, :, ::-1])


def cut_out(take: Take) -> Figure:
    """The figure of a picture that was painted along a contour on white paper."""
    from scipy.ndimage import binary_closing, binary_erosion, binary_fill_holes, label, sum_labels

    assert take.picture is not None
    pixels = take.picture.pixels
    side = pixels.shape[-1]
    painted = np.abs(1 - pixels).max(0) > PAPER_STEP
    if take.contour is not None and not take.contour.is_empty:
        painted |= drawing.shrunk(take.contour.pixels, side) > INK
    solid = binary_fill_holes(binary_closing(painted, iterations=max(1, side // 100)))
    spots, count = label(solid)
    sizes = sum_labels(solid, spots, np.arange(1, count + 1)) if count else np.zeros(0)
    kept = np.flatnonzero(sizes > SMALLEST * side * side) + 1
    solid = np.isin(spots, kept) if len(kept) else solid
    if not solid.any():
        solid = np.ones_like(solid)
    inner = binary_erosion(solid, iterations=max(1, side // 170)).astype(np.float32)
    opaque = drawing.feathered(inner, side / 100) if inner.any() else solid.astype(np.float32)
    rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return Figure(np.concatenate([pixels, opaque[None]])[(slice(None), *box)].astype(np.float32))


def looks(figure: Figure, colours: Sequence[str]) -> float:
    """How good a hero it makes, 0 .. 2.5: even on both sides, of the colours asked for, with dark eyes.

    Args:
        colours: names of `COLOURS`; none: it is to have few.
    """
    solid = figure.rgba[3] > 0.5
    lab = rgb_to_lab(figure.rgba[:3].transpose(1, 2, 0))
    both = solid & solid[:, ::-1]
    across = np.linalg.norm(lab - lab[:, ::-1], axis=-1)
    even = float(np.exp(-across[both] / NEAR).mean()) if both.any() else 0.0
    even *= both.sum() / max(1, solid.sum())
    height, width = solid.shape  # eyes and a mouth are dark, and in the middle
    face = lab[height * 3 // 10 : height * 3 // 4, width * 15 // 100 : width * 85 // 100, 0]
    dark = min(1.0, float((face < DARK).mean()) / SEES) if face.size else 0.0
    asked = [rgb_to_lab(np.array(COLOURS[name])) for name in colours] or [np.median(lab[solid], 0)]
    far = np.min([np.linalg.norm(lab[solid] - colour, axis=-1) for colour in asked], 0)
    return even + float(np.exp(-far / NEAR).mean()) + 0.5 * dark


def laid_on(
    pixels: np.ndarray, figure: Figure, x: float, y: float, height: float, tilt: float = 0.0
) -> np.ndarray:
    """A frame with a figure laid on it.

    Args:
        pixels: float32 [3, S, S]. x, y: where the middle of its lower edge stands, shares of S.
        height: share of S; a figure that is wider than it is high gets that as its width.
        tilt: degrees, counter-clockwise, about its middle.
    """
    side = pixels.shape[-1]
    long = max(4, round(height * side))
    size = (
        (long, max(4, round(long / figure.wide)))
        if figure.wide > 1
        else (max(4, round(long * figure.wide)), long)
    )
    levels = np.round(255 * np.clip(figure.rgba.transpose(1, 2, 0), 0, 1)).astype(np.uint8)
    image = Image.fromarray(levels, "RGBA").resize(size, Image.Resampling.LANCZOS)
    if tilt:
        image = image.rotate(tilt, Image.Resampling.BICUBIC, expand=True)
    canvas = Image.fromarray(np.round(255 * pixels.transpose(1, 2, 0)).astype(np.uint8)).convert("RGBA")
    layer = Image.new("RGBA", canvas.size)
    layer.paste(image, (round(x * side - image.width / 2), round(y * side - image.height)))
    made = np.asarray(Image.alpha_composite(canvas, layer).convert("RGB"), np.float32) / 255
    return made.transpose(2, 0, 1)
