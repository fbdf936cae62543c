"""Painter: Latents -> Picture at twice the size that they stand for, and Picture -> Latents.

The decoder of the picture autoencoder, then a learned upsampler: 32 x 32 latents -> 256 -> 512 pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.artifacts import Conditioning, Latents, Picture
from audiogen.errors import InvalidRequest
from audiogen.networks.painter import PainterNetwork
from audiogen.networks.picture_autoencoder import PictureAutoencoder
from audiogen.networks.upsampler import Upsampler
from audiogen.pretrained import Pretrained
from audiogen.stage import Progress, Sampling, report


@dataclass(frozen=True)
class PainterConfig:
    """What the painter is made of; see `PictureAutoencoder` and `Upsampler`.

    Attributes:
        size: pixels to a side of what the autoencoder is used for; pictures come out at twice that.
    """

    channels: int = 8
    encoder: tuple[int, int] = (48, 96)
    decoder: tuple[int, int, int] = (144, 72, 32)
    encoder_blocks: tuple[int, int] = (1, 1)
    decoder_blocks: tuple[int, int, int] = (3, 2, 1)
    upsampler_width: int = 48
    upsampler_blocks: int = 3
    size: int = 256


class Painter(Pretrained):
    """The stage."""

    name, seam, takes, gives = "painter", "renderer", Latents, Picture
    config_class = PainterConfig
    network: PainterNetwork

    @staticmethod
    def build(config: PainterConfig) -> nn.Module:
        autoencoder = PictureAutoencoder(
            config.channels,
            config.encoder,
            config.decoder,
            config.encoder_blocks,
            config.decoder_blocks,
        )
        upsampler = Upsampler(config.upsampler_width, config.upsampler_blocks)
        network: nn.Module = PainterNetwork(autoencoder, upsampler)
        return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def __call__(
        self, x: Latents, conditioning: Conditioning, sampling: Sampling, progress: Progress
    ) -> Picture:
        """Paint latents.

        Raises:
            InvalidRequest: they have another number of channels.
        """
        if x.values.shape[0] != self.config.channels:
            raise InvalidRequest(
                f"These latents have {x.values.shape[0]} channels; this painter takes {self.config.channels}."
            )
        report(progress, "renderer", 0, 1)
        with torch.inference_mode():
            pixels = self.network(torch.from_numpy(x.values)[None].to(self.device))[0]
        report(progress, "renderer", 1, 1)
        return Picture(pixels.float().cpu().numpy())

    def encode(self, picture: Picture) -> Latents:
        """The latents of a picture of any size, made square and brought to the painter's."""
        size = self.config.size
        with torch.inference_mode():
            pixels = fitted(torch.from_numpy(np.ascontiguousarray(picture.pixels)), size)
            values = self.network.autoencoder.encode(pixels[None].to(self.device))[0]
        return Latents(values.float().cpu().numpy(), size)


def fitted(pixels: Tensor, size: int) -> Tensor:
    """[3, H, W] -> [3, size, size]: scaled with anti-aliasing, the shorter side padded with its own edge."""
    height, width = pixels.shape[1:]
    longer = max(height, width)
    rows, columns = longer - height, longer - width
    margins = (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2)
    square = torch.nn.functional.pad(pixels[None].float(), margins, mode="replicate")
    if longer != size:
        square = torch.nn.functional.interpolate(square, size=(size, size), mode="bicubic", antialias=True)
    return square[0].clamp(0, 1)
