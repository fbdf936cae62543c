"""Singular-value reweighting of prompt embeddings (arXiv 2501.13554, section 3.2; its published code).

The embeddings of a frame's words span a few directions. Their singular values are made larger for the frame
that is painted and smaller for the others; the directions stay. For a set of rows X [n, D]:

    X^T = U diag(s) V^T,   s <- beta exp(-alpha s) s,   X <- (U diag(s) V^T)^T
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from audiogen.hub.one_prompt import OnePrompt

USUAL = 190.0  # largest singular value for which the published alpha was chosen (SDXL)
END_DAMPING = 0.9  # of the end tokens, mode svr-eot


def reweighted(rows: Tensor, alpha: float, beta: float) -> Tensor:
    """Rows [n, D] with other singular values, in float64; the dtype stays."""
    u, s, v = torch.linalg.svd(rows.double().T, full_matrices=False)
    return (u @ torch.diag(beta * torch.exp(-alpha * s) * s) @ v).T.to(rows.dtype)


def expressed(
    embeds: Tensor,
    express: Sequence[int],
    suppress: Sequence[Sequence[int]],
    ends: Sequence[int],
    how: OnePrompt,
) -> Tensor:
    """Embeddings of one text encoder [T, D] with one frame stronger and the others weaker.

    Args:
        express: rows of the frame that is painted. suppress: those of every other one, in order.
        ends: rows of the end token and of what pads after it.
        how: `rescale` must say True or False.
    """
    if how.svr == "original":
        return embeds
    made = embeds.clone()
    scale = 1.0
    if how.rescale and len(express):
        scale = USUAL / float(torch.linalg.matrix_norm(embeds[[*express, *ends]].double(), 2).clamp_min(1e-9))

    def turn(rows: Sequence[int], alpha: float, beta: float) -> None:
        if not len(rows):
            return
        if how.svr == "svr-eot":
            made[list(rows)] = reweighted(made[list(rows)], alpha * scale, beta)
            made[list(ends)] *= END_DAMPING
        else:
            chosen = [*rows, *ends]
            made[chosen] = reweighted(made[chosen], alpha * scale, beta)

    if how.order == "express-first":
        turn(express, *how.enhance)
    for rows in suppress:
        turn(rows, *how.weaken)
    if how.order != "express-first":
        turn(express, *how.enhance)
    return made
