"""A flow of the envelopes of sub-bands (`sampling/envelopes.py`): ConvNeXt over the frames of a mel.

It is told how loud each group of bands is in each frame, and which sources sound, and estimates the clean
envelopes from noisy ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from audiogen.media.mel import MelSettings
from audiogen.networks.convnext import ConvNeXtBlock
from audiogen.networks.sinusoids import sinusoids

TIMES = 128  # width of the sinusoids of a time
LEVEL, SPREAD = -6.0, 3.0  # nats: of the levels that it is told
LOG_MEAN = 0.8  # half the log of the five bands of a group


@dataclass(frozen=True)
class EnvelopeFlowConfig:
    """The network, and how it is drawn from.

    Attributes:
        bands: that have envelopes; per_frame: values of each in a frame of the mel.
        sources: that it is told of; width, dilations: of the ConvNeXt; condition: width of what it is told.
        steps: of the midpoint rule; shift: of its times, see `sampling.flow.times`.
    """

    mel: MelSettings = MelSettings()
    bands: int = 7
    per_frame: int = 7
    sources: tuple[str, ...] = ()
    width: int = 160
    dilations: tuple[int, ...] = (1, 2, 4, 1, 2, 4, 8, 16)
    condition: int = 96
    steps: int = 4
    shift: float = 2.0


class EnvelopeFlow(nn.Module):
    """The network."""

    mean: Tensor
    std: Tensor

    def __init__(self, config: EnvelopeFlowConfig) -> None:
        super().__init__()
        width, condition = config.width, config.condition
        self.bands, self.values = config.bands, config.bands * config.per_frame
        self.register_buffer("mean", torch.zeros(self.values))
        self.register_buffer("std", torch.ones(self.values))
        self.enter = nn.Linear(self.values + config.mel.n_groups, width)
        self.conv = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.time = nn.Sequential(nn.Linear(TIMES, condition), nn.SiLU(), nn.Linear(condition, condition))
        self.about = nn.Linear(len(config.sources), condition)
        self.blocks = nn.ModuleList(
            ConvNeXtBlock(width, expansion=2, dilation=d, condition_width=condition) for d in config.dilations
        )
        self.norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, self.values)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def forward(self, x: Tensor, t: Tensor, levels: Tensor, sources: Tensor) -> Tensor:
        """Estimate of the clean envelopes, normalised.

        Scaled at both ends as of arXiv 2206.00364: near the data it has little to add.

        Args:
            x: noisy ones, [B, F, values]. t: [B], 1 is noise.
            levels: see `levels`, [B, F, groups]. sources: 1 for those that sound, [B, S]; all 0: not told.
        """
        w = t[:, None, None]
        spread = (1 - w).square() + w.square()
        h = self.enter(torch.cat([x / spread.sqrt(), levels], -1))
        h = h + self.conv(h.transpose(1, 2)).transpose(1, 2)
        condition = nn.functional.silu(self.time(sinusoids(t, TIMES)) + self.about(sources))
        for block in self.blocks:
            h = block(h, condition)
        return (1 - w) / spread * x + w / spread.sqrt() * self.leave(self.norm(h))

    def normalise(self, packed: Tensor) -> Tensor:
        """Packed envelopes, see `packed` -> what the network sees."""
        return (packed - self.mean) / self.std

    def restore(self, x: Tensor) -> Tensor:
        """What the network sees, [F, values] -> envelopes, nats [bands, N]."""
        return (x * self.std + self.mean).unflatten(1, (-1, self.bands)).permute(2, 0, 1).flatten(1)


def packed(rows: Tensor, per_frame: int) -> Tensor:
    """Envelopes [bands, N] frame by frame, [F, values]; what does not fill a frame is left out."""
    whole = rows[:, : rows.shape[1] // per_frame * per_frame]
    return whole.unflatten(1, (-1, per_frame)).permute(1, 2, 0).flatten(1)


def levels(mid: Tensor, mel: MelSettings) -> Tensor:
    """Log bands [..., bands, F] -> what the network is told, [..., F, groups]: the loudness of each group."""
    groups = mid.unflatten(-2, (mel.n_groups, mel.bands_per_group))
    loud = 0.5 * torch.logsumexp(2 * groups, -2) - LOG_MEAN
    return (loud.transpose(-1, -2) - LEVEL) / SPREAD
