"""Trains the note transcriber on rendered piano windows.

The judge must hear vocoded and generated audio fairly, so training mels are tilted, filtered,
levelled, blurred and buried in noise; it cannot rely on the exact look of a sample.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.lab.train.piano_windows import read_windows
from audiogen.networks.transcriber import LOWEST_KEY, N_KEYS, TranscriberConfig
from audiogen.ranking.transcribe import TranscriberStage, note_scores, pick_onsets, shuffled_scores
from audiogen.rows import from_rows


@dataclass(frozen=True)
class TranscriberTaskSettings:
    """Settings of the task.

    Attributes:
        batch_size: crops of `frames` frames per step.
        positive_weight: an onset frame counts this much more than an empty one.
        max_shards: training shards read; valid_windows: held-out windows per evaluation.
    """

    batch_size: int = 8
    frames: int = 256
    positive_weight: float = 3.0
    max_shards: int | None = None
    valid_windows: int = 24


class TranscriberTask:
    """Task "transcriber" (see lab/train/task.py): binary cross-entropy on onset frames."""

    def __init__(
        self, stage_settings: dict[str, Any], task_settings: dict[str, Any], data_folder: Path, seed: int
    ) -> None:
        self.config = from_rows(TranscriberConfig, stage_settings)
        self.settings = from_rows(TranscriberTaskSettings, task_settings)
        self.network: nn.Module = TranscriberStage.build(self.config)
        self.mid, self.notes = read_windows(data_folder, "train", self.settings.max_shards)
        mid, notes = read_windows(data_folder, "valid", None)
        self.valid_mid, self.valid_notes = (
            mid[: self.settings.valid_windows],
            notes[: self.settings.valid_windows],
        )

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        """{"mel": float [B, bands, F] as disturbed, "target": float [B, 88, F]}."""
        mels, targets = [], []
        frames, rate = self.settings.frames, self.config.mel.frame_rate
        for _ in range(self.settings.batch_size):
            window = int(torch.randint(len(self.mid), (), generator=generator))
            start = int(torch.randint(self.mid.shape[-1] - frames + 1, (), generator=generator))
            mel = self.mid[window, :, start : start + frames]
            mels.append(torch.from_numpy(mel.astype(np.float32)))
            targets.append(onset_target(self.notes[window], start, frames, rate))
        return {"mel": disturb(torch.stack(mels), generator), "target": torch.stack(targets)}

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        logits = network(batch["mel"]).float()
        weight = 1 + (self.settings.positive_weight - 1) * batch["target"]
        loss = nn.functional.binary_cross_entropy_with_logits(logits, batch["target"], weight)
        return {"loss": loss * N_KEYS}

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Note scores of held-out windows, and the floor: the same against other windows' notes."""
        device = next(network.parameters()).device
        estimates = []
        for mid in self.valid_mid:
            logits = network(torch.from_numpy(mid.astype(np.float32))[None].to(device))[0]
            posterior = logits.float().sigmoid().cpu().numpy()
            estimates.append(pick_onsets(posterior, self.config.mel.frame_rate))
        scores = [note_scores(r, e) for r, e in zip(self.valid_notes, estimates, strict=True)]
        floor = shuffled_scores(self.valid_notes, estimates)
        f1 = float(np.mean([s.f1 for s in scores]))
        return {
            "metric": 1 - f1,
            "f1": f1,
            "precision": float(np.mean([s.precision for s in scores])),
            "recall": float(np.mean([s.recall for s in scores])),
            "shuffled_f1": float(np.mean([s.f1 for s in floor])),
        }

    @torch.no_grad()
    def sample(self, network: nn.Module, folder: Path) -> None:
        """A picture of the onset posterior over the notes of a held-out window."""
        import matplotlib

        matplotlib.use("Agg")
        from matplotlib.figure import Figure

        device = next(network.parameters()).device
        mel = torch.from_numpy(self.valid_mid[0].astype(np.float32))[None].to(device)
        posterior = network(mel)[0].float().sigmoid().cpu().numpy()
        figure = Figure(figsize=(16, 6))
        axes = figure.subplots()
        seconds = posterior.shape[1] / self.config.mel.frame_rate
        axes.imshow(posterior, origin="lower", aspect="auto", extent=(0, seconds, 20.5, 108.5), cmap="magma")
        axes.plot(self.valid_notes[0][:, 1], self.valid_notes[0][:, 0], "c.", markersize=3)
        axes.set(xlim=(0, seconds), xlabel="s", ylabel="pitch")
        figure.savefig(folder / "posterior.png", dpi=80)

    def export(self, network: nn.Module, folder: Path) -> None:
        TranscriberStage(self.config, deepcopy(network), device="cpu").save_pretrained(folder)


def onset_target(rows: np.ndarray, start: int, frames: int, frame_rate: float) -> Tensor:
    """Float [88, frames] from frame `start`: a peak two frames wide to each side of every onset.

    `rows` are (pitch, onset s, ...); notes struck before the window are left out.
    """
    rows = rows[rows[:, 1] >= 0]
    place = rows[:, 1] * frame_rate - 0.5 - start
    target = np.zeros((N_KEYS, frames), np.float32)
    for key, at in zip(rows[:, 0].astype(int) - LOWEST_KEY, place, strict=True):
        for frame in range(int(np.ceil(at - 2)), int(np.floor(at + 2)) + 1):
            if 0 <= frame < frames:
                target[key, frame] = max(target[key, frame], min(1.0, 1.25 - 0.5 * abs(frame - at)))
    return torch.from_numpy(target)


def disturb(mel: Tensor, generator: torch.Generator) -> Tensor:
    """Random level, tilt, filter, blur and noise per item of a log-mel [B, bands, F], nats."""
    b, bands, frames = mel.shape

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        return torch.rand(shape, generator=generator) * (high - low) + low

    def chance(p: float) -> Tensor:
        return (torch.rand(b, 1, 1, generator=generator) < p).float()

    magnitude = mel.exp()
    blurred = nn.functional.avg_pool1d(magnitude, 3, 1, 1, count_include_pad=False)
    thick = nn.functional.avg_pool1d(magnitude.transpose(1, 2), 3, 1, 1, count_include_pad=False)
    magnitude = torch.lerp(magnitude, blurred, chance(0.3) * uniform(0, 0.8, b, 1, 1))
    magnitude = torch.lerp(magnitude, thick.transpose(1, 2), chance(0.3) * uniform(0, 0.5, b, 1, 1))
    where = torch.linspace(-1, 1, bands)[None, :, None]
    curve = uniform(-0.8, 0.8, b, 1, 1) * where
    knots = uniform(-0.6, 0.6, b, 1, 9)
    curve = curve + nn.functional.interpolate(knots, bands, mode="linear", align_corners=True).transpose(1, 2)
    low_pass = chance(0.15) * (where > uniform(-0.2, 0.9, b, 1, 1)) * -6.0
    gain = (uniform(-1.5, 1.0, b, 1, 1) + curve + low_pass).exp()
    level = (uniform(-11.0, -7.0, b, 1, 1) + uniform(-1.5, 0.5, b, 1, 1) * where).exp()
    hiss = torch.rand(b, bands, frames, generator=generator) * 2 * level * chance(0.4)
    noisy = (magnitude * gain + hiss).clamp_min(1e-5).log()
    grain = torch.randn(b, bands, frames, generator=generator) * uniform(0, 0.3, b, 1, 1) * chance(0.5)
    return (noisy + grain).clamp_min(np.log(1e-5))
