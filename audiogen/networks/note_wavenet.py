"""WaveNet over notes instead of samples: gap, pitch, velocity, length of each note, given those before.

    codes [B, N, 4] + attributes [B, 2A]  ->  logits of the four codes of every note, [B, N, V] each

The layers are those of `audiogen.networks.wavenet` (dilated causal convolutions, GLU gates, residual and
skip connections). A tick is a note. Its four codes come one after the other, each head told those
before it: p(gap) p(pitch | gap) p(velocity | gap, pitch) p(length | gap, pitch, velocity).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from audiogen.networks.wavenet import GatedLayer


@dataclass(frozen=True)
class NoteWavenetConfig:
    """Sizes.

    Attributes:
        width: channels of the layers and of the skip sum; dilations: of the layers, notes.
        sizes: how many gaps, pitches, velocities and lengths there are.
        attributes: how many attributes are told, each as a value and whether it is known.
        dropout: of what the layers say, in training.
    """

    width: int = 80
    dilations: tuple[int, ...] = (1, 2, 4, 8, 16, 32, 1, 2, 4, 8)
    sizes: tuple[int, int, int, int] = (64, 88, 16, 32)
    attributes: int = 3
    dropout: float = 0.1

    @property
    def reach(self) -> int:
        """Notes that are heard."""
        return 1 + sum(self.dilations)


class NoteWavenet(nn.Module):
    """The network."""

    def __init__(self, config: NoteWavenetConfig) -> None:
        super().__init__()
        self.config = c = config
        self.heard = nn.ModuleList(nn.Embedding(size, c.width) for size in c.sizes)
        self.pitch_class = nn.Embedding(12, c.width)
        self.begin = nn.Parameter(torch.zeros(c.width))
        self.tell = nn.Linear(2 * c.attributes, c.width)
        self.layers = nn.ModuleList(GatedLayer(c.width, d, c.width) for d in c.dilations)
        self.hidden = nn.Linear(c.width, c.width)
        self.known = nn.ModuleList(nn.Embedding(size, c.width) for size in c.sizes[:-1])
        self.mix = nn.ModuleList(nn.Linear(c.width, c.width) for _ in c.sizes)
        self.heads = nn.ModuleList(nn.Linear(c.width, size) for size in c.sizes)
        self.dropout = nn.Dropout(c.dropout)
        for table in [*self.heard, *self.known, self.pitch_class]:
            nn.init.normal_(table.weight, std=0.5)

    def forward(self, codes: Tensor, attributes: Tensor) -> list[Tensor]:
        """Logits of every note, [B, N, size] for each of the four codes.

        Args:
            codes: int64 [B, N, 4]; a note is told of those before it, a head of the codes before its own.
            attributes: float [B, 2A]: values, then which are known (1) or not (0).
        """
        state = self.remember(codes[:, :-1], attributes)
        return [self.head(state, codes, place) for place in range(len(self.heads))]

    def remember(self, codes: Tensor, attributes: Tensor, begun: bool = True) -> Tensor:
        """What is known of each next note: codes [B, N, 4] -> [B, N + 1, width]; the first knows none.

        Args:
            begun: False where codes are the last of a longer piece: the beginning is then left out of
                what is heard, and only the last state is that of the whole.
        """
        x = sum(table(codes[..., place]) for place, table in enumerate(self.heard))
        x = x + self.pitch_class(codes[..., 1] % 12)
        first = (self.begin * float(begun)).expand(len(codes), 1, -1)
        x = torch.cat([first, x], 1) + self.tell(attributes)[:, None]
        skip = torch.zeros_like(x)
        for layer in self.layers:
            x, more = layer(x)
            skip = skip + self.dropout(more)
        return F.relu(self.hidden(F.relu(skip)))

    def head(self, state: Tensor, codes: Tensor, place: int) -> Tensor:
        """Logits [B, N, size] of one of the four codes, given those before it in the same note."""
        for before in range(place):
            state = state + self.known[before](codes[..., before])
        return self.heads[place](F.relu(self.mix[place](state)))
