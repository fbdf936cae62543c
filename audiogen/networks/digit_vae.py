"""A variational autoencoder of digits that is told the class (arXiv 1312.6114, 1406.5298).

Encoder q(z | x, y) and decoder p(x | z, y) are perceptrons of two hidden layers: at 28x28 they are quicker
on a CPU than convolutions, and see every digit many times while those see it once.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

LOG_VARIANCE = (-10.0, 10.0)


@dataclass(frozen=True)
class VAESizes:
    """What the network is made of: pixels to a side, numbers of the latent, hidden units, classes."""

    size: int = 28
    latent: int = 20
    hidden: int = 512
    classes: int = 10


class Perceptron(nn.Module):
    """Two hidden layers; the class y scales what they hold by 1 + g_y and shifts it by b_y."""

    def __init__(self, inputs: int, hidden: int, outputs: int, classes: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(inputs, hidden), nn.Linear(hidden, hidden)])
        self.told = nn.ModuleList(
            nn.Embedding(classes, 2 * hidden, _weight=0.3 * torch.randn(classes, 2 * hidden))
            for _ in self.layers
        )
        self.out = nn.Linear(hidden, outputs)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        for layer, table in zip(self.layers, self.told, strict=True):
            gain, shift = table(labels).chunk(2, 1)
            x = nn.functional.silu((1 + gain) * layer(x) + shift)
        return self.out(x)


class DigitVAE(nn.Module):
    """Ink [B, size, size] in 0..1 <-> latents [B, latent], both beside labels int64 [B]."""

    def __init__(self, sizes: VAESizes) -> None:
        super().__init__()
        self.sizes = s = sizes
        self.encoder = Perceptron(s.size**2, s.hidden, 2 * s.latent, s.classes)
        self.decoder = Perceptron(s.latent, s.hidden, s.size**2, s.classes)

    def forward(self, ink: Tensor, labels: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of the ink [B, size, size] decoded from z = mean + exp(log variance / 2) noise; both."""
        mean, log_variance = self.encode(ink, labels)
        return self.decode(mean + (log_variance / 2).exp() * noise, labels), mean, log_variance

    def encode(self, ink: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and log variance of the latents, [B, latent] each."""
        mean, log_variance = self.encoder(ink.flatten(1), labels).chunk(2, 1)
        return mean, log_variance.clamp(*LOG_VARIANCE)

    def decode(self, latents: Tensor, labels: Tensor) -> Tensor:
        """Logits of the ink, [B, size, size]."""
        size = self.sizes.size
        return self.decoder(latents, labels).unflatten(1, (size, size))
