"""Trains the picture autoencoder on crops: what it decodes shall be what it encoded.

Two things happen to the latents in between, for the sake of those who will generate them. Noise, relative to
the spread of every channel, smooths them. And halved latents must decode to the halved picture (EQ-VAE, arXiv
2502.09509), so that they are as simple as the picture is. Mirrored ones need not: a slant would have to be
told without its sign. The upsampler rests (`lab/train/upsampler.py`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d

from audiogen.errors import InvalidRequest
from audiogen.lab.train.painter_losses import critic_losses, pixel_losses, psnr
from audiogen.lab.train.task_data import read_shards
from audiogen.networks.patch_critic import PatchCritic
from audiogen.render.painter import Painter, PainterConfig
from audiogen.rows import from_rows

MEASURED = 96  # pictures whose latents say what is normal
FITTED = 200  # pictures that the linear code begins from
DRIFT = 0.02  # share by which one batch moves the measure of the latents


@dataclass(frozen=True)
class PainterTaskSettings:
    """How the autoencoder is trained.

    Attributes:
        batch_size crops of `crop` pixels to a side.
        noise: added to the latents, of their standard deviation.
        halve_share: of the batches whose latents are halved.
        edge_weight: of the differences between neighbours.
        critic_from: share of the training after which the critic joins; 1: never.
        fool_weight, match_weight: of its verdict and of its features.
        keep_latents: train what decodes alone, so that decoders of these latents stay right; start it from a
            painter (`--init-from`).
        max_shards: of the training set; None: all.
    """

    batch_size: int = 8
    crop: int = 128
    keep_latents: bool = False
    noise: float = 0.05
    halve_share: float = 0.15
    edge_weight: float = 1.0
    critic_from: float = 0.5
    fool_weight: float = 0.01
    match_weight: float = 0.05
    critic_width: int = 32
    max_shards: int | None = None
    valid_pictures: int = 32

    def __post_init__(self) -> None:
        if self.crop % 16:
            raise InvalidRequest(f"crop must be a multiple of 16 pixels, not {self.crop}.")


class PainterTask:
    """Task "picture-autoencoder" (see lab/train/task.py)."""

    def __init__(
        self, stage_settings: dict[str, Any], task_settings: dict[str, Any], data_folder: Path, seed: int
    ) -> None:
        self.config = from_rows(PainterConfig, stage_settings)
        self.settings = from_rows(PainterTaskSettings, task_settings)
        if int(os.environ.get("WORLD_SIZE", "1")) > 1 and self.settings.critic_from < 1:
            raise InvalidRequest("The critic trains in one process; set critic_from: 1 to launch several.")
        network: Any = Painter.build(self.config)
        network.upsampler.requires_grad_(False)
        if self.settings.keep_latents:
            network.autoencoder.keep_latents()
        network.critic = PatchCritic(self.settings.critic_width)
        self.network: nn.Module = network
        self.train = read_pictures(data_folder, "train", self.settings.max_shards)
        network.autoencoder.fit(to_unit(channels_first(self.train[:: max(1, len(self.train) // FITTED)])))
        self.valid = read_pictures(data_folder, "valid", 1)[: self.settings.valid_pictures]

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        """{"pixels": uint8 [B, 3, crop, crop], "halve": bool [], "noise": normal, of the latents' shape}."""
        s = self.settings
        grid = s.crop // 8
        halve = float(torch.rand((), generator=generator))
        return {
            "pixels": random_crops(self.train, s.batch_size, s.crop, generator),
            "halve": torch.tensor(halve < s.halve_share),
            "noise": torch.randn(s.batch_size, self.config.channels, grid, grid, generator=generator),
        }

    def loss(self, network: Any, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        s = self.settings
        bare = getattr(network, "module", network)
        real = to_unit(batch["pixels"])
        raw = bare.autoencoder.encode_raw(real)
        if network.training and not s.keep_latents:
            with torch.no_grad():
                fresh = bool((bare.autoencoder.std == 1).all())
                bare.autoencoder.measure(raw, 1.0 if fresh else DRIFT)
        noise = batch["noise"]
        if batch["halve"]:
            raw, real, noise = avg_pool2d(raw, 2), avg_pool2d(real, 2), noise[..., ::2, ::2]
        made = bare.autoencoder.decode_raw(raw + s.noise * bare.autoencoder.std[:, None, None] * noise)
        losses = pixel_losses(made, real, s.edge_weight)
        return with_critic(losses, bare.critic, made, real, progress, s)

    @torch.no_grad()
    def evaluate(self, network: Any) -> dict[str, float]:
        """Held-out levels and edges of whole pictures, PSNR in dB, and how far the latents carry noise."""
        device = next(network.parameters()).device
        coder = network.autoencoder
        if not self.settings.keep_latents:
            seen = self._some(self.train, device, MEASURED)
            coder.measure(torch.cat([coder.encode_raw(part) for part in seen]))
        rows: dict[str, list[float]] = {}
        for real in self._some(self.valid, device, self.settings.valid_pictures):
            latents = coder.encode(real)
            made = coder.decode(latents).float()
            noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(0)).to(device)
            worn = coder.decode(latents + 0.2 * noise).float()
            values = pixel_losses(made, real, self.settings.edge_weight)
            row = {name: float(value) for name, value in values.items()}
            for name, value in {**row, "psnr": psnr(made, real), "psnr_worn": psnr(worn, real)}.items():
                rows.setdefault(name, []).append(value)
        means = {name: float(np.mean(values)) for name, values in rows.items()}
        return {"metric": means.pop("loss"), **means}

    def sample(self, network: Any, folder: Path) -> None:
        """Held-out pictures above what comes back."""
        real = torch.cat(list(self._some(self.valid, torch.device("cpu"), 12)))[:12]
        made = network.autoencoder.decode(network.autoencoder.encode(real)).float().cpu()
        save_rows(folder / "pictures.png", [real, made])

    def export(self, network: Any, folder: Path) -> None:
        export_painter(self.config, network, folder)

    def _some(self, pictures: np.ndarray, device: torch.device, count: int) -> list[Tensor]:
        """Whole pictures in batches of 8, float [8, 3, H, W]."""
        chosen = pictures[:: max(1, len(pictures) // count)][:count]
        return [to_unit(channels_first(chosen[i : i + 8])).to(device) for i in range(0, len(chosen), 8)]


def with_critic(
    losses: dict[str, Tensor], critic: PatchCritic, made: Tensor, real: Tensor, progress: float, s: Any
) -> dict[str, Tensor]:
    """The losses with those of the critic, once it has joined.

    Args:
        s: settings with critic_from, fool_weight and match_weight.
    """
    if progress < s.critic_from or not critic.training:
        return losses
    told = critic_losses(critic, made, real)
    share = min(1.0, (progress - s.critic_from) / 0.05)  # until it knows what it says
    maker = s.fool_weight * told["fool"] + s.match_weight * told["match"]
    named = {name: value.detach() for name, value in told.items()}
    return losses | {"loss": losses["loss"] + share * maker + told["judge"]} | named


def export_painter(config: PainterConfig, network: Any, folder: Path) -> None:
    """Write the stage without the critic."""
    bare: Any = Painter.build(config)
    state = {name: value for name, value in network.state_dict().items() if not name.startswith("critic.")}
    bare.load_state_dict(state)
    Painter(config, bare, device="cpu").save_pretrained(folder)


def read_pictures(folder: Path, split: str, shards: int | None, name: str = "pictures") -> np.ndarray:
    """uint8 [N, H, W, 3] of the shards of a split."""
    return np.concatenate([rows[name] for rows in read_shards(folder, split, shards, (name,))])


def random_crops(pictures: np.ndarray, count: int, size: int, generator: torch.Generator) -> Tensor:
    """uint8 [count, 3, size, size] from pictures [N, H, W, 3], half of them mirrored.

    Of two places the livelier is taken: much of an illustration is empty paper.
    """
    rows = []
    for _ in range(count):
        which, turn, *places = torch.rand(6, generator=generator, dtype=torch.float64).tolist()
        picture = pictures[int(which * len(pictures))]
        parts = [_crop(picture, size, *places[i : i + 2]) for i in (0, 2)]
        part = max(parts, key=lambda p: float(p[::4, ::4].std()))
        rows.append(part[:, ::-1] if turn < 0.5 else part)
    return channels_first(np.stack(rows))


def _crop(picture: np.ndarray, size: int, down: float, right: float) -> np.ndarray:
    """A square of a picture [H, W, 3], placed by two shares in [0, 1)."""
    y, x = (
        int(share * (length - size + 1))
        for share, length in ((down, picture.shape[0]), (right, picture.shape[1]))
    )
    return picture[y : y + size, x : x + size]


def channels_first(pictures: np.ndarray) -> Tensor:
    """uint8 [N, H, W, 3] -> [N, 3, H, W], which lies in memory as before."""
    return torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2)


def to_unit(pixels: Tensor) -> Tensor:
    """uint8 -> float 0..1."""
    return pixels.float() / 255


def save_rows(file: Path, rows: list[Tensor]) -> None:
    """Rows of pictures [N, 3, H, W] in 0..1 as one PNG."""
    from PIL import Image

    joined = torch.cat([torch.cat(list(row), -1) for row in rows], -2)
    pixels = (joined.clamp(0, 1) * 255).round().to(torch.uint8).permute(1, 2, 0)
    Image.fromarray(pixels.contiguous().numpy()).save(file)
