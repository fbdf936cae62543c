"""Latent decoder: noisy image latents + contour, style and words -> clean latents, for every objective.

A small U-Net with AdaLN (arXiv 2212.09748): 3x3 convolutions on the two finer grids, where it is decided how
strokes and textures look, and a transformer on the coarsest, where it is decided what is seen; there every
place also attends to the words. As the mel decoder it predicts the clean picture within EDM's preconditioning
(arXiv 2206.00364), so that one network serves flow and diffusion.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm, scaled_dot_product_attention, silu

from audiogen.networks.sinusoids import sinusoids

TIMES = 128  # sinusoids of the time


@dataclass(frozen=True)
class PictureGuide:
    """Everything that steers the decoding of pictures, batched.

    Attributes:
        contour: [B, 2 h, 2 w] in 0..1, twice the grid of the latents. present: [B], 1 where there is one.
        style: int64 [B], 0: none. words: int64 [B, words], 0: no word.
    """

    contour: Tensor
    present: Tensor
    style: Tensor
    words: Tensor

    def without_structure(self) -> PictureGuide:
        """The same words with no contour."""
        return replace(self, contour=torch.zeros_like(self.contour), present=torch.zeros_like(self.present))

    def without_attributes(self) -> PictureGuide:
        """The same contour, in no style and with no words."""
        return replace(self, style=torch.zeros_like(self.style), words=torch.zeros_like(self.words))

    def to(self, device: torch.device) -> PictureGuide:
        return PictureGuide(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


class ConvBlock(nn.Module):
    """x + gate * conv(silu(conv(modulate(norm(x))))), [B, h, w, D] -> the same shape.

    Args: width: D; condition: width of what the AdaLN hears.
    """

    def __init__(self, width: int, condition: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(width, width, 3, padding=1)
        self.second = nn.Conv2d(width, width, 3, padding=1)
        self.modulation = _zero(nn.Linear(condition, 3 * width))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        shift, stretch, gate = self.modulation(condition)[:, None, None].chunk(3, -1)
        y = layer_norm(x, x.shape[-1:]) * (1 + stretch) + shift
        y = self.second(silu(self.first(y.permute(0, 3, 1, 2)))).permute(0, 2, 3, 1)
        return x + (0.3 + gate) * y


class AttentionBlock(nn.Module):
    """Self-attention that also sees the words, then an MLP; [B, N, D] -> the same shape.

    Args: width: D; heads; hidden: of the MLP; context: width of a word.
    """

    def __init__(self, width: int, heads: int, hidden: int, context: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.words = nn.Linear(context, 2 * width)
        self.out = nn.Linear(width, width)
        self.expand, self.contract = nn.Linear(width, hidden), nn.Linear(hidden, width)
        self.table = nn.Parameter(torch.zeros(6, width))
        for layer in (self.out, self.contract):
            nn.init.normal_(layer.weight, std=0.3 * layer.in_features**-0.5)

    def forward(self, x: Tensor, modulation: Tensor, words: Tensor, mask: Tensor) -> Tensor:
        """modulation [B, 6, D], shared by all blocks; words [B, W, context]; mask bool [B, 1, 1, N + W]."""
        shift, stretch, gate, shift2, stretch2, gate2 = (modulation + self.table)[:, :, None].unbind(1)
        y = layer_norm(x, x.shape[-1:]) * (1 + stretch) + shift
        q, k, v = self._split(self.qkv(y), 3)
        k_words, v_words = self._split(self.words(words), 2)
        k, v = torch.cat([k, k_words], 2), torch.cat([v, v_words], 2)
        with torch.autocast(x.device.type, enabled=False):  # on a CPU bf16 is slower here
            seen = scaled_dot_product_attention(q.float(), k.float(), v.float(), attn_mask=mask)
        x = x + (1 + gate) * self.out(seen.transpose(1, 2).flatten(2))
        y = layer_norm(x, x.shape[-1:]) * (1 + stretch2) + shift2
        return x + (1 + gate2) * self.contract(gelu(self.expand(y), approximate="tanh"))

    def _split(self, x: Tensor, parts: int) -> tuple[Tensor, ...]:
        """[B, N, parts D] -> parts times [B, H, N, D / H]."""
        return x.unflatten(-1, (parts, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)


class LatentDecoder(nn.Module):
    """See the module's first lines.

    Args:
        channels, grid: C and h = w of the latents; the grid is a multiple of 4.
        widths, blocks: of the three grids h, h / 2, h / 4; the first two have their blocks on both ways.
        heads, hidden: of the attention.
        styles, words: how many there are of each, without "none"; word: width of one.
        condition: width of what the AdaLN hears.
    """

    def __init__(
        self,
        channels: int,
        grid: int,
        widths: tuple[int, int, int],
        blocks: tuple[int, int, int],
        heads: int,
        hidden: int,
        styles: int,
        words: int,
        word: int,
        condition: int,
    ) -> None:
        super().__init__()
        self.channels, self.grid = channels, grid
        fine, middle, coarse = widths

        def convs(width: int, count: int) -> nn.ModuleList:
            return nn.ModuleList(ConvBlock(width, condition) for _ in range(count))

        self.enter = nn.Conv2d(channels + 4 + 1, fine, 3, padding=1)
        self.fine_down, self.fine_up = convs(fine, blocks[0]), convs(fine, blocks[0])
        self.to_middle, self.from_middle = nn.Linear(4 * fine, middle), nn.Linear(middle, 4 * fine)
        self.middle_down, self.middle_up = convs(middle, blocks[1]), convs(middle, blocks[1])
        self.to_coarse, self.from_coarse = nn.Linear(4 * middle, coarse), nn.Linear(coarse, 4 * middle)
        self.places = nn.Parameter(0.02 * torch.randn((grid // 4) ** 2, coarse))
        self.attention = nn.ModuleList(AttentionBlock(coarse, heads, hidden, word) for _ in range(blocks[2]))
        self.join_middle, self.join_fine = nn.Linear(2 * middle, middle), nn.Linear(2 * fine, fine)
        self.leave = _zero(nn.Linear(fine, channels))
        self.time = nn.Sequential(nn.Linear(TIMES, condition), nn.SiLU(), nn.Linear(condition, condition))
        self.style = nn.Embedding(styles + 1, word)
        self.word = nn.Embedding(words + 1, word)
        self.about = nn.Linear(2 * word + 1, condition)
        self.modulation = _zero(nn.Linear(condition, 6 * coarse))

    def forward(self, x_t: Tensor, t: Tensor, guide: PictureGuide) -> Tensor:
        """Estimate of the clean latents x0, normalised, [B, N, C] with N = grid * grid, row after row.

        Args:
            x_t: (1 - t) x0 + t noise, [B, N, C].
            t: [B] in (0, 1].
        """
        wide = t[:, None, None]
        spread = ((1 - wide).square() + wide.square()).sqrt()
        x = (x_t / spread).unflatten(1, (self.grid, self.grid))
        context, mask, about = self._words(guide)
        condition = silu(self.time(sinusoids(t, TIMES)) + about)
        x = torch.cat([x, self._contour(guide)], -1)
        x = self.enter(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
        for block in self.fine_down:
            x = block(x, condition)
        fine, x = x, self.to_middle(to_depth(x))
        for block in self.middle_down:
            x = block(x, condition)
        middle, x = x, self.to_coarse(to_depth(x)).flatten(1, 2) + self.places
        modulation = self.modulation(condition).unflatten(-1, (6, -1))
        for block in self.attention:
            x = block(x, modulation, context, mask)
        x = to_space(self.from_coarse(x.unflatten(1, (self.grid // 4, -1))))
        x = self.join_middle(torch.cat([x, middle], -1))
        for block in self.middle_up:
            x = block(x, condition)
        x = self.join_fine(torch.cat([to_space(self.from_middle(x)), fine], -1))
        for block in self.fine_up:
            x = block(x, condition)
        correction = self.leave(layer_norm(x, x.shape[-1:])).flatten(1, 2).float()
        return (1 - wide) / spread.square() * x_t + wide / spread * correction

    def _contour(self, guide: PictureGuide) -> Tensor:
        """[B, grid, grid, 5]: the contour, two by two pixels a place, and whether there is one."""
        ink = to_depth(guide.contour.float()[..., None]) * guide.present[:, None, None, None]
        flag = guide.present[:, None, None, None].expand(-1, self.grid, self.grid, 1)
        return torch.cat([2 * ink - flag, flag], -1)

    def _words(self, guide: PictureGuide) -> tuple[Tensor, Tensor, Tensor]:
        """Style and words as tokens [B, 1 + W, word], what may be attended to, and what the AdaLN hears."""
        style, words = self.style(guide.style), self.word(guide.words)
        told = (guide.words > 0).float()[..., None]
        mean = (words * told).sum(1) / told.sum(1).clamp_min(1).sqrt()
        about = self.about(torch.cat([style, mean, guide.present[:, None]], -1))
        places = torch.ones(len(words), len(self.places) + 1, dtype=torch.bool, device=words.device)
        mask = torch.cat([places, guide.words > 0], 1)[:, None, None]
        return torch.cat([style[:, None], words], 1), mask, about


def to_depth(x: Tensor) -> Tensor:
    """[B, 2 h, 2 w, D] -> [B, h, w, 4 D]."""
    b, h, w, d = x.shape
    return x.reshape(b, h // 2, 2, w // 2, 2, d).transpose(2, 3).reshape(b, h // 2, w // 2, 4 * d)


def to_space(x: Tensor) -> Tensor:
    """The inverse of `to_depth`."""
    b, h, w, d = x.shape
    return x.reshape(b, h, w, 2, 2, d // 4).transpose(2, 3).reshape(b, 2 * h, 2 * w, d // 4)


def _zero(layer: nn.Linear) -> nn.Linear:
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer
