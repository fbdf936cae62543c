"""A form as a body: how high it stands above the paper, and how the light from the upper left falls on it.

Nothing is known of its depth, so it bulges: a figure as a cushion, its regions as smaller ones upon it
(Johnston 2002 takes normals from outlines likewise).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from audiogen.media.painting.textures import blur

DEEP, DEEPER = 22.0, 100.0  # pixels from the rim within which a region, and a figure, bulge
UPON = 0.7  # how high regions stand upon a figure
SOFT = 5.0  # pixels
ROOT = 5  # pixels within an outline: hair beyond it is as light as there
STEEPEST = 1.6  # slope
LAMP = np.array([-0.5, -0.45, 0.74], np.float32)  # towards it: x, y, and up from the paper


@dataclass(frozen=True, eq=False)
class Body:
    """A height map, pixels, float32 [SIZE, SIZE]; 0 outside the figure. hairy: more hangs on it."""

    height: np.ndarray
    hairy: bool = False

    @classmethod
    def of(cls, distance: np.ndarray, depth: np.ndarray | None = None) -> Body:
        """Of pixels [SIZE, SIZE] to the outline of a figure, positive inside, and to edges of its regions,
        where they are known."""
        height = _cushion(distance, DEEPER)
        if depth is not None:
            height += UPON * _cushion(depth, DEEP)
        return cls(np.where(distance > 0, blur(height, SOFT), 0.0).astype(np.float32))

    @cached_property
    def light(self) -> np.ndarray:
        """How much lighter than level paper it is, about -1 (shade) to 0.3: float32 [SIZE, SIZE]."""
        gy, gx = np.gradient(blur(self.height, SOFT))
        steep = np.maximum(np.hypot(gy, gx) / STEEPEST, 1.0)
        facing = (LAMP[2] - LAMP[0] * gx / steep - LAMP[1] * gy / steep) / np.sqrt(
            1 + np.square(gx / steep) + np.square(gy / steep)
        )
        light = np.asarray(facing - LAMP[2], np.float32)
        if self.hairy:
            light = blur(light[rooted(self.height > 0)], SOFT)
        return light


def _cushion(away: np.ndarray, deep: float) -> np.ndarray:
    """A quarter of a circle from an edge upwards, not higher than what it surrounds is broad; 0 beyond it."""
    deep = min(deep, float(away.max()) + 1)
    return np.asarray(np.sqrt(deep**2 - np.square(np.clip(deep - away, 0, deep))), np.float32)


def rooted(figure: np.ndarray) -> tuple[np.ndarray, ...]:
    """For every pixel the nearest one a little within a figure, bool [SIZE, SIZE]: rows and columns.

    What hangs on the figure has its light and its colour from there.
    """
    from scipy.ndimage import distance_transform_edt

    deep = distance_transform_edt(figure) > ROOT
    return tuple(distance_transform_edt(~deep, return_distances=False, return_indices=True))
