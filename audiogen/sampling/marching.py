"""A long sound from its beginning: each window is walked from noise to data as soon as it can be.

A local network sees a window and a margin on both sides. So the k-th evaluation of a window needs only what
the windows beside it have come to after k - 1 of theirs, and the first window is done long before the last
is begun. What comes out is the same to the last bit as that of all windows step by step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import torch
from torch import Tensor

from audiogen.sampling.field import Estimate
from audiogen.sampling.flow import Solver
from audiogen.sampling.windows import Span


class _Window:
    """A window on its way.

    Attributes:
        seen: what it came to, x_t and t, one for each evaluation; done: how many of these are evaluated.
        x0: where it ended, once it did.
    """

    def __init__(self, solve: Solver, noise: Tensor, t: Tensor) -> None:
        self.walk = solve(noise, t, lambda step, total: None)
        self.seen = [next(self.walk)]
        self.done = 0
        self.x0: Tensor | None = None

    def go_on(self, x0: Tensor) -> None:
        """The latest evaluation gave this estimate of x0."""
        x_t, at = self.seen[self.done]
        self.done += 1
        try:
            self.seen.append(self.walk.send((x_t - x0) / at))
        except StopIteration as end:
            self.x0 = end.value


def march(
    solve: Solver,
    spans: list[Span],
    noise: Callable[[Span], Tensor],
    t: Tensor,
    estimates: Callable[[Span], Estimate],
) -> Iterator[Tensor]:
    """x0 [1, frames of the span, D] of every span, in order.

    Args:
        spans: that follow one another; each is as long as its margins, but for the last.
        noise: of a span, [1, frames, D]; t: times from 1 to 0.
        estimates: of a span with its margins; they are asked for once, when the span is begun.
    """
    windows: dict[int, tuple[_Window, Estimate]] = {}

    def window(number: int) -> tuple[_Window, Estimate]:
        if number not in windows:
            span = spans[number]
            windows[number] = _Window(solve, noise(span), t), estimates(span)
        return windows[number]

    def advance(number: int, to: int | None) -> None:
        """Until so many evaluations are done; None: to the end."""
        own, estimate = window(number)
        span = spans[number]
        while own.x0 is None and (to is None or own.done < to):
            k = own.done
            parts = [own.seen[k][0]]
            if span.low < span.first:
                before = windows[number - 1][0].seen[k][0]
                parts.insert(0, before[:, span.low - span.first :])
            if span.high > span.stop:
                advance(number + 1, k)
                parts.append(window(number + 1)[0].seen[k][0][:, : span.high - span.stop])
            x0 = estimate(torch.cat(parts, 1), own.seen[k][1])
            own.go_on(x0[:, span.first - span.low : span.stop - span.low])

    for number in range(len(spans)):
        advance(number, None)
        done, _ = windows[number]
        windows.pop(number - 1, None)
        assert done.x0 is not None
        yield done.x0
