"""Pictures as the page shows them: pixels alone, so that no recipe inside the file tells who made it."""

from __future__ import annotations

import numpy as np

from audiogen.errors import InvalidRequest
from audiogen.listen.folders import checksum
from audiogen.listen.trials import Item, Stimulus
from audiogen.media import png

SEEN_S = 1.0  # a picture is looked at so long before an answer counts
_PAPER = 1.0


def sizes(item: Item) -> list[tuple[int, int]]:
    """Width and height of every picture of an item.

    Raises:
        InvalidRequest: no readable picture.
    """
    found = []
    for stimulus in item.all:
        with png.opened(stimulus.file) as image:
            found.append(image.size)
    return found


def encode(stimulus: Stimulus) -> bytes:
    """The PNG file that is shown.

    Raises:
        InvalidRequest: the file is not any more what it was when the test began.
    """
    if checksum(stimulus.file) != stimulus.sha256:
        raise InvalidRequest(f"{stimulus.file} has changed since the test began.")
    pixels = png.over(png.read(stimulus.file)[0], _PAPER)
    return png.encoded(np.round(pixels.transpose(1, 2, 0) * 255).astype(np.uint8))
