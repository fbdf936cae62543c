"""Trains WaveNet: cross-entropy of every code, given the codes before it.

The slow clock hears `reach` samples before the first code that counts, so every loss is that of a
full memory. Windows are cut out of pieces, so beginnings are rare: some crops get silence before an onset.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.artifacts import Conditioning
from audiogen.conditions import attribute_vector
from audiogen.media.mulaw import LEVELS, SILENCE, code_values, encode
from audiogen.networks.wavenet import Wavenet
from audiogen.pretrained import from_rows
from audiogen.sampling.linear_prediction import predict
from audiogen.stage import Sampling, silent
from audiogen.structure.wavenet import WaveNet, WaveNetAudio, WaveNetConfig
from audiogen.train.task_data import read_shards

SAMPLED = (
    Conditioning(seconds=4.0),
    Conditioning(seconds=4.0, density=2.0, loudness=45.0),
    Conditioning(seconds=4.0, density=5.0, loudness=80.0, register=66.0),
)
BESIDE_S = 1.5  # attributes are those of the notes this near to a crop
FAR = 1e4  # codes: all of a tail, and still a number that can be multiplied by a gradient of 0
FADE_IN_S = 0.002  # of an onset that gets silence before it


@dataclass(frozen=True)
class WavenetTaskSettings:
    """Settings of the task.

    Attributes:
        batch_size: crops per step; span: codes of each that count.
        attribute_dropout: probability that each attribute is unknown; all_dropout: that all are.
        quiet_share: share of crops that get a beginning.
        valid_crops: held-out crops.
    """

    batch_size: int = 2
    span: int = 8192
    attribute_dropout: float = 0.15
    all_dropout: float = 0.1
    quiet_share: float = 0.2
    valid_crops: int = 24
    max_shards: int | None = None


@dataclass(frozen=True, eq=False)
class CodeWindows:
    """A split in memory: codes uint8 [W, T], and per window its notes [N, 4]."""

    codes: np.ndarray
    notes: list[np.ndarray]

    @classmethod
    def read(cls, folder: Path, split: str, shards: int | None = None) -> CodeWindows:
        codes, notes = [], []
        for shard in read_shards(folder, split, shards, ("codes", "notes")):
            codes.append(shard["codes"])
            rows = shard["notes"]
            notes += [rows[rows[:, 0] == window, 1:] for window in range(len(shard["codes"]))]
        return cls(np.concatenate(codes), notes)


class WavenetTask:
    """See `audiogen.train.task.Task`."""

    def __init__(
        self, stage_settings: dict[str, Any], task_settings: dict[str, Any], data_folder: Path, seed: int
    ) -> None:
        self.config: WaveNetConfig = from_rows(WaveNetConfig, stage_settings)
        self.settings: WavenetTaskSettings = from_rows(WavenetTaskSettings, task_settings)
        self.network: Wavenet = Wavenet(self.config.network)
        self.windows = CodeWindows.read(data_folder, "train", self.settings.max_shards)
        held_out = CodeWindows.read(data_folder, "valid")
        rng = np.random.default_rng(1)
        rows = [self.crop(held_out, rng, augment=False) for _ in range(self.settings.valid_crops)]
        self.valid = [collate(rows[i : i + 4]) for i in range(0, len(rows), 4)]

    @property
    def before(self) -> int:
        """Codes of a crop that are only heard, whole blocks."""
        block = self.config.network.block
        return math.ceil(self.config.network.reach / block) * block

    def batch(self, generator: torch.Generator) -> dict[str, Tensor]:
        seed = int(torch.randint(2**62, (1,), generator=generator))
        rng = np.random.default_rng(seed)
        return collate([self.crop(self.windows, rng) for _ in range(self.settings.batch_size)])

    def crop(
        self, windows: CodeWindows, rng: np.random.Generator, augment: bool = True
    ) -> dict[str, np.ndarray]:
        """A crop anywhere: codes int64 [before + span], attributes float32 [2 A]."""
        rate, span, length = self.config.sample_rate, self.settings.span, self.before + self.settings.span
        window = int(rng.integers(len(windows.codes)))
        notes = windows.notes[window]
        start = int(rng.integers(windows.codes.shape[1] - length + 1))
        codes = windows.codes[window, start : start + length].astype(np.int64)
        if augment and rng.random() < self.settings.quiet_share:
            begin = beginning(notes, windows.codes.shape[1], rate, span, rng)
            if begin is not None:
                codes = quiet_before(windows.codes[window, begin:][:span], length, rate, rng)
                start = begin - self.before
        values = measured(notes, (start + self.before) / rate, span / rate)
        if augment:
            s = self.settings
            unknown = rng.random(len(values)) < s.attribute_dropout
            unknown |= rng.random() < s.all_dropout
            values = {k: None if u else v for (k, v), u in zip(values.items(), unknown, strict=True)}
        return {
            "codes": codes,
            "expected": predict(codes, self.network.first_heard(self.before)),
            "attributes": attribute_vector(values, self.config.names),
        }

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        """Bits per sample."""
        return {"loss": bits(network, batch, self.before)}

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Held-out bits per sample (`metric`)."""
        device = next(network.parameters()).device
        each = [bits(network, {k: v.to(device) for k, v in b.items()}, self.before) for b in self.valid]
        return {"metric": float(torch.stack(each).mean().detach())}

    def sample(self, network: nn.Module, folder: Path) -> None:
        """Some seconds of what comes unasked and of two prompts, at a fixed seed: WAV files."""
        stage = self._stage(network)
        for number, asked in enumerate(SAMPLED):
            stage(asked, asked, Sampling(seed=1), silent).save(folder / f"{number}.wav", force=True)

    def export(self, network: nn.Module, folder: Path) -> None:
        self._stage(network).save_pretrained(folder)

    def _stage(self, network: nn.Module) -> WaveNetAudio:
        copy = WaveNet.build(self.config)
        copy.load_state_dict({k: v.float().cpu() for k, v in network.state_dict().items()})
        return WaveNetAudio(self.config, copy)


def bits(network: nn.Module, batch: dict[str, Tensor], before: int) -> Tensor:
    """Mean cross-entropy of the codes after `before`, in bits."""
    mixture = network(batch["codes"], batch["expected"], batch["attributes"], before)
    return mixture_bits(mixture, batch["codes"][:, before:]).mean()


def mixture_bits(mixture: Tensor, codes: Tensor) -> Tensor:
    """Bits of codes [...] under discretised logistics [..., 3, K]; the outermost codes take the tails."""
    log_weights, means, log_scales = (
        mixture[..., 0, :].log_softmax(-1),
        mixture[..., 1, :],
        mixture[..., 2, :],
    )
    code = codes[..., None].float()
    side = torch.where(code > means, -1.0, 1.0)  # the differences are taken where they are exact
    above = torch.where(code >= LEVELS - 1, FAR, code + 0.5)
    below = torch.where(code <= 1, -FAR, code - 0.5)
    narrow = (-log_scales).exp()
    upper = torch.sigmoid(side * (above - means) * narrow)
    lower = torch.sigmoid(side * (below - means) * narrow)
    inside = (upper - lower).abs().clamp_min(1e-12).log()
    return -torch.logsumexp(log_weights + inside, -1) / math.log(2)


def collate(rows: list[dict[str, np.ndarray]]) -> dict[str, Tensor]:
    """Rows -> tensors [B, ...]."""
    return {name: torch.from_numpy(np.stack([row[name] for row in rows])) for name in rows[0]}


def measured(notes: np.ndarray, start_s: float, seconds: float) -> dict[str, float | None]:
    """Attributes of the notes [N, 4] struck around a span: density, loudness, register."""
    low, high = start_s - BESIDE_S, start_s + seconds + BESIDE_S
    near = notes[(notes[:, 1] >= low) & (notes[:, 1] < high)]
    known = len(near) > 0
    return {
        "density": len(near) / (high - low),
        "loudness": float(near[:, 3].mean()) if known else None,
        "register": float(near[:, 0].mean()) if known else None,
    }


def beginning(notes: np.ndarray, samples: int, rate: int, span: int, rng: np.random.Generator) -> int | None:
    """The sample of an onset with a whole span after it and little before it, or None."""
    onsets = np.sort(notes[:, 1])
    gap = np.diff(onsets, prepend=-1.0)
    good = onsets[(gap > 0.3) & (onsets > 0) & (onsets * rate + span < samples)]
    return int((rng.choice(good) - FADE_IN_S) * rate) if len(good) and good[0] > FADE_IN_S else None


def quiet_before(codes: np.ndarray, length: int, rate: int, rng: np.random.Generator) -> np.ndarray:
    """Silence, then these codes from their first sample on: int64 [length], the last part left out."""
    late = int(rng.integers(len(codes) // 2))
    fade = np.linspace(0, 1, int(FADE_IN_S * rate))
    soft = codes.astype(np.int64)
    soft[: len(fade)] = encode(code_values()[soft[: len(fade)]] * fade)
    out = np.full(length, SILENCE, np.int64)
    first = length - len(codes) + late
    out[first:] = soft[: length - first]
    return out
