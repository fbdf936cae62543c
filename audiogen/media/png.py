"""PNG files and their recipe; the same pixels and recipe are the same bytes.

The recipe is ASCII JSON in the text chunk `Comment`, where `exiftool`, ImageMagick and browsers' viewers show
it; a long one is compressed (zTXt). The title is in `Title`. Pillow encodes and decodes.
"""

from __future__ import annotations

import io
import json
import math
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.media.facts import title_of
from audiogen.media.files import json_object

if TYPE_CHECKING:
    from PIL.Image import Image

SUFFIX = ".png"
COMMENT = "Comment"
MOST_PIXELS = 64_000_000  # of a file that is read; a larger one is refused
ENOUGH_PIXELS = 8_000_000  # that are worked on; a larger one is made smaller
# Those of cameras, scanners and paint programs; Pillow knows more, and hands some to other programs.
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "DIB", "GIF", "TIFF", "PPM", "TGA", "ICO", "JPEG2000")
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


def read(path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """The pixels of any picture of `FORMATS`, upright: float32 [4, h, w] in 0..1, the last one opacity.

    One of more than ENOUGH_PIXELS is averaged down by a whole number, so that it takes no gigabytes.

    Returns: the pixels, and remarks about what was left out or changed.
    Raises:
        InvalidRequest: missing, no readable picture, of more than MOST_PIXELS, or with NaN in it.
    """
    from PIL import ImageOps

    remarks = []
    with opened(path) as image:
        if getattr(image, "is_animated", False):
            remarks.append(f"{path.name} holds several pictures; the first is taken")
        try:
            upright = _reduced(ImageOps.exif_transpose(image))
            if upright.size not in (image.size, image.size[::-1]):
                remarks.append(f"{path.name} was made smaller, to {upright.width}x{upright.height} pixels")
            if upright.mode.startswith(("I", "F")):  # more than 8 bits, which Pillow would clip
                grey, more = _grey(np.array(upright, np.float32), upright.mode, path)
                return np.stack([grey, grey, grey, np.ones_like(grey)]), (*remarks, *more)
            levels = np.array(upright.convert("RGBA"))
        except InvalidRequest:
            raise
        except Exception as problem:  # what a damaged file does to Pillow is not foreseeable
            raise _unreadable(path, problem) from problem
    rgba = np.empty((4, *levels.shape[:2]), np.float32)
    for channel in range(4):
        np.divide(levels[..., channel], 255, out=rgba[channel], dtype=np.float32)
    return rgba, tuple(remarks)


def _reduced(image: Image) -> Image:
    """At most ENOUGH_PIXELS, averaged over squares."""
    from PIL import Image

    width, height = image.size
    factor = math.ceil(math.sqrt(width * height / ENOUGH_PIXELS))
    if factor <= 1:
        return image
    size = max(1, width // factor), max(1, height // factor)
    if image.mode not in ("L", "LA", "RGB", "RGBA", "F"):
        if image.mode.startswith("I"):
            image = image.convert("F")
        else:
            image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    return image.resize(size, Image.Resampling.BOX)


def _grey(grey: np.ndarray, mode: str, path: Path) -> tuple[np.ndarray, tuple[str, ...]]:
    """Samples of more than 8 bits as grey in 0..1, and a remark where their white had to be guessed.

    Raises:
        InvalidRequest: NaN or infinity.
    """
    if not np.isfinite(grey).all():
        raise InvalidRequest(f"{path} holds NaN or infinity; save it as an 8-bit PNG.")
    brightest = float(grey.max(initial=0.0))
    whites = (1.0, 255.0, 65535.0) if mode == "F" else (255.0, 65535.0)
    white = next((white for white in whites if brightest <= white), brightest)
    guessed = white not in whites[-2:] or mode == "F"
    remark = f"the brightest value in {path.name} is {brightest:g}; {white:g} is taken for white"
    return np.clip(grey / np.float32(white), 0, 1), (remark,) if guessed and brightest else ()


def over(rgba: np.ndarray, paper: float) -> np.ndarray:
    """[4, h, w] laid on grey paper: float32 [3, h, w]."""
    if is_opaque(rgba):
        return rgba[:3]
    opacity = rgba[3:]
    laid = rgba[:3] * opacity
    laid += paper * (1 - opacity)
    return laid


def is_opaque(rgba: np.ndarray) -> bool:
    """Whether nothing of it is transparent."""
    return bool(rgba[3].min(initial=1.0) == 1.0)


def read_recipe(path: Path) -> dict[str, Any] | None:
    """The recipe that `png_bytes` stored, or None where the file has none.

    Raises:
        InvalidRequest: missing, or no readable picture.
    """
    with opened(path) as image:
        comment = image.info.get(COMMENT)
    return json_object(comment) if isinstance(comment, str) else None


def opened(path: Path) -> Image:
    """A picture file that is known to be whole.

    Raises:
        InvalidRequest: see `read`.
    """
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of bombs, and of damage in what is not read
            image = Image.open(path, formats=FORMATS)
            width, height = image.size
            if width * height <= MOST_PIXELS:
                image.load()
    except FileNotFoundError as problem:
        raise InvalidRequest(f"{path} does not exist.") from problem
    except Exception as problem:  # what a damaged file does to Pillow is not foreseeable
        raise _unreadable(path, problem) from problem
    if width * height > MOST_PIXELS:
        raise InvalidRequest(
            f"{path} has {width}x{height} pixels, and at most {MOST_PIXELS // 1_000_000} million are read; "
            "make it smaller."
        )
    return image


def _unreadable(path: Path, problem: Exception) -> InvalidRequest:
    from PIL import Image

    why = "not a known format" if isinstance(problem, Image.UnidentifiedImageError) else str(problem)
    why = " ".join(why.split()).rstrip(".") or type(problem).__name__
    return InvalidRequest(f"{path} is no readable picture ({why}).")
