"""WaveNet on two clocks: dilated causal convolutions over 8-bit codes (arXiv 1609.03499).

    codes [B, T] + expected [B, T, 4] + roll [B, T / P, G]  ->  mixture [B, T, 3, K]

Position t sees the codes before t, and what the struck keys are expected to sound like there and in the
rest of its block (`audiogen.sampling.modal_source`). The output is a mixture of logistics
(arXiv 1701.05517) over amplitudes, counted from what is expected in units of how loud it is, so that an
untrained network plays the expectation with noise, and what is learned is where a piano departs from it.

The fast clock ticks once a sample and is WaveNet proper: kernel 2, growing dilations, gated units,
residual and skip connections, two 1 x 1 layers. Beneath it a slow clock ticks once a block of
samples and is made of the same layers, wider, over whole blocks; what it says of the next block
enters the fast clock's input and its skip sum, other for every place in the block (as the tiers of
SampleRNN, arXiv 1612.07837). A layer of it costs a sixteenth, so that most of the memory and most of
the weights can lie there. Without slow layers it is the plain network, and is given no roll.

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

EXPECTED = 4  # of every sample: amplitude, level, and two of three bands over the level
FEATURES = 5  # of them as the fast clock is given them: the last error, amplitude, both bands, log level
ERROR_GAIN = 4.0  # the last error over the level, times this, is about unit size
MOST = 8.0
LEVEL_CENTRE, LEVEL_SPREAD = -4.0, 2.0  # nats
SHIFT = 0.25  # of a mean, in levels
LEAST_LOG_SCALE = -11.5  # nats of an amplitude
MOST_LOG_SCALE = -0.7  # nats of a level: a wider one would let noise grow out of noise


@dataclass(frozen=True)
class WavenetConfig:
    """Sizes.

    Attributes:
        width, skip: channels of a fast layer and of the skip sum; dilations: of the fast layers, samples.
        block: samples per tick of the slow clock; slow_width: its channels; slow_dilations: of its
            layers, ticks; none of them is the plain network.
        roll: numbers that are told of the notes of every block.
        components: of the mixture.
    """

    width: int = 48
    skip: int = 64
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64)
    block: int = 16
    slow_width: int = 96
    slow_dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8)
    roll: int = 34
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

    folded: Tensor
    values: Tensor

    def __init__(self, config: WavenetConfig) -> None:
        super().__init__()
        self.config = c = config
        self.embed = nn.Embedding(LEVELS, c.width)
        self.expect = nn.Linear(FEATURES, c.width)
        self.layers = nn.ModuleList(GatedLayer(c.width, d, c.skip) for d in c.dilations)
        self.hidden = nn.Linear(c.skip, c.skip)
        self.mixture = nn.Linear(c.skip, 3 * c.components)
        if c.slow_dilations:
            self.slow_in = nn.Linear(3 * c.block + c.roll, c.slow_width)
            self.slow_layers = nn.ModuleList(GatedLayer(c.slow_width, d, 0) for d in c.slow_dilations)
            self.slow_out = nn.Linear(c.slow_width, c.block * (c.width + c.skip))
        with torch.no_grad():
            self.embed.weight.copy_(smooth_rows(c.width))
            self.mixture.weight.mul_(0.1)
            self.mixture.bias.copy_(torch.cat([torch.zeros(2 * c.components), begin_scales(c.components)]))
        self.register_buffer("folded", 2 * (torch.arange(LEVELS) - SILENCE) / STEPS, persistent=False)
        self.register_buffer("values", torch.from_numpy(code_values()).float(), persistent=False)

    def first_heard(self, start: int) -> int:
        """Where the fast clock must begin, so that it remembers all at `start`."""
        back = -(-(1 + sum(self.config.dilations)) // self.config.block) * self.config.block
        return max(0, start - back)

    def forward(self, codes: Tensor, expected: Tensor, roll: Tensor, start: int = 0) -> Tensor:
        """The mixture of each code from `start` on.

        Args:
            codes: int64 [B, T], T whole blocks; -1 is a code that is not known.
            expected: float [B, T, 4] of `modal_source.expected`: amplitude and level (-1..1, above 0),
                the low and the middle band over the level.
            roll: float [B, T / P, G], what is told of the notes of each block.
            start: a whole number of blocks; what lies before is only heard.
        Returns: float32 [B, T - start, 3, K]: weights as logits, means, logs of scales (amplitudes).
        """
        c, first = self.config, self.first_heard(start)
        before = F.pad(codes, (1, -1), value=-1)[:, first:]
        error = self.errors(codes, expected)
        features = torch.cat([F.pad(error, (1, -1))[..., None], relative(expected)], -1)[:, first:]
        x = self.embed(before.clamp_min(0)) * (before >= 0)[..., None]
        x = x + self.expect(features)
        skip: Tensor | None = None
        if c.slow_dilations:
            spread = self.hear_slowly(codes, error, expected, roll, first // c.block)
            x, skip = x + spread[..., : c.width], spread[..., c.width :]
        for layer in self.layers:
            x, more = layer(x)
            skip = more if skip is None else skip + more
        assert skip is not None
        raw = self.mixture(F.relu(self.hidden(F.relu(skip[:, start - first :]))))
        return around(raw.float().unflatten(-1, (3, -1)), expected[:, start:])

    def errors(self, codes: Tensor, expected: Tensor) -> Tensor:
        """How far each code was from what was expected, in levels and of about unit size, [B, T]."""
        error = (self.values[codes] - expected[..., 0]) / expected[..., 1] * ERROR_GAIN
        return error.clamp(-MOST, MOST)

    def hear_slowly(
        self, codes: Tensor, error: Tensor, expected: Tensor, roll: Tensor, first: int = 0
    ) -> Tensor:
        """What the slow clock says to every sample from block `first` on, [B, T, width + skip].

        It has heard the whole blocks before the present one, and what is expected of the present one.
        """
        c = self.config
        past = torch.stack([self.folded[codes], error], -1).flatten(1, 2).unflatten(1, (-1, 2 * c.block))
        coming = (expected[..., 0] / expected[..., 1]).unflatten(1, (-1, c.block))
        x = self.slow_in(torch.cat([F.pad(past, (0, 0, 1, -1)), coming, roll], -1))
        for layer in self.slow_layers:
            x, _ = layer(x)
        return self.slow_out(x[:, first:]).unflatten(-1, (c.block, -1)).flatten(1, 2)


def relative(expected: Tensor) -> Tensor:
    """What is expected [..., 4] as the fast clock gets it: amplitude over level, bands, log of the level."""
    amplitude, level = expected[..., :1], expected[..., 1:2]
    return torch.cat([amplitude / level, expected[..., 2:], (level.log() - LEVEL_CENTRE) / LEVEL_SPREAD], -1)


def around(raw: Tensor, expected: Tensor) -> Tensor:
    """The mixture [..., 3, K] from what the network says of it and what was expected [..., 4]."""
    amplitude, level = expected[..., None, 0], expected[..., None, 1]
    means = amplitude + SHIFT * level * raw[..., 1, :]
    scales = level.log() + raw[..., 2, :].clamp_max(MOST_LOG_SCALE)
    return torch.stack([raw[..., 0, :], means, scales.clamp_min(LEAST_LOG_SCALE)], -2)


def begin_scales(components: int) -> Tensor:
    """Logs of the scales at first, in levels: from the rounding of a code to the noise of a blow."""
    return torch.linspace(-5.0, -1.0, components)


def smooth_rows(width: int) -> Tensor:
    """Rows that begin as waves over the amplitude, so that neighbouring codes begin alike: [256, width].

    A code seldom heard is then learned with its neighbours.
    """
    folded = ((torch.arange(LEVELS) - SILENCE) / STEPS)[:, None]
    true = torch.from_numpy(code_values()).float()[:, None]
    half = width // 2
    waves = torch.sin(torch.linspace(0.5, 12, half) * folded + torch.linspace(0, 6, half))
    return torch.cat([waves, true * torch.linspace(-4, 4, width - half)], 1) * 0.5
