"""Predictive residual quantiser of a sequence of frames: frames <-> a few small codes per frame.

    x [B, N, D] -> codes [B, N, K] and what they say, x' [B, N, D]

Each frame is predicted from the decoded frame before it (leaky DPCM: keep * x'), and K stages of
codebooks, found by k-means, code what is left, each what the stages before it left over (arXiv
2107.03312 without a learned encoder). Nothing is learned by gradient and the fit takes seconds. On
coarse mels three stages of 256 leave 0.16 nats; without the prediction they leave 0.23, and a held
chord flickers.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class FrameQuantiser(nn.Module):
    """Codebooks as buffers (they are data, not weights).

    Args:
        keep: how much of each of the D dimensions is predicted from the frame before, 0..1.
        stages: K; entries: per codebook.
    """

    keep: Tensor
    mean: Tensor
    scale: Tensor
    codebooks: Tensor

    def __init__(self, keep: Tensor, stages: int, entries: int) -> None:
        super().__init__()
        self.register_buffer("keep", keep.clone())
        self.register_buffer("mean", torch.zeros(len(keep)))
        self.register_buffer("scale", torch.ones(len(keep)))
        self.register_buffer("codebooks", torch.zeros(stages, entries, len(keep)))

    @torch.no_grad()
    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Codes int64 [B, N, K] of frames [B, N, D], and the decoded frames, normalised, [B, N, D]."""
        z = (x - self.mean) / self.scale
        state = torch.zeros_like(z[:, 0])
        codes, states = [], []
        for n in range(z.shape[1]):
            chosen = self._nearest_codes(z[:, n] - self.keep * state)
            state = self.advance(state, chosen)
            codes.append(chosen)
            states.append(state)
        return torch.stack(codes, 1), torch.stack(states, 1)

    @torch.no_grad()
    def decode(self, codes: Tensor) -> Tensor:
        """Normalised frames [B, N, D] of codes [B, N, K]."""
        state = torch.zeros(codes.shape[0], len(self.keep), device=codes.device)
        states = []
        for n in range(codes.shape[1]):
            state = self.advance(state, codes[:, n])
            states.append(state)
        return torch.stack(states, 1)

    def advance(self, state: Tensor, codes: Tensor) -> Tensor:
        """The next normalised frame [B, D] from the one before and its codes [B, K]."""
        return self.keep * state + sum(book[codes[:, k]] for k, book in enumerate(self.codebooks))

    def denormalise(self, z: Tensor) -> Tensor:
        """Normalised frames -> frames."""
        return z * self.scale + self.mean

    @torch.no_grad()
    def fit(self, x: Tensor, least_scale: Tensor, generator: torch.Generator, rounds: int = 8) -> None:
        """Find scale and codebooks from frames [B, N, D].

        Args:
            least_scale: [D]; dimensions that vary less than this (silent bands) get no finer steps.
        """
        self.mean.copy_(x.mean((0, 1)))
        self.scale.copy_(torch.maximum(x.std((0, 1)), least_scale))
        z = (x - self.mean) / self.scale
        self._fit_books(z[:, 1:] - self.keep * z[:, :-1], generator, rounds)
        _, states = self.encode(x)  # once more, on what is left when the prediction is a decoded frame
        self._fit_books(z[:, 1:] - self.keep * states[:, :-1], generator, rounds)

    def _fit_books(self, rest: Tensor, generator: torch.Generator, rounds: int) -> None:
        rest = rest.flatten(0, 1)
        for book in self.codebooks:
            book.copy_(k_means(rest, len(book), generator, rounds))
            rest = rest - book[_nearest(rest, book)]

    def _nearest_codes(self, rest: Tensor) -> Tensor:
        codes = []
        for book in self.codebooks:
            nearest = _nearest(rest, book)
            codes.append(nearest)
            rest = rest - book[nearest]
        return torch.stack(codes, -1)


def k_means(x: Tensor, size: int, generator: torch.Generator, rounds: int) -> Tensor:
    """Lloyd's algorithm on [N, D] from random points; an empty cluster starts again elsewhere."""

    def draw() -> Tensor:
        return x[torch.randint(len(x), (size,), generator=generator)]

    centres = x[torch.randperm(len(x), generator=generator)[:size]].clone()
    if len(centres) < size:
        centres = torch.cat([centres, draw()[: size - len(centres)]])
    for _ in range(rounds):
        nearest = _nearest(x, centres)
        count = torch.bincount(nearest, minlength=size).to(x.dtype)[:, None]
        total = torch.zeros_like(centres).index_add_(0, nearest, x)
        centres = torch.where(count > 0, total / count.clamp_min(1), draw())
    return centres


def _nearest(x: Tensor, centres: Tensor) -> Tensor:
    """Index of the nearest centre [C, D] for every row of x [N, D]."""
    return ((centres**2).sum(1) - 2 * x @ centres.T).argmin(1)
