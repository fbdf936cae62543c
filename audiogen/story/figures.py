"""Who and what is seen: figures cut out of the pictures that our stages draw, and laid into a frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

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
EYE = 25.0  # L* by which an eye is darker than what is around it
NEAR = 45.0  # CIELAB; about as far is red from orange
SMALLEST = 0.01  # share of the picture; smaller spots are splashes of paint
GAP = 4  # pixels of a contour: gaps in a line up to twice that are closed
SCRIBBLE = (0.35, 0.55)  # share of ink in what a contour encloses: still fine, no drawing any more
FITS = 0.85  # overlap of contour and paint from which the contour's lines are drawn into it
PEN = 0.65  # how dark these lines are


@dataclass(frozen=True, eq=False)
class Figure:
    """A figure without its paper.

    Attributes:
        rgba: float32 [4, h, w] in 0..1, cut to its outline; the last is how opaque it is.
        fit: overlap of what is painted with what its contour encloses, 0 .. 1.
        after: the illustrations that it is bent from, see `Take.figures`.
    """

    rgba: np.ndarray
    fit: float = 1.0
    after: tuple[str, ...] = ()

    @property
    def wide(self) -> float:
        """Width over height."""
        return self.rgba.shape[2] / self.rgba.shape[1]

    @property
    def crown(self) -> float:
        """Where the head begins between the ears, share of the height from above."""
        width = self.rgba.shape[2]
        middle = self.rgba[3][:, width * 2 // 5 : max(width * 3 // 5, width * 2 // 5 + 1)]
        rows = np.flatnonzero((middle > 0.5).mean(1) > 0.6)
        return float(rows[0] / self.rgba.shape[1]) if len(rows) else 0.0


def cut_out(take: Take, drawn: bool = True) -> Figure:
    """The figure of a picture that was painted along a contour on white paper.

    Args:
        drawn: its contour is drawn into it, pen and wash: eyes and mouths are lines of the contour, and
            colours run over them. Not of what is shown small, where lines run together.
    """
    assert take.picture is not None
    pixels, solid = take.picture.pixels, _solid(take)
    fit = 1.0
    if (ink := _followed(take)) is not None:
        fit = _fit(pixels, ink)
        if drawn and fit > FITS:
            pixels = pixels * (1 - PEN * _line(ink, pixels.shape[-1]))
    rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    rgba = np.concatenate([pixels, _opaque(solid)[None]])[(slice(None), *box)]
    return Figure(rgba.astype(np.float32), fit, take.figures)


def on_white(take: Take) -> np.ndarray:
    """How much of each pixel is the figure of a picture on white paper, float32 [S, S]."""
    return _opaque(_solid(take))


def _solid(take: Take) -> np.ndarray:
    """What is painted, and what its contour encloses: bool [S, S]; everything, where that is nothing."""
    from scipy.ndimage import binary_closing, binary_fill_holes, label, sum_labels

    assert take.picture is not None
    pixels = take.picture.pixels
    side = pixels.shape[-1]
    painted = np.abs(1 - pixels).max(0) > PAPER_STEP
    if (ink := _followed(take)) is not None:
        painted |= drawing.shrunk(ink, side) > INK
    solid = binary_fill_holes(binary_closing(painted, iterations=max(1, side // 100)))
    spots, count = label(solid)
    sizes = sum_labels(solid, spots, np.arange(1, count + 1)) if count else np.zeros(0)
    kept = np.flatnonzero(sizes > SMALLEST * side * side) + 1
    solid = np.isin(spots, kept) if len(kept) else solid
    return solid if solid.any() else np.ones_like(solid)


def _followed(take: Take) -> np.ndarray | None:
    """The contour along which it was painted, if any; a figure that was bent to one has lines of its own."""
    drawn = take.contour
    return None if drawn is None or drawn.is_empty or take.figures else drawn.pixels


def _opaque(solid: np.ndarray) -> np.ndarray:
    """With a soft edge, float32."""
    from scipy.ndimage import binary_erosion

    side = solid.shape[-1]
    inner = binary_erosion(solid, iterations=max(1, side // 170)).astype(np.float32)
    return drawing.feathered(inner, side / 100) if inner.any() else solid.astype(np.float32)


def _fit(pixels: np.ndarray, ink: np.ndarray) -> float:
    """Overlap of what is painted with what a contour encloses, 0 .. 1; of scribbles less."""
    from scipy.ndimage import binary_dilation, binary_erosion, binary_fill_holes

    size = len(ink)
    thick = binary_dilation(np.pad(ink > INK, GAP + 1), iterations=GAP)
    inside = binary_erosion(binary_fill_holes(thick), iterations=GAP)[GAP + 1 : -GAP - 1, GAP + 1 : -GAP - 1]
    painted = drawing.shrunk((np.abs(1 - pixels).max(0) > PAPER_STEP).astype(np.float32), size)
    solid = binary_fill_holes(painted > 0.5)
    overlap = (inside & solid).sum() / max(1, (inside | solid).sum())
    scribbled = float(ink[inside].mean()) if inside.any() else 1.0
    return float(overlap * np.clip((SCRIBBLE[1] - scribbled) / (SCRIBBLE[1] - SCRIBBLE[0]), 0, 1))


def _line(ink: np.ndarray, side: int) -> np.ndarray:
    """Ink of a contour at `side` pixels, thinner than it was, 0..1."""
    return np.clip((drawing.shrunk(ink, side) - 0.4) / 0.4, 0, 1)


def looks(figure: Figure, colours: Sequence[str]) -> float:
    """How good a hero it makes, 0 .. 3.5: even on both sides, of the colours asked for, painted as it was
    drawn, with two eyes.

    Args:
        colours: names of `COLOURS`; none: it is to have few.
    """
    solid = figure.rgba[3] > 0.5
    lab = rgb_to_lab(figure.rgba[:3].transpose(1, 2, 0))
    both = solid & solid[:, ::-1]
    across = np.linalg.norm(lab - lab[:, ::-1], axis=-1)
    even = float(np.exp(-across[both] / NEAR).mean()) if both.any() else 0.0
    even *= both.sum() / max(1, solid.sum())
    asked = [rgb_to_lab(np.array(COLOURS[name])) for name in colours] or [np.median(lab[solid], 0)]
    far = np.min([np.linalg.norm(lab[solid] - colour, axis=-1) for colour in asked], 0)
    return even + float(np.exp(-far / NEAR).mean()) + figure.fit + 0.5 * _eyes(lab[..., 0], solid)


def _eyes(light: np.ndarray, solid: np.ndarray) -> float:
    """Whether two dark spots lie at the same height on both sides, 0 .. 1."""
    from scipy.ndimage import gaussian_filter, maximum_filter

    height, width = solid.shape
    filled = np.where(solid, light, np.median(light[solid]))
    dark = gaussian_filter(filled, width / 10) - gaussian_filter(filled, width / 50)
    pairs = np.minimum(dark, maximum_filter(dark, max(3, width // 12))[:, ::-1])
    face = pairs[height * 3 // 10 : height * 7 // 10, width * 15 // 100 : width * 42 // 100]
    return float(np.clip(face.max(initial=0) / EYE, 0, 1))


def laid_on(
    pixels: np.ndarray, figure: Figure, x: float, y: float, height: float, tilt: float = 0.0
) -> np.ndarray:
    """A frame with a figure laid on it.

    Args:
        pixels: float32 [3, S, S]; a fourth plane holds how much of each pixel is some figure.
        x, y: where the middle of its lower edge stands, shares of S.
        height: share of S; a figure that is wider than it is high gets that as its width.
        tilt: degrees, counter-clockwise, about its middle.
    """
    layer = np.asarray(_layer(figure, pixels.shape[-1], x, y, height, tilt), np.float32) / 255
    opaque = layer[..., 3]
    colours = np.concatenate([layer[..., :3].transpose(2, 0, 1), np.ones_like(opaque)[None]])
    return (pixels * (1 - opaque) + colours[: len(pixels)] * opaque).astype(np.float32)


def seen(figure: Figure, side: int, x: float, y: float, height: float, tilt: float = 0.0) -> np.ndarray:
    """How opaque a figure lies on each pixel of a frame, float32 [side, side]; see `laid_on`."""
    return np.asarray(_layer(figure, side, x, y, height, tilt), np.float32)[..., 3] / 255


def _layer(figure: Figure, side: int, x: float, y: float, height: float, tilt: float) -> Image.Image:
    """A figure alone, as large as a frame."""
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
        image = image.crop(image.getbbox())  # it stands on its lowest point
    layer = Image.new("RGBA", (side, side))
    layer.paste(image, (round(x * side - image.width / 2), round(y * side - image.height)))
    return layer
