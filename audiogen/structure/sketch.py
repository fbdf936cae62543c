"""Line drawings from words, patch by patch: Conditioning -> Contour of 64x64.

Classifier-free guidance on the logits of every code (arXiv 2306.05284) keeps the drawing to its subject. Of
several candidates the one is kept whose likelihood the words raise most: p(words | drawing) by Bayes' rule,
the network its own judge.
"""

from __future__ import annotations

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
from audiogen.stage import PLAIN, Options, Progress, Sampling, report

PAPER, INK = 0.3, 0.55  # of softened ink: bare paper below the first, full ink from the second


@dataclass(frozen=True)
class SketchConfig:
    """What the stage is made of.

    Attributes:
        network: its sizes; `words` and `styles` of it follow the names below.
        styles: names of styles and looks; vocabulary: the words that it knows; words: at most so many.
        line: the look whose lines are drawn for paintings and where none is asked for.
        guidance: on the logits, 1 is off. temperature: multiplied with that of a call; top_p: at most.
        candidates: so many are drawn at once; the one is kept that tells most of what was asked.
    """

    network: SketchSizes = field(default_factory=SketchSizes)
    styles: tuple[str, ...] = ()
    vocabulary: tuple[str, ...] = ()
    words: int = 12
    line: str = "3d"
    guidance: float = 2.0
    temperature: float = 0.8
    top_p: float = 0.95
    candidates: int = 1


class SketchStage(Pretrained):
    """The stage."""

    name: ClassVar[str] = "sketch"
    observable: ClassVar[bool] = True
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
        options: Options = PLAIN,
    ) -> Contour:
        """Draw what the words say.

        Args:
            options: its observer is called for every row of patches, at the end.
        Raises:
            InvalidRequest: no subject is asked for, or one that it was not taught.
        """
        c, network, s, observer = self.config, self.network, self.config.network, options.observer
        count = c.candidates
        words, style = self.given(x)
        about = network.about(
            torch.cat([words, torch.zeros_like(words)]), torch.cat([style, torch.zeros_like(style)])
        ).repeat_interleave(count, 0)
        generator = torch.Generator().manual_seed(sampling.seed_for("structure"))
        chances = torch.rand(count, s.grid**2, s.stages, generator=generator)
        codes, told = torch.zeros(count, 0, s.stages, dtype=torch.int64), torch.zeros(count)
        cache, patches = network.cache(2 * count), torch.zeros(2 * count, 0, s.patch**2)
        for place in range(s.grid**2):
            report(progress, "structure", place, s.grid**2)
            state = network.step(codes[:, -1].repeat(2, 1) if place else None, patches, about, cache)
            code, more = self._patch(state, chances[:, place], sampling)
            codes, told = torch.cat([codes, code[:, None]], 1), told + more
            patches = torch.cat([patches, network.quantiser.decode(code[:, None]).repeat(2, 1, 1)], 1)
        report(progress, "structure", s.grid**2, s.grid**2)
        best = codes[told.argmax()]
        if observer is not None:
            for row in range(1, s.grid + 1):
                observer(row, s.grid, self._contour(best[: row * s.grid], x))
        return self._contour(best, x)

    def given(self, x: Conditioning) -> tuple[Tensor, Tensor]:
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

    def _patch(self, state: Tensor, chances: Tensor, sampling: Sampling) -> tuple[Tensor, Tensor]:
        """The next patch of every candidate.

        Args:
            state: [2 B, D], first as asked, then with nothing asked. chances: [B, K], see `choose`.
        Returns: codes [B, K], and by how much likelier they are for what is asked [B], nats.
        """
        c, found, told = self.config, [], torch.zeros(len(chances))
        temperature, top_p = c.temperature * sampling.temperature, min(c.top_p, sampling.top_p)
        for stage in range(c.network.stages):
            asked, free = self.network.stage_logits(state, stage).log_softmax(-1).chunk(2)
            code = choose(free + c.guidance * (asked - free), chances[:, stage], temperature, top_p)
            told += (asked - free).gather(-1, code[:, None])[:, 0]
            state = self.network.tell(state, stage, code.repeat(2))
            found.append(code)
        return torch.stack(found, 1), told

    def _contour(self, codes: Tensor, asked: Conditioning) -> Contour:
        """What is drawn by codes [places, K], the rest empty."""
        s = self.config.network
        whole = torch.zeros(1, s.grid**2, s.patch**2)
        whole[:, : len(codes)] = self.network.quantiser.denormalise(
            self.network.quantiser.decode(codes[None])
        )
        return Contour(cleaned(self.network.joined(whole)[0].numpy()), asked=asked)


def cleaned(ink: np.ndarray) -> np.ndarray:
    """Ink [h, w] in 0..1 without the traces of its patches: softened, and full where it is mostly ink."""
    soft = torch.from_numpy(ink)[None, None]
    kernel = torch.tensor([1.0, 2.0, 1.0]) / 4
    soft = nn.functional.conv2d(soft, kernel[None, None, None], padding=(0, 1))
    soft = nn.functional.conv2d(soft, kernel[None, None, :, None], padding=(1, 0))
    return ((soft[0, 0] - PAPER) / (INK - PAPER)).clamp(0, 1).numpy()
