"""WaveNet on two clocks: dilated causal convolutions over 8-bit codes (arXiv 1609.03499).

    codes [B, T] + attributes [B, 2A]  ->  logits [B, T, 256]; position t sees the codes before t

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


@dataclass(frozen=True)
class WavenetConfig:
    """Sizes.

    Attributes:
        width, skip: channels of a fast layer and of the skip sum; dilations: of the fast layers, samples.
        block: samples per tick of the slow clock; slow_width: its channels; slow_dilations: of its
            layers, ticks; none of them is the plain network.
        attributes: how many attributes are told, each as a value and whether it is known.
    """

    width: int = 48
    skip: int = 64
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32)
    block: int = 16
    slow_width: int = 96
    slow_dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1, 2, 4)
    attributes: int = 3

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
        self.logits = nn.Linear(c.skip, LEVELS)
        if c.slow_dilations:
            self.slow_in = nn.Linear(2 * c.block, c.slow_width)
            self.slow_tell = nn.Linear(2 * c.attributes, c.slow_width)
            self.slow_layers = nn.ModuleList(GatedLayer(c.slow_width, d, 0) for d in c.slow_dilations)
            self.slow_out = nn.Linear(c.slow_width, c.block * (c.width + c.skip))
        with torch.no_grad():
            self.embed.weight.copy_(smooth_rows(c.width))
            self.logits.weight.copy_(smooth_rows(c.skip))
        self.register_buffer("amplitude", amplitudes(), persistent=False)

    def forward(self, codes: Tensor, attributes: Tensor, start: int = 0) -> Tensor:
        """Logits of the codes from `start` on.

        Args:
            codes: int64 [B, T], T whole blocks.
            attributes: float [B, 2A]: values, then which are known (1) or not (0).
            start: a whole number of blocks; what lies before is only heard.
        Returns: [B, T - start, 256]. The last code of all is not heard.
        """
        c = self.config
        back = -(-(1 + sum(c.dilations)) // c.block) * c.block  # what the fast layers hear
        first = max(0, start - back)
        before = F.pad(codes, (1, -1), value=-1)[:, first:]
        x = self.embed(before.clamp_min(0)) * (before >= 0)[..., None]
        x = x + self.tell(attributes)[:, None]
        skip: Tensor | None = None
        if c.slow_dilations:
            spread = self.hear_slowly(codes, attributes, first // c.block)
            x, skip = x + spread[..., : c.width], spread[..., c.width :]
        for layer in self.layers:
            x, more = layer(x)
            skip = more if skip is None else skip + more
        assert skip is not None
        return self.logits(F.relu(self.hidden(F.relu(skip[:, start - first :]))))

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


def amplitudes() -> Tensor:
    """The folded and the true amplitude of every code, both of about unit size, float32 [256, 2]."""
    folded = (torch.arange(LEVELS) - SILENCE) / STEPS
    return torch.stack([2 * folded, 5 * torch.from_numpy(code_values()).float()], 1)


def smooth_rows(width: int) -> Tensor:
    """Rows that begin as waves over the amplitude, so that neighbouring codes begin alike: [256, width].

    Both the codes heard and the codes to choose from: a code seldom seen is learned with its neighbours.
    """
    folded = ((torch.arange(LEVELS) - SILENCE) / STEPS)[:, None]
    true = torch.from_numpy(code_values()).float()[:, None]
    half = width // 2
    waves = torch.sin(torch.linspace(0.5, 12, half) * folded + torch.linspace(0, 6, half))
    return torch.cat([waves, true * torch.linspace(-4, 4, width - half)], 1) * 0.5
