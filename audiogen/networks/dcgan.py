"""Generators and critics of the three GANs of digits (DCGAN, arXiv 1511.06434).

Generator: noise -> 4x4 (64x64 digits) or 7x7 (28x28), doubled by transposed convolutions of kernel 4, batch
norm, ReLU. Told a class, its batch norms scale and shift by it (arXiv 1707.00683). Critic: the same way
back, to one number without a sigmoid; told a class, it adds the projection <e_y, features>
(arXiv 1802.05637).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from audiogen.errors import InvalidRequest

STARTS = {28: (7, 2), 64: (4, 4)}  # pixels to a side: of the first picture to a side, doublings
CRITIC_NORMS = ("batch", "layer", "spectral")


@dataclass(frozen=True)
class GeneratorSizes:
    """What a generator is made of.

    Attributes:
        size: pixels to a side, 28 or 64; latent: numbers of noise; width: channels before the last layer,
            twice as many at every halving; classes: 0 for one that is told none.
    """

    size: int = 28
    latent: int = 64
    width: int = 64
    classes: int = 10

    def __post_init__(self) -> None:
        if self.size not in STARTS:
            raise InvalidRequest(
                f"A generator makes {' or '.join(map(str, STARTS))} pixels, not {self.size}."
            )


class ClassNorm(nn.Module):
    """Batch norm; gain 1 + g_y and shift b_y belong to the class y, where there are classes."""

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=not classes)
        self.told = nn.Embedding(classes, 2 * channels) if classes else None
        if self.told is not None:
            nn.init.zeros_(self.told.weight)
        else:
            nn.init.normal_(self.norm.weight, 1.0, 0.02)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        x = self.norm(x)
        if self.told is None:
            return x
        gain, shift = self.told(labels)[:, :, None, None].chunk(2, 1)
        return x * (1 + gain) + shift


class Generator(nn.Module):
    """Noise [B, latent] and labels int64 [B] -> digits [B, 1, size, size] in -1..1."""

    def __init__(self, sizes: GeneratorSizes) -> None:
        super().__init__()
        self.sizes = s = sizes
        self.start, doublings = STARTS[s.size]
        widths = [s.width * 2**k for k in reversed(range(doublings))]
        self.told = nn.Embedding(s.classes, s.latent) if s.classes else None
        self.first = nn.Linear(s.latent * (2 if s.classes else 1), widths[0] * self.start**2, bias=False)
        self.norms = nn.ModuleList(ClassNorm(w, s.classes) for w in widths)
        self.ups = nn.ModuleList(
            nn.ConvTranspose2d(a, b, 4, 2, 1, bias=b == 1)
            for a, b in zip(widths, [*widths[1:], 1], strict=True)
        )
        initialise(self)

    def forward(self, noise: Tensor, labels: Tensor) -> Tensor:
        if self.told is not None:
            noise = torch.cat([noise, self.told(labels)], 1)
        x = self.first(noise).unflatten(1, (-1, self.start, self.start))
        for norm, up in zip(self.norms, self.ups, strict=True):
            x = up(norm(x, labels).relu())
        return x.tanh()


@dataclass(frozen=True)
class CriticSizes:
    """What a critic is made of.

    Attributes:
        size: pixels to a side, 28 or 64; width: channels of the first layer, twice as many at every halving.
        norm: one of CRITIC_NORMS. A gradient penalty is one per digit, and batch norm would mix digits: it
            takes "layer". "spectral" bounds the slope of every layer (arXiv 1802.05957).
        classes: 0 for one that is told none.
    """

    size: int = 28
    width: int = 32
    norm: str = "spectral"
    classes: int = 10

    def __post_init__(self) -> None:
        if self.size not in STARTS or self.norm not in CRITIC_NORMS:
            raise InvalidRequest(
                f"A critic sees {' or '.join(map(str, STARTS))} pixels and has a norm of "
                f"{', '.join(CRITIC_NORMS)}, not {self.size} and {self.norm!r}."
            )


class Critic(nn.Module):
    """Digits [B, 1, size, size] in -1..1 and labels int64 [B] -> scores [B]: the higher, the more real."""

    def __init__(self, sizes: CriticSizes) -> None:
        super().__init__()
        self.sizes = s = sizes
        start, doublings = STARTS[s.size]
        bounded = spectral_norm if s.norm == "spectral" else _as_it_is
        layers: list[nn.Module] = []
        before, width = 1, s.width
        for number in range(doublings):
            layers.append(bounded(nn.Conv2d(before, width, 4, 2, 1)))
            if number and s.norm != "spectral":  # no norm on the first layer: it sees the pixels
                layers.append(nn.BatchNorm2d(width) if s.norm == "batch" else nn.GroupNorm(1, width))
            layers.append(nn.LeakyReLU(0.2))
            before, width = width, 2 * width
        features = 4 * before
        self.layers = nn.Sequential(*layers, nn.Flatten(), bounded(nn.Linear(before * start**2, features)))
        self.score = bounded(nn.Linear(features, 1))
        self.told = bounded(nn.Embedding(s.classes, features)) if s.classes else None
        initialise(self)

    def forward(self, x: Tensor, labels: Tensor) -> Tensor:
        features = nn.functional.leaky_relu(self.layers(x), 0.2)
        score = self.score(features)[:, 0]
        if self.told is None:
            return score
        return score + (self.told(labels) * features).sum(1)


def _as_it_is(module: nn.Module) -> nn.Module:
    return module


def initialise(network: nn.Module) -> None:
    """Weights of convolutions and matrices from N(0, 0.02); spectral norm scales its own."""
    for module in network.modules():
        bounded = hasattr(module, "parametrizations")
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear) and not bounded:
            nn.init.normal_(module.weight, 0.0, 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
