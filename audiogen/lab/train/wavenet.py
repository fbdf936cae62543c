"""Trains both tiers of WaveNet at once: cross-entropy of every code, given the codes before it.

The tiers share a batch and an optimizer, no weight: windows of sound with the notes behind it for the fast
one, excerpts of notes for the slow one. The slow clock is given `reach` samples before the first code
that counts, so every loss is that of a full memory.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from audiogen.artifacts import Conditioning
from audiogen.conditions import attribute_vector
from audiogen.errors import InvalidRequest
from audiogen.lab.train.task_data import read_shards
from audiogen.media.mulaw import LEVELS, MU, SILENCE, STEPS, code_values, encode
from audiogen.networks.wavenet_tiers import WavenetTiers
from audiogen.rows import from_rows
from audiogen.sampling.modal_source import ModeTable, expected, roll, source
from audiogen.sampling.struck_keys import strikes
from audiogen.stage import Sampling, silent
from audiogen.structure.wavenet.notes import to_codes
from audiogen.structure.wavenet.stage import WaveNet, WaveNetAudio, WaveNetConfig, struck_in, table_of

SAMPLED = (
    Conditioning(seconds=6.0),
    Conditioning(seconds=6.0, density=2.0, loudness=45.0),
    Conditioning(seconds=6.0, density=5.0, loudness=80.0, register=66.0),
)
FAR = 1e4  # amplitude: all of a tail, and still a number that can be multiplied by a gradient of 0
LEAST_NOTES = 8  # of an excerpt
SETTLE_S = 0.06  # of the level of what is expected, before a crop
NOISE_SAMPLES = (200, 4000)  # of a stretch of noise
UNKNOWN = -100  # a code that does not count


@dataclass(frozen=True)
class WavenetTaskSettings:
    """Settings of the task.

    Attributes:
        batch_size: crops of sound per step; span: codes of each that count.
        noise_share: share of crops in which a stretch of what is heard is noisy, not what is wanted: so
            it learns to come back from a past that it has never heard.
        note_batch: excerpts per step; notes: of each at most.
        attribute_dropout: probability that each attribute is unknown; all_dropout: that all are.
        valid_crops, valid_excerpts: held out.
    """

    batch_size: int = 2
    span: int = 8192
    noise_share: float = 0.3
    note_batch: int = 8
    notes: int = 96
    attribute_dropout: float = 0.15
    all_dropout: float = 0.1
    valid_crops: int = 24
    valid_excerpts: int = 64
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
            notes += apart(shard["notes"], len(shard["codes"]))
        return cls(np.concatenate(codes), notes)


def apart(rows: np.ndarray, count: int) -> list[np.ndarray]:
    """Rows [sum N, 5] of several windows (first column: which) -> rows [N, 4] of each."""
    return np.split(rows[:, 1:], np.searchsorted(rows[:, 0], np.arange(1, count)))


class WavenetTask:
    """See `audiogen.lab.train.task.Task`."""

    def __init__(
        self, stage_settings: dict[str, Any], task_settings: dict[str, Any], data_folder: Path, seed: int
    ) -> None:
        config: WaveNetConfig = from_rows(WaveNetConfig, stage_settings)
        self.settings: WavenetTaskSettings = from_rows(WavenetTaskSettings, task_settings)
        measured = read_modes(data_folder)
        sizes = dataclasses.replace(
            config.network,
            modes=len(measured["modes"]),
            start=int(measured["start"]),
            velocities=tuple(float(v) for v in measured["velocities"]),
        )
        self.config = dataclasses.replace(config, network=sizes)
        self.network = WavenetTiers(self.config.network)
        for name in ("first", "modes", "levels_db"):
            buffer: Tensor = getattr(self.network, name)
            buffer.copy_(torch.from_numpy(measured[name]))
        self.table: ModeTable = table_of(self.network, self.config.sample_rate)
        self.windows = CodeWindows.read(data_folder, "train", self.settings.max_shards)
        self.excerpts = read_excerpts(data_folder / "notes-train.npz")
        held_out, rng, s = CodeWindows.read(data_folder, "valid"), np.random.default_rng(1), self.settings
        crops = [self.crop(held_out, rng, augment=False) for _ in range(s.valid_crops)]
        others = read_excerpts(data_folder / "notes-valid.npz")
        songs = [self.song(others, rng, augment=False) for _ in range(s.valid_excerpts)]
        self.valid = [collate(crops[i : i + 4]) for i in range(0, len(crops), 4)]
        self.valid_songs = collate(songs)

    @property
    def before(self) -> int:
        """Codes of a crop that are only heard, whole blocks."""
        sizes = self.config.network.samples
        return math.ceil(sizes.reach / sizes.block) * sizes.block

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        seed = int(torch.randint(2**62, (1,), generator=generator))
        rng, s = np.random.default_rng(seed), self.settings
        crops = collate([self.crop(self.windows, rng) for _ in range(s.batch_size)])
        return crops | collate([self.song(self.excerpts, rng) for _ in range(s.note_batch)])

    def crop(
        self, windows: CodeWindows, rng: np.random.Generator, augment: bool = True
    ) -> dict[str, np.ndarray]:
        """A crop anywhere: heard and wanted codes [before + span], expected [.., 4], roll [.. / P, G]."""
        rate, length = self.config.sample_rate, self.before + self.settings.span
        block = self.config.network.samples.block
        window = int(rng.integers(len(windows.codes)))
        start = int(rng.integers(windows.codes.shape[1] - length + 1))
        codes = windows.codes[window, start : start + length].astype(np.int64)
        levels = self.network.levels_db.double().numpy()
        velocities = np.array(self.config.network.velocities)
        struck = struck_in(strikes(windows.notes[window], levels, velocities, rate), start, length, rate)
        settle = round(SETTLE_S * rate)
        bands = source(self.table, struck, start - settle, length + settle)
        told = expected(bands, rate)[0][settle:]
        noisy = augment and rng.random() < self.settings.noise_share
        return {
            "codes": codes,
            "heard": with_noise(codes, told[:, 1], rng) if noisy else codes,
            "expected": told,
            "roll": roll(struck, start, length // block, block, rate),
        }

    def song(
        self, excerpts: list[np.ndarray], rng: np.random.Generator, augment: bool = True
    ) -> dict[str, np.ndarray]:
        """Notes from anywhere in an excerpt: codes [notes, 4], which count, attributes [2 A]."""
        s = self.settings
        rows = excerpts[int(rng.integers(len(excerpts)))]
        first = int(rng.integers(max(1, len(rows) - LEAST_NOTES)))
        rows = rows[first : first + s.notes]
        codes = np.zeros((s.notes, 4), np.int64)
        codes[: len(rows)] = to_codes(rows)
        values = measured_in(rows)
        if augment:
            unknown = rng.random(len(values)) < s.attribute_dropout
            unknown |= rng.random() < s.all_dropout
            values = {k: None if u else v for (k, v), u in zip(values.items(), unknown, strict=True)}
        return {
            "notes": codes,
            "counts": np.arange(s.notes) < len(rows),
            "attributes": attribute_vector(values, self.config.names),
        }

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        """Bits per sample, and bits per note / 10."""
        told = (batch["heard"], batch["expected"], batch["roll"], self.before)
        mixture, logits = network(*told, batch["notes"], batch["attributes"])
        sound = mixture_bits(mixture, batch["codes"][:, self.before :]).mean()
        notes = note_bits(logits, batch)
        return {"loss": sound + notes / 10, "sound": sound, "notes": notes}

    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Held-out bits per sample (`metric`) and per note."""
        device = next(network.parameters()).device
        each = [
            self.loss(network, {k: v.to(device) for k, v in (b | self.valid_songs).items()}, 1.0)
            for b in self.valid
        ]
        sound = torch.stack([part["sound"] for part in each]).mean()
        return {"metric": float(sound.detach()), "notes": float(each[0]["notes"].detach())}

    def sample(self, network: nn.Module, folder: Path) -> None:
        """Some seconds of what comes unasked and of two prompts, at a fixed seed: WAV files."""
        stage = self._stage(network)
        for number, asked in enumerate(SAMPLED):
            stage(asked, asked, Sampling(seed=1), silent).save(folder / f"{number}.wav", force=True)

    def export(self, network: nn.Module, folder: Path) -> None:
        self._stage(network).save_pretrained(folder)

    def _stage(self, network: nn.Module) -> WaveNetAudio:
        copy = WaveNet.build(self.config)
        copy.load_state_dict(
            {k: v.float().cpu() if v.is_floating_point() else v for k, v in network.state_dict().items()}
        )
        return WaveNetAudio(self.config, copy)


def mixture_bits(mixture: Tensor, codes: Tensor) -> Tensor:
    """Bits of codes [...] under logistics of amplitudes [..., 3, K]; the outermost codes take the tails."""
    log_weights, means, log_scales = (
        mixture[..., 0, :].log_softmax(-1),
        mixture[..., 1, :],
        mixture[..., 2, :],
    )
    edges = code_edges().to(mixture.device)
    below, above = edges[codes][..., None], edges[codes + 1][..., None]
    side = torch.where(below + above > 2 * means, -1.0, 1.0)  # the differences are taken where they are exact
    narrow = (-log_scales).exp()
    upper = torch.sigmoid(side * (above - means) * narrow)
    lower = torch.sigmoid(side * (below - means) * narrow)
    inside = (upper - lower).abs().clamp_min(1e-12).log()
    return -torch.logsumexp(log_weights + inside, -1) / math.log(2)


def code_edges() -> Tensor:
    """The amplitudes between codes, float32 [257]: code c stands for edges c .. c + 1."""
    half = (torch.arange(LEVELS + 1, dtype=torch.float64) - 0.5 - SILENCE) / STEPS
    edges = half.sign() * torch.expm1(half.abs() * math.log1p(MU)) / MU
    edges[:2], edges[-1] = -FAR, FAR
    return edges.float()


def with_noise(codes: np.ndarray, level: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Codes [T] with a stretch of white noise added, from a hundredth of the level [T] to all of it."""
    count = int(rng.integers(min(NOISE_SAMPLES[0], len(codes)), min(NOISE_SAMPLES[1], len(codes)) + 1))
    first = int(rng.integers(len(codes) - count + 1))
    part = slice(first, first + count)
    loud = 10 ** rng.uniform(-2, 0) * level[part]
    noisy = codes.copy()
    noisy[part] = encode(code_values()[codes[part]] + loud * rng.normal(0, 1, count))
    return noisy


def note_bits(logits: list[Tensor], batch: dict[str, Tensor]) -> Tensor:
    """Mean cross-entropy of a note, in bits."""
    wanted = batch["notes"].masked_fill(~batch["counts"][..., None], UNKNOWN)
    each = [F.cross_entropy(x.float().flatten(0, 1), wanted[..., p].flatten()) for p, x in enumerate(logits)]
    return torch.stack(each).sum() / math.log(2)


def read_modes(folder: Path) -> dict[str, np.ndarray]:
    """What `audiogen.lab.data.prepare_wavenet` measured of the keys.

    Raises:
        InvalidRequest: it is not there.
    """
    if not (folder / "modes.npz").exists():
        raise InvalidRequest(
            f"No modes.npz in {folder}; run `audiogen data recipes/wavenet-audio.yaml` first."
        )
    with np.load(folder / "modes.npz") as file:
        return {name: file[name] for name in file.files}


def read_excerpts(file: Path) -> list[np.ndarray]:
    """Notes [N, 4] of excerpts, those with an onset before the excerpt left out."""
    with np.load(file) as data:
        rows = data["notes"]
    found = [r[r[:, 1] >= 0] for r in apart(rows, int(rows[-1, 0]) + 1)]
    return [r for r in found if len(r) >= LEAST_NOTES]


def collate(rows: list[dict[str, np.ndarray]]) -> dict[str, Tensor]:
    """Rows -> tensors [B, ...]."""
    return {name: torch.from_numpy(np.stack([row[name] for row in rows])) for name in rows[0]}


def measured_in(notes: np.ndarray) -> dict[str, float | None]:
    """Attributes of notes [N, 4] in order: density, loudness, register."""
    seconds = max(float(notes[-1, 1] - notes[0, 1]), 0.5)
    return {
        "density": (len(notes) - 1) / seconds,
        "loudness": float(notes[:, 3].mean()),
        "register": float(notes[:, 0].mean()),
    }
