"""Painter: the picture autoencoder and the upsampler that completes what it decodes."""

from __future__ import annotations

from torch import Tensor, nn

from audiogen.networks.picture_autoencoder import PictureAutoencoder
from audiogen.networks.upsampler import Upsampler


class PainterNetwork(nn.Module):
    """Normalised latents [B, C, h, w] -> pixels [B, 3, 16 h, 16 w] in 0..1."""

    def __init__(self, autoencoder: PictureAutoencoder, upsampler: Upsampler) -> None:
        super().__init__()
        self.autoencoder = autoencoder
        self.upsampler = upsampler

    def forward(self, latents: Tensor) -> Tensor:
        return self.upsampler(self.autoencoder.decode(latents).clamp(0, 1)).clamp(0, 1)
