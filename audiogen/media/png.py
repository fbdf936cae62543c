"""PNG files and their recipe; the same pixels and recipe are the same bytes.

The recipe is ASCII JSON in the text chunk `Comment`, where `exiftool`, ImageMagick and browsers' viewers show
it; a long one is compressed (zTXt). The title is in `Title`. Pillow encodes and decodes.
"""

from __future__ import annotations

import io
import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.media.facts import title_of

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIX = ".png"
COMMENT = "Comment"
MOST_PIXELS = 64_000_000  # of a file that is read; more would not fit into the memory of a small machine
_COMPRESSED_FROM = 2000  # characters


def png_bytes(pixels: np.ndarray, recipe: dict[str, Any] | None = None) -> bytes:
    """A whole PNG file, 8 bits to a channel.

    Args:
        pixels: float [h, w] or [3, h, w] in 0..1; beyond is clipped.
        recipe: any JSON; stored in a text chunk.
    Raises:
        InvalidRequest: another shape, empty, or NaN.
    """
    pixels = np.asarray(pixels)
    grey = pixels.ndim == 2
    if not pixels.size or not (grey or (pixels.ndim == 3 and len(pixels) == 3)):
        raise InvalidRequest(f"A picture has shape [h, w] or [3, h, w]; this has {list(pixels.shape)}.")
    if not np.isfinite(pixels).all():
        raise InvalidRequest("The picture holds NaN or infinity; nothing was written.")
    levels = np.round(np.clip(pixels, 0, 1) * 255).astype(np.uint8)
    return encoded(levels if grey else levels.transpose(1, 2, 0), recipe)


def encoded(levels: np.ndarray, recipe: dict[str, Any] | None = None) -> bytes:
    """A PNG file of uint8 [h, w] or [h, w, 3]."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    if recipe is not None:
        text = json.dumps(recipe, separators=(",", ":"))
        info.add_text("Software", "audiogen")
        info.add_text(COMMENT, text, zip=len(text) > _COMPRESSED_FROM)
        if title := title_of(recipe):
            info.add_text("Title", title)  # iTXt where Latin-1 cannot hold it
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(levels)).save(buffer, "PNG", pnginfo=info)
    return buffer.getvalue()


def read(path: Path) -> np.ndarray:
    """The pixels of any picture that Pillow knows, upright: float32 [4, h, w] in 0..1, the last one opacity.

    Raises:
        InvalidRequest: missing, no readable picture, or of more than MOST_PIXELS.
    """
    from PIL import ImageOps

    with opened(path) as image:
        upright = ImageOps.exif_transpose(image)
        if upright.mode.startswith(("I", "F")):  # 16 bits, which Pillow would clip
            grey = np.asarray(upright, np.float32)
            grey = grey / (65535.0 if grey.max(initial=0.0) > 255 else 255.0)
            return np.stack([grey, grey, grey, np.ones_like(grey)])
        levels = np.asarray(upright.convert("RGBA"), np.float32)
    return np.ascontiguousarray(levels.transpose(2, 0, 1) / 255)


def over(rgba: np.ndarray, paper: float) -> np.ndarray:
    """[4, h, w] laid on grey paper: float32 [3, h, w]."""
    opacity = rgba[3:]
    return (rgba[:3] * opacity + paper * (1 - opacity)).astype(np.float32)


def read_recipe(path: Path) -> dict[str, Any] | None:
    """The recipe that `png_bytes` stored, or None where the file has none.

    Raises:
        InvalidRequest: missing, or no readable picture.
    """
    with opened(path) as image:
        comment = image.info.get(COMMENT)
    try:
        recipe = json.loads(comment) if isinstance(comment, str) else None
    except ValueError:
        return None
    return recipe if isinstance(recipe, dict) else None


def opened(path: Path) -> Image:
    """A picture file that is known to be whole.

    Raises:
        InvalidRequest: see `read`.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(path)
        width, height = image.size
        if width * height <= MOST_PIXELS:
            image.load()
    except FileNotFoundError as problem:
        raise InvalidRequest(f"{path} does not exist.") from problem
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as problem:
        why = "not a known format" if isinstance(problem, Image.UnidentifiedImageError) else str(problem)
        raise InvalidRequest(f"{path} is no readable picture ({why.strip().rstrip('.')}).") from problem
    if width * height > MOST_PIXELS:
        raise InvalidRequest(
            f"{path} has {width}x{height} pixels, and at most {MOST_PIXELS // 1_000_000} million are read; "
            "make it smaller."
        )
    return image
