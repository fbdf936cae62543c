"""Autoregressive transformer over quantised coarse-mel frames.

    frames <-> codes [B, N, K];  frames so far + attributes + time left -> logits of the next codes

A frame is one position: its K codes are chosen one after another by small chained heads, each seeing
the codes before it, so that a second of sound costs 25 passes of the trunk and no delay pattern is
needed. A past frame is seen by its codes, which say what changed, and by what it decodes to.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from audiogen.networks.colour_bank import ColourBank
from audiogen.networks.frame_quantiser import FrameQuantiser
from audiogen.networks.transformer import Block, KeyValues, initialise, rope_table

GAIN = 6.0  # of embeddings and logits: at one learning rate they move this much faster than the blocks


@dataclass(frozen=True)
class MelTransformerConfig:
    """Sizes.

    Attributes:
        keep: per dimension of a frame, how much the quantiser predicts from the frame before.
        stages, entries: of the quantiser.
        attributes: how many; buckets: codes of each (0: unknown).
        left_buckets: codes of the time left (0: far from the end).
        width, layers, heads, hidden, head_hidden, dropout: of the transformer.
        context: longest sequence, frames.
        colours: how many components of a lasting spectrum it is given beside the attributes; `groups` first
            dimensions of a frame have a spectrum. scenes, sources: what the bank of colours remembers.
    """

    keep: tuple[float, ...]
    stages: int = 3
    entries: int = 256
    attributes: int = 3
    buckets: int = 17
    left_buckets: int = 18
    width: int = 256
    layers: int = 5
    heads: int = 4
    hidden: int = 512
    head_hidden: int = 256
    context: int = 320
    dropout: float = 0.0
    colours: int = 0
    groups: int = 0
    scenes: int = 0
    sources: int = 0

    @property
    def hints(self) -> int:
        """Attributes and colours, each of them one bucketed number."""
        return self.attributes + self.colours


class MelTransformer(nn.Module):
    """Quantiser and transformer."""

    rope: Tensor

    def __init__(self, config: MelTransformerConfig) -> None:
        super().__init__()
        self.config = config
        c = config
        self.quantiser = FrameQuantiser(torch.tensor(c.keep), c.stages, c.entries)
        self.bank = ColourBank(c.groups, c.colours, c.scenes, c.sources) if c.colours else None
        self.start = c.stages * c.entries  # table rows: codes by stage, start, attributes, time left
        self.first_attribute = self.start + 1
        self.first_left = self.first_attribute + c.hints * c.buckets
        self.table = nn.Embedding(self.first_left + c.left_buckets, c.width)
        self.see = nn.Linear(len(c.keep), c.width, bias=False)
        self.blocks = nn.ModuleList(Block(c.width, c.heads, c.hidden, c.dropout) for _ in range(c.layers))
        self.norm = nn.RMSNorm(c.width, eps=1e-6)
        self.chosen = nn.ModuleList(nn.Embedding(c.entries, c.width) for _ in range(c.stages - 1))
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(c.width, c.head_hidden), nn.SiLU(), nn.Linear(c.head_hidden, c.entries))
            for _ in range(c.stages)
        )
        self.register_buffer("rope", rope_table(c.context, c.width // c.heads), persistent=False)
        self._initialise()

    def forward(
        self, codes: Tensor, frames: Tensor, attributes: Tensor, left: Tensor, hidden: Tensor | None = None
    ) -> list[Tensor]:
        """Logits of every frame given those before it, per stage [B, N, entries].

        Args:
            codes: int64 [B, N, K]; frames: what they decode to, normalised, float [B, N, D].
            attributes: buckets of attributes and colours, int64 [B, A]; left: bucket of the time left at
                each frame, [B, N].
            hidden: bool [B, N], frames whose codes those after them do not see (None: all are seen).
        """
        seen = self.rows(codes)
        if hidden is not None:
            seen = torch.where(hidden[..., None], torch.full_like(seen, self.start), seen)
        rows = torch.cat([self.starts(len(codes)).to(codes.device), seen[:, :-1]], 1)
        before = torch.cat([torch.zeros_like(frames[:, :1]), frames[:, :-1]], 1)
        x = self.embed(rows, before, attributes, left)
        for block in self.blocks:
            x = block(x, self.rope[:, None, None, : x.shape[1]])
        state = self.norm(x)
        logits = []
        for stage in range(self.config.stages):
            logits.append(self.stage_logits(state, stage))
            state = self.tell(state, stage, codes[..., stage])
        return logits

    def step(
        self, rows: Tensor, before: Tensor, attributes: Tensor, left: Tensor, cache: KeyValues
    ) -> Tensor:
        """The frames that came before -> hidden [B, D] for the next; N is 1 unless the cache is empty.

        Args:
            rows: table rows of their codes, [B, N, K]; before: their normalised frames, [B, N, D].
            attributes: [B, A]; left: of the frames that follow each of them, [B, N].
        """
        at, n = cache.length, rows.shape[1]
        rope = self.rope[:, None, None, at : at + n]
        x = self.embed(rows, before, attributes, left)
        for index, block in enumerate(self.blocks):
            x = block(x, rope, None, cache.values[index], at)
        cache.length = at + n
        return self.norm(x[:, -1])

    def embed(self, rows: Tensor, before: Tensor, attributes: Tensor, left: Tensor) -> Tensor:
        """The transformer's input [B, N, width]; arguments as in `step`."""
        which = torch.arange(self.config.hints, device=attributes.device)
        known = attributes + which * self.config.buckets + self.first_attribute
        hints = torch.cat(
            [known[:, None].expand(-1, left.shape[1], -1), left[..., None] + self.first_left], -1
        )
        rows = torch.cat([rows, hints], -1)
        b, n, k = rows.shape
        summed = nn.functional.embedding_bag(rows.reshape(b * n, k), self.table.weight, mode="sum")
        return GAIN * (summed.view(b, n, -1) + self.see(before))

    def rows(self, codes: Tensor) -> Tensor:
        """Table rows of codes [..., K]."""
        stages = torch.arange(self.config.stages, device=codes.device)
        return codes + stages * self.config.entries

    def starts(self, batch: int) -> Tensor:
        """Table rows that stand for "no frame yet", [batch, 1, K]."""
        return torch.full((batch, 1, self.config.stages), self.start)

    def cache(self, batch: int = 1) -> KeyValues:
        """An empty cache for `step`."""
        c = self.config
        return KeyValues(c.layers, batch, c.heads, c.context, c.width // c.heads)

    def stage_logits(self, hidden: Tensor, stage: int) -> Tensor:
        """Logits of one stage [..., entries]; `hidden` already knows the stages before it."""
        return GAIN * self.heads[stage](hidden)

    def tell(self, hidden: Tensor, stage: int, code: Tensor) -> Tensor:
        """`hidden` once the code [...] of `stage` is chosen; the last stage tells nobody."""
        if stage + 1 == self.config.stages:
            return hidden
        return hidden + GAIN * self.chosen[stage](code)

    def _initialise(self) -> None:
        """Embeddings begin large against the residual branches, which first learn to add little."""
        initialise(self, self.config.layers)
        for name, weight in self.named_parameters():
            if name.startswith(("table", "chosen", "see")):
                nn.init.normal_(weight, std=(0.5 if weight.shape[1] == self.config.width else 0.2) / GAIN)
            elif name.startswith("heads") and name.endswith("2.weight"):
                nn.init.normal_(weight, std=0.1 / GAIN * weight.shape[1] ** -0.5)
