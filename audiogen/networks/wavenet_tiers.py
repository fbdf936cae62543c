"""Both tiers of WaveNet and what they share: notes, samples, and the modes of the keys between them."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from audiogen.media.midi import PIANO_KEYS, PIANO_LOW
from audiogen.networks.note_wavenet import NoteWavenet, NoteWavenetConfig
from audiogen.networks.wavenet import Wavenet, WavenetConfig


@dataclass(frozen=True)
class WavenetTiersConfig:
    """Sizes.

    Attributes:
        notes, samples: of the two networks.
        velocities: of the layers of recordings that the modes stand for.
        modes: how many there are, of all keys in all layers; None: one for each.
        start: samples from a strike to the beginning of its modes.
    """

    notes: NoteWavenetConfig = field(default_factory=NoteWavenetConfig)
    samples: WavenetConfig = field(default_factory=WavenetConfig)
    velocities: tuple[float, ...] = (36.0, 60.0, 84.0, 108.0)
    modes: int | None = None
    start: int = 24


class WavenetTiers(nn.Module):
    """Two networks, and buffers that are measured before training; unmeasured, every key is a sine.

    Attributes:
        first: int64 [K + 1], where the modes of each key (layer * 88 + pitch - 21) begin.
        modes: float32 [M, 4], see `audiogen.sampling.modal_source`.
        levels_db: float32 [88, L], of every key in every layer.
    """

    first: Tensor
    modes: Tensor
    levels_db: Tensor

    def __init__(self, config: WavenetTiersConfig) -> None:
        super().__init__()
        self.config = config
        self.notes = NoteWavenet(config.notes)
        self.samples = Wavenet(config.samples)
        layers = len(config.velocities)
        keys = layers * PIANO_KEYS
        if config.modes is None:
            hz = 440 * 2 ** ((torch.arange(PIANO_KEYS) + PIANO_LOW - 69) / 12)
            rows = torch.stack([torch.full_like(hz, x) for x in (3.0, 0.0, 0.1, 0.0)], 1)
            rows[:, 1] = hz
            first, modes = torch.arange(keys + 1), rows.repeat(layers, 1)
        else:
            first, modes = torch.zeros(keys + 1, dtype=torch.int64), torch.zeros(config.modes, 4)
        self.register_buffer("first", first)
        self.register_buffer("modes", modes)
        self.register_buffer("levels_db", torch.zeros(PIANO_KEYS, layers))

    def forward(
        self, heard: Tensor, expected: Tensor, roll: Tensor, start: int, notes: Tensor, attributes: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """Both networks, as training needs them; see `Wavenet.forward` and `NoteWavenet.forward`."""
        return self.samples(heard, expected, roll, start), self.notes(notes, attributes)
