"""Palettes of real paintings: the colours of one, split into a ground and a figure that stand apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image
from scipy.cluster.vq import kmeans2

from audiogen.media.colour import lab_to_rgb, rgb_to_lab

APART = 38.0  # least distance in L* between ground and figure
COLOURS = 10


@dataclass(frozen=True)
class Palette:
    """Main colours of a painting in CIELAB, float32 [K, 3], by rising lightness."""

    lab: np.ndarray

    @classmethod
    def of(cls, painting: Image.Image) -> Palette:
        """The palette of a painting (its frame of 5 % is left out: scans show the edge of the canvas)."""
        width, height = painting.size
        inner = painting.crop((width // 20, height // 20, width - width // 20, height - height // 20))
        pixels = np.asarray(inner.convert("RGB").resize((96, 96)), np.float32).reshape(-1, 3) / 255
        centres, _ = kmeans2(rgb_to_lab(pixels), COLOURS, minit="++", seed=0)
        return cls(centres[np.argsort(centres[:, 0])].astype(np.float32))

    def split(self, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Colours of the ground and of the figure, RGB [M, 3] and [N, 3]; light on dark or dark on light.

        The two groups keep the painting's hues; their lightness is pushed apart where the painting
        itself is all dark or all light, so that the figure can be read.
        """
        dark, light = self.lab[: COLOURS // 2].copy(), self.lab[COLOURS // 2 :].copy()
        light_figure = rng.random() < 0.5
        figure, ground = (light[1:], dark) if light_figure else (dark[:-1], light)
        figure = figure[rng.choice(len(figure), 3, replace=False)]
        ground = ground[rng.permutation(len(ground))[:4]]
        middle = np.array([figure[:, 0].mean(), ground[:, 0].mean()])
        sign = 1.0 if light_figure else -1.0
        lack = max(APART - sign * (middle[0] - middle[1]), 0.0)
        for group, direction, mean in ((figure, sign, middle[0]), (ground, -sign, middle[1])):
            spread = np.clip(group[:, 0] - mean, -8, 8)
            group[:, 0] = np.clip(mean + direction * lack / 2 + spread, 8, 95)
            group[:, 1:] *= rng.uniform(1.0, 1.35)
        return lab_to_rgb(ground), lab_to_rgb(figure[np.argsort(figure[:, 0])])
