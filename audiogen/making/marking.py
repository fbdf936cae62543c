"""The watermark of what is made: the one place where it is laid, before the level of a sound is set.

Its id is a digest of the result without it, so that all ways to it (a kept structure that is decoded,
a pipeline, a replay) give the same file. The recipe holds the id: by it a found file leads back to it.
"""

from __future__ import annotations

import hashlib

import numpy as np

from audiogen import origin
from audiogen.memory import passes
from audiogen.request import Plan

_HASHED = 1 << 20  # values at a time


class SoundMark:
    """What `media.finish` does to a sound before its level is set.

    Attributes:
        id: of the sound, once it was called; None: it has no mark.
    """

    def __init__(self, plan: Plan, loop: bool) -> None:
        self.wanted, self.loop = plan.request.watermark, loop
        self.version = plan.request.marks or origin.SOUND
        self.id: str | None = None

    def __call__(self, samples: np.ndarray, rate: int) -> None:
        from audiogen.origin import sound

        if self.wanted:
            self.id = _digest(samples)
            sound.mark(samples, rate, self.id, self.loop, self.version)


def marked_picture(plan: Plan, pixels: np.ndarray) -> tuple[np.ndarray, str | None]:
    """A picture [3, h, w] with its mark, and the id of that; or as it is, and None."""
    from audiogen.origin import picture

    if not plan.request.watermark:
        return pixels, None
    id_ = _digest(np.round(255 * np.clip(pixels, 0, 1)).astype(np.uint8))
    return picture.mark(pixels, id_, plan.request.marks or origin.PICTURE), id_


def _digest(values: np.ndarray) -> str:
    """Six hexadecimal digits of an array, row after row."""
    found = hashlib.sha256()
    for row in values:
        for start in passes(row, _HASHED):
            found.update(np.ascontiguousarray(row[..., start : start + _HASHED]).data)
    return found.hexdigest()[:6]
