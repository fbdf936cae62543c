"""Trains the score model: cross-entropy of every field of the next event, given the fields before it."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from audiogen.artifacts import PERIODS, Conditioning
from audiogen.lab.train.score_windows import ScoreCorpus, WindowSettings
from audiogen.rows import from_rows
from audiogen.stage import Sampling, silent
from audiogen.structure.score.stage import ScoreConfig, ScoreStage

NAMES = ("type", "shift", "pitch", "velocity", "duration")
SAMPLES = (
    Conditioning(seconds=15.0),
    Conditioning(seconds=15.0, density=2.5, loudness=40.0, pedal=0.7, mode="minor"),
    Conditioning(seconds=15.0, tempo=120.0, metre=(3, 4), key="C major", density=6.0),
)


@dataclass(frozen=True)
class ScoreTaskSettings(WindowSettings):
    """Windows, and how many rows of them make a batch and the held-out set."""

    batch_size: int = 8
    valid_rows: int = 48


class ScoreTask:
    """See `audiogen.lab.train.task.Task`."""

    def __init__(
        self, stage_settings: dict[str, Any], task_settings: dict[str, Any], data_folder: Path, seed: int
    ) -> None:
        self.config: ScoreConfig = from_rows(ScoreConfig, {"periods": PERIODS, **stage_settings})
        known = {"context": self.config.context} | task_settings
        self.settings: ScoreTaskSettings = from_rows(ScoreTaskSettings, known)
        self.network: nn.Module = ScoreStage.build(self.config)
        self.corpus = ScoreCorpus(data_folder / "train.npz", self.settings)
        held_out = ScoreCorpus(data_folder / "valid.npz", self.settings)
        rng = np.random.default_rng(1)
        size = self.settings.batch_size
        rows = [held_out.row(rng, augment=False) for _ in range(self.settings.valid_rows)]
        self.valid = [collate(rows[i : i + size]) for i in range(0, len(rows), size)]

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        seed = int(torch.randint(2**62, (1,), generator=generator))
        rng = np.random.default_rng(seed)
        return collate([self.corpus.row(rng) for _ in range(self.settings.batch_size)])

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        """Nats per event, all fields together, and each field alone per event that has it."""
        sums, counts = field_losses(network, batch)
        each = {name: s / c for name, s, c in zip(NAMES, sums, counts, strict=True)}
        return {"loss": sums.sum() / counts[0]} | each

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Held-out nats per event (`metric`) and per field."""
        device = next(network.parameters()).device
        sums, counts = torch.zeros(len(NAMES)), torch.zeros(len(NAMES))
        for batch in self.valid:
            moved = {k: v.to(device) for k, v in batch.items()}
            s, c = field_losses(network, moved)
            sums, counts = sums + s.float().cpu(), counts + c.cpu()
        each = {name: float(s / c) for name, s, c in zip(NAMES, sums, counts, strict=True)}
        return {"metric": float(sums.sum() / counts[0])} | each

    def sample(self, network: nn.Module, folder: Path) -> None:
        """Three prompts at a fixed seed: MIDI files."""
        stage = self._stage(network)
        for number, asked in enumerate(SAMPLES):
            stage(asked, asked, Sampling(seed=1), silent).save(folder / f"{number}.mid", force=True)

    def export(self, network: nn.Module, folder: Path) -> None:
        self._stage(network).save_pretrained(folder)

    def _stage(self, network: nn.Module) -> ScoreStage:
        copy = ScoreStage.build(self.config)
        copy.load_state_dict({k: v.float().cpu() for k, v in network.state_dict().items()})
        return ScoreStage(dataclasses.replace(self.config), copy)


def collate(rows: list[dict[str, np.ndarray]]) -> dict[str, Tensor]:
    """Rows -> tensors [B, N, ...]."""
    return {name: torch.from_numpy(np.stack([row[name] for row in rows])) for name in rows[0]}


def field_losses(network: nn.Module, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
    """Summed cross-entropy and number of codes per field, [5] each; targets of -1 do not count."""
    targets, owner = batch["targets"], batch["owner"]
    n = owner.shape[1]
    causal = torch.ones(n, n, dtype=torch.bool, device=owner.device).tril()
    mask = causal & (owner[:, :, None] == owner[:, None, :])
    logits = network(batch["inputs"], targets.clamp_min(0), batch["positions"], mask)
    sums = [
        F.cross_entropy(
            row.flatten(0, 1).float(), targets[..., k].flatten(), ignore_index=-1, reduction="sum"
        )
        for k, row in enumerate(logits)
    ]
    counts = (targets >= 0).sum((0, 1)).clamp_min(1)
    return torch.stack(sums), counts
