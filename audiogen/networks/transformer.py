"""Blocks of every autoregressive transformer here: RoPE, RMSNorm, SwiGLU, pre-norm, KV cache.

    x [B, N, D] -> x [B, N, D]

RoPE arXiv 2104.09864, SwiGLU arXiv 2002.05202. The cache is preallocated and written in place: an
autoregressive step is bound by reading the weights, and must not copy the past as well.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class KeyValues:
    """Keys and values of the positions so far, [layers, 2, B, H, context, D / H]; `length` of them."""

    def __init__(self, layers: int, batch: int, heads: int, context: int, size: int) -> None:
        self.values = torch.zeros(layers, 2, batch, heads, context, size)
        self.length = 0


class Block(nn.Module):
    """Attention and SwiGLU.

    Args:
        width: D; heads: H; hidden: inner width of the SwiGLU; dropout: on both branches, in training.
    """

    def __init__(self, width: int, heads: int, hidden: int, dropout: float) -> None:
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.RMSNorm(width, eps=1e-6), nn.RMSNorm(width, eps=1e-6)
        self.qkv = nn.Linear(width, 3 * width, bias=False)
        self.out = nn.Linear(width, width, bias=False)
        self.gate_up = nn.Linear(width, 2 * hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, rope: Tensor, mask: Tensor | None = None, past: Tensor | None = None, at: int = 0
    ) -> Tensor:
        """x [B, N, D]; rope [2, B or 1, 1, N, D / H]; mask bool [B, 1, N, N], None: causal.

        `past` [2, B, H, T, D / H] holds `at` positions and takes the new ones; N is 1 or `at` is 0.
        """
        b, n, d = x.shape
        qkv = self.qkv(self.norm1(x)).view(b, n, 3 * self.heads, d // self.heads).transpose(1, 2)
        turned = rotate(qkv[:, : 2 * self.heads], rope)
        q, k = turned[:, : self.heads], turned[:, self.heads :]
        v = qkv[:, 2 * self.heads :]
        if past is not None:
            past[0, :, :, at : at + n], past[1, :, :, at : at + n] = k, v
            k, v = past[0, :, :, : at + n], past[1, :, :, : at + n]
        y = F.scaled_dot_product_attention(
            q, k, v.to(q.dtype), attn_mask=mask, is_causal=mask is None and n > 1
        )
        x = x + self.dropout(self.out(y.transpose(1, 2).reshape(b, n, d)))
        gate, up = self.gate_up(self.norm2(x)).chunk(2, -1)
        return x + self.dropout(self.down(F.silu(gate) * up))


def initialise(network: nn.Module, layers: int) -> None:
    """Normal weights by fan-in; what writes to the residual stream is scaled down by sqrt(2 layers)."""
    for name, weight in network.named_parameters():
        if weight.ndim >= 2:
            branch = name.endswith(("out.weight", "down.weight"))
            std = weight.shape[1] ** -0.5
            nn.init.normal_(weight, std=std / (2 * layers) ** 0.5 if branch else std)


def rope_table(context: int, size: int, base: float = 10_000.0) -> Tensor:
    """cos and sin for every position and channel, [2, context, size]."""
    rates = base ** (-torch.arange(0, size, 2).float() / size)
    angles = torch.outer(torch.arange(context).float(), rates).repeat(1, 2)
    return torch.stack([angles.cos(), angles.sin()])


def rotate(x: Tensor, rope: Tensor) -> Tensor:
    """Turn the channel pairs (i, i + size / 2) of x [B, H, N, size] by the angles of `rope`."""
    half = x.shape[-1] // 2
    turned = torch.cat([-x[..., half:], x[..., :half]], -1)
    return (x * rope[0] + turned * rope[1]).to(x.dtype)
