"""Gated PixelCNN: draws a digit symbol by symbol, row by row (arXiv 1606.05328), with everything cached.

Conditioning -> Contour, of 28x28 as shipped. `fine_pixelcnn.py` draws larger ones over it.

Guidance needs no second training here. Ten canvases of one drawing, one for each class, give the chances
p(symbol | drawn, y) of all classes; how well each foretold what is drawn gives p(y | drawn), and both the
chances of any digit, p(symbol | drawn). The drawing then follows p(symbol | drawn, asked) times
(p(symbol | drawn, asked) / p(symbol | drawn)) ** (guidance - 1), as in classifier-free guidance (arXiv
2207.12598) but with the exact mixture: strokes that would rather belong to another digit become rarer.

The same chances tell how plain a drawing is: log p(drawn | asked) over that of the next class. Of several
drawings of a call the plainest is given; broken strokes are seldom the plainest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Protocol

import torch
from torch import Tensor, nn

from audiogen.errors import InvalidRequest
from audiogen.networks.gated_pixelcnn import Canvas, GatedPixelCNN, PixelCNNSizes
from audiogen.sampling.autoregressive import choose
from audiogen.stage import Sampling
from audiogen.structure.digits.base import DigitStage, Seen, Step, unheard

OTHER_DRAFT = 1_000_003  # between the seeds of drafts


@dataclass(frozen=True)
class PixelCNNConfig:
    """What the stage is made of.

    Attributes:
        network: its sizes.
        temperature: that of a call is multiplied by it.
        guidance: 1 is off, above 1 draws what tells the asked digit from others; the decoder has its own.
        drafts: drawings of each digit, of which the plainest is given; several need guidance.
    """

    network: PixelCNNSizes = field(default_factory=PixelCNNSizes)
    temperature: float = 1.0
    guidance: float = 2.0
    drafts: int = 1

    def __post_init__(self) -> None:
        if self.drafts < 1 or (self.drafts > 1 and self.guidance == 1):
            raise InvalidRequest(
                f"drafts must be 1 or more, and 1 where guidance is 1, not {self.drafts}: only guided "
                "drawings tell which of them is plain."
            )


class PixelCNNStage(DigitStage):
    """The stage."""

    name: ClassVar[str] = "pixelcnn"
    config_class = PixelCNNConfig
    config: PixelCNNConfig

    @staticmethod
    def build(config: PixelCNNConfig) -> nn.Module:
        return GatedPixelCNN(config.network)

    @torch.inference_mode()
    def draw(
        self,
        digits: Tensor,
        seeds: Sequence[int],
        sampling: Sampling,
        step: Step = unheard,
        seen: Seen | None = None,
    ) -> Tensor:
        """See `DigitStage.draw`; what is seen are the rows drawn so far."""
        c = self.config
        n, drafts = c.network.grid, c.drafts
        pen = Guided(self.network, digits.to(self.device).repeat_interleave(drafts), c.guidance)
        chances = uniforms([seed + OTHER_DRAFT * k for seed in seeds for k in range(drafts)], n).to(
            self.device
        )
        rows: list[Tensor] = []
        for row in range(n):
            step(row, n)
            draw_row(pen, row, chances[:, row], sampling.temperature * c.temperature, sampling.top_p)
            if seen is not None:
                rows.append(pen.ink())
        plainest = torch.arange(0, len(seeds) * drafts, drafts)
        if drafts > 1:
            plainest = plainest + pen.plainness().unflatten(0, (-1, drafts)).argmax(1).cpu()
        if seen is not None:  # only now is it known which was the one
            for done, ink in enumerate(rows, 1):
                seen(done, n, ink.cpu()[plainest])
        step(n, n)
        return pen.ink().cpu()[plainest]


class Pen(Protocol):
    """What draws symbol by symbol: `Canvas`, or several of them."""

    def begin_row(self, row: int) -> None: ...

    def logits(self, row: int, column: int) -> Tensor: ...

    def put(self, row: int, column: int, symbols: Tensor) -> None: ...


def draw_row(pen: Pen, row: int, chances: Tensor, temperature: float, top_p: float) -> None:
    """All symbols of a row, by chances [B, n] in 0..1."""
    pen.begin_row(row)
    for column in range(chances.shape[1]):
        pen.put(row, column, choose(pen.logits(row, column), chances[:, column], temperature, top_p))


class Guided:
    """Canvases of digits [B]; with guidance one for every class of each, [B * K]."""

    def __init__(self, network: GatedPixelCNN, digits: Tensor, guidance: float) -> None:
        self.digits, self.guidance = digits, guidance
        self.classes = network.sizes.classes if guidance != 1 else 1
        every = torch.arange(self.classes, device=digits.device).repeat(len(digits))
        self.canvas = Canvas(network, every if guidance != 1 else digits)
        self.foretold = torch.zeros(len(digits), self.classes, device=digits.device)  # log p(drawn | y)
        self.chances = torch.zeros(0)

    def begin_row(self, row: int) -> None:
        self.canvas.begin_row(row)

    def logits(self, row: int, column: int) -> Tensor:
        """Of the symbol there, [B, V]."""
        logits = self.canvas.logits(row, column)
        if self.guidance == 1:
            return logits
        self.chances = logits.log_softmax(-1).unflatten(0, (-1, self.classes))  # [B, K, V]
        asked = self.chances[torch.arange(len(self.digits)), self.digits]
        believed = self.foretold.log_softmax(-1)[..., None]  # every class as likely as any other
        anything = (self.chances + believed).logsumexp(1)
        return anything + self.guidance * (asked - anything)

    def put(self, row: int, column: int, symbols: Tensor) -> None:
        """The chosen symbols [B]."""
        if self.guidance != 1:
            chosen = symbols[:, None, None].expand(-1, self.classes, 1)
            self.foretold = self.foretold + self.chances.gather(2, chosen)[..., 0]
        self.canvas.put(row, column, symbols.repeat_interleave(self.classes))

    def plainness(self) -> Tensor:
        """log p(drawn | asked) over that of the likeliest other class, [B]; only guided."""
        asked = nn.functional.one_hot(self.digits, self.classes).bool()
        return self.foretold[asked] - self.foretold.masked_fill(asked, -torch.inf).amax(1)

    def ink(self) -> Tensor:
        """What is drawn so far, [B, size, size]."""
        return self.canvas.ink()[:: self.classes]


def uniforms(seeds: Sequence[int], n: int) -> Tensor:
    """A chance for every symbol of each seed, float32 [B, n, n] in 0..1."""
    return torch.stack([torch.rand(n, n, generator=torch.Generator().manual_seed(seed)) for seed in seeds])
