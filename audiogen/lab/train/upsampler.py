"""Trains the upsampler on crops of fine pictures: 256 pixels' worth of picture -> 512.

Start it from the autoencoder (`--init-from runs/picture-painter`), which rests. What it enlarges is partly
the picture at half its size, partly what the autoencoder makes of that, which is what it will be given. Or
what decodes learns with it (`with_decoder`), from latents that are as inexact as those that are generated.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.errors import InvalidRequest
from audiogen.lab.train.painter import (
    channels_first,
    export_painter,
    random_crops,
    read_pictures,
    save_rows,
    to_unit,
    with_critic,
)
from audiogen.lab.train.painter_losses import pixel_losses, psnr
from audiogen.networks.patch_critic import PatchCritic
from audiogen.networks.picture_autoencoder import FACTOR
from audiogen.networks.upsampler import bicubic
from audiogen.render.painter import Painter, PainterConfig
from audiogen.rows import from_rows

HALF_WEIGHT = 0.5  # of the losses of what the decoder gives, beside those of the enlarged picture


@dataclass(frozen=True)
class UpsamplerTaskSettings:
    """batch_size crops of `crop` fine pixels; `decoded_share` of the batches pass through the autoencoder.

    Attributes:
        with_decoder: every batch passes through it, and what decodes is trained too; the latents stay.
        noise: then added to the latents, of their standard deviation, by up to this much.

    The rest is as in `PainterTaskSettings`.
    """

    batch_size: int = 6
    crop: int = 192
    decoded_share: float = 0.6
    with_decoder: bool = False
    noise: float = 0.25
    edge_weight: float = 1.0
    critic_from: float = 0.4
    fool_weight: float = 0.01
    match_weight: float = 0.05
    critic_width: int = 32
    max_shards: int | None = None
    valid_pictures: int = 12

    def __post_init__(self) -> None:
        if self.crop % 16:
            raise InvalidRequest(f"crop must be a multiple of 16 pixels, not {self.crop}.")


class UpsamplerTask:
    """Task "upsampler" (see lab/train/task.py)."""

    def __init__(
        self, stage_settings: dict[str, Any], task_settings: dict[str, Any], data_folder: Path, seed: int
    ) -> None:
        self.config = from_rows(PainterConfig, stage_settings)
        self.settings = from_rows(UpsamplerTaskSettings, task_settings)
        network: Any = Painter.build(self.config)
        network.autoencoder.requires_grad_(self.settings.with_decoder)
        network.autoencoder.keep_latents()
        network.critic = PatchCritic(self.settings.critic_width)
        self.network: nn.Module = network
        self.train = read_pictures(data_folder, "fine", self.settings.max_shards)
        self.valid = read_pictures(data_folder, "valid-fine", 1)[: self.settings.valid_pictures]

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        """{"pixels": uint8 [B, 3, crop, crop], "decoded": bool [], "noise": of the latents, normalised}."""
        s = self.settings
        decoded = float(torch.rand((), generator=generator)) < s.decoded_share
        batch = {
            "pixels": random_crops(self.train, s.batch_size, s.crop, generator),
            "decoded": torch.tensor(decoded),
        }
        if s.with_decoder:
            grid = s.crop // (2 * FACTOR)
            share = s.noise * torch.rand(s.batch_size, 1, 1, 1, generator=generator)
            shape = (s.batch_size, self.config.channels, grid, grid)
            batch["noise"] = share * torch.randn(shape, generator=generator)
        return batch

    def loss(self, network: Any, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        bare = getattr(network, "module", network)
        s, real = self.settings, to_unit(batch["pixels"])
        if s.with_decoder:
            half = bicubic(real, 0.5).clamp(0, 1)
            small = bare.autoencoder.decode(bare.autoencoder.encode(half) + batch["noise"])
            made = bare.upsampler(small.clamp(0, 1))
            losses = pixel_losses(made, real, s.edge_weight)
            losses["loss"] = losses["loss"] + HALF_WEIGHT * pixel_losses(small, half, s.edge_weight)["loss"]
        else:
            made = bare.upsampler(halved(bare, real, bool(batch["decoded"])))
            losses = pixel_losses(made, real, s.edge_weight)
        return with_critic(losses, bare.critic, made, real, progress, s)

    @torch.no_grad()
    def evaluate(self, network: Any) -> dict[str, float]:
        """Held-out fine pictures, from what the autoencoder makes of them; PSNR in dB beside the bicubic."""
        rows: dict[str, list[float]] = {}
        for real in self._valid(next(network.parameters()).device):
            small = halved(network, real, True)
            made = network.upsampler(small).float()
            values = {k: float(v) for k, v in pixel_losses(made, real, self.settings.edge_weight).items()}
            clean = network.upsampler(halved(network, real, False)).float()
            both = {"psnr": psnr(made, real), "psnr_bicubic": psnr(bicubic(small), real)}
            for name, value in {**values, **both, "psnr_clean": psnr(clean, real)}.items():
                rows.setdefault(name, []).append(value)
        means = {name: float(np.mean(values)) for name, values in rows.items()}
        return {"metric": means.pop("loss"), **means}

    def sample(self, network: Any, folder: Path) -> None:
        """Held-out fine pictures above the bicubic and the learned enlargement."""
        real = torch.cat(list(self._valid(torch.device("cpu"))))[:4]
        small = halved(network, real, True)
        save_rows(folder / "fine.png", [real, bicubic(small), network.upsampler(small).float()])

    def export(self, network: Any, folder: Path) -> None:
        export_painter(self.config, network, folder)

    def _valid(self, device: torch.device) -> list[Tensor]:
        """Held-out pictures in batches of 4, float [4, 3, H, W]."""
        return [
            to_unit(channels_first(part)).to(device)
            for part in np.array_split(self.valid, -(-len(self.valid) // 4))
        ]


@torch.no_grad()
def halved(network: Any, real: Tensor, decoded: bool) -> Tensor:
    """Pictures [B, 3, H, W] at half their size, as they are or as the autoencoder gives them back."""
    small = bicubic(real, 0.5).clamp(0, 1)
    if decoded:
        coder = network.autoencoder
        small = coder.decode(coder.encode(small)).float().clamp(0, 1)
    return small
