"""What all stages that draw a digit have in common: Conditioning -> Contour (ink [h, w] in 0..1).

A stage draws batches with `draw`; every digit has its own seed, so that it is the same in any company.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import ClassVar

import torch
from torch import Tensor

from audiogen.artifacts import Conditioning, Contour
from audiogen.errors import InvalidRequest
from audiogen.pretrained import Pretrained
from audiogen.stage import PLAIN, Options, Progress, Sampling, report

Step = Callable[[int, int], None]
Seen = Callable[[int, int, Tensor], None]


def unheard(done: int, total: int) -> None:
    """The step that tells nobody."""


class DigitStage(Pretrained, ABC):
    """The stage; a kind of network says how it draws.

    Attributes:
        conditioned: whether it is given the digit to draw.
    """

    name: ClassVar[str]
    seam, takes, gives = "structure", Conditioning, Contour
    conditioned: ClassVar[bool] = True
    observable: ClassVar[bool] = True

    def __call__(
        self,
        x: Conditioning,
        conditioning: Conditioning,
        sampling: Sampling,
        progress: Progress,
        options: Options = PLAIN,
    ) -> Contour:
        """Draw the digit that is asked for.

        Args:
            options: its observer is called on the way with what is drawn or believed so far; the last is the
                result.
        Raises:
            InvalidRequest: no digit is asked for.
        """
        digit, observer = digit_of(x) if self.conditioned else 0, options.observer

        def seen(done: int, total: int, ink: Tensor) -> None:
            if observer is not None:
                observer(done, total, Contour(ink[0].float().cpu().numpy(), asked=x))

        ink = self.draw(
            torch.tensor([digit]),
            [sampling.seed_for("structure")],
            sampling,
            lambda step, total: report(progress, "structure", step, total),
            seen,
        )
        return Contour(ink[0].numpy(), asked=x)

    @abstractmethod
    def draw(
        self,
        digits: Tensor,
        seeds: Sequence[int],
        sampling: Sampling,
        step: Step = unheard,
        seen: Seen | None = None,
    ) -> Tensor:
        """Several digits at once.

        Args:
            digits: int64 [B] in 0..9; a stage that is not conditioned takes only their number.
            seeds: one for each; digit k is the same whatever stands beside it.
            step: called as step(done, total) before every step and after the last.
            seen: called as seen(done, total, ink) with intermediate results [B, h, w].
        Returns: ink float32 [B, h, w] in 0..1, on the CPU.
        """


class OneStepStage(DigitStage):
    """A stage that makes a digit of noise in one pass; the config has `temperature` and `network.latent`."""

    @torch.inference_mode()
    def draw(
        self,
        digits: Tensor,
        seeds: Sequence[int],
        sampling: Sampling,
        step: Step = unheard,
        seen: Seen | None = None,
    ) -> Tensor:
        """See `DigitStage.draw`; there is one step."""
        step(0, 1)
        noise = self.config.temperature * sampling.temperature * drawn(seeds, self.config.network.latent)
        ink = self.made_of(noise.to(self.device), digits.to(self.device)).cpu()
        if seen is not None:
            seen(1, 1, ink)
        step(1, 1)
        return ink

    @abstractmethod
    def made_of(self, noise: Tensor, digits: Tensor) -> Tensor:
        """Ink float32 [B, h, w] in 0..1, from noise [B, latent] and digits int64 [B]."""


def digit_of(x: Conditioning) -> int:
    """The digit that is asked for.

    Raises:
        InvalidRequest: none, or more than one.
    """
    if x.subject is None:
        raise InvalidRequest('No digit is asked for; say which one, as in "digit 7".')
    if x.subject not in tuple("0123456789"):
        raise InvalidRequest(f"{x.subject!r} is no digit; one of 0 to 9 can be drawn.")
    return int(x.subject)


def drawn(seeds: Sequence[int], size: int) -> Tensor:
    """Standard normal numbers of each seed, float32 [B, size]; drawn on the CPU."""
    return torch.stack([torch.randn(size, generator=torch.Generator().manual_seed(s)) for s in seeds])
