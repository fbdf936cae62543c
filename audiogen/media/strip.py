"""The steps of a decoding as one picture: the mel that the decoder believes in, step under step.

Time runs to the right, pitch upwards, brighter is louder; the first row is what it sees in noise, the last is
the result. Drawn with Pillow, which is always there.
"""

from __future__ import annotations

import io

import numpy as np

MOST_ROWS = 12
WIDEST = 1500  # pixels; a longer mel is averaged in time
RANGE_NATS = 80 / 8.686  # 80 dB under the loudest place of the result
_GAP, _LABEL = 4, 14  # pixels
# dark violet to pale yellow, like matplotlib's magma, at equal distances
_COLOURS = np.array(
    [(0, 0, 4), (59, 15, 112), (140, 41, 129), (222, 73, 104), (254, 159, 109), (252, 253, 191)], float
)


def strip(mels: list[np.ndarray]) -> bytes:
    """A PNG file.

    Args:
        mels: log-mel [bands, frames] after each step, in order; of many steps some are shown, the first and
            the last among them.
    Raises:
        ValueError: there is none.
    """
    from PIL import Image, ImageDraw

    if not mels:
        raise ValueError("a strip needs at least one step")
    shown = sorted({round(k) for k in np.linspace(0, len(mels) - 1, min(len(mels), MOST_ROWS))})
    rows = [coloured(narrowed(mels[k]), float(mels[-1].max())) for k in shown]
    height, width = rows[0].shape[:2]
    step = height + _LABEL + _GAP
    image = Image.new("RGB", (width, step * len(rows)), "white")
    pen = ImageDraw.Draw(image)
    for place, (number, row) in enumerate(zip(shown, rows, strict=True)):
        pen.text((2, place * step + 1), f"step {number + 1} of {len(mels)}", fill="black")
        image.paste(Image.fromarray(row), (0, place * step + _LABEL))
    buffer = io.BytesIO()
    image.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def narrowed(mel: np.ndarray) -> np.ndarray:
    """[bands, frames] with at most WIDEST columns, each the mean of the frames that it stands for."""
    frames = mel.shape[1]
    if frames <= WIDEST:
        return mel
    edges = np.linspace(0, frames, WIDEST + 1).astype(int)
    return np.add.reduceat(mel, edges[:-1], axis=1) / np.diff(edges)


def coloured(mel: np.ndarray, top: float) -> np.ndarray:
    """[bands, frames] -> uint8 [bands, frames, 3], low bands at the bottom; `top` is the brightest."""
    place = np.clip(1 + (mel[::-1] - top) / RANGE_NATS, 0, 1) * (len(_COLOURS) - 1)
    channels = [np.interp(place, np.arange(len(_COLOURS)), channel) for channel in _COLOURS.T]
    return np.stack(channels, -1).round().astype(np.uint8)
