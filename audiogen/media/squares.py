"""Pixel art of a picture: few squares in few colours."""

from __future__ import annotations

import numpy as np

SQUARES, COLOURS = 64, 16  # squares to a side; both sizes of our pictures are whole multiples of them


def of_squares(pixels: np.ndarray, squares: int = SQUARES, colours: int = COLOURS) -> np.ndarray:
    """The same picture in squares.

    Args:
        pixels: float [3, n, n] in 0..1; where n is no multiple of `squares`, squares differ by a pixel.
    Returns: float32 [3, n, n]: each square has the mean colour of what it covers, brought to the nearest of
        the palette that median cut finds.
    """
    from PIL import Image

    size = pixels.shape[-1]
    image = Image.fromarray(np.round(255 * np.clip(pixels, 0, 1)).astype(np.uint8).transpose(1, 2, 0))
    few = image.resize((squares, squares), Image.Resampling.BOX)
    few = few.quantize(colours, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).convert("RGB")
    whole = np.asarray(few.resize((size, size), Image.Resampling.NEAREST), np.float32)
    return np.ascontiguousarray(whole.transpose(2, 0, 1)) / 255
