"""Line drawings from words, patch by patch: Conditioning -> Contour of 64x64.

Classifier-free guidance on the logits of every code (arXiv 2306.05284) keeps the drawing to its subject.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.artifacts import Conditioning, Contour
from audiogen.conditions import word_ids
from audiogen.errors import InvalidRequest
from audiogen.networks.sketch_transformer import SketchSizes, SketchTransformer
from audiogen.pretrained import Pretrained
from audiogen.sampling.autoregressive import choose
from audiogen.stage import Progress, Sampling, report

PAPER, INK = 0.3, 0.55  # of softened ink: bare paper below the first, full ink from the second
Observer = Callable[[int, int, Contour], None]


@dataclass(frozen=True)
class SketchConfig:
    """What the stage is made of.

    Attributes:
        network: its sizes; `words` and `styles` of it follow the names below.
        styles: names of styles and looks; vocabulary: the words that it hears; words: at most so many.
        line: the look whose lines are drawn for paintings and where none is asked for.
        guidance: on the logits, 1 is off. temperature: multiplied with that of a call; top_p: at most.
    """

    network: SketchSizes = field(default_factory=SketchSizes)
    styles: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()
    words: int = 12
    line: str = "3d"
    guidance: float = 2.0
    temperature: float = 0.8
    top_p: float = 0.95


class SketchStage(Pretrained):
    """The stage."""

    name: ClassVar[str] = "sketch"
    seam, takes, gives = "structure", Conditioning, Contour
    config_class = SketchConfig
    config: SketchConfig

    def __init__(self, config: SketchConfig, network: nn.Module, device: str = "auto") -> None:
        """`device` is not followed: a pass of one patch is faster on a CPU than any launch of it."""
        super().__init__(config, network, device="cpu")

    @staticmethod
    def build(config: SketchConfig) -> nn.Module:
        return SketchTransformer(config.network)

    @torch.inference_mode()
    def __call__(
        self,
        x: Conditioning,
        conditioning: Conditioning,
        sampling: Sampling,
        progress: Progress,
        observer: Observer | None = None,
    ) -> Contour:
        """Draw what the words say.

        Args:
            observer: called as observer(done, total, contour) after every row of patches.
        Raises:
            InvalidRequest: no subject is asked for, or one that it was not taught.
        """
        network, s = self.network, self.config.network
        words, style = self.heard(x)
        about = network.about(
            torch.cat([words, torch.zeros_like(words)]), torch.cat([style, torch.zeros_like(style)])
        )
        generator = torch.Generator().manual_seed(sampling.seed_for("structure"))
        chances = torch.rand(s.grid**2, s.stages, generator=generator)
        codes: list[Tensor] = []
        cache, patches = network.cache(2), torch.zeros(2, 0, s.patch**2)
        for place in range(s.grid**2):
            report(progress, "structure", place, s.grid**2)
            state = network.step(codes[-1].expand(2, -1) if codes else None, patches, about, cache)
            codes.append(self._patch(state, chances[place], sampling)[None])
            said = network.quantiser.decode(codes[-1][:, None])
            patches = torch.cat([patches, said.expand(2, -1, -1)], 1)
            if observer is not None and (place + 1) % s.grid == 0:
                observer(place // s.grid + 1, s.grid, self._contour(codes, x))
        report(progress, "structure", s.grid**2, s.grid**2)
        return self._contour(codes, x)

    def heard(self, x: Conditioning) -> tuple[Tensor, Tensor]:
        """Numbers of the words [1, words] and of the style or look [1].

        Raises:
            InvalidRequest: see `__call__`.
        """
        c = self.config
        if x.subject is None:
            raise InvalidRequest('Nothing says what to draw; name it, as in "a cartoon cat".')
        told = word_ids((x.subject, *x.details), c.vocabulary, c.words)
        if not word_ids((x.subject,), c.vocabulary, c.words):
            raise InvalidRequest(f"The sketch was never taught {x.subject!r}; use --structure none.")
        style = x.look or c.line
        number = c.styles.index(style) + 1 if style in c.styles else 0
        return torch.tensor([told + [0] * (c.words - len(told))]), torch.tensor([number])

    def _patch(self, state: Tensor, chances: Tensor, sampling: Sampling) -> Tensor:
        """Codes [K] of the next patch from the states [2, D], as asked and with nothing asked."""
        c, found = self.config, []
        temperature, top_p = c.temperature * sampling.temperature, min(c.top_p, sampling.top_p)
        for stage in range(c.network.stages):
            asked, free = self.network.stage_logits(state, stage)
            logits = free + c.guidance * (asked - free)
            code = choose(logits[None], chances[stage : stage + 1], temperature, top_p)
            state = self.network.tell(state, stage, code.expand(2))
            found.append(code)
        return torch.cat(found)

    def _contour(self, codes: list[Tensor], asked: Conditioning) -> Contour:
        """What is drawn so far, the rest empty."""
        s = self.config.network
        whole = torch.zeros(1, s.grid**2, s.patch**2)
        done = self.network.quantiser.decode(torch.stack(codes, 1))
        whole[:, : len(codes)] = self.network.quantiser.denormalise(done)
        return Contour(cleaned(self.network.joined(whole)[0].numpy()), asked=asked)


def cleaned(ink: np.ndarray) -> np.ndarray:
    """Ink [h, w] in 0..1 without the traces of its patches: softened, and full where it is mostly ink."""
    soft = torch.from_numpy(ink)[None, None]
    kernel = torch.tensor([1.0, 2.0, 1.0]) / 4
    soft = nn.functional.conv2d(soft, kernel[None, None, None], padding=(0, 1))
    soft = nn.functional.conv2d(soft, kernel[None, None, :, None], padding=(1, 0))
    return ((soft[0, 0] - PAPER) / (INK - PAPER)).clamp(0, 1).numpy()
