"""What a picture is like, as a row of fixed numbers: for distances between sets of pictures.

    pictures [N, 3, H, H] in 0..1 -> features [N, 1084] -> rows [N, 24] by `embedding.Projection`

The network is the encoder of the project's own picture autoencoder (weights `picture-painter`, which is small
and shipped), as no Inception network can be had offline. It looks at a picture at 256, 128 and 64 pixels, so
that the same filters of some 30 pixels see grain, strokes and forms. The blocks:

    grain, strokes, forms   of the 256, 128 and 64 pixels: mean and log of the standard deviation over places
                            of the 48 channels at a quarter and the 96 at an eighth of the size
    layout                  the 8 latents of the 64 pixels, averaged to 4 x 4 places: what is where
    flatness                log of the median step between neighbouring places of the 48 channels, 256 pixels
    together                correlations over places between the latents, and between neighbouring places of
                            each, at 256 pixels: how colour, light and edges go together, and how smoothly

What it is not: it was trained to give pictures back, not to name what they show. It knows styles, colours,
sharpness and layout, and hardly what a cat is; and what the autoencoder cannot hold, it cannot see. Its
figures cannot be compared with those of Inception features, of another autoencoder or sample size. What the
distances mean is told by their anchors (`evaluate/pictures/damage.py`, `evaluate/README.md`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, interpolate, pixel_unshuffle

from audiogen.errors import InvalidRequest
from audiogen.networks.picture_autoencoder import PictureAutoencoder
from audiogen.render.painter import Painter

SIDES = {"grain": 1, "strokes": 2, "forms": 4}  # how much smaller than the painter's pictures each looks
PLACES = 4  # of the layout, to a side
AT_ONCE = 8  # pictures
LEAST_SPREAD = 0.02  # added before a logarithm: differences below it are not seen
Blocks = dict[str, np.ndarray]


class PictureFeatures:
    """The feature network, in float32 wherever it runs: a judge must not depend on the machine."""

    def __init__(self, painter: Painter) -> None:
        self.autoencoder: PictureAutoencoder = painter.network.autoencoder
        self.device = painter.device
        self.side = painter.config.size  # pixels of what is looked at

    def __call__(
        self,
        pictures: Sequence[np.ndarray] | np.ndarray,
        progress: Callable[[int, int], None] = lambda step, of: None,
    ) -> np.ndarray:
        """Pictures [N, 3, H, H] in 0..1 -> float64 [N, features].

        Raises:
            InvalidRequest: none, or smaller than what is looked at.
        """
        return np.concatenate(list(self.blocks(pictures, progress).values()), 1)

    def blocks(
        self,
        pictures: Sequence[np.ndarray] | np.ndarray,
        progress: Callable[[int, int], None] = lambda step, of: None,
    ) -> Blocks:
        """The same by block, float64 [N, numbers]."""
        parts: list[Blocks] = []
        with torch.inference_mode():
            for first in range(0, len(pictures), AT_ONCE):
                progress(first, len(pictures))
                some = np.stack([np.asarray(p, np.float32) for p in pictures[first : first + AT_ONCE]])
                parts.append(self._of(torch.from_numpy(some).to(self.device)))
        progress(len(pictures), len(pictures))
        if not parts:
            raise InvalidRequest("There is no picture to look at.")
        return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}

    def sizes(self) -> list[int]:
        """How many numbers each block has, in order."""
        blank = np.zeros((1, 3, self.side, self.side), np.float32)
        return [block.shape[1] for block in self.blocks(blank).values()]

    def _of(self, pixels: Tensor) -> Blocks:
        found: dict[str, Tensor] = {}
        for name, smaller in SIDES.items():
            quarter, eighth, latents = activations(self.autoencoder, resized(pixels, self.side // smaller))
            found[name] = torch.cat([moments(quarter), moments(eighth)], 1)
            if name == "grain":
                found["together"] = together(latents)
                found["flatness"] = flatness(quarter)
        found["layout"] = adaptive_avg_pool2d(latents, PLACES).flatten(1)
        return {name: values.double().cpu().numpy() for name, values in found.items()}


def activations(autoencoder: PictureAutoencoder, pixels: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Pixels [B, 3, H, W] in 0..1 -> channels at a quarter and at an eighth of the size, and the latents."""
    centred = 2 * pixels - 1
    quarter = autoencoder.fine(autoencoder.enter(pixel_unshuffle(centred, 4)))
    eighth = autoencoder.coarse(autoencoder.down(pixel_unshuffle(quarter, 2)))
    linear = autoencoder.analyse(pixel_unshuffle(centred, 8))
    return quarter, eighth, autoencoder.normalise(autoencoder.leave(eighth) + linear)


def moments(values: Tensor) -> Tensor:
    """Mean and log standard deviation over places of [B, C, h, w]: [B, 2 C]."""
    return torch.cat([values.mean((2, 3)), (values.std((2, 3)) + LEAST_SPREAD).log()], 1)


def flatness(values: Tensor) -> Tensor:
    """Log of the median step between neighbouring places of [B, C, h, w]: [B, C].

    Where most of a picture is even, as in an illustration, it hears noise that standard deviations do not.
    """
    steps = (values[..., 1:] - values[..., :-1]).abs().flatten(2)
    return (steps.median(2).values + LEAST_SPREAD).log()


def together(latents: Tensor) -> Tensor:
    """Correlations over places of latents [B, C, h, w]: between channels, and of each with its neighbours."""
    moving = latents - latents.mean((2, 3), keepdim=True)
    size = moving.square().mean((2, 3)).sqrt() + LEAST_SPREAD
    flat = moving.flatten(2)
    pairs = flat @ flat.transpose(1, 2) / flat.shape[2] / (size[:, :, None] * size[:, None])
    upper = torch.triu_indices(latents.shape[1], latents.shape[1], 1)
    beside = (moving[..., 1:] * moving[..., :-1]).mean((2, 3)) / size.square()
    below = (moving[:, :, 1:] * moving[:, :, :-1]).mean((2, 3)) / size.square()
    return torch.cat([pairs[:, upper[0], upper[1]], beside, below], 1)


def resized(pixels: Tensor, side: int) -> Tensor:
    """[B, 3, H, H] -> [B, 3, side, side], averaged over areas.

    Raises:
        InvalidRequest: not square, or smaller.
    """
    height, width = pixels.shape[2:]
    if height != width or height < side:
        raise InvalidRequest(
            f"Pictures to measure are square and at least {side} pixels wide, not {width}x{height}."
        )
    return pixels if height == side else interpolate(pixels, (side, side), mode="area")
