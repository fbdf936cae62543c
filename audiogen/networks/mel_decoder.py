"""Mel decoder: noisy mel + structure -> clean mel, one network for every objective.

A ConvNeXt over frames with AdaLN, wholly local, so long pieces can be computed in windows with no
seams. It predicts the clean mel, not the noise: mels lie near a low-dimensional manifold that a narrow
network can reach, noise does not (arXiv 2511.13720). Around it stands EDM's preconditioning
(arXiv 2206.00364, table 1) with a conditional mean: a prior mel from the structure and its deviation
s give the linear estimate, the network only adds what that misses. The prior of a piano is drawn from its
notes (`note_bank.py`), that of an ambience from its lasting colour (`colour_bank.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.media.midi import PIANO_KEYS
from audiogen.networks.colour_bank import ColourBank
from audiogen.networks.convnext import ConvNeXtBlock
from audiogen.networks.note_bank import NoteBank
from audiogen.networks.sinusoids import sinusoids

ONSET, VELOCITY, SINCE, HELD, DAMPED = range(5)


@dataclass(frozen=True)
class Guide:
    """Everything that steers a decoding, batched.

    Attributes:
        roll: [B, 5, F, 88], see decoder/roll.py; [B, 5, F, 0] where the bank is one of colours. coarse:
        [B, F, groups] coarse log-mel at the fine rate. onsets: [B, F]. present: [B, 3], 1 where the
        roll (or the colours of the take), coarse, onsets are given. attributes: [B, 2A], values then
        masks. take: [B, T + 1], values then mask.
    """

    roll: Tensor
    coarse: Tensor
    onsets: Tensor
    present: Tensor
    attributes: Tensor
    take: Tensor

    def at(self, index: slice | Tensor) -> Guide:
        """The frames of a slice, or of an index [N] in its order."""
        return Guide(
            self.roll[:, :, index],
            self.coarse[:, index],
            self.onsets[:, index],
            self.present,
            self.attributes,
            self.take,
        )

    def without_structure(self) -> Guide:
        """The same piece with no structure: what is played freely (in its own colours)."""
        present = torch.zeros_like(self.present)
        if not self.roll.shape[-1]:
            present[:, 0] = 1
        return replace(self, present=present)

    def without_attributes(self) -> Guide:
        """The same piece with every attribute unknown."""
        return replace(self, attributes=torch.zeros_like(self.attributes))

    def to(self, device: torch.device) -> Guide:
        return Guide(*(getattr(self, name).to(device) for name in self.__dataclass_fields__))


class MelDecoder(nn.Module):
    """See the module's first lines.

    Args:
        bands, groups: of the mel. centres_hz: of its bands. floor: magnitude of silence.
        width, dilations: of the trunk, one block per dilation.
        templates: of the note bank; 0: the bank is one of colours, and the take are their components.
        attributes, take: how many of each.
        condition: width of what the AdaLN hears.
        scenes, sources: size of the colour bank.
        group_of_band: the group of the coarse mel that each band belongs to, int64 [bands], where the layout
            of the mel is not the one that the coarse mel is made from; None: groups of equal size, in order.
    """

    group_of_band: Tensor
    coarse_offset: Tensor

    mean: Tensor
    std: Tensor
    deviation: Tensor

    def __init__(
        self,
        bands: int,
        groups: int,
        centres_hz: np.ndarray,
        floor: float,
        width: int,
        dilations: tuple[int, ...],
        templates: int,
        attributes: int,
        take: int,
        condition: int = 256,
        scenes: int = 0,
        sources: int = 0,
        group_of_band: np.ndarray | None = None,
    ) -> None:
        super().__init__()
        self.bands, self.groups = bands, groups
        own_layout = group_of_band is not None
        if group_of_band is None:
            group_of_band = np.arange(bands) // (bands // groups)
        self.register_buffer("group_of_band", torch.from_numpy(group_of_band), persistent=False)
        # by how much a band lies above its group, nats: a shorter window shows noise louder
        self.register_buffer("coarse_offset", torch.zeros(bands), persistent=own_layout)
        self.keys = PIANO_KEYS if templates else 0
        self.dimensions = bands + 2 * groups
        self.receptive_frames = 3 * (sum(dilations) + 1)
        self.bank: NoteBank | ColourBank
        if templates:
            self.bank = NoteBank(centres_hz, templates, take + 1, floor)
        else:
            self.bank = ColourBank(bands, take, scenes, sources)
        self.register_buffer("mean", torch.zeros(self.dimensions))
        self.register_buffer("std", torch.ones(self.dimensions))
        # deviation of the clean mel from the prior: none, coarse mel, bank (normalised units); for
        # colours one per dimension
        deviation = torch.tensor([1.0, 0.6, 0.4])
        if not templates:
            deviation = deviation[:, None].repeat(1, self.dimensions)
        self.register_buffer("deviation", deviation)
        self.enter = nn.Linear(2 * self.dimensions + 4 * self.keys + groups + 4, width)
        self.enter_conv = nn.Conv1d(width, width, 7, padding=3, groups=width)
        self.time = nn.Sequential(nn.Linear(128, condition), nn.SiLU(), nn.Linear(condition, condition))
        self.about = nn.Linear(2 * attributes + take + 1 + 3, condition)
        self.blocks = nn.ModuleList(
            ConvNeXtBlock(width, dilation=d, condition_width=condition) for d in dilations
        )
        self.leave_norm = nn.LayerNorm(width)
        self.leave = nn.Linear(width, self.dimensions)
        nn.init.zeros_(self.leave.weight)
        nn.init.zeros_(self.leave.bias)

    def normalise(self, packed: Tensor) -> Tensor:
        """Packed mel [B, F, D] -> std about 1."""
        return (packed - self.mean) / self.std

    def denormalise(self, x: Tensor) -> Tensor:
        return x * self.std + self.mean

    def prior(self, guide: Guide) -> Tensor:
        """Normalised expected mel [B, F, D] from the structure alone; zeros where there is none."""
        roll = guide.roll.float()
        with torch.autocast(roll.device.type, enabled=False):
            if isinstance(self.bank, NoteBank):
                known = self.bank(roll[:, VELOCITY], roll[:, SINCE], roll[:, DAMPED], guide.take.float())
            else:
                known = self.bank(guide.take[:, :-1].float())[:, None]
            coarse = self.spread(guide.coarse.float())
            mean, std = self.mean[: self.bands], self.std[: self.bands]
            has_bank, has_coarse = (guide.present[:, i, None, None].float() for i in (0, 1))
            mid = has_bank * known + (1 - has_bank) * has_coarse * coarse
            mid = (mid - mean) / std * torch.maximum(has_bank, has_coarse)
            return torch.cat([mid, mid.new_zeros(*mid.shape[:2], 2 * self.groups)], -1)

    def spread(self, coarse: Tensor) -> Tensor:
        """Coarse log-mel [..., groups] -> every band at the level of its group, [..., bands]."""
        return coarse[..., self.group_of_band] + self.coarse_offset

    def gathered(self, bands: Tensor) -> Tensor:
        """Log bands [..., bands] -> their mean in every group, [..., groups]: the inverse of `spread`."""
        shares = torch.nn.functional.one_hot(self.group_of_band, self.groups).to(bands)
        return (bands - self.coarse_offset) @ shares / shares.sum(0)

    def forward(self, x_t: Tensor, t: Tensor, guide: Guide, prior: Tensor) -> Tensor:
        """Estimate of the clean mel x0, normalised, [B, F, D].

        Args:
            x_t: (1 - t) x0 + t noise, normalised, [B, F, D].
            t: [B] in (0, 1].
            guide: the structure and attributes.
            prior: from `prior(guide)`; computed once for all steps.
        """
        s = self._deviation(guide.present)[:, None]
        wide = t[:, None, None]
        spread = ((1 - wide) * s).square() + wide.square()
        rest = x_t - (1 - wide) * prior
        linear = prior + (1 - wide) * s.square() / spread * rest
        features = torch.cat([rest / spread.sqrt(), prior, self._roll(guide), self._coarse(guide)], -1)
        x = self.enter(features)
        x = x + self.enter_conv(x.transpose(1, 2)).transpose(1, 2)
        condition = self.time(sinusoids(t, 128)) + self.about(
            torch.cat([guide.attributes, guide.take, guide.present], -1)
        )
        condition = torch.nn.functional.silu(condition)
        for block in self.blocks:
            x = block(x, condition)
        correction = self.leave(self.leave_norm(x)).float()
        return linear + s * wide / spread.sqrt() * correction

    def _deviation(self, present: Tensor) -> Tensor:
        """[B, 1] or [B, D]."""
        none, coarse, bank = self.deviation
        s = torch.where(present[:, 1:2] > 0, coarse, none)
        return torch.where(present[:, :1] > 0, bank, s)

    def _roll(self, guide: Guide) -> Tensor:
        roll, has = guide.roll.float(), guide.present[:, :1, None].float()
        rings = (roll[:, VELOCITY] > 0).float()
        age = rings * (1 - torch.log1p(roll[:, SINCE].clamp_min(0) * 20) / 5)
        sounding = roll[:, VELOCITY] * (-roll[:, DAMPED] / 0.3).exp()
        return torch.cat([roll[:, ONSET], sounding, age * sounding, roll[:, HELD]], -1) * has

    def _coarse(self, guide: Guide) -> Tensor:
        level = (guide.coarse.float() + 6) / 3 * guide.present[:, 1, None, None]
        onsets = guide.onsets.float()[..., None] * guide.present[:, 2, None, None]
        flags = guide.present[:, None].float().expand(-1, level.shape[1], -1)
        return torch.cat([level, onsets, flags], -1)
