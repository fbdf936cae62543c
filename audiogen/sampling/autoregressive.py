"""Choosing one code from logits: temperature and nucleus, with the randomness handed in."""

from __future__ import annotations

import torch
from torch import Tensor


def choose(logits: Tensor, u: Tensor, temperature: float = 1.0, top_p: float = 1.0) -> Tensor:
    """Sample codes by inverting the cumulative distribution.

    Args:
        logits: float [..., V]; -inf forbids a code.
        u: uniform in [0, 1), [...]; drawn by the caller, so that an item of a batch equals it alone.
        temperature: above 0; below 1 prefers the likely.
        top_p: keep the smallest set of most likely codes that holds this much probability (nucleus
            sampling, arXiv 1904.09751); the likeliest always stays.
    Returns: int64 [...].
    """
    probability, order = (logits.float() / temperature).softmax(-1).sort(dim=-1, descending=True, stable=True)
    cumulative = probability.cumsum(-1)
    kept = probability * (cumulative - probability < top_p)
    cumulative = kept.cumsum(-1)
    wanted = u[..., None] * cumulative[..., -1:]
    place = torch.searchsorted(cumulative, wanted, right=True).clamp_max(logits.shape[-1] - 1)
    last = (kept > 0).sum(-1, keepdim=True) - 1  # rounding must not step beyond the kept codes
    return order.gather(-1, torch.minimum(place, last))[..., 0]
