"""WaveNet on two clocks: dilated causal convolutions over 8-bit codes (arXiv 1609.03499).

    codes [B, T] + expected [B, T, 3] + attributes [B, 2A]  ->  mixture [B, T, 3, K]

Position t sees the codes before t, and what a linear predictor expects of it after the same codes
(`audiogen.sampling.linear_prediction`): its centre, error and scale. The output is a mixture of
logistics over the codes (arXiv 1701.05517), counted from that centre in units of that scale, so that an
untrained network is the predictor, and what is learned is where music departs from it.

The fast clock ticks once a sample and is WaveNet proper: kernel 2, growing dilations, gated units,
residual and skip connections, two 1 x 1 layers. Beneath it a slow clock ticks once a block of
samples and is made of the same layers, wider, over whole blocks; what it says of the next block
enters the fast clock's input and its skip sum, other for every place in the block (as the tiers of
SampleRNN, arXiv 1612.07837). A layer of it costs a sixteenth, so that most of the memory (over a
second) and most of the weights can lie there. Without slow layers it is the plain network.

Layers are GLU, value times sigmoid gate, without WaveNet's tanh: it learns faster (arXiv 1612.08083)
and is one kernel in both directions. Tensors are [B, T, C], because on a CPU a matrix product over
neighbours is about twice as fast in bf16 as a dilated convolution of so few channels.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from audiogen.media.mulaw import LEVELS, SILENCE, STEPS, code_values

FEATURES = 3  # of the predictor
FEATURE_CENTRE = (128.0, 0.0, 1.0)
FEATURE_SPREAD = (64.0, 1.5, 0.7)
LOG_SCALES = (-2.5, 4.5)  # nats of a code


@dataclass(frozen=True)
class WavenetConfig:
    """Sizes.

    Attributes:
        width, skip: channels of a fast layer and of the skip sum; dilations: of the fast layers, samples.
        block: samples per tick of the slow clock; slow_width: its channels; slow_dilations: of its
            layers, ticks; none of them is the plain network.
        attributes: how many attributes are told, each as a value and whether it is known.
        components: of the mixture.
    """

    width: int = 48
    skip: int = 64
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    block: int = 16
    slow_width: int = 96
    slow_dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1, 2, 4)
    attributes: int = 3
    components: int = 5

    @property
    def reach(self) -> int:
        """Samples before the present block that the network hears."""
        fast = sum(self.dilations)
        if not self.slow_dilations:
            return 1 + fast
        return self.block * (-(-fast // self.block) + 1 + sum(self.slow_dilations))


class GatedLayer(nn.Module):
    """A causal convolution of kernel 2 with a gate; to the residual stream and to the skip sum."""

    def __init__(self, width: int, dilation: int, skip: int) -> None:
        super().__init__()
        self.width, self.dilation = width, dilation
        self.mix = nn.Linear(2 * width, 2 * width)  # of (then, now): value, gate
        self.out = nn.Linear(width, width + skip)
        nn.init.normal_(self.mix.weight, std=(2 * width) ** -0.5 * 1.5)
        nn.init.normal_(self.out.weight, std=width**-0.5 * 0.5)
        nn.init.zeros_(self.mix.bias)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x [B, T, width] -> the next x, and what goes to the skip sum [B, T, skip]."""
        then = F.pad(x, (0, 0, self.dilation, 0))[:, : x.shape[1]]
        out = self.out(F.glu(self.mix(torch.cat([then, x], -1)), -1))
        return x + out[..., : self.width], out[..., self.width :]


class Wavenet(nn.Module):
    """The network."""

    amplitude: Tensor

    def __init__(self, config: WavenetConfig) -> None:
        super().__init__()
        self.config = c = config
        self.embed = nn.Embedding(LEVELS, c.width)
        self.tell = nn.Linear(2 * c.attributes, c.width)
        self.layers = nn.ModuleList(GatedLayer(c.width, d, c.skip) for d in c.dilations)
        self.hidden = nn.Linear(c.skip, c.skip)
        self.expect = nn.Linear(FEATURES, c.width, bias=False)
        self.mixture = nn.Linear(c.skip, 3 * c.components)
        if c.slow_dilations:
            self.slow_in = nn.Linear(2 * c.block, c.slow_width)
            self.slow_tell = nn.Linear(2 * c.attributes, c.slow_width)
            self.slow_layers = nn.ModuleList(GatedLayer(c.slow_width, d, 0) for d in c.slow_dilations)
            self.slow_out = nn.Linear(c.slow_width, c.block * (c.width + c.skip))
        with torch.no_grad():
            self.embed.weight.copy_(smooth_rows(c.width))
            self.mixture.weight.mul_(0.1)
            self.mixture.bias.copy_(torch.cat([torch.zeros(2 * c.components), begin_scales(c.components)]))
        self.register_buffer("amplitude", amplitudes(), persistent=False)

    def first_heard(self, start: int) -> int:
        """Where the fast clock must begin, so that it remembers all at `start`."""
        back = -(-(1 + sum(self.config.dilations)) // self.config.block) * self.config.block
        return max(0, start - back)

    def forward(self, codes: Tensor, expected: Tensor, attributes: Tensor, start: int = 0) -> Tensor:
        """The mixture of each code from `start` on.

        Args:
            codes: int64 [B, T], T whole blocks.
            expected: float [B, N, 3] of the last N positions, N at least T - first_heard(start):
                expected code, last error over the mean error, log of the mean error (codes).
            attributes: float [B, 2A]: values, then which are known (1) or not (0).
            start: a whole number of blocks; what lies before is only heard.
        Returns: float32 [B, T - start, 3, K]: weights as logits, means (codes), logs of scales (codes).
        """
        c, first = self.config, self.first_heard(start)
        before = F.pad(codes, (1, -1), value=-1)[:, first:]
        x = self.embed(before.clamp_min(0)) * (before >= 0)[..., None]
        near = expected[:, expected.shape[1] - before.shape[1] :]
        x = x + self.expect(scaled(near)) + self.tell(attributes)[:, None]
        skip: Tensor | None = None
        if c.slow_dilations:
            spread = self.hear_slowly(codes, attributes, first // c.block)
            x, skip = x + spread[..., : c.width], spread[..., c.width :]
        for layer in self.layers:
            x, more = layer(x)
            skip = more if skip is None else skip + more
        assert skip is not None
        raw = self.mixture(F.relu(self.hidden(F.relu(skip[:, start - first :]))))
        return around(raw.float().unflatten(-1, (3, -1)), near[:, start - first :])

    def hear_slowly(self, codes: Tensor, attributes: Tensor, first: int = 0) -> Tensor:
        """What the slow clock says to every sample from block `first` on, [B, T, width + skip].

        It has heard the whole blocks before the present one.
        """
        c = self.config
        blocks = self.amplitude[codes].flatten(1, 2).unflatten(1, (-1, 2 * c.block))  # [B, T / P, 2 P]
        x = self.slow_in(F.pad(blocks, (0, 0, 1, -1))) + self.slow_tell(attributes)[:, None]
        for layer in self.slow_layers:
            x, _ = layer(x)
        return self.slow_out(x[:, first:]).unflatten(-1, (c.block, -1)).flatten(1, 2)


def scaled(expected: Tensor) -> Tensor:
    """What the predictor says, each number of about unit size."""
    return (expected - expected.new_tensor(FEATURE_CENTRE)) / expected.new_tensor(FEATURE_SPREAD)


def around(raw: Tensor, expected: Tensor) -> Tensor:
    """The mixture [..., 3, K] from what the network says of it and what was expected [..., 3]."""
    centre, scale = expected[..., None, 0], expected[..., None, 2]
    means = centre + scale.exp() * raw[..., 1, :]
    return torch.stack([raw[..., 0, :], means, (scale + raw[..., 2, :]).clamp(*LOG_SCALES)], -2)


def begin_scales(components: int) -> Tensor:
    """Logs of the scales at first, in units of the predictor's mean error: for tones, for onsets."""
    return torch.linspace(-1.5, 2.5, components)


def amplitudes() -> Tensor:
    """The folded and the true amplitude of every code, both of about unit size, float32 [256, 2]."""
    folded = (torch.arange(LEVELS) - SILENCE) / STEPS
    return torch.stack([2 * folded, 5 * torch.from_numpy(code_values()).float()], 1)


def smooth_rows(width: int) -> Tensor:
    """Rows that begin as waves over the amplitude, so that neighbouring codes begin alike: [256, width].

    A code seldom heard is then learned with its neighbours.
    """
    folded = ((torch.arange(LEVELS) - SILENCE) / STEPS)[:, None]
    true = torch.from_numpy(code_values()).float()[:, None]
    half = width // 2
    waves = torch.sin(torch.linspace(0.5, 12, half) * folded + torch.linspace(0, 6, half))
    return torch.cat([waves, true * torch.linspace(-4, 4, width - half)], 1) * 0.5
