"""Arrays of ours as the images that diffusers takes."""

from __future__ import annotations

import numpy as np
from PIL import Image


def levels(pixels: np.ndarray) -> Image.Image:
    """[3, h, w] in 0..1 as an image of 8 bits."""
    return Image.fromarray(np.round(255 * np.clip(pixels, 0, 1)).astype(np.uint8).transpose(1, 2, 0))
