"""Trains the coarse-mel structure stage on windows of sound and their notes.

The quantiser is fitted once when training begins; what is trained is the transformer, by cross-entropy
per code. Windows are cut out of pieces, so beginnings and endings are rare: some crops get a quiet
beginning before an onset, and some an ending where the last sound rings out, and the network hears
how much time is left.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from audiogen.artifacts import SOURCES, Conditioning
from audiogen.lab.train.task_data import read_shards
from audiogen.media.mel import MelSettings, coarse_mel, onset_strength
from audiogen.networks.mel_transformer import MelTransformer
from audiogen.rows import from_rows
from audiogen.stage import Sampling, silent
from audiogen.structure.mel.stage import (
    QUIET_ABOVE_FLOOR,
    MelStage,
    MelStageConfig,
    attribute_codes,
    left_codes,
    pack_frames,
    unpack_frames,
)

SAMPLED = (  # what the training's samples ask for
    {"density": 3.0, "loudness": 45.0},
    {"density": 8.0, "loudness": 64.0},
    {"density": 14.0, "loudness": 90.0, "register": 66.0},
)


@dataclass(frozen=True)
class MelTaskSettings:
    """Settings of the task.

    Attributes:
        batch_size: crops of `frames` coarse frames per step.
        fit_windows: windows that the quantiser is fitted on.
        attribute_dropout: probability that each attribute is unknown; all_dropout: that all are.
        quiet_share, ending_share: share of crops that get a beginning, an ending.
        gain: greatest change of level, nats; jitter: noise on the frames before they are coded, in
            units of the quantiser's scale.
        hide, blur: the past as the network sees it, each crop by its own share up to these: of the frames
            whose codes are hidden, and noise on what they decode to, in units of the quantiser's scale. What
            sees a perfect past learns to repeat it.
    """

    batch_size: int = 16
    frames: int = 320
    fit_windows: int = 160
    attribute_dropout: float = 0.15
    all_dropout: float = 0.1
    quiet_share: float = 0.3
    ending_share: float = 0.3
    gain: float = 0.15
    jitter: float = 0.05
    hide: float = 0.0
    blur: float = 0.0
    max_shards: int | None = None
    valid_windows: int = 48


@dataclass(frozen=True, eq=False)
class CoarseWindows:
    """Frames for the quantiser, float16 [W, N, D], and per window notes [N, 4] as rendered."""

    frames: np.ndarray
    notes: list[np.ndarray]


class MelTask:
    """Task "mel" (see lab/train/task.py)."""

    settings_class: ClassVar[type] = MelTaskSettings

    def __init__(
        self, stage_settings: dict[str, Any], task_settings: dict[str, Any], data_folder: Path, seed: int
    ) -> None:
        self.config: MelStageConfig = from_rows(MelStageConfig, {"sources": SOURCES, **stage_settings})
        self.settings: MelTaskSettings = from_rows(self.settings_class, task_settings)
        torch.manual_seed(seed)
        network = MelStage.build(self.config)
        assert isinstance(network, MelTransformer)
        self.network: nn.Module = network
        self.train = self._read(data_folder, "train", self.settings.max_shards)
        self.valid = self._read(data_folder, "valid", None)
        self._fit(network, seed)

    def batch(self, generator: torch.Generator, progress: float = 0.0) -> dict[str, Tensor]:
        """{"frames": float [B, N, D], "attributes": int64 [B, A], "left": int64 [B, N]}."""
        rng = np.random.default_rng(int(torch.randint(2**31, (1,), generator=generator)))
        return self._crops(self.train, rng, self.settings.batch_size)

    def loss(self, network: nn.Module, batch: dict[str, Tensor], progress: float) -> dict[str, Tensor]:
        bare = network.module if hasattr(network, "module") else network
        assert isinstance(bare, MelTransformer)
        with torch.autocast(batch["frames"].device.type, enabled=False):
            codes, frames = bare.quantiser.encode(batch["frames"])
        if network.training:
            frames, hidden = self._worn(frames)
            logits = network(codes, frames, batch["attributes"], batch["left"], hidden)
        else:
            logits = network(codes, frames, batch["attributes"], batch["left"])
        losses = [
            nn.functional.cross_entropy(stage.flatten(0, 1).float(), codes[..., k].flatten())
            for k, stage in enumerate(logits)
        ]
        rows = {f"code_{k}": loss.detach() for k, loss in enumerate(losses)}
        return {"loss": torch.stack(losses).mean(), **rows}

    def _worn(self, frames: Tensor) -> tuple[Tensor, Tensor | None]:
        """The past [B, N, D] with noise on it, and which of its codes are hidden, bool [B, N]."""
        s, batch = self.settings, (len(frames), 1)
        if s.blur:
            spread = s.blur * torch.rand(*batch, 1, device=frames.device)
            frames = frames + spread * torch.randn_like(frames)
        if not s.hide:
            return frames, None
        share = s.hide * torch.rand(batch, device=frames.device)
        return frames, torch.rand(frames.shape[:2], device=frames.device) < share

    @torch.no_grad()
    def evaluate(self, network: nn.Module) -> dict[str, float]:
        """Cross-entropy per code (nats) on fixed held-out crops, and the quantiser's own error."""
        assert isinstance(network, MelTransformer)
        rng = np.random.default_rng(1)
        device = next(network.parameters()).device
        rows: dict[str, list[float]] = {}
        for _ in range(max(1, self.settings.valid_windows // 8)):
            batch = {k: v.to(device) for k, v in self._crops(self.valid, rng, 8).items()}
            again = network.quantiser.denormalise(network.quantiser.encode(batch["frames"])[1])
            error = (again - batch["frames"])[..., : self.config.mel.n_groups].abs().mean()
            found = {**self.loss(network, batch, 1.0), "quantiser_l1": error}
            for key, value in found.items():
                rows.setdefault(key, []).append(float(value))
        means = {k: float(np.mean(v)) for k, v in rows.items()}
        return {"metric": means["loss"], **means}

    def sample(self, network: nn.Module, folder: Path) -> None:
        """Coarse mels at fixed seeds, and a held-out one, as one picture and as structures."""
        from matplotlib.figure import Figure

        stage = MelStage(self.config, deepcopy(network))
        seconds = min(15.0, self.settings.frames / self.config.mel.coarse_rate)
        real = torch.from_numpy(self.valid.frames[0].astype(np.float32))  # as it was before any coding
        panels = [("held-out", unpack_frames(real, self.config.mel)[0].numpy())]
        for seed, (known, asked) in enumerate(self._sampled(seconds)):
            structure = stage(asked, asked, Sampling(seed=seed), silent)
            structure.save(folder / f"sample-{seed}.npz", force=True)
            assert structure.mel is not None
            panels.append((known, structure.mel))
        figure = Figure(figsize=(12, 2.4 * len(panels)), layout="constrained")
        for axes, (name, mel) in zip(figure.subplots(len(panels), 1), panels, strict=True):
            axes.imshow(mel, origin="lower", aspect="auto", cmap="magma", vmin=-11.5, vmax=-2)
            axes.set_title(name, loc="left", fontsize=9)
        figure.savefig(folder / "coarse-mels.png", dpi=70)

    def export(self, network: nn.Module, folder: Path) -> None:
        MelStage(self.config, deepcopy(network)).save_pretrained(folder)

    def _read(self, folder: Path, split: str, shards: int | None) -> Any:
        """The windows of a split: anything with `frames` [W, N, D] that `_crops` understands."""
        return read_coarse(folder, split, shards, self.config.mel)

    def _sampled(self, seconds: float) -> list[tuple[str, Conditioning]]:
        """What the training's samples ask for, with a title each."""
        heard = [name for name, *_ in self.config.attributes]
        rows = [{k: v for k, v in wanted.items() if k in heard} for wanted in SAMPLED]
        return [(str(known), Conditioning(seconds=seconds, **known)) for known in rows]  # type: ignore[arg-type]

    def _fit(self, network: MelTransformer, seed: int) -> None:
        generator = torch.Generator().manual_seed(seed)
        chosen = torch.randperm(len(self.train.frames), generator=generator)[: self.settings.fit_windows]
        some = torch.from_numpy(self.train.frames[chosen.numpy()].astype(np.float32))
        groups = self.config.mel.n_groups
        least = torch.cat([torch.full((groups,), 0.5), torch.full((self.config.dimensions - groups,), 0.05)])
        network.quantiser.fit(some, least, generator)

    def _crops(self, windows: Any, rng: np.random.Generator, size: int) -> dict[str, Tensor]:
        s, c = self.settings, self.config
        frames, attributes, left = [], [], []
        for _ in range(size):
            w = int(rng.integers(len(windows.frames)))
            spare = windows.frames.shape[1] - s.frames
            start, quiet = int(rng.integers(spare + 1)), 0
            if rng.random() < s.quiet_share:
                start, quiet = quiet_start(windows.notes[w], start, spare, c, rng)
            crop = windows.frames[w, start : start + s.frames].astype(np.float32)
            crop[:quiet] = silence(quiet, c, rng)
            rows = windows.notes[w].copy()
            rows[:, 1:3] -= start / c.mel.coarse_rate
            last = real_ending(rows, s.frames, c)
            if last is None and rng.random() < s.ending_share:
                crop, rows, last = ring_out(crop, rows, c, rng)
            values = crop_attributes(rows, (s.frames if last is None else last) / c.mel.coarse_rate)
            if rng.random() < s.all_dropout:
                values = {}
            kept = {k: v for k, v in values.items() if rng.random() >= s.attribute_dropout}
            frames.append(self._vary(crop, rng))
            attributes.append(attribute_codes(c, kept))
            left.append(left_codes(c, s.frames, last))
        return {
            "frames": torch.from_numpy(np.stack(frames)),
            "attributes": torch.from_numpy(np.stack(attributes)),
            "left": torch.from_numpy(np.stack(left)),
        }

    def _vary(self, crop: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        groups, floor = self.config.mel.n_groups, np.log(self.config.mel.floor)
        gain = rng.uniform(-self.settings.gain, self.settings.gain)
        out = crop.copy()
        out[:, :groups] = np.maximum(floor, out[:, :groups] + gain)
        network = self.network
        assert isinstance(network, MelTransformer)
        noise = rng.standard_normal(out.shape).astype(np.float32) * network.quantiser.scale.cpu().numpy()
        return (out + self.settings.jitter * noise).astype(np.float32)


def read_coarse(folder: Path, split: str, shards: int | None, mel: MelSettings) -> CoarseWindows:
    """Coarse frames and notes of every window of a split."""
    frames, notes = [], []
    for shard in read_shards(folder, split, shards, ("mid", "notes")):
        for window, mid in enumerate(shard["mid"]):
            fine = torch.from_numpy(mid.astype(np.float32))
            packed = pack_frames(coarse_mel(fine, mel), onset_strength(fine), mel)
            frames.append(packed.numpy().astype(np.float16))
            notes.append(shard["notes"][shard["notes"][:, 0] == window, 1:])
    return CoarseWindows(np.stack(frames), notes)


def crop_attributes(rows: np.ndarray, seconds: float) -> dict[str, float | None]:
    """Density, loudness and register of the notes struck in [0, seconds)."""
    inside = rows[(rows[:, 1] >= 0) & (rows[:, 1] < seconds)]
    if not len(inside):
        return {}
    return {
        "density": len(inside) / max(1.0, seconds),
        "loudness": float(inside[:, 3].mean()),
        "register": float(inside[:, 0].mean()),
    }


def quiet_start(
    rows: np.ndarray, start: int, spare: int, config: MelStageConfig, rng: np.random.Generator
) -> tuple[int, int]:
    """Where a crop can start shortly before an onset, and how many of its frames are then silenced.

    `start`, and no silence, where no onset lies in the first `spare` frames of the window.
    """
    before = int(rng.integers(2, 7))
    at = np.floor(rows[:, 1] * config.mel.coarse_rate).astype(int)
    at = at[(at >= before) & (at <= spare + before)]
    if not len(at):
        return start, 0
    return int(rng.choice(at)) - before, before - 1  # the analysis reaches a little ahead of an attack


def ring_out(
    crop: np.ndarray, rows: np.ndarray, config: MelStageConfig, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, int | None]:
    """End the music after an onset: what sounds then decays, treble first, and is damped at last."""
    rate, frames, groups = config.mel.coarse_rate, len(crop), config.mel.n_groups
    onsets = rows[(rows[:, 1] > frames / rate * 0.3) & (rows[:, 1] < (frames - 12) / rate), 1]
    if not len(onsets):
        return crop, rows, None
    last = int(rng.choice(onsets) * rate)
    hold = last + 4  # the attack itself stays as it was played
    after = np.arange(1, frames - hold + 1)[:, None] / rate
    damped_s = rng.uniform(0.5, 4.0)
    treble = np.linspace(1, rng.uniform(1.2, 2.5), groups)
    ringing, room = rng.uniform(6, 20), rng.uniform(30, 90)  # dB per second, before and after damping
    fall_db = treble * (ringing * np.minimum(after, damped_s) + room * np.maximum(0, after - damped_s))
    floor = np.log(config.mel.floor)
    start = crop[hold - 3 : hold, :groups].mean(0)
    grain = rng.standard_normal((len(after), groups)) * 0.08
    out = crop.copy()
    out[hold:, :groups] = np.logaddexp(start - fall_db / 8.686, floor) + grain
    out[hold:, groups:] = np.abs(silence(len(after), config, rng)[:, groups:])
    return out, rows[rows[:, 1] * rate <= last + 1], last


def real_ending(rows: np.ndarray, frames: int, config: MelStageConfig) -> int | None:
    """The frame of the last onset where at least 1.5 s without any follow, else None."""
    rate = config.mel.coarse_rate
    inside = rows[(rows[:, 1] >= 0) & (rows[:, 1] < frames / rate), 1]
    later = rows[rows[:, 1] >= frames / rate, 1]
    if not len(inside) or len(later) or frames / rate - inside.max() < 1.5:
        return None
    return int(inside.max() * rate)


def silence(frames: int, config: MelStageConfig, rng: np.random.Generator) -> np.ndarray:
    """Frames of a quiet room, float32 [frames, D]."""
    out = np.zeros((frames, config.dimensions), np.float32)
    groups = config.mel.n_groups
    low = np.log(config.mel.floor) + QUIET_ABOVE_FLOOR
    out[:, :groups] = low + rng.standard_normal((frames, groups)) * 0.1
    out[:, groups:] = np.abs(rng.standard_normal((frames, config.dimensions - groups))) * 0.1
    return out
