"""Are pictures copies? How near each comes to any training picture, for digits and for other subjects.

A picture is made small: digits as they are, 16 x 16; others are cut out of their ground first, as the
training shows them in many places and sizes, and brought to 8 x 8. The distance is the root of the mean
square over colours; mirrored training pictures count, of others than digits. It finds what it should:
training illustrations in another view (turned, zoomed, moved, of other tint) lie three times nearer to the
training set than held-out ones do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from audiogen.lab.evaluate.pictures.gallery import Gallery, galleries

DIGIT_SIDE, SIDE = 16, 8
GROUND = 24  # of 255: what differs less from the border is the ground
AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """All training pictures of a path, small.

    Attributes:
        small: float32 [M, s, s, 3]; subject: [M].
    """

    path: str
    small: np.ndarray
    subject: np.ndarray

    @classmethod
    def read(
        cls, folder: Path, path: str, progress: Callable[[int, int], None] = lambda step, of: None
    ) -> TrainingSet:
        """Every training shard, one after the other.

        Raises:
            InvalidRequest: no such shard.
        """
        count = len(list(Path(folder).glob("train-*.npz")))
        small, subject = [], []
        for number, part in enumerate(galleries(folder, "train", path)):
            progress(number, count)
            small.append(made_small(part.pictures, path))
            subject.append(part.subject)
        progress(count, count)
        return cls(path, np.concatenate(small), np.concatenate(subject))

    @classmethod
    def of(cls, gallery: Gallery) -> TrainingSet:
        """The pictures of a gallery."""
        return cls(gallery.path, made_small(gallery.pictures, gallery.path), gallery.subject)

    def nearest(self, small: np.ndarray, but: np.ndarray | None = None) -> np.ndarray:
        """Distance of small pictures [N, s, s, 3] to the nearest training picture, [N].

        Args:
            but: number of a training picture that does not count, for each, [N].
        """
        known = self.small.reshape(len(self.small), -1)
        sides = [known] if self.path == "digit" else [known, self.small[:, :, ::-1].reshape(known.shape)]
        found = np.full(len(small), np.inf)
        for first in range(0, len(small), AT_ONCE):
            part = small[first : first + AT_ONCE].reshape(-1, known.shape[1])
            for side in sides:
                squares = np.square(part).sum(1)[:, None] + np.square(side).sum(1) - 2 * part @ side.T
                if but is not None:
                    squares[np.arange(len(part)), but[first : first + AT_ONCE]] = np.inf
                apart = part - side[squares.argmin(1)]  # again: the squares above are small differences
                nearer = np.sqrt(np.square(apart).mean(1))
                found[first : first + AT_ONCE] = np.minimum(found[first : first + AT_ONCE], nearer)
        return found

    def apart(self, subject: str) -> np.ndarray:
        """Distance of every training picture of a subject to the nearest other one of any subject."""
        own = np.flatnonzero(self.subject == subject)
        return self.nearest(self.small[own], own)


def made_small(pictures: np.ndarray, path: str) -> np.ndarray:
    """uint8 [N, H, H, 3] -> float32 [N, s, s, 3] in 0..1."""
    side = DIGIT_SIDE if path == "digit" else SIDE
    cut = [Image.fromarray(p) if path == "digit" else cut_out(p) for p in pictures]
    small = [np.asarray(p.resize((side, side), Image.Resampling.BOX), np.float32) / 255 for p in cut]
    return np.stack(small) if small else np.zeros((0, side, side, 3), np.float32)


def cut_out(picture: np.ndarray) -> Image.Image:
    """The smallest part of a picture that holds all that differs from its border; all of a blank one."""
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    away = np.abs(picture.astype(np.int16) - np.median(border, 0).astype(np.int16)).max(2) > GROUND
    rows, columns = np.flatnonzero(away.any(1)), np.flatnonzero(away.any(0))
    image = Image.fromarray(picture)
    if not len(rows):
        return image
    return image.crop((int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1))
