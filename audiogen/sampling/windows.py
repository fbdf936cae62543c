"""Long sounds in windows: what a local network must see to compute a span as if it saw everything.

A window is a span and a margin on both sides that covers the network's receptive field, so windows join
without seams at every step of a solver. In a circle the margins wrap around: the end goes over into
the beginning, and the sound can be looped.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Span:
    """Frames first .. stop - 1, seen with the margins low .. high - 1; in a circle low may be negative and
    high beyond the end."""

    first: int
    stop: int
    low: int
    high: int

    def index(self, frames: int) -> slice | Tensor:
        """The frames that are seen: a slice (no copy), or an index within 0 .. frames - 1 if they wrap."""
        if self.low >= 0 and self.high <= frames:
            return slice(self.low, self.high)
        return torch.arange(self.low, self.high) % frames


def spans(frames: int, window: int, margin: int, circular: bool = False) -> list[Span]:
    """Spans of at most `window` frames that cover 0 .. frames - 1."""
    out = []
    for first in range(0, frames, window):
        stop = min(frames, first + window)
        low, high = first - margin, stop + margin
        if not circular:
            low, high = max(0, low), min(frames, high)
        out.append(Span(first, stop, low, high))
    return out
