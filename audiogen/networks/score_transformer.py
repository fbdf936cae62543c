"""Decoder-only transformer over events: one trunk position per event, small chained heads per field.

    inputs [B, N, K] -> hidden [B, N, D] -> logits of field 0, of field 1 given field 0, ...

RoPE (arXiv 2104.09864), RMSNorm, SwiGLU (arXiv 2002.05202), pre-norm. Unusual: an event is not a run of
tokens. Its K input codes (fields, clock, attributes) share one table and are summed, so that a piece
needs one pass per event, and every head sees the fields chosen before it through a sum of embeddings.
One input (the pitch) also leaves traces, which fade over events at several rates: which keys were struck
of late is what harmony is made of, and attention alone takes thousands of steps to find it out.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from audiogen.networks.transformer import Block, KeyValues, rope_table

GAIN = 6.0  # of embeddings and logits: their steps are this much larger than the blocks' at one lr


@dataclass(frozen=True)
class ScoreTransformerConfig:
    """Sizes.

    Attributes:
        vocabulary: rows of the input table.
        fields: number of codes of each field of an event, in the order in which they are chosen.
        width, layers, heads, hidden: of the trunk; hidden is the SwiGLU's inner width.
        head_hidden: inner width of each field's head.
        context: longest sequence, positions.
        dropout: on the residual branches, in training.
        trace_input: column of the inputs that leaves traces; trace_first: its first code in the
            table; trace_size: how many codes; trace_decays: what is left of a trace after one event.
    """

    vocabulary: int
    fields: tuple[int, ...]
    width: int = 256
    layers: int = 6
    heads: int = 4
    hidden: int = 640
    head_hidden: int = 256
    context: int = 256
    dropout: float = 0.05
    trace_input: int = 0
    trace_first: int = 0
    trace_size: int = 1
    trace_decays: tuple[float, ...] = (0.5, 0.85, 0.97)


class KVCache(KeyValues):
    """Keys and values of the positions so far, and the traces as of the last, [decays, B, trace_size]."""

    def __init__(self, config: ScoreTransformerConfig, batch: int = 1) -> None:
        size = config.width // config.heads
        super().__init__(config.layers, batch, config.heads, config.context, size)
        self.traces = torch.zeros(len(config.trace_decays), batch, config.trace_size)


class ScoreTransformer(nn.Module):
    """Trunk and heads; see the module's text."""

    rope: Tensor
    fading: Tensor

    def __init__(self, config: ScoreTransformerConfig) -> None:
        super().__init__()
        self.config = config
        d = config.width
        self.table = nn.Embedding(config.vocabulary, d)
        self.blocks = nn.ModuleList(
            Block(d, config.heads, config.hidden, config.dropout) for _ in range(config.layers)
        )
        self.norm = nn.RMSNorm(d, eps=1e-6)
        self.chosen = nn.ModuleList(nn.Embedding(size, d) for size in config.fields[:-1])
        self.heads = nn.ModuleList(
            nn.Sequential(nn.Linear(d, config.head_hidden), nn.SiLU(), nn.Linear(config.head_hidden, size))
            for size in config.fields
        )
        self.traces = nn.Linear(len(config.trace_decays) * config.trace_size, d, bias=False)
        fading = fading_table(config.context, config.trace_decays)
        self.register_buffer("fading", fading, persistent=False)
        self.register_buffer("rope", rope_table(config.context, d // config.heads), persistent=False)
        self._initialise()

    def forward(
        self, inputs: Tensor, targets: Tensor, positions: Tensor | None = None, mask: Tensor | None = None
    ) -> list[Tensor]:
        """Logits of every field of every next event, each given the true fields before it.

        Args:
            inputs: codes of the events so far, int64 [B, N, K].
            targets: fields of the next event, int64 [B, N, len(fields)].
            positions: int64 [B, N], for rows that hold several sequences; None: 0..N-1.
            mask: bool [B, N, N], True where the row's position may see the column's; None: causal.
        Returns: per field float [B, N, size].
        """
        hidden = self.trunk(inputs, positions, mask)
        logits = []
        for field in range(len(self.heads)):
            logits.append(self.logits(field, hidden))
            if field < len(self.chosen):
                hidden = self.given(field, targets[..., field], hidden)
        return logits

    def logits(self, field: int, hidden: Tensor) -> Tensor:
        """hidden [..., D], with the fields before it given -> logits of `field`, [..., size]."""
        return GAIN * self.heads[field](hidden)

    def given(self, field: int, code: Tensor, hidden: Tensor) -> Tensor:
        """Tell the later heads that `field` is `code` ([...] int64)."""
        return hidden + GAIN * self.chosen[field](code)

    def trunk(self, inputs: Tensor, positions: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """inputs [B, N, K] -> hidden [B, N, D], all positions at once."""
        n = inputs.shape[1]
        rope = self.rope[:, :n][:, None] if positions is None else self.rope[:, positions]
        rope = rope[:, :, None]  # [2, B or 1, 1, N, D / H]
        fading = self.fading[:, None, :n, :n]
        struck = self._struck(inputs)
        x = self.embed(inputs, (fading if mask is None else fading * mask) @ struck)
        for block in self.blocks:
            x = block(x, rope, None if mask is None else mask[:, None], None, 0)
        return self.norm(x)

    def step(self, inputs: Tensor, cache: KVCache) -> Tensor:
        """The next N positions of a sequence, inputs [B, N, K] -> hidden [B, N, D]; moves the cache on.

        N is 1, or anything while the cache is empty.
        """
        at, n = cache.length, inputs.shape[1]
        rope = self.rope[:, None, None, at : at + n]
        struck = self._struck(inputs)
        if n == 1:
            traces = self.fading[:, 1, 0][:, None, None, None] * cache.traces[:, :, None] + struck
        else:
            traces = self.fading[:, None, :n, :n] @ struck
        cache.traces = traces[:, :, -1]
        x = self.embed(inputs, traces)
        for index, block in enumerate(self.blocks):
            x = block(x, rope, None, cache.values[index], at)
        cache.length = at + n
        return self.norm(x)

    def embed(self, inputs: Tensor, traces: Tensor) -> Tensor:
        """Sum of the table's rows, and the traces [decays, B, N, trace_size]: -> [B, N, D]."""
        b, n, k = inputs.shape
        rows = F.embedding_bag(inputs.reshape(b * n, k), self.table.weight, mode="sum").view(b, n, -1)
        return GAIN * (rows + self.traces(traces.permute(1, 2, 0, 3).flatten(2).log1p()))

    def _struck(self, inputs: Tensor) -> Tensor:
        """One-hot of the code that leaves traces, [B, N, trace_size]."""
        c = self.config
        code = inputs[..., c.trace_input, None] - c.trace_first
        return (code == torch.arange(c.trace_size, device=inputs.device)).float()

    def _initialise(self) -> None:
        """Embeddings begin large against the residual branches, heads uniform.

        With branches as large as the embeddings, or learning as fast, the first thousand steps learn
        nothing of pitch and velocity that a linear model of the inputs does not learn in fifty.
        """
        for name, weight in self.named_parameters():
            if weight.ndim < 2:
                continue
            std = weight.shape[1] ** -0.5
            if name.startswith(("table", "chosen")):
                std = 0.5 / GAIN
            elif name.startswith("traces"):
                std = 0.3 / GAIN
            elif name.endswith(("out.weight", "down.weight")):
                std /= (2 * self.config.layers) ** 0.5
            elif name.startswith("heads") and name.endswith("2.weight"):
                std *= 0.1 / GAIN
            nn.init.normal_(weight, std=std)


def fading_table(context: int, decays: tuple[float, ...]) -> Tensor:
    """decay ** (i - j) for j <= i, else 0: [decays, context, context]."""
    age = torch.arange(context)[:, None] - torch.arange(context)
    rates = torch.tensor(decays)[:, None, None]
    return torch.where(age >= 0, rates ** age.clamp_min(0), 0.0)
