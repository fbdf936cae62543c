"""Picture autoencoder: pixels [B, 3, H, W] in 0..1 <-> latents [B, C, H / 8, W / 8].

Space goes to channels (sub-pixel convolution, arXiv 1609.05158) and most of the width stands at the coarsest
grid, so that two CPU cores decode 256 x 256 in a fraction of a second. A linear code of every 8 x 8 patch
runs beside the convolutions: it begins as the principal components, and they add what these miss.

There is no KL term: latents are measured per channel, and noise relative to that measure is added in training
(`lab/train/painter.py`). It bounds what they can carry just as well and leaves the encoder deterministic.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, pixel_unshuffle

from audiogen.networks.residual_conv import residual_convs

FACTOR = 8  # pixels per latent, each way


class PictureAutoencoder(nn.Module):
    """See the module's first lines.

    Args:
        channels: C, of the latents.
        encoder: widths at a quarter and an eighth of the picture's size.
        decoder: widths at an eighth, a quarter and a half.
        encoder_blocks, decoder_blocks: residual blocks at each of these sizes.
    """

    ENCODER = ("enter", "fine", "down", "coarse", "leave", "analyse", "mean", "std")  # what makes latents
    mean: Tensor
    std: Tensor

    def __init__(
        self,
        channels: int,
        encoder: tuple[int, int],
        decoder: tuple[int, int, int],
        encoder_blocks: tuple[int, int],
        decoder_blocks: tuple[int, int, int],
    ) -> None:
        super().__init__()
        self.channels = channels
        patch = 3 * FACTOR**2
        quarter, eighth = encoder
        self.enter = nn.Conv2d(3 * 16, quarter, 3, padding=1)
        self.fine = residual_convs(quarter, encoder_blocks[0])
        self.down = nn.Conv2d(4 * quarter, eighth, 1)
        self.coarse = residual_convs(eighth, encoder_blocks[1])
        self.leave = nn.Conv2d(eighth, channels, 1)
        self.analyse = nn.Conv2d(patch, channels, 1)
        wide, middle, thin = decoder
        self.from_latents = nn.Conv2d(channels, wide, 3, padding=1)
        self.at_eighth = residual_convs(wide, decoder_blocks[0])
        self.to_quarter = nn.Conv2d(wide, 4 * middle, 1)
        self.at_quarter = residual_convs(middle, decoder_blocks[1])
        self.to_half = nn.Conv2d(middle, 4 * thin, 1)
        self.at_half = residual_convs(thin, decoder_blocks[2])
        self.to_pixels = nn.Conv2d(thin, 4 * 3, 3, padding=1)
        self.synthesise = nn.Conv2d(channels, patch, 1)
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("std", torch.ones(channels))

    @torch.no_grad()
    def fit(self, pixels: Tensor) -> None:
        """Begin the linear code as the principal components of the patches of `pixels` [B, 3, H, W]."""
        patches = pixel_unshuffle(2 * pixels.double() - 1, FACTOR).permute(0, 2, 3, 1).flatten(0, 2)
        mean = patches.mean(0)
        variance, axes = torch.linalg.eigh((patches - mean).T @ (patches - mean) / len(patches))
        axes, spread = (
            axes[:, -self.channels :].flip(1),
            variance[-self.channels :].flip(0).clamp_min(1e-6).sqrt(),
        )
        self.analyse.weight.copy_((axes / spread).T[..., None, None])
        assert self.analyse.bias is not None and self.synthesise.bias is not None
        self.analyse.bias.copy_(-(axes / spread).T @ mean)
        self.synthesise.weight.copy_((axes * spread)[..., None, None])
        self.synthesise.bias.copy_(mean)
        for layer in (self.leave, self.to_pixels):
            layer.weight.mul_(0.2)

    def encode(self, pixels: Tensor) -> Tensor:
        """[B, 3, H, W] in 0..1 -> normalised latents [B, C, H / 8, W / 8]; H and W are multiples of 8."""
        return self.normalise(self.encode_raw(pixels))

    def decode(self, latents: Tensor) -> Tensor:
        """Normalised latents [B, C, h, w] -> pixels [B, 3, 8 h, 8 w], about 0..1, not clamped."""
        return self.decode_raw(latents * _wide(self.std) + _wide(self.mean))

    def keep_latents(self) -> None:
        """Freeze what makes latents, so that others that were trained on them stay right."""
        for name, parameter in self.named_parameters():
            if name.split(".")[0] in self.ENCODER:
                parameter.requires_grad_(False)

    def normalise(self, raw: Tensor) -> Tensor:
        return (raw - _wide(self.mean)) / _wide(self.std)

    def encode_raw(self, pixels: Tensor) -> Tensor:
        """Latents as they come, not normalised, float32."""
        pixels = 2 * pixels - 1
        x = self.fine(self.enter(pixel_unshuffle(pixels, 4)))
        x = self.coarse(self.down(pixel_unshuffle(x, 2)))
        return (self.leave(x) + self.analyse(pixel_unshuffle(pixels, FACTOR))).float()

    def decode_raw(self, raw: Tensor) -> Tensor:
        """As `decode`, from latents that are not normalised."""
        x = self.at_eighth(self.from_latents(raw))
        x = self.at_quarter(pixel_shuffle(self.to_quarter(x), 2))
        x = self.at_half(pixel_shuffle(self.to_half(x), 2))
        with torch.autocast(x.device.type, enabled=False):  # bf16 has too few steps for a pixel
            linear = pixel_shuffle(self.synthesise(raw.float()), FACTOR)
            return (linear + pixel_shuffle(self.to_pixels(x.float()), 2)) / 2 + 0.5

    def measure(self, raw: Tensor, share: float = 1.0) -> None:
        """Move mean and std towards those of `raw` [B, C, h, w] by `share`."""
        raw = raw.detach().float()
        self.mean.lerp_(raw.mean((0, 2, 3)), share)
        self.std.lerp_(raw.std((0, 2, 3)).clamp_min(1e-3), share)


def _wide(values: Tensor) -> Tensor:
    return values[:, None, None]
