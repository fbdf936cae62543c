"""Autoregressive transformer over the patches of a line drawing, told by words what to draw.

    ink <-> codes [B, N, K];  patches so far + words and style -> logits of the next codes

A drawing is cut into patches, row after row, and each patch is K codes of a residual quantiser
(`frame_quantiser.py`, without its prediction), chosen one after another by small chained heads as in
`mel_transformer.py`. A place sees all patches before it, and what is drawn to the left of it and above it.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from audiogen.networks.frame_quantiser import FrameQuantiser
from audiogen.networks.transformer import Block, KeyValues, initialise, rope_table

GAIN = 6.0  # of embeddings and logits: at one learning rate they move this much faster than the blocks


@dataclass(frozen=True)
class SketchSizes:
    """Sizes.

    Attributes:
        side, patch: pixels of the drawing and of a patch; their ratio is the grid.
        stages, entries: of the quantiser.
        words, styles: how many there are of each, without "none".
        width, layers, heads, hidden, head_hidden, dropout: of the transformer.
    """

    side: int = 64
    patch: int = 8
    stages: int = 3
    entries: int = 512
    words: int = 0
    styles: int = 0
    width: int = 256
    layers: int = 6
    heads: int = 4
    hidden: int = 512
    head_hidden: int = 256
    dropout: float = 0.1

    @property
    def grid(self) -> int:
        return self.side // self.patch


class SketchTransformer(nn.Module):
    """Quantiser and transformer."""

    rope: Tensor

    def __init__(self, sizes: SketchSizes) -> None:
        super().__init__()
        self.sizes = s = sizes
        self.quantiser = FrameQuantiser(torch.zeros(s.patch**2), s.stages, s.entries)
        self.table = nn.Embedding(s.stages * s.entries + 1, s.width)  # the last row: nothing yet
        self.places = nn.Embedding(s.grid**2, s.width)
        self.word = nn.Embedding(s.words + 1, s.width, padding_idx=0)
        self.style = nn.Embedding(s.styles + 1, s.width, padding_idx=0)
        self.left = nn.Linear(s.patch**2, s.width, bias=False)
        self.above = nn.Linear(s.patch**2, s.width, bias=False)
        self.blocks = nn.ModuleList(Block(s.width, s.heads, s.hidden, s.dropout) for _ in range(s.layers))
        self.norm = nn.RMSNorm(s.width, eps=1e-6)
        self.chosen = nn.ModuleList(nn.Embedding(s.entries, s.width) for _ in range(s.stages - 1))
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(s.width, s.head_hidden), nn.SiLU(), nn.Linear(s.head_hidden, s.entries))
            for _ in range(s.stages)
        )
        self.register_buffer("rope", rope_table(s.grid**2, s.width // s.heads), persistent=False)
        self._initialise()

    def forward(self, codes: Tensor, patches: Tensor, words: Tensor, style: Tensor) -> list[Tensor]:
        """Logits of every patch given those before it, per stage [B, N, entries].

        Args:
            codes: int64 [B, N, K]; patches: what they decode to, normalised, float [B, N, D].
            words: int64 [B, W], 0: no word; style: int64 [B], 0: none.
        """
        start = torch.full_like(codes[:, :1], self.table.num_embeddings - 1)
        rows = torch.cat([start, self.rows(codes)[:, :-1]], 1)
        x = self.embed(rows, patches, 0) + self.about(words, style)[:, None]
        for block in self.blocks:
            x = block(x, self.rope[:, None, None, : x.shape[1]])
        state = self.norm(x)
        logits = []
        for stage in range(self.sizes.stages):
            logits.append(self.stage_logits(state, stage))
            state = self.tell(state, stage, codes[..., stage])
        return logits

    def step(self, codes: Tensor | None, patches: Tensor, about: Tensor, cache: KeyValues) -> Tensor:
        """Hidden [B, D] for the next patch.

        Args:
            codes: of the patch before, [B, K]; None: there is none yet.
            patches: all so far, normalised, [B, cache.length, D].
            about: see `about`.
        """
        at = cache.length
        if codes is None:
            rows = torch.full((len(about), 1, self.sizes.stages), self.table.num_embeddings - 1)
        else:
            rows = self.rows(codes)[:, None]
        blank = patches.new_zeros(len(patches), 1, self.sizes.patch**2)
        x = self.embed(rows.to(about.device), torch.cat([patches, blank], 1), at) + about[:, None]
        for index, block in enumerate(self.blocks):
            x = block(x, self.rope[:, None, None, at : at + 1], None, cache.values[index], at)
        cache.length = at + 1
        return self.norm(x[:, -1])

    def embed(self, rows: Tensor, patches: Tensor, first: int) -> Tensor:
        """Input of the places from `first` on, [B, N - first, width].

        Args:
            rows: table rows of the patch before each of them, [B, N - first, K].
            patches: [B, N, D]; only those before a place are looked at.
        """
        grid, count = self.sizes.grid, patches.shape[1]
        gone = torch.zeros_like(patches[:, :1])
        left = torch.cat([gone, patches[:, :-1]], 1)[:, first:]
        above = torch.cat([gone.expand(-1, grid, -1), patches], 1)[:, first:count]
        places = torch.arange(first, count, device=patches.device)
        return GAIN * (self.table(rows).sum(2) + self.places(places) + self.left(left) + self.above(above))

    def about(self, words: Tensor, style: Tensor) -> Tensor:
        """What is asked for, [B, width]; nothing asked is 0."""
        told = (words > 0).sum(1, keepdim=True).clamp_min(1)
        return GAIN * (self.word(words).sum(1) / told.sqrt() + self.style(style))

    def rows(self, codes: Tensor) -> Tensor:
        """Table rows of codes [..., K]."""
        stages = torch.arange(self.sizes.stages, device=codes.device)
        return codes + stages * self.sizes.entries

    def cache(self, batch: int = 1) -> KeyValues:
        """An empty cache for `step`."""
        s = self.sizes
        return KeyValues(s.layers, batch, s.heads, s.grid**2, s.width // s.heads)

    def stage_logits(self, hidden: Tensor, stage: int) -> Tensor:
        """Logits of one stage [..., entries]; `hidden` already knows the stages before it."""
        return GAIN * self.heads[stage](hidden)

    def tell(self, hidden: Tensor, stage: int, code: Tensor) -> Tensor:
        """`hidden` once the code [...] of `stage` is chosen; the last stage tells nobody."""
        if stage + 1 == self.sizes.stages:
            return hidden
        return hidden + GAIN * self.chosen[stage](code)

    def patches(self, ink: Tensor) -> Tensor:
        """Ink float [B, side, side] -> patches [B, N, patch ** 2], row after row."""
        p, g = self.sizes.patch, self.sizes.grid
        return ink.reshape(-1, g, p, g, p).transpose(2, 3).reshape(-1, g * g, p * p)

    def joined(self, patches: Tensor) -> Tensor:
        """Patches [B, N, patch ** 2] -> ink [B, side, side] in 0..1."""
        p, g = self.sizes.patch, self.sizes.grid
        return patches.reshape(-1, g, g, p, p).transpose(2, 3).reshape(-1, g * p, g * p).clamp(0, 1)

    def _initialise(self) -> None:
        """Embeddings begin large against the residual branches, which first learn to add little."""
        initialise(self, self.sizes.layers)
        for name, weight in self.named_parameters():
            if name.startswith(("table", "places", "word", "style", "chosen", "left", "above")):
                nn.init.normal_(weight, std=(0.5 if weight.shape[1] == self.sizes.width else 0.2) / GAIN)
            elif name.startswith("heads") and name.endswith("2.weight"):
                nn.init.normal_(weight, std=0.1 / GAIN * weight.shape[1] ** -0.5)
        with torch.no_grad():
            self.word.weight[0], self.style.weight[0] = 0, 0
