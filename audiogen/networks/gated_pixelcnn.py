"""Gated PixelCNN (arXiv 1606.05328): every symbol of a picture from those above it and to its left.

The vertical stack sees all rows above, the horizontal one the row so far and what the vertical one tells it,
so that nothing before a symbol is left unseen (no blind spot). Instead of masked kernels the input is
shifted by one, down for the vertical stack and right for the horizontal one, and all kernels end where they
stand.

A symbol is a block of patch x patch pixels of few grey levels: with patch 2 and 4 levels a softmax over 256
values describes four pixels at once, their dependence included, and there is a quarter of the positions.
Differences from the paper: dilated kernels, learned places of rows and columns by class, a residual in the
vertical stack as well.

A large picture can be told a small one of the same, which adds to both stacks (Multi-Scale PixelRNN, arXiv
1601.06759): what is drawn is settled there, and only its edges are left to be drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from audiogen.errors import InvalidRequest


@dataclass(frozen=True)
class PixelCNNSizes:
    """What the network is made of.

    Attributes:
        size: pixels to a side; patch: pixels to a side of a symbol; levels: grey levels of a pixel.
        width: channels of both stacks; dilations: of the layers; head: channels before the softmax.
        classes: of what is drawn.
        sketched: whether it is told a smaller drawing.
    """

    size: int = 28
    patch: int = 1
    levels: int = 8
    width: int = 32
    dilations: tuple[int, ...] = (1, 1, 2, 4, 1, 2, 4, 1)
    head: int = 64
    classes: int = 10
    sketched: bool = False

    def __post_init__(self) -> None:
        if self.size % self.patch:
            raise InvalidRequest(f"size {self.size} is no multiple of patch {self.patch}.")
        if not 2 <= self.symbols <= 1024:
            raise InvalidRequest(
                f"{self.levels} levels in blocks of {self.patch} pixels make {self.symbols} symbols; "
                "2 to 1024 are possible."
            )

    @property
    def grid(self) -> int:
        """Symbols to a side."""
        return self.size // self.patch

    @property
    def symbols(self) -> int:
        """Values of a symbol."""
        return self.levels ** (self.patch**2)


class Layer(nn.Module):
    """One step of both stacks.

    Vertical: kernel 2 x 3 over the row itself and that `dilation` above. Horizontal: kernel 2, the place
    itself and that `dilation` to its left.
    """

    def __init__(self, width: int, dilation: int, classes: int) -> None:
        super().__init__()
        self.dilation = dilation
        self.above = nn.Conv2d(width, 2 * width, (2, 3), dilation=dilation)
        self.left = nn.Conv2d(width, 2 * width, (1, 2), dilation=dilation, bias=False)
        self.tell = nn.Linear(2 * width, 2 * width)
        self.out = nn.Linear(width, width)
        self.above_class = nn.Embedding(classes, 2 * width)
        self.left_class = nn.Embedding(classes, 2 * width)
        nn.init.normal_(self.above_class.weight, std=0.1)
        nn.init.normal_(self.left_class.weight, std=0.1)

    def forward(self, v: Tensor, h: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        """v, h: [B, n, n, C]; labels: [B]."""
        d = self.dilation
        above = convolved(self.above, F.pad(v, (0, 0, d, d, d, 0))) + self.above_class(labels)[:, None, None]
        left = convolved(self.left, F.pad(h, (0, 0, d, 0))) + self.left_class(labels)[:, None, None]
        return v + gated(above), h + self.out(gated(left + self.tell(above)))


class SketchReader(nn.Module):
    """A smaller drawing [B, h, h] in 0..1 -> what it says of every symbol, [B, n, n, 2 C]."""

    def __init__(self, sizes: PixelCNNSizes) -> None:
        super().__init__()
        p, w = sizes.patch, sizes.width
        self.side = p * (sizes.grid + 1)  # half a patch more at each end
        self.layers = nn.Sequential(
            nn.Conv2d(1, w, 2 * p, p),
            nn.ReLU(),
            nn.Conv2d(w, w, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(w, 2 * w, 3, padding=1),
        )
        self.size = sizes.size

    def forward(self, sketch: Tensor) -> Tensor:
        large = F.interpolate(sketch[:, None], (self.size, self.size), mode="bilinear")
        more = self.side - self.size
        large = F.pad(large, (more // 2, more - more // 2) * 2)
        return self.layers(large).permute(0, 2, 3, 1)


class GatedPixelCNN(nn.Module):
    """Symbols int64 [B, n, n] and labels int64 [B] -> logits of every symbol given those before it."""

    def __init__(self, sizes: PixelCNNSizes) -> None:
        super().__init__()
        self.sizes = s = sizes
        self.see = nn.Embedding(s.symbols, 2 * s.width)  # for the vertical and the horizontal stack
        self.rows = nn.Parameter(0.1 * torch.randn(s.classes, s.grid, 2 * s.width))
        self.columns = nn.Parameter(0.1 * torch.randn(s.classes, s.grid, 2 * s.width))
        self.reader = SketchReader(s) if s.sketched else None
        self.layers = nn.ModuleList(Layer(s.width, d, s.classes) for d in s.dilations)
        self.head = nn.Sequential(
            nn.ReLU(), nn.Linear(s.width, s.head), nn.ReLU(), nn.Linear(s.head, s.symbols)
        )

    def forward(self, symbols: Tensor, labels: Tensor, sketch: Tensor | None = None) -> Tensor:
        """Logits [B, n, n, V]; those at (i, j) hang on no symbol from (i, j) on, but on all of the sketch."""
        v, h = self.see(symbols).chunk(2, -1)
        place_v, place_h = self.places(labels, sketch).chunk(2, -1)
        v = F.pad(v, (0, 0, 0, 0, 1, 0))[:, :-1] + place_v
        h = F.pad(h, (0, 0, 1, 0))[:, :, :-1] + place_h
        for layer in self.layers:
            v, h = layer(v, h, labels)
        return self.head(h)

    def places(self, labels: Tensor, sketch: Tensor | None = None) -> Tensor:
        """What is added at every place of these classes and smaller drawings, [B, n, n, 2 C]."""
        places = self.rows[labels][:, :, None] + self.columns[labels][:, None]
        if self.reader is None:
            return places
        if sketch is None:
            raise ValueError("this network is told a smaller drawing of what it draws")
        return places + self.reader(sketch)

    def to_symbols(self, ink: Tensor) -> Tensor:
        """Ink float [B, size, size] in 0..1 -> int64 [B, n, n]."""
        s = self.sizes
        levels = (ink * (s.levels - 1)).round().long()
        blocks = levels.unflatten(2, (s.grid, s.patch)).unflatten(1, (s.grid, s.patch))
        blocks = blocks.transpose(2, 3).flatten(3)  # [B, n, n, patch * patch]
        return (blocks * self._weights(ink.device)).sum(-1)

    def to_ink(self, symbols: Tensor) -> Tensor:
        """The inverse of `to_symbols`, within half a grey level."""
        s = self.sizes
        blocks = symbols[..., None] // self._weights(symbols.device) % s.levels
        blocks = blocks.unflatten(3, (s.patch, s.patch)).transpose(2, 3)
        return blocks.flatten(3, 4).flatten(1, 2).float() / (s.levels - 1)

    def _weights(self, device: torch.device) -> Tensor:
        s = self.sizes
        return s.levels ** torch.arange(s.patch**2, device=device)


def convolved(layer: nn.Conv2d, x: Tensor) -> Tensor:
    """The layer over rows and columns of x [B, h, w, C]."""
    return layer(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


def gated(x: Tensor) -> Tensor:
    """tanh of the first half of the channels times sigmoid of the second, [..., 2 C] -> [..., C]."""
    value, gate = x.chunk(2, -1)
    return value.tanh() * gate.sigmoid()


class Canvas:
    """A picture in the making: everything the layers have computed is kept and never computed again.

        canvas = Canvas(network, labels)
        for row in range(n):
            canvas.begin_row(row)
            for column in range(n):
                canvas.put(row, column, choose(canvas.logits(row, column)))

    A row costs one pass of the vertical stack over that row, a symbol two small matrix products a layer.
    """

    def __init__(self, network: GatedPixelCNN, labels: Tensor, sketch: Tensor | None = None) -> None:
        s = network.sizes
        self.network, self.batch, n, c = network, len(labels), s.grid, s.width
        self.layers = [layer for layer in network.layers if isinstance(layer, Layer)]
        device = labels.device
        self.symbols = torch.zeros(self.batch, n, n, dtype=torch.int64, device=device)
        self.places = network.places(labels, sketch)
        self.above: list[Tensor] = []  # inputs of the vertical stack by layer, with margins of zeros
        self.left: list[Tensor] = []  # inputs of the horizontal one, of the row that is being drawn
        for layer in self.layers:
            d = layer.dilation
            self.above.append(torch.zeros(self.batch, n + d, n + 2 * d, c, device=device))
            self.left.append(torch.zeros(n + d, self.batch, c, device=device))
        self.classes = [(layer.above_class(labels), layer.left_class(labels)) for layer in self.layers]
        # [C, 2 C], of the place itself and of that to its left
        self.weights = [
            (layer.left.weight[:, :, 0, 1].T.contiguous(), layer.left.weight[:, :, 0, 0].T.contiguous())
            for layer in self.layers
        ]
        self.told: list[Tensor] = []

    def begin_row(self, row: int) -> None:
        """The vertical stack computes what it tells this row; the rows above are finished."""
        c, n = self.network.sizes.width, self.network.sizes.grid
        v = self.places[:, row, :, :c]  # [B, n, C]
        if row:
            v = v + self.network.see(self.symbols[:, row - 1])[..., :c]
        self.told = []
        for layer, kept, (above_class, left_class), buffer in zip(
            self.layers, self.above, self.classes, self.left, strict=True
        ):
            d = layer.dilation
            kept[:, row + d, d : d + n] = v
            rows = kept[:, row : row + d + 1 : d].permute(0, 3, 1, 2)
            above = F.conv2d(rows, layer.above.weight, layer.above.bias, dilation=(1, d))[:, :, 0]
            above = above.transpose(1, 2) + above_class[:, None]
            self.told.append((layer.tell(above) + left_class[:, None]).transpose(0, 1).contiguous())
            v = v + gated(above)
            buffer[:d].zero_()

    def logits(self, row: int, column: int) -> Tensor:
        """Of the symbol there, [B, V]; those before it in the row are put."""
        c = self.network.sizes.width
        h = self.places[:, row, column, c:]
        if column:
            h = h + self.network.see.weight[self.symbols[:, row, column - 1], c:]
        for layer, buffer, told, (here, there) in zip(
            self.layers, self.left, self.told, self.weights, strict=True
        ):
            buffer[column + layer.dilation] = h
            x = torch.addmm(told[column], h, here).addmm_(buffer[column], there)
            h = h + layer.out(gated(x))
        return self.network.head(h)

    def put(self, row: int, column: int, symbols: Tensor) -> None:
        """The chosen symbols [B]."""
        self.symbols[:, row, column] = symbols

    def ink(self) -> Tensor:
        """What is drawn so far, float [B, size, size]; the rest is empty."""
        return self.network.to_ink(self.symbols)
