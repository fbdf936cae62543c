"""A picture that is changed: what is read of it, its mask, and the forms that the change keeps."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from audiogen.artifacts import Conditioning, Contour, Picture, Waveform
from audiogen.errors import InvalidRequest
from audiogen.kinds import kind_named
from audiogen.media import drawing, png
from audiogen.request import SIZES, Request, Retouch

STRENGTH = 0.6  # of a change, where none is given; with a mask 1
GREY = 0.01  # share of a mask from which its grey is meant; less is the soft edge of a brush
SOFT_PLACES, FAINTEST = 4, 0.1  # width of its soft edge on the latents, and its least weight within
EDGE, HARD_EDGE = 8, 64  # parts of a side that the blend of old and new pixels takes, soft and as it was
SIDE = 256  # pixels on which its forms are read


def retouched(request: Request) -> tuple[Retouch | None, list[str]]:
    """The picture that is changed, its mask and what was done to fit them.

    Raises:
        InvalidRequest: unreadable, or a mask of another size, or one that changes nothing.
    """
    if request.init is None:
        return None, []
    assert not isinstance(request.init, Waveform)
    pixels, remarks = _read(request.init, "The picture", paper=1.0, becomes="becomes white")
    height, width = pixels.shape[1:]
    mask = None
    if request.mask is not None:
        mask, more = _mask(request.mask, (width, height))
        remarks = (*remarks, *more)
    strength = request.strength
    if strength is None:
        strength = STRENGTH if mask is None else 1.0
    remarks = (*remarks, *_cut(pixels, _called(request.init, "The picture")))
    mask = None if mask is None else _middle(mask[None])[0]
    if mask is not None and not mask.any():
        raise InvalidRequest(
            f"{_called(request.mask, 'The mask')} marks nothing in the middle {min(width, height)} pixels "
            "that are taken; paint white what may change, or make both files square."
        )
    return Retouch(Picture(_middle(pixels)), strength, mask, soft=request.edits > 1), list(remarks)


def square(file: Path) -> tuple[Picture, tuple[str, ...]]:
    """A picture file on white paper, its middle where it is no square, and remarks.

    Raises:
        InvalidRequest: unreadable.
    """
    pixels, remarks = _read(file, file.name, paper=1.0, becomes="becomes white")
    return Picture(_middle(pixels)), (*remarks, *_cut(pixels, file.name))


def _cut(pixels: np.ndarray, name: str) -> tuple[str, ...]:
    """What `_middle` leaves out of a picture, in words."""
    height, width = pixels.shape[1:]
    side = min(width, height)
    return (
        ()
        if width == height
        else (f"{name} has {width}x{height} pixels; its middle, {side}x{side}, is taken",)
    )


def _called(given: object, otherwise: str) -> str:
    """A file by its name."""
    return given.name if isinstance(given, Path) else otherwise


def _read(
    given: Path | Picture, otherwise: str, paper: float, becomes: str
) -> tuple[np.ndarray, tuple[str, ...]]:
    """The pixels of a picture or its file on paper [3, h, w], and remarks about how it was read."""
    if isinstance(given, Picture):
        return given.pixels, ()
    rgba, remarks = png.read(given)
    if not png.is_opaque(rgba):
        remarks = (*remarks, f"what is transparent in {_called(given, otherwise)} {becomes}")
    return png.over(rgba, paper), remarks


def _mask(file: Path | Picture, size: tuple[int, int]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Float32 [h, w], 1 where the picture may change, and remarks about how it was read."""
    name = _called(file, "The mask")
    pixels, remarks = _read(file, name, paper=0.0, becomes="stays")
    height, width = pixels.shape[1:]
    if (width, height) != size:
        raise InvalidRequest(
            f"{name} has {width}x{height} pixels and the picture {size[0]}x{size[1]}; a mask has the size of "
            "its picture."
        )
    bright = pixels.mean(0)
    mask = (bright > 0.5).astype(np.float32)
    if ((bright > 0.1) & (bright < 0.9)).mean() > GREY:
        remarks = (*remarks, f"{name} holds grey; what is brighter than half may change, the rest stays")
    if not mask.any():
        raise InvalidRequest(f"{name} marks nothing; paint white what may change, black what stays.")
    return mask, remarks


def _middle(pixels: np.ndarray) -> np.ndarray:
    """[c, h, w] -> the square in its middle."""
    height, width = pixels.shape[1:]
    side = min(height, width)
    top, left = (height - side) // 2, (width - side) // 2
    return np.ascontiguousarray(pixels[:, top : top + side, left : left + side])


def forms(request: Request, known: Conditioning, touch: Retouch | None) -> Contour | None:
    """The contour of the picture that is changed: that in its recipe, else where its colours meet.

    A picture that was painted over since it was made here has a recipe that no longer says what is drawn.

    None: nothing is changed, another structure is asked for, or another digit than the one that is there.
    """
    if touch is None or request.init is None or request.structure is not None or request.source is not None:
        return None
    recipe = (png.read_recipe(request.init) if isinstance(request.init, Path) else None) or {}
    made_for = recipe.get("conditioning")
    subject = made_for.get("subject") if isinstance(made_for, dict) else None
    if kind_named(known.path).subject == "digit" and known.subject not in (None, subject):
        return None
    row = recipe.get("contour")
    drawn = Contour.unpacked(row)
    small = max(touch.picture.size) <= SIZES[-1]  # as all that audiogen makes
    if row is not None and drawn is not None and small and row.get("picture") == touch.picture.digest():
        return drawn
    from audiogen.media.edges import edge_contour  # loads SciPy, which nothing else here needs

    pixels = drawing.resized(touch.picture.pixels, SIDE).transpose(1, 2, 0)
    return Contour(edge_contour(np.round(255 * pixels).astype(np.uint8)).astype(np.float32) / 255)


def coarse(touch: Retouch, shape: tuple[int, ...]) -> np.ndarray | None:
    """The mask on the grid of the latents: above 0 wherever a place holds something that may change.

    A soft one rises from its edge inwards: where old and new meet, the network sees a bit of both, and no
    straight edge is left to be seen.
    """
    if touch.mask is None or touch.mask.shape == shape:
        return touch.mask
    grid = (drawing.shrunk(touch.mask, shape[0]) > 0.02).astype(np.float32)
    return grid * np.maximum(drawing.feathered(grid, SOFT_PLACES), FAINTEST) if touch.soft else grid


def kept(touch: Retouch | None, new: np.ndarray) -> np.ndarray:
    """The new pixels inside the mask, the old ones outside, blended just within its edge."""
    if touch is None or touch.mask is None:
        return new
    size = new.shape[-1]
    weight = drawing.feathered(drawing.shrunk(touch.mask, size), size / (EDGE if touch.soft else HARD_EDGE))
    old = drawing.resized(touch.picture.pixels, size)
    return (old + weight * (new - old)).astype(np.float32)
