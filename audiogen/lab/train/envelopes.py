"""Trains the flow of fine envelopes (`networks/envelope_flow.py`) on ambience windows that kept their sound.

Loss: squared error of the estimate of the clean envelopes, weighted as the network is scaled. The levels
that it is told get a little noise, as a decoder's mels have, and now and then it is not told the sources.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.artifacts import SOURCES
from audiogen.lab.train.task_data import read_shards
from audiogen.networks.envelope_flow import EnvelopeFlow, EnvelopeFlowConfig, levels, packed
from audiogen.render.envelopes import Envelopes
from audiogen.rows import from_rows
from audiogen.sampling.envelopes import envelopes
from audiogen.sampling.flow import flow_target, logit_normal_times

RANGE = (-7.0, 5.0)  # nats: envelopes beyond are of digital silence
FULL_SCALE = 32_767.0
SMALLEST_TIME = 0.01  # nearer to the data there is nothing to estimate
SHOWN = 150  # frames of a picture


@dataclasses.dataclass(frozen=True)
class EnvelopeTaskSettings:
    """Settings of the task.

    Attributes:
        batch_size, frames: crops per batch, frames of the mel per crop.
        level_noise: std of the noise on the levels, up to, in their spread of 3 nats.
        source_dropout: how often the sources are not told.
        time_mean, time_std: of the logit-normal times.
    """

    batch_size: int = 24
    frames: int = 150
    level_noise: float = 0.05
    source_dropout: float = 0.15
    time_mean: float = 0.2
    time_std: float = 1.2
    max_shards: int | None = None


@dataclasses.dataclass(frozen=True, eq=False)
class Windows:
    """Of a split: log bands [W, bands, F] and packed envelopes [W, F, values], float16; sources [W, S]."""

    mid: Tensor
    envelopes: Tensor
    sources: Tensor


class EnvelopeTask:
    """Task "envelopes" (see lab/train/task.py)."""

    def __init__(
        self, stage_settings: dict[str, Any], task_settings: dict[str, Any], data_folder: Path, seed: int
    ) -> None:
        self.config = from_rows(EnvelopeFlowConfig, {"sources": SOURCES, **stage_settings})
        self.settings = from_rows(EnvelopeTaskSettings, task_settings)
        torch.manual_seed(seed)
        network = Envelopes.build(self.config)
        assert isinstance(network, EnvelopeFlow)
        self.network: nn.Module = network
        self.train = read_windows(data_folder, "train", self.settings.max_shards, self.config.per_frame)
        self.valid = read_windows(data_folder, "valid", None, self.config.per_frame)
        network.mean.copy_(self.train.envelopes.float().mean((0, 1)))
        network.std.copy_(self.train.envelopes.float().std((0, 1)).clamp_min(0.1))

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        """Random crops with all that the loss needs."""
        s = self.settings
        batch = self._crops(self.train, generator)
        told = torch.rand(s.batch_size, 1, generator=generator) >= s.source_dropout
        amount = s.level_noise * torch.rand(s.batch_size, 1, 1, generator=generator)
        batch["sources"] = batch["sources"] * told
        batch["levels"] = batch["levels"] + amount * torch.randn(batch["levels"].shape, generator=generator)
        return batch

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        bare = network.module if hasattr(network, "module") else network
        assert isinstance(bare, EnvelopeFlow)
        x0, t = bare.normalise(batch["envelopes"]), batch["t"]
        estimate = network(flow_target(x0, batch["noise"], t).x_t, t, batch["levels"], batch["sources"])
        w = t[:, None, None]
        weight = ((1 - w).square() + w.square()) / w.square()
        return {"loss": ((estimate - x0).square() * weight).mean()}

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Held-out loss at fixed noise and times."""
        generator, device = torch.Generator().manual_seed(7), next(network.parameters()).device
        losses = []
        for _ in range(6):
            batch = {k: v.to(device) for k, v in self._crops(self.valid, generator).items()}
            losses.append(float(self.loss(network, batch, 0.0)["loss"]))
        return {"metric": float(np.mean(losses))}

    def sample(self, network: nn.Module, folder: Path) -> None:
        """Envelopes drawn for held-out mels beside the real ones, as a picture."""
        import matplotlib

        matplotlib.use("Agg")
        import matplotlib.pyplot as plt

        stage = Envelopes(self.config, network, device="cpu")
        assert isinstance(stage.network, EnvelopeFlow)
        figure, axes = plt.subplots(2, 2, figsize=(14, 6), squeeze=False)
        for row, window in zip(axes, (0, len(self.valid.mid) // 2), strict=True):
            sounding = [n for n, w in zip(self.config.sources, self.valid.sources[window], strict=True) if w]
            real = self.valid.envelopes[window, :SHOWN].float()
            noise = torch.randn(real.shape, generator=torch.Generator().manual_seed(window))
            drawn = stage.draw(self.valid.mid[window, :, :SHOWN], sounding, noise)
            there = stage.network.restore(stage.network.normalise(real))
            for axis, image in zip(row, (there, drawn), strict=True):
                axis.imshow(image.detach(), origin="lower", aspect="auto", vmin=-5, vmax=3)
                axis.set_title(", ".join(sounding))
        figure.savefig(folder / "envelopes.png", dpi=60, bbox_inches="tight")
        plt.close(figure)
        network.requires_grad_(True)

    def export(self, network: nn.Module, folder: Path) -> None:
        Envelopes(self.config, network, device="cpu").save_pretrained(folder)

    def _crops(self, windows: Windows, generator: torch.Generator) -> dict[str, Tensor]:
        s = self.settings
        size, frames = s.batch_size, s.frames
        chosen = torch.randint(len(windows.mid), (size,), generator=generator).tolist()
        places = windows.mid.shape[2] - frames + 1
        first = torch.randint(places, (size,), generator=generator).tolist()
        where = [(w, slice(at, at + frames)) for w, at in zip(chosen, first, strict=True)]
        rows = torch.stack([windows.envelopes[w, span] for w, span in where]).float()
        mid = torch.stack([windows.mid[w, :, span] for w, span in where]).float()
        return {
            "envelopes": rows,
            "levels": levels(mid, self.config.mel),
            "sources": windows.sources[chosen],
            "t": logit_normal_times(size, s.time_mean, s.time_std, 0.0, generator).clamp_min(SMALLEST_TIME),
            "noise": torch.randn(rows.shape, generator=generator),
        }


def read_windows(folder: Path, split: str, shards: int | None, per_frame: int) -> Windows:
    """The windows of prepared shards that kept their sound.

    Raises:
        InvalidRequest: none there.
    """
    mids, rows, sources = [], [], []
    for arrays in read_shards(folder, split, shards, ("mid", "sources", "audio")):
        mids.append(torch.from_numpy(arrays["mid"]))
        sources.append(torch.from_numpy(arrays["sources"] > 0).float())
        frames = arrays["mid"].shape[2]
        for sound in arrays["audio"]:
            wave = torch.from_numpy(sound.astype(np.float32) / FULL_SCALE)
            rows.append(packed(envelopes(wave).clamp(*RANGE), per_frame)[:frames].half())
    return Windows(torch.cat(mids), torch.stack(rows), torch.cat(sources))
